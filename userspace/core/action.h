/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Action: what the director wants of the world, through its one door out. */
#ifndef CORE_ACTION_H
#define CORE_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

enum action_kind {
	ACTION_PROPOSE,  /* json to the log, in term id and no other */
	ACTION_SEND,     /* json to the node's agent */
	ACTION_DROP,     /* the node's connection, after what was sent */
	ACTION_ADMIT,    /* node, node_id, incarnation, epoch, admitted: the kernel may grant; not
			  * admitted: it may not, and EVENT_BARRED follows once that is in force */
	ACTION_FORGET,   /* the kernel forgets node_id */
	ACTION_FENCE,    /* id, node, device, agent, params, op (off with read-back, on, status),
			  * reads */
	ACTION_REHEARSE, /* the same, op rehearse: nothing is switched; gives way to ACTION_FENCE */
	ACTION_UNFENCE,  /* node: its orders are not wanted any more; a result changes nothing */
	ACTION_PEER,     /* json to a controller, or to all others (-1) */
	ACTION_VOTER, /* op add, listen, promote, remove or transfer; controller; json: its member
		       * of the roll: an order to the log's library, and one EVENT_LOG comes of it
		       */
	ACTION_ROLL,  /* json: the roll, which has changed */
	ACTION_TRUST, /* text: what our host's ca.crt is to say; an EVENT_TRUSTS comes of it */
	ACTION_REPLY, /* token, status, json; or text */
	ACTION_NOTE,  /* json: an event for people: the log */
};

struct action {
	enum action_kind kind;
	char *node;
	uint32_t node_id, epoch;
	uint64_t incarnation, id;
	bool admitted;
	int controller;
	char *device, *agent, *op;
	json_t *json; /* for ACTION_FENCE: params */
	void *token;
	unsigned status, reads;
	char *text;
	uint64_t timeout_ms;
};

struct actions {
	struct action *items;
	size_t n, cap;
};

struct action *action_add(struct actions *actions, enum action_kind kind);
void actions_done(struct actions *actions);

#endif
