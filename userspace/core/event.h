/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event: what the world tells the director, through its one door in. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <picket/event.h>

#include "base/own.h"
#include "core/quorum.h"

enum event_kind {
	EVENT_ROLE,          /* leader, term */
	EVENT_COMMITTED,     /* index, term, json: an entry of the log */
	EVENT_NOT_COMMITTED, /* something proposed will not be, or nobody knows */
	EVENT_LOG,           /* log: who is in the log's own configuration; what came of an order */
	EVENT_DISK,          /* log.stalled: our log's disk takes nothing, or does again */
	EVENT_HEARTBEAT,     /* beat */
	EVENT_BARRED,        /* node, incarnation: our kernel grants it nothing any more */
	EVENT_LINK_UP,       /* node, json: its hello */
	EVENT_LINK_SAYS,     /* node, json: any further message */
	EVENT_LINK_DOWN,     /* node; closed: the other kernel said so, not a timeout of ours */
	EVENT_PEER_UP,       /* controller: another one is connected */
	EVENT_PEER_SAYS,     /* controller, json */
	EVENT_PEER_DOWN,     /* controller */
	EVENT_FENCED,        /* fence */
	EVENT_TRUSTS, /* json: our host's ca.crt: mark, by, text; why: the last was refused */
	EVENT_ASKED,  /* ask */
	EVENT_TIME,   /* time has passed */
};

/* EVENT_DONE: the agent did what it was asked, and that says nothing of the power. */
enum event_proof { EVENT_FAILED, EVENT_OFF, EVENT_ON, EVENT_DONE };

/* Everything is borrowed for the step. */
struct event {
	enum event_kind kind;
	bool leader;
	uint64_t term, index, incarnation;
	const char *node;
	unsigned controller; /* its index */
	bool closed;
	json_t *json;
	struct {
		uint32_t voters, standbys, spares; /* by index */
		int status;                        /* of an ACTION_VOTER; 0: none, or it was done */
		bool stalled;
	} log;
	struct picket_event beat;
	struct {
		uint64_t id;
		enum event_proof proof; /* off only when it was read back */
		const char *text;       /* why not, for people */
		const char *output;     /* what the agent wrote; NULL: nothing */
		unsigned reads;         /* consecutive readings of off, by a run of its own each */
		bool cancelled;         /* it gave way: no result at all */
		json_t *evidence;
		uint64_t t_end_ns;
	} fence;
	struct {
		void *token;
		const char *method, *path, *user;
		json_t *query, *body;
		const char *text; /* the body as it came */
	} ask;
};

#endif
