/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include <picket/limits.h>

#include "base/frame.h"
#include "base/own.h"
#include "edge/identity.h"
#include "edge/link.h"
#include "edge/link_message.h"
#include "edge/transport.h"

#define CLIENT_PAUSE_MIN_MS 100
#define CLIENT_PAUSE_MAX_MS 5000
#define CLIENT_HANDSHAKE_MS 3000

struct client_line {
	struct link_client *client;
	unsigned controller;
	char *name, *address;
	struct transport *transport; /* being made, or up */
	bool up;
	unsigned pause_ms;
	struct frame frame;
	uv_timer_t timer;
};

struct link_client {
	uv_loop_t *loop;
	struct identity *identity;
	struct link_client_handler handler;
	void *ctx;
	char *bind;
	struct client_line lines[PICKET_CONTROLLERS_MAX];
	size_t n;
	size_t open_timers;
	unsigned patience_ms, pause_max_ms;
	bool gone;
};

static void line_try(uv_timer_t *timer);

/* Half to whole of the pause, so that agents do not come back in step. */
static void line_schedule(struct client_line *line)
{
	unsigned spread = 0;

	if (!line->address)
		return;
	(void)RAND_bytes((unsigned char *)&spread, sizeof(spread));
	uv_timer_start(
		&line->timer, line_try, line->pause_ms / 2 + spread % (line->pause_ms / 2 + 1), 0);
	line->pause_ms = 2 * line->pause_ms < line->client->pause_max_ms
		? 2 * line->pause_ms
		: line->client->pause_max_ms;
}

static void line_down(struct client_line *line, const char *why)
{
	struct link_client *client = line->client;

	line->up = false;
	transport_close(give(line->transport));
	frame_done(&line->frame);
	line_schedule(line);
	client->handler.on_down(client->ctx, line->controller, why);
}

static int line_on_message(void *ctx, uint8_t *data, size_t len)
{
	struct client_line *line = ctx;
	struct transport *transport = line->transport;
	json_t *message = link_message_load(data, len);

	if (!message)
		return -EBADMSG;
	/* A controller that talks is worth coming back to at once. */
	line->pause_ms = CLIENT_PAUSE_MIN_MS;
	line->client->handler.on_message(line->client->ctx, line->controller, message);
	json_decref(message);
	return line->client->gone || line->transport != transport ? -ECANCELED : 0;
}

static void line_on_read(void *ctx, struct transport *transport, const uint8_t *data, size_t len)
{
	struct client_line *line = ctx;
	int r = frame_feed(&line->frame, data, len, line_on_message, line);

	if (r && !line->client->gone && line->transport == transport)
		line_down(line, r == -EMSGSIZE ? "message too long" : "not a message");
}

static void line_on_open(void *ctx, struct transport *transport)
{
	struct client_line *line = ctx;

	line->up = true;
	line->client->handler.on_up(line->client->ctx, line->controller);
}

static void line_on_close(void *ctx, struct transport *transport, const char *why)
{
	struct client_line *line = ctx;

	line->transport = NULL;
	line_down(line, why);
}

static void line_try(uv_timer_t *timer)
{
	static const struct transport_handler handler = {
		.on_open = line_on_open,
		.on_read = line_on_read,
		.on_close = line_on_close,
	};
	struct client_line *line = timer->data;
	struct link_client *client = line->client;
	struct transport_config config = {
		.identity = client->identity,
		.bind = client->bind,
		.peer = line->name,
		.role = IDENTITY_CONTROLLER,
		.handshake_ms = CLIENT_HANDSHAKE_MS,
		.user_timeout_ms = client->patience_ms,
		.output_max = 4 * (size_t)PICKET_FRAME_MAX,
	};
	int r;

	frame_init(&line->frame, PICKET_FRAME_MAX);
	r = transport_connect(
		client->loop, line->address, &config, &handler, line, &line->transport);
	if (r)
		line_down(line, strerror(-r));
}

int link_client_new(uv_loop_t *loop, struct identity *identity, const char *bind,
	const struct link_controller *controllers, size_t n,
	const struct link_client_handler *handler, void *ctx, struct link_client **ret)
{
	struct link_client *client;

	if (!n || n > PICKET_CONTROLLERS_MAX)
		return -EINVAL;
	client = own_new(struct link_client);
	client->loop = loop;
	client->identity = identity;
	client->handler = *handler;
	client->ctx = ctx;
	client->bind = own_string(bind);
	client->n = client->open_timers = PICKET_CONTROLLERS_MAX;
	client->pause_max_ms = CLIENT_PAUSE_MAX_MS;
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		struct client_line *line = &client->lines[i];

		line->client = client;
		line->controller = i;
		line->name = own_string(i < n ? controllers[i].name : NULL);
		line->address = own_string(i < n ? controllers[i].address : NULL);
		line->pause_ms = CLIENT_PAUSE_MIN_MS;
		uv_timer_init(loop, &line->timer);
		line->timer.data = line;
		if (line->address)
			uv_timer_start(&line->timer, line_try, 0, 0);
	}
	*ret = client;
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

int link_client_set(
	struct link_client *client, unsigned controller, const struct link_controller *is)
{
	static const struct link_controller nobody;
	struct client_line *line = &client->lines[controller];

	if (controller >= client->n)
		return -EINVAL;
	is = is ? is : &nobody;
	if (same(line->name, is->name) && same(line->address, is->address))
		return 0;
	free(line->name);
	free(line->address);
	line->name = own_string(is->name);
	line->address = NULL; /* for as long as the old one's end is told */
	uv_timer_stop(&line->timer);
	if (line->transport)
		line_down(line, "another controller has its place");
	line->address = own_string(is->address);
	line->pause_ms = CLIENT_PAUSE_MIN_MS;
	if (line->address)
		uv_timer_start(&line->timer, line_try, 0, 0);
	return 0;
}

void link_client_patience(struct link_client *client, unsigned ms)
{
	client->patience_ms = ms;
}

void link_client_pause(struct link_client *client, unsigned most_ms)
{
	client->pause_max_ms = most_ms;
}

bool link_client_up(const struct link_client *client, unsigned controller)
{
	return controller < client->n && client->lines[controller].up;
}

int link_client_send(struct link_client *client, unsigned controller, json_t *message)
{
	if (!link_client_up(client, controller))
		return -ENOTCONN;
	return link_message_write(client->lines[controller].transport, message);
}

int link_client_key(
	struct link_client *client, unsigned controller, uint32_t epoch, uint8_t ret[LINK_KEY_LEN])
{
	if (!link_client_up(client, controller))
		return -ENOTCONN;
	return link_message_key(client->lines[controller].transport, epoch, ret);
}

static void client_on_timer_closed(uv_handle_t *handle)
{
	struct client_line *line = handle->data;
	struct link_client *client = line->client;

	frame_done(&line->frame);
	free(line->name);
	free(line->address);
	if (--client->open_timers)
		return;
	free(client->bind);
	free(client);
}

void link_client_free(struct link_client *client)
{
	if (!client)
		return;
	client->gone = true;
	for (size_t i = 0; i < client->n; i++) {
		transport_close(give(client->lines[i].transport));
		uv_close((uv_handle_t *)&client->lines[i].timer, client_on_timer_closed);
	}
}
