/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local errand: questions of local programs, answered here; their writes, taken to the leader. */
#ifndef EDGE_LOCAL_ERRAND_H
#define EDGE_LOCAL_ERRAND_H

#include <stdbool.h>

#include <jansson.h>
#include <uv.h>

struct local_call;
struct local_errand;

/* How long a program waits for the leader to take its write. After that the write goes on waiting
 * here, and is read back here: an operation must not hang because nobody leads. */
#define LOCAL_ERRAND_WRITE_MS 1000
#define LOCAL_ERRAND_REQUEST_MS 60000

/* on_message sends to the controllers. life: tells errands of this life from those of another. */
struct local_errand *local_errand_new(uv_loop_t *loop, const char *node, const char *life,
	void (*on_message)(void *ctx, json_t *message), void *ctx);
void local_errand_free(struct local_errand *errand); /* after local_free() */

/* A local_handler; ctx is the struct local_errand. */
void local_errand_request(void *ctx, struct local_call *call, json_t *request);
/* What a controller says about replica or errands. */
void local_errand_take(struct local_errand *errand, json_t *message);
/* Somebody can be told, or nobody can. A new connection is told everything without an answer. */
void local_errand_connected(struct local_errand *errand, bool connected);

#endif
