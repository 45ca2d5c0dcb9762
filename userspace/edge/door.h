/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Door: asks a controller over its UNIX socket: the other side of the API, as the CLI uses it. */
#ifndef EDGE_DOOR_H
#define EDGE_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct door_request {
	const char *socket;
	const char *method;
	const char *path;         /* encoded, with its query */
	const char *body;         /* NULL: none */
	const char *content_type; /* of the body; NULL: application/json */
	const char *if_match;     /* NULL: none */
	unsigned timeout_s;       /* for the whole; following has none */
	bool async;               /* a job is wanted, instead of an answer when it is done */
};

struct door_answer {
	unsigned status;
	char *text;     /* the body, NUL-terminated */
	json_t *json;   /* the body, when it is JSON; else NULL */
	char *etag;     /* without quotes; NULL: none */
	char *location; /* of the job; NULL: there is none */
};

/* 0: an answer came, whatever its status. -ECONNREFUSED: nobody listens; -EACCES: may not ask;
 * -ETIMEDOUT; -EPROTO: no HTTP, or broken off. *why is a sentence; the caller frees it. */
int door_ask(const struct door_request *request, struct door_answer *ret, char **why);
void door_answer_done(struct door_answer *answer);

/* Follows server-sent events until on_event returns other than 0 (which is returned) or the stream
 * ends (-EPIPE). An answer that is not a stream is given back in *ret with 0. */
int door_follow(const struct door_request *request,
	int (*on_event)(void *ctx, const char *event, const char *id, const char *data), void *ctx,
	struct door_answer *ret, char **why);

/* Percent-encodes one segment of a path or a query's value; free(). */
char *door_encode(const char *text);

#endif
