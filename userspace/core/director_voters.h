/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Director voters: who votes and with which keys nodes are heard, and how both change under way. */
#ifndef CORE_DIRECTOR_VOTERS_H
#define CORE_DIRECTOR_VOTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/cluster.h"
#include "core/roll.h"

struct director;
struct director_node;
struct event;

/* The log's own configuration, as the world told of it last. */
struct director_log {
	uint32_t voters, standbys, spares; /* by index */
	bool busy;                         /* an order is with it */
	uint64_t again_ns;                 /* nothing more before */
	char *waits;                       /* what the change waits for; NULL: nothing */
	json_t *files;                     /* the roll as our own file has it */
	bool retired;                      /* the others say that this is a controller no more */
	uint64_t rekey_ns; /* then the next heartbeat keys are due; 0: they are not */
};

/* director_voters.c: who votes, and how that changes while everything runs */
json_t *director_roll(struct director *d); /* the log's, or our file's; borrowed */
uint32_t director_members(struct director *d);
void director_voters_ask(struct director *d, const struct event *event);
bool director_voters_committed(struct director *d, json_t *entry);
void director_voters_restored(struct director *d);
void director_voters_log(struct director *d, const struct event *event);
void director_voters_said(struct director *d, struct director_node *n, json_t *message);
void director_voters_watch(struct director *d);
uint64_t director_voters_due(const struct director *d);
void director_voters_welcome(struct director *d, struct director_node *n, json_t *welcome);
json_t *director_voters_json(struct director *d);
void director_voters_done(struct director *d);

/* director_keys.c: heartbeat keys, per node and connection, give way to the next */
void director_keys_watch(struct director *d);
void director_keys_committed(struct director *d, json_t *entry);
void director_keys_ask(struct director *d, const struct event *event);
uint64_t director_keys_due(const struct director *d);

/* director_ask.c */
void director_problem(struct director *d, void *token, unsigned status, const char *title,
	const char *detail, json_t *errors);
void director_reply_when_applied(struct director *d, void *token, json_t *entry);

#endif
