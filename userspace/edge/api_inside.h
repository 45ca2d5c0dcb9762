/* SPDX-License-Identifier: GPL-2.0-or-later */
/* API inside: what the daemon, its requests and its streams know of one another. */
#ifndef EDGE_API_INSIDE_H
#define EDGE_API_INSIDE_H

#include <microhttpd.h>

#include "edge/api.h"

#define API_STREAM_MAX (1 << 20) /* bytes that wait for a client before it is dropped */
#define API_STREAM_ALIVE_MS 15000
#define API_REQUEST_MS 60000 /* from the first byte that is waited for to the last one */
#define API_HEADERS_EXTRA 8

/* One connection: who is slower than a request may be is put out. */
struct api_connection {
	struct api *api;
	int fd;
	uint64_t waits_since; /* loop's ms, for a whole request; 0: it has been asked */
	struct api_connection *next, **link;
};

struct api {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer; /* the library's own timeouts, and runs asked for by api_kick() */
	uv_timer_t alive; /* comments on quiet streams: a client that is gone shows */
	unsigned handles;
	struct api_handler handler;
	void *ctx;
	char *socket;
	size_t body_max;
	bool running, closing, tls;
	struct api_connection *connections;
	struct api_token *tokens;
	struct api_stream *streams;
};

/* One request: kept by the library's connection, and by whoever owes the answer. */
struct api_token {
	struct api *api;
	struct MHD_Connection *connection;
	struct api_request request;
	char *path, *method, *body, user[80], from[64];
	struct {
		char *name, *value;
	} headers[API_HEADERS_EXTRA];
	size_t cap, n_headers;
	bool too_big, bad_text, started, asked, suspended, answered;
	unsigned status;
	struct MHD_Response *response;
	struct api_token *next, **link;
};

struct api_stream {
	struct api *api;
	struct MHD_Connection *connection;
	char *data;
	size_t len, cap;
	bool suspended, ended, owner_gone;
	bool follows; /* gets what is published; has no owner */
	struct api_stream *next, **link;
};

/* Lets the library run, from the loop. */
void api_kick(struct api *api);
/* Hands a finished answer to the connection, now or when it is asked. */
void api_answer(struct api_token *token, unsigned status, struct MHD_Response *response);
bool api_follow(
	struct api_token *token, unsigned status, json_t *body); /* did it become a stream? */
void api_streams_alive(struct api *api);
void api_streams_end(struct api *api);

#endif
