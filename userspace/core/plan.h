/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan: the actions to take and the order among them. Policy makes it, transition executes it. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/element.h"
#include "base/own.h"

enum plan_kind {
	PLAN_RESOURCE, /* an operation on a resource instance */
	PLAN_FENCE,    /* op is off, reboot or on (unfencing) */
	PLAN_CANCEL,   /* end a recurring operation */
	PLAN_CLEAR_FAILCOUNT,
	PLAN_CLEAR_ATTRIBUTES, /* transient attributes of a node */
	PLAN_FORGET,           /* the record of a resource on a node */
	PLAN_SHUTDOWN,         /* the node may stop its agent now */
	PLAN_PSEUDO,           /* a point in time: nothing to do, but others wait for it */
};

/* A name and a value that go with an action: parameters, meta attributes. */
struct plan_pair {
	const char *name, *value;
};

struct plan_pairs {
	struct plan_pair *items;
	unsigned n, cap;
};

struct plan_action {
	unsigned id; /* index in plan.actions */
	enum plan_kind kind;
	const char *op; /* start, stop, monitor, promote, notify, migrate_to, reload-agent … */
	const char *resource; /* resource id as the configuration names it, without an instance
				 number */
	const char *instance; /* "web:0" for an instance of a clone, else the same as resource */
	const char *record;   /* what its history may be kept under, if not under resource */
	const char *node;     /* node name the action runs on; the target for PLAN_FENCE */
	const char *router;   /* whose agent runs it for a remote or guest node; else NULL */
	const char *standard, *provider, *type; /* the agent: ocf, heartbeat, IPaddr2 */
	uint64_t interval_ms;                   /* 0 = once (a monitor: probe) */
	uint64_t timeout_ms;
	int target_rc;            /* expected exit status; -1 = any */
	const char *reason;       /* why, one phrase; NULL if it goes without saying */
	struct plan_pairs params; /* OCF_RESKEY_name = value */
	struct plan_pairs meta;   /* OCF_RESKEY_CRM_meta_name = value */
	const char *digest;       /* of the parameters, kept with the result; NULL if it has none */
	const char *digest_reload; /* of the parameters that need a restart when changed */
	bool can_fail;             /* a failure does not end the transition */
	unsigned *after;           /* ids of the actions that must be complete before this one */
	unsigned n_after, cap_after;
};

/* A line of the summary that people read: "Move web (n1 -> n2)". Vocabulary of crm_simulate. */
struct plan_change {
	const char *kind;   /* rsc_action or node_action */
	const char *action; /* Start, Stop, Move, Promote, Restart, Fence, … */
	const char *resource, *role, *next_role, *node, *source, *dest;
	const char *reason;
	bool blocked;
};

/* All of it lives and dies together. */
struct plan {
	struct element_tree *arena;
	struct plan_action **actions;
	size_t n, cap;
	struct plan_change *changes;
	size_t n_changes, cap_changes;
	uint64_t recheck_s; /* epoch seconds when time alone may change the plan; 0 = never */
};

struct plan *plan_new(void);
void plan_free(struct plan *plan);
own_define(plan, struct plan, plan_free)

struct plan_action *plan_add(struct plan *plan, enum plan_kind kind);
/* The action `id` waits for the action `before`; saying it twice changes nothing. */
void plan_order(struct plan *plan, unsigned before, unsigned id);
/* The same for all that one waits for, each named once, and before anything else is said of it. */
void plan_order_all(struct plan *plan, const unsigned *before, unsigned n, unsigned id);
struct plan_change *plan_change_add(struct plan *plan);

/* A string that lives as long as the plan, kept once if it recurs; NULL: NULL. */
const char *plan_text(struct plan *plan, const char *s);
/* Makes room for n more pairs at once. */
void plan_pairs_room(struct plan *plan, struct plan_pairs *pairs, unsigned n);
void plan_pairs_set(
	struct plan *plan, struct plan_pairs *pairs, const char *name, const char *value);
const char *plan_pairs_get(const struct plan_pairs *pairs, const char *name);

/* 0 if the order has no cycle, else -ELOOP and one id on a cycle. */
int plan_check(const struct plan *plan, unsigned *ret_id);

#endif
