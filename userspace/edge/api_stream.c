/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/own.h"
#include "edge/api_inside.h"

#define STREAM_BLOCK 16384

static void stream_wake(struct api_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->connection);
	api_kick(stream->api);
}

/* The library wants bytes: what has gathered, or a pause until there is something. */
static ssize_t stream_on_read(void *ctx, uint64_t at, char *buffer, size_t max)
{
	struct api_stream *stream = ctx;
	size_t n = stream->len < max ? stream->len : max;

	if (!n && stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		stream->suspended = true;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	memcpy(buffer, stream->data, n);
	stream->len -= n;
	memmove(stream->data, stream->data + n, stream->len);
	return (ssize_t)n;
}

static void stream_on_free(void *ctx)
{
	struct api_stream *stream = ctx;
	struct api *api = stream->api;

	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	if (!stream->owner_gone)
		api->handler.on_stream_gone(api->ctx, stream);
	free(stream->data);
	free(stream);
}

struct api_stream *api_reply_stream(struct api_token *token)
{
	struct api_stream *stream = own_new(struct api_stream);
	struct MHD_Response *response;

	stream->api = token->api;
	stream->connection = token->connection;
	stream->next = token->api->streams;
	stream->link = &token->api->streams;
	if (stream->next)
		stream->next->link = &stream->next;
	token->api->streams = stream;
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_on_read, stream, stream_on_free);
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	api_answer(token, 200, response);
	return stream;
}

static int stream_put(struct api_stream *stream, const char *text)
{
	size_t len = strlen(text);

	if (stream->ended)
		return -EPIPE;
	if (stream->len + len > API_STREAM_MAX) {
		stream->ended = true;
		stream->len = 0;
		stream_wake(stream);
		return -ENOBUFS;
	}
	if (stream->len + len > stream->cap) {
		stream->cap = 2 * (stream->len + len);
		stream->data = own_array(stream->data, stream->cap, 1);
	}
	memcpy(stream->data + stream->len, text, len);
	stream->len += len;
	stream_wake(stream);
	return 0;
}

int api_stream_send(struct api_stream *stream, const char *event, uint64_t id, json_t *data)
{
	owned(free) char *json = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
	owned(free) char *text =
		own_printf("id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", id, event, json);

	return stream_put(stream, text);
}

void api_stream_close(struct api_stream *stream)
{
	if (stream->owner_gone)
		return;
	stream->owner_gone = true;
	stream->ended = true;
	stream_wake(stream);
}

static int stream_event(struct api_stream *stream, json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	uint64_t id = (uint64_t)json_integer_value(json_object_get(event, "cursor"));

	return api_stream_send(stream, kind ? kind : "message", id, event);
}

bool api_follow(struct api_token *token, unsigned status, json_t *body)
{
	json_t *events = json_object_get(body, "events"), *event;
	struct api_stream *stream;
	size_t i;

	if (status != 200 || !json_is_array(events) ||
		!json_object_get(token->request.query, "follow"))
		return false;
	stream = api_reply_stream(token);
	stream->owner_gone = stream->follows = true;
	json_array_foreach (events, i, event)
		stream_event(stream, event);
	return true;
}

void api_publish(struct api *api, json_t *event)
{
	for (struct api_stream *stream = api->streams; stream; stream = stream->next)
		if (stream->follows)
			stream_event(stream, event);
}

void api_streams_alive(struct api *api)
{
	for (struct api_stream *stream = api->streams; stream; stream = stream->next)
		if (!stream->len)
			stream_put(stream, ":\n\n");
}

void api_streams_end(struct api *api)
{
	for (struct api_stream *stream = api->streams; stream; stream = stream->next) {
		stream->owner_gone = false;
		api_stream_close(stream);
	}
}
