/* SPDX-License-Identifier: GPL-2.0-or-later */
/* API: the operators' door: HTTP on a UNIX socket, turned into requests and answers. */
#ifndef EDGE_API_H
#define EDGE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

struct api;
struct api_token;  /* a request that awaits its answer */
struct api_stream; /* an answer that does not end: server-sent events */

struct api_request {
	const char *method; /* "GET", "PUT", … upper case */
	const char *path;   /* decoded, begins with '/', no query */
	json_t *query;      /* object of strings; a key without value is "" */
	const char *body;   /* NUL-terminated, never NULL */
	size_t body_len;
	const char *content_type; /* "" when absent; likewise below */
	const char *if_match;
	const char *if_none_match;
	const char *idempotency_key;
	const char *authorization;
	const char *last_event_id;
	const char *prefer;
	const char *from; /* "unix", or the address that it came from */
	/* Who asks over the UNIX socket, as the kernel says; over TLS uid is -1. */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	const char *user; /* "root" or "uid 1000", for the audit; over TLS "" or "certificate CN" */
	unsigned roles;   /* of enum identity_role, when the cluster's CA signed a certificate */
};

struct api_handler {
	/* The request lives until the token is answered. Answer at once or later, exactly once. */
	void (*on_request)(void *ctx, struct api_token *token, const struct api_request *request);
	/* The client of an open stream has gone; the stream is freed after this. */
	void (*on_stream_gone)(void *ctx, struct api_stream *stream);
};

struct api_config {
	const char *socket;       /* path of the UNIX socket, mode 0660; a stale one is replaced */
	const char *address;      /* instead of it: "address:port", with TLS */
	const char *pki;          /* folder of ca.crt, node.crt and node.key, for TLS */
	const char *group;        /* its group; NULL: unchanged */
	size_t body_max;          /* 0: PICKET_DOCUMENT_MAX */
	unsigned connections_max; /* 0: 1024 */
	unsigned timeout_s;       /* a silent client is dropped; 0: 30 */
};

/* -EADDRINUSE: another daemon answers on that socket; -EACCES, -ENOENT as from bind(). */
int api_new(uv_loop_t *loop, const struct api_config *config, const struct api_handler *handler,
	void *ctx, struct api **ret, char **why);
/* Answers what is pending with 503 and ends the streams: tokens and streams are gone. No callbacks.
 */
void api_free(struct api *api);

/* A header of the answer that follows; name and value are copied. */
void api_header(struct api_token *token, const char *name, const char *value);
/* Answers; the token is gone afterwards. body is stolen; NULL: none. etag: NULL or without
 * quotes. */
void api_reply(struct api_token *token, unsigned status, const char *etag, json_t *body);
void api_reply_text(
	struct api_token *token, unsigned status, const char *content_type, const char *text);
/* data lives for ever. */
void api_reply_file(struct api_token *token, unsigned status, const char *content_type,
	const void *data, size_t len);
/* RFC 9457. more: further members, stolen, or NULL. */
void api_problem(struct api_token *token, unsigned status, const char *title, const char *detail,
	json_t *more);
/* The same with a whole document; stolen. */
void api_reply_problem(struct api_token *token, unsigned status, json_t *body);
/* Answers with text/event-stream. */
struct api_stream *api_reply_stream(struct api_token *token);
/* event: its name; id: the cursor. data is borrowed. A client that does not read is dropped:
 * -ENOBUFS, and on_stream_gone follows. */
int api_stream_send(struct api_stream *stream, const char *event, uint64_t id, json_t *data);
void api_stream_close(struct api_stream *stream); /* ends it; no callback */

/* A good answer with an array "events" to a request whose query says "follow" becomes a stream:
 * each of them is sent, and then whatever api_publish() is given. An event's "cursor" is its id,
 * "kind" its name. */
void api_publish(struct api *api, json_t *event);

#endif
