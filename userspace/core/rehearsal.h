/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rehearsal: whether each node could be fenced through each of its devices, tried without power. */
#ifndef CORE_REHEARSAL_H
#define CORE_REHEARSAL_H

#include "core/model/site.h"

enum rehearsal_state { REHEARSAL_NEVER, REHEARSAL_PASSED, REHEARSAL_FAILED };

/* One node through one device. */
struct rehearsal_row {
	char *node, *device, *agent;
	enum rehearsal_state state;
	uint64_t id;       /* of the try that is out, 0: none */
	uint64_t sent_ns;  /* when it went out */
	uint64_t due_ns;   /* when the next one may go out */
	uint64_t at_ms;    /* epoch, of the last result */
	unsigned failures; /* in a row */
	bool asked;        /* somebody waits for it */
	char *text;        /* why it failed, or what was seen */
	json_t *record;    /* parameter → value: who answered, as its agent tells; or NULL */
};

struct rehearsal {
	struct rehearsal_row *rows;
	size_t n;
	uint64_t every_ns; /* 0: only when somebody asks */
};

void rehearsal_done(struct rehearsal *rehearsal);

/* A row for each device that the topology of a node names. What is known of a row that stays, with
 * the same agent, is kept. */
void rehearsal_configure(struct rehearsal *rehearsal, const struct site *site, uint64_t every_ns);

/* All anew: the first one is due at first_ns, the others one after the other, step_ns apart. */
void rehearsal_begin(struct rehearsal *rehearsal, uint64_t first_ns, uint64_t step_ns);

/* The row that is to go out now; NULL: none, or one is out already. */
struct rehearsal_row *rehearsal_next(struct rehearsal *rehearsal, uint64_t now_ns);
/* When that may change by time alone, 0: never. A try that is out for wait_ns has failed. */
uint64_t rehearsal_due(const struct rehearsal *rehearsal, uint64_t wait_ns);

/* All rows of a node are due now. Returns how many it has. */
size_t rehearsal_ask(struct rehearsal *rehearsal, const char *node, uint64_t now_ns);
/* Does somebody still wait for a row of this node? */
bool rehearsal_pending(const struct rehearsal *rehearsal, const char *node);

struct rehearsal_row *rehearsal_find(
	struct rehearsal *rehearsal, const char *node, const char *device);
struct rehearsal_row *rehearsal_out(struct rehearsal *rehearsal, uint64_t id);

enum rehearsal_news { REHEARSAL_SAME, REHEARSAL_WORSE, REHEARSAL_BETTER };

/*
 * The result of the try that is out: why it failed, NULL if it did not; output: what the agent
 * wrote. Its lines "record:NAME=VALUE" say who answered: somebody else than at the last time is a
 * failure, until somebody asks for a test and so accepts it.
 */
enum rehearsal_news rehearsal_result(struct rehearsal *rehearsal, struct rehearsal_row *row,
	const char *why, const char *output, uint64_t now_ns, uint64_t epoch_ms);
/* No result after all: it gave way, and is due again at due_ns. */
void rehearsal_again(struct rehearsal_row *row, uint64_t due_ns);

/* [{device, agent, state, text, at_ms, record}] of one node. */
json_t *rehearsal_json(const struct rehearsal *rehearsal, const char *node);

const char *rehearsal_state_name(enum rehearsal_state state);

#endif
