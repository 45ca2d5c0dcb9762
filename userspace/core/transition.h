/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transition: a plan being carried out: what is ready, out, done, failed; and when it is over. */
#ifndef CORE_TRANSITION_H
#define CORE_TRANSITION_H

#include "core/plan.h"

#define TRANSITION_ID_MAX 64

enum transition_phase {
	TRANSITION_WAITING,
	TRANSITION_OUT,
	TRANSITION_DONE,
	TRANSITION_FAILED,
	TRANSITION_HELD, /* not ours to do, or not now: what comes after it waits, no more than that
			  */
};

struct transition_step {
	enum transition_phase phase;
	uint64_t until_ns; /* an answer that comes later is none */
	unsigned number, action; /* the order's: of this transition, or of one before it */
};

struct transition {
	struct plan *plan;
	struct transition_step *steps; /* by action id */
	uint64_t term;
	unsigned number;
	/* Nothing more is sent but what is owed for what was done: post-notifications. Over when
	 * what is out has come back. */
	bool aborted;
	bool lost; /* a node that it counted on is gone */
	size_t out, done, failed;
};

/* Takes the plan. */
struct transition *transition_new(struct plan *plan, uint64_t term, unsigned number);
void transition_free(struct transition *transition);
own_define(transition, struct transition, transition_free)

/* "TERM.NUMBER:ACTION". */
void transition_id(
	const struct transition *transition, unsigned action, char ret[TRANSITION_ID_MAX]);
/* The action that an id names; NULL: it is another transition's. */
const struct plan_action *transition_find(const struct transition *transition, const char *id);

/* An action that nothing holds back, and that was not begun; NULL: none at present. */
const struct plan_action *transition_ready(const struct transition *transition);
void transition_sent(struct transition *transition, unsigned action, uint64_t until_ns);
void transition_hold(struct transition *transition, unsigned action);
/* good, or it may fail: the actions after it come next. Otherwise the transition is aborted.
 * True when that action was out. */
bool transition_result(struct transition *transition, unsigned action, bool good);
/* Something changed that the plan did not know. */
void transition_abort(struct transition *transition);
/* Nobody waits for the answers of a node that is gone. */
void transition_lost(struct transition *transition, const char *node);
/* An action whose answer is overdue fails; NULL: none. */
const struct plan_action *transition_late(struct transition *transition, uint64_t now_ns);
bool transition_over(const struct transition *transition);
/* What is out of an aborted one goes on as part of the next, whose plan was made as if none of it
 * but starts had begun. False, and nothing is changed: the plan wants something else of it, or news
 * that are owed would be lost; then it has to end first. */
bool transition_adopt(struct transition *next, struct transition *aborted);
/* When the next answer is overdue; 0: nothing is out. */
uint64_t transition_due(const struct transition *transition);

#endif
