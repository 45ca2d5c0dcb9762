/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Node: a host, or a remote or guest node, as the engine sees it; and a resource's view of all. */
#ifndef CORE_POLICY_ENGINE_NODE_H
#define CORE_POLICY_ENGINE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/table.h"
#include "core/model/value.h"

struct engine;
struct resource;

enum { SCORE_INFINITY = VALUE_INFINITY };

enum node_discovery { DISCOVER_ALWAYS, DISCOVER_NEVER, DISCOVER_EXCLUSIVE };

struct resources { /* a growing list, in order */
	struct resource **items;
	unsigned n, cap;
};

struct node {
	unsigned index; /* in engine.nodes */
	unsigned rank;  /* place in the order of names by bytes, which breaks ties */
	const char *id, *name;
	bool remote; /* no cluster member: a Pacemaker Remote node, or a guest */
	bool online, unclean, standby, standby_onfail, pending, shutdown, expected_up, dc;
	bool maintenance, remote_maintenance, unseen, unpacked, discovery_enabled;
	bool remote_requires_reset, remote_was_fenced;
	bool discovery_never;        /* a bundle's replica: nothing else is even looked for here */
	int priority;                /* sum over what it runs, for priority-fencing-delay */
	int base_score;              /* node-health-base and score attribute */
	int n_assigned;              /* resources that the plan puts here */
	int n_instances;             /* of the clone that is being assigned */
	struct resource *connection; /* of a remote or guest node: the resource that connects it */
	struct table attributes;     /* permanent, then transient, "#uname", "#id", "#kind" … */
	struct table utilization;    /* total */
	struct table free;           /* what is left while resources are assigned */
	struct resources running;    /* instances active here, as the history says */
	const struct element *state; /* its <node_state>, NULL: none */
	const char *fence_reason;    /* of the first call of node_fence() */
};

/* What one resource thinks of one node: four bytes, for there are resources × nodes of them. */
struct slot {
	int score : 22;         /* within ± SCORE_INFINITY */
	unsigned allowed : 1;   /* in the resource's list at all */
	unsigned discovery : 2; /* enum node_discovery */
};

/* One slot for each node that was known when it was made; shared until someone writes. */
struct slots {
	unsigned n;
	bool shared;
	struct slot at[];
};

struct nodes { /* a growing list, in order, without doubles */
	struct node **items;
	unsigned n, cap;
};

void nodes_add(struct engine *e, struct nodes *list, struct node *node);
bool nodes_has(const struct nodes *list, const struct node *node);
void nodes_remove(struct nodes *list, const struct node *node);

struct node *node_new(struct engine *e, const char *id, const char *name, bool remote, int score);
struct node *node_by_id(const struct engine *e, const char *id);
struct node *node_by_name(const struct engine *e, const char *name);
bool node_is_guest(const struct node *node);       /* its connection runs in a container */
bool node_is_remote_only(const struct node *node); /* remote, but no guest */
bool node_available(const struct node *node, bool consider_score, bool consider_guest, int score);
/* Whether a resource that gives these scores would rather be on a; current: where it is. */
bool node_better(const struct engine *e, const struct node *a, int a_score, const struct node *b,
	int b_score, const struct node *current);
const char *node_attribute(const struct node *node, const char *name);

/* Marks it for fencing, and why. priority_delay: priority-fencing-delay applies. */
void node_fence(struct engine *e, struct node *node, const char *reason, bool priority_delay);
/* Until a status is seen. */
void node_startup_fencing(struct engine *e, struct node *node);
bool node_can_fence(const struct engine *e, const struct node *node);

static inline int score_add(int a, int b)
{
	return value_score_add(a, b);
}

#endif
