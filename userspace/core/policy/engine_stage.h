/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stages of a decision, in the order in which they run, and what they share. */
#ifndef CORE_POLICY_ENGINE_STAGE_H
#define CORE_POLICY_ENGINE_STAGE_H

#include "core/policy/engine_action.h"
#include "core/policy/engine_bond.h"
#include "core/policy/engine_inside.h"
#include "core/policy/engine_sets.h"

void unpack_all(struct engine *e);
void stage_health(struct engine *e);
void constraints_read(struct engine *e);
void stage_criteria(struct engine *e);
void stage_internal_orders(struct engine *e);
void stage_config_changes(struct engine *e);
void stage_config_deferred(struct engine *e);
void stage_assign(struct engine *e);
void stage_probes(struct engine *e);
void stage_actions(struct engine *e);
void stage_fencing(struct engine *e);
void stage_orders(struct engine *e);
void stage_notices(struct engine *e);

/* Adds to what r, and everything in it, thinks of a node; node NULL: of every one. what and by
 * say why, for people. */
void score_node(struct engine *e, struct resource *r, struct node *node, int score,
	const char *what, const char *by);
void score_note(struct engine *e, struct resource *r, const struct node *node, int score,
	const char *what, const char *by);

/* ---- engine_lock.c ---- */
void locks_apply(struct engine *e);

/* ---- engine_summary.c: lines for people, into the plan ---- */
void summary_add(const struct engine *e, struct plan *plan);

void score_note_changes(struct engine *e, struct resource *r, const struct slots *before,
	const struct slots *after, const char *what, const char *by);

/* ---- engine_location.c ---- */
void location_unpack(struct engine *e, const struct element *xml);
void location_apply(struct engine *e, struct resource *r, const struct location *l);

/* ---- engine_assign.c ---- */
/* Each finds a node for r, and for what it depends on, unless that is done; NULL: none. */
struct node *assign(struct engine *e, struct resource *r, struct node *prefer);
struct node *assign_clone(struct engine *e, struct resource *r, struct node *prefer);
struct node *assign_bundle(struct engine *e, struct resource *r, struct node *prefer);
bool assign_to(struct engine *e, struct resource *r, struct node *node, bool force);
void unassign(struct engine *e, struct resource *r);
void assign_instances(
	struct engine *e, struct resource *r, struct resources *instances, int max, int per_node);
int instance_compare(struct engine *e, struct resource *a, struct resource *b);
void resources_sort(struct resources *list,
	int (*compare)(void *ctx, struct resource *a, struct resource *b), void *ctx);
struct resource *threshold_reached(struct engine *e, struct resource *r, const struct node *node);

/* ---- engine_colocation.c ---- */
enum { SELECT_ACTIVE = 1, SELECT_NONNEGATIVE = 2, SELECT_THIS_WITH = 4 };

/* Keeps the list in the order in which colocations apply. */
void members_add(struct engine *e, struct members *list, struct colocation *c, bool by_primary);
/* What holds for r, its parents' colocations included. */
struct members colocations_with(struct engine *e, struct resource *r); /* r is dependent */
struct members colocations_by(struct engine *e, struct resource *r);   /* r is primary */
bool colocation_influences(const struct colocation *c, const struct resource *r);
/* Adds, times factor, what r and all that hangs on it think of the nodes. *nodes NULL: starts
 * with what r thinks. */
void colocation_add_scores(struct engine *e, struct resource *r, struct slots **nodes,
	const char *attribute, float factor, unsigned flags);
/* Applies c to what dependent thinks of the nodes, or to its priority. */
void colocation_apply(struct engine *e, struct resource *dependent, struct resource *primary,
	const struct colocation *c);
enum colocation_effect { AFFECTS_NOTHING, AFFECTS_NODES, AFFECTS_ROLE };
enum colocation_effect colocation_affects(const struct resource *dependent,
	const struct resource *primary, const struct colocation *c, bool preview);
struct slots *slots_copy(struct engine *e, const struct slots *from);
bool slots_usable(const struct engine *e, const struct slots *slots);
bool blocked_within(const struct resource *r);
struct resource *instance_compatible(struct engine *e, struct resource *match,
	struct resource *collective, enum role role, bool current);

/* ---- engine_promote.c ---- */
void promotion_add_scores(struct engine *e, struct resource *clone);
void promotion_decide(struct engine *e, struct resource *clone);

/* ---- engine_utilization.c ---- */
struct node *utilization_ban(struct engine *e, struct resource *r);
void utilization_consume(struct engine *e, struct node *node, const struct resource *r, int sign);
int capacity_compare(const struct node *a, const struct node *b); /* < 0: a has more */
void utilization_sort(struct engine *e);
struct act *act_load_stopped(struct engine *e, struct node *node);

/* ---- engine_primitive.c, engine_recurring.c, engine_collective.c ---- */
void resource_actions(struct engine *e, struct resource *r);
void primitive_actions(struct engine *e, struct resource *r);
void recurring_actions(struct engine *e, struct resource *r);

/* ---- engine_internal.c ---- */
void instances_order(struct engine *e, struct resource *r); /* of an ordered clone, once they act */

/* ---- engine_notice.c ---- */
void notice_bounds(struct engine *e, struct resource *r, enum task about, struct act *begin,
	struct act *end, struct notice *ret);
void notice_send(struct engine *e, struct resource *clone, const struct notice *n);
void notice_fenced(struct engine *e, struct resource *r, struct act *fence);

/* ---- engine_remote.c ---- */
enum remote_state { REMOTE_UNKNOWN, REMOTE_ALIVE, REMOTE_RESTING, REMOTE_FAILED, REMOTE_STOPPED };
enum remote_state remote_state(const struct node *node);
void remote_orders(struct engine *e);

/* ---- engine_fence.c ---- */
/* An act of a resource that needs unfencing waits for its node's. */
bool node_unfenced(const struct node *node);
void order_unfence(
	struct engine *e, struct resource *r, struct node *node, struct act *a, unsigned type);
void unfence_trigger(struct engine *e, struct resource *r, struct node *node, const char *reason,
	struct act *dependency);
struct act *act_cancel(struct engine *e, struct resource *r, enum task task, uint64_t interval_ms,
	struct node *node);
void schedule_delete(struct engine *e, struct resource *r, struct node *node, bool optional);
bool change_check(
	struct engine *e, struct resource *r, struct node *node, const struct element *op);
struct resource *guest_of_container(const struct resource *container);
void avoid_remote(struct engine *e, struct resource *r);

#endif
