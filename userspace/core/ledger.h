/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ledger: what a node's agent told of its operations: what runs there, and as Pacemaker's <lrm>. */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/element.h"

enum ledger_role {
	LEDGER_UNKNOWN, /* never asked, or an order is out whose end nobody has seen */
	LEDGER_STOPPED,
	LEDGER_STARTED, /* of what can be promoted: unpromoted */
	LEDGER_PROMOTED,
};

struct ledger_standing {
	enum ledger_role role;
	bool failed;      /* it does not do as it should */
	bool stop_failed; /* nothing but the node's end makes it stop for sure */
	bool impossible;  /* its software is not there, or its arguments are wrong here */
};

struct ledger {
	/* resource → {class, provider?, agent, ops: {key → result}, failure?, pending?} */
	json_t *resources;
};

void ledger_init(struct ledger *ledger);
void ledger_done(struct ledger *ledger);
void ledger_clear(struct ledger *ledger);

/* A "result", as agents tell and replay it. False: it says nothing, or nothing that is new. */
bool ledger_take(struct ledger *ledger, json_t *result);
/* An order is out: until its result is here it may have been carried out, or not, or in part. */
void ledger_order(struct ledger *ledger, json_t *order, uint64_t epoch_s);
/* Nobody knows any more how it stands: it is asked again. */
void ledger_forget(struct ledger *ledger, const char *resource);
/* Its last failure is forgiven. op NULL: whichever it was. */
void ledger_forgive(
	struct ledger *ledger, const char *resource, const char *op, uint64_t interval_ms);
/* As if it had been started with other parameters. */
void ledger_renew(struct ledger *ledger, const char *resource);

struct ledger_standing ledger_standing(const struct ledger *ledger, const char *resource);
/* As it was before what is under way now; of starts it keeps that they are. */
void ledger_before(struct ledger *ledger);
/* Not known to be stopped there. */
bool ledger_may_run(const struct ledger *ledger, const char *resource);
/* The last result of an operation, NULL: none. Borrowed. */
json_t *ledger_last(
	const struct ledger *ledger, const char *resource, const char *op, uint64_t interval_ms);

/* <lrm> below a <node_state>. */
void ledger_cib(const struct ledger *ledger, const char *node, struct element_tree *tree,
	struct element *state);

#endif
