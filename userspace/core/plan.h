/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan: the actions to take and the order among them. Policy makes it, transition executes it. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	char *name;
	char *value;
};

struct plan_pairs {
	struct plan_pair *items;
	size_t n, cap;
};

struct plan_action {
	unsigned id; /* index in plan.actions */
	enum plan_kind kind;
	char *op;       /* start, stop, monitor, promote, notify, migrate_to, reload-agent … */
	char *resource; /* resource id as the configuration names it, without an instance number */
	char *instance; /* "web:0" for an instance of a clone, else the same as resource */
	char *record;   /* what its history may be kept under, if not under resource */
	char *node;     /* node name the action runs on; the target for PLAN_FENCE */
	char *router;   /* whose agent runs it for a remote or guest node; else NULL */
	char *standard, *provider, *type; /* the agent: ocf, heartbeat, IPaddr2 */
	uint64_t interval_ms;             /* 0 = once (a monitor: probe) */
	uint64_t timeout_ms;
	int target_rc;            /* expected exit status; -1 = any */
	char *reason;             /* why, one phrase; NULL if it goes without saying */
	struct plan_pairs params; /* OCF_RESKEY_name = value */
	struct plan_pairs meta;   /* OCF_RESKEY_CRM_meta_name = value */
	char *digest;             /* of the parameters, kept with the result; NULL if it has none */
	char *digest_reload;      /* of the parameters that need a restart when changed */
	bool can_fail;            /* a failure does not end the transition */
	unsigned *after;          /* ids of the actions that must be complete before this one */
	size_t n_after, cap_after;
};

/* A line of the summary that people read: "Move web (n1 -> n2)". Vocabulary of crm_simulate. */
struct plan_change {
	char *kind;   /* rsc_action or node_action */
	char *action; /* Start, Stop, Move, Promote, Restart, Fence, … */
	char *resource, *role, *next_role, *node, *source, *dest;
	char *reason;
	bool blocked;
};

struct plan {
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
struct plan_change *plan_change_add(struct plan *plan);

void plan_pairs_set(struct plan_pairs *pairs, const char *name, const char *value);
const char *plan_pairs_get(const struct plan_pairs *pairs, const char *name);
void plan_pairs_done(struct plan_pairs *pairs);

/* 0 if the order has no cycle, else -ELOOP and one id on a cycle. */
int plan_check(const struct plan *plan, unsigned *ret_id);

#endif
