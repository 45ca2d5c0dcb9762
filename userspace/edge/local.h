/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local: the agent's door for programs of this host: a UNIX socket, one JSON object a line. */
#ifndef EDGE_LOCAL_H
#define EDGE_LOCAL_H

#include <jansson.h>
#include <uv.h>

#define LOCAL_LINE_MAX (1 << 20) /* bytes of a request */
#define LOCAL_CLIENTS_MAX 1024

struct local;
struct local_call;

/* The request is borrowed; it must be answered once with local_reply(), then or later, even when
 * the asker has gone. */
typedef void local_handler(void *ctx, struct local_call *call, json_t *request);

/* Listens at path (mode 0600; a stale socket is replaced; root and our own user are served).
 * -EADDRINUSE: somebody answers there. */
int local_listen(uv_loop_t *loop, const char *path, local_handler *on_request, void *ctx,
	struct local **ret);
void local_reply(struct local_call *call, json_t *answer); /* steals the answer */
/* Before the loop's end; calls not answered are forgotten and must not be answered any more. */
void local_free(struct local *local);

/* The other side: asks, and waits for the answer. timeout_ms: of the answer. NULL: *ret_error is
 * -errno. */
json_t *local_ask(const char *path, json_t *request, unsigned timeout_ms, int *ret_error);

#endif
