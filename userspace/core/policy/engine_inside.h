/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engine, inside: everything that one decision works on; only core/policy includes this. */
#ifndef CORE_POLICY_ENGINE_INSIDE_H
#define CORE_POLICY_ENGINE_INSIDE_H

#include "core/policy/engine.h"
#include "core/policy/engine_node.h"
#include "core/policy/engine_resource.h"
#include "core/policy/engine_settings.h"
#include "core/model/index.h"
#include "core/model/table.h"

struct ordering;
struct index;

struct ticket {
	const char *id;
	bool granted, standby;
	int64_t last_granted;
	struct table state;
	struct ticket *next;
};

struct tag {
	const char *id;
	const char **refs;
	unsigned n, cap;
	struct tag *next;
};

struct failed_op { /* the last failure of an operation that still counts */
	const struct element *xml;
	struct resource *resource;
	struct node *node;
	struct failed_op *next;
};

struct score_note { /* for people: what made a score */
	struct resource *resource;
	const struct node *node;
	int score;
	const char *what, *by;
	struct score_note *next;
};

struct engine {
	struct element_tree *arena;
	const struct element *cib, *configuration, *status;
	struct engine_options options;
	int64_t now;
	int64_t recheck; /* earliest instant that may change the decision; 0: none */
	struct settings set;
	struct table properties;
	struct node **nodes;
	unsigned n_nodes, cap_nodes;
	struct node **by_name; /* the nodes in the order of their names, once all are known */
	struct resource **all; /* every resource, instances too */
	unsigned n_all, cap_all;
	struct resources top; /* in the order of the configuration, orphans last */
	struct node *dc;
	struct slots *base_slots; /* what resources start from */
	struct index *ids;        /* every id → element, resource, node, tag: engine_index.h */
	struct ticket *tickets;
	struct tag *tags;
	struct failed_op *failed, *last_failed;
	struct index *failcounts;
	struct act **acts;
	unsigned n_acts, cap_acts;
	struct index *act_index;
	struct ordering **orderings;
	unsigned n_orderings, cap_orderings;
	struct colocation **colocations;
	unsigned n_colocations, cap_colocations;
	struct location **locations;
	unsigned n_locations, cap_locations;
	struct resources stop_needed;   /* containers, once it is known where they are */
	struct score_note *notes, *last_note;
	unsigned visit, depth;
	struct act **put_off;
	unsigned n_put_off, cap_put_off;
	struct act **deferred; /* acts that still wait for update_act() */
	unsigned n_deferred, cap_deferred, update_depth;
	bool checks_deferred;   /* of what is known only after assignment */
	unsigned stamp;         /* of the last walk that marked acts as visited */
	struct element *shadow; /* parts that were merged from templates live in the arena */
};

void *engine_alloc(struct engine *e, size_t size); /* zeroed, as long as the engine */
/* Makes room for one more in an array that lives in the arena. */
void *engine_more(struct engine *e, void *items, unsigned n, unsigned *cap, size_t size);
#define engine_grow(e, items, n, cap)                                                              \
	((items) = engine_more((e), (items), (n), &(cap), sizeof(*(items))))
char *engine_printf(struct engine *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Built-in attributes (#uname …), then those of a <node> or of its transient attributes. */
void node_attributes_read(
	struct engine *e, struct node *node, const struct element *holder, bool overwrite);
void engine_recheck_at(struct engine *e, int64_t when);

/* ---- for the reading side ---- */

/* One more instance of a clone, the next number; an orphan if that is beyond clone-max. */
struct resource *clone_instance_new(struct engine *e, struct resource *clone);
/* What a bundle's replica carries on the guest node that it is. */
struct resource *bundle_child_on(struct resource *bundle, const struct node *node);
/* Something that history knows and the configuration does not. */
struct resource *resource_orphan_new(
	struct engine *e, const char *id, const struct element *lrm_resource);

/* ---- by the reading side (engine_status*.c, engine_operation.c) ---- */

/* Node states, tickets, then each node's history: roles, running, known, failures, pending. */
void status_read(struct engine *e);
/* r is active on node, and so are those that it is a part of. failed: it does not count for the
 * node's priority. */
void status_running(struct engine *e, struct resource *r, struct node *node, bool failed);

/* What the configuration says about an operation of a resource. */
struct operation_settings {
	const struct element *xml; /* its <op>, NULL: none is configured */
	struct table meta; /* name, interval, timeout, on-fail, … as CRM_meta_ knows them */
	const char *name;
	uint64_t interval_ms, timeout_ms, start_delay_ms;
	enum on_fail on_fail;
	enum role fail_role;
	enum requires requires;
	bool enabled;
};
void operation_settings(struct engine *e, struct resource *r, const char *task,
	uint64_t interval_ms, struct operation_settings *ret);

/* Failures as they count now (expired ones do not); effective: fillers of a container count in. */
int failcount_get(struct engine *e, struct resource *r, const struct node *node, bool effective,
	int64_t *ret_last_failure);

/* Parameters with the rules that hold on this node; NULL: on none in particular. */
const struct table *resource_parameters(
	struct engine *e, struct resource *r, const struct node *node);

/* What a recorded operation's digests say against the configuration as it is now. */
enum digest_verdict { DIGEST_UNKNOWN, DIGEST_SAME, DIGEST_RESTART, DIGEST_RELOAD, DIGEST_ALL };
enum digest_verdict digest_check(struct engine *e, struct resource *r, const struct node *node,
	const struct element *lrm_op, const char *task, uint64_t interval_ms);

#endif
