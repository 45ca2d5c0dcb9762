/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stages of a decision, in the order in which they run, and what they share. */
#ifndef CORE_POLICY_ENGINE_STAGE_H
#define CORE_POLICY_ENGINE_STAGE_H

#include "core/policy/engine_action.h"
#include "core/policy/engine_bond.h"
#include "core/policy/engine_inside.h"

void unpack_all(struct engine *e);
void stage_health(struct engine *e);
void constraints_read(struct engine *e);
void stage_criteria(struct engine *e);
void stage_internal_orders(struct engine *e);
void stage_config_changes(struct engine *e);
void stage_assign(struct engine *e);
void stage_probes(struct engine *e);
void stage_actions(struct engine *e);
void stage_fencing(struct engine *e);
void stage_orders(struct engine *e);

/* Adds to what r, and everything in it, thinks of a node; node NULL: of every one. what and by
 * say why, for people. */
void score_node(struct engine *e, struct resource *r, struct node *node, int score,
	const char *what, const char *by);
void score_note(struct engine *e, struct resource *r, const struct node *node, int score,
	const char *what, const char *by);

/* ---- engine_location.c ---- */
void location_unpack(struct engine *e, const struct element *xml);
void location_apply(struct engine *e, struct resource *r, const struct location *l);

/* ---- engine_constraint*.c: sets of resources that a constraint is about ---- */
struct rset {
	const char *id;
	struct resource **items;
	unsigned n, cap;
	bool tagged;                   /* stands for a tag or a template */
	bool sequential, require_all;
	const char *role, *action, *score, *kind, *symmetrical, *ordering;
};

struct rsets {
	struct rset *items;
	unsigned n, cap;
};

struct resource *constraint_resource(const struct engine *e, const char *id);
/* The <resource_set>s of a constraint, tags and templates expanded. */
struct rsets constraint_sets(struct engine *e, const struct element *xml);
/* The set of what an attribute names: one resource, or a tag's. n is 0: there is nothing. */
struct rset constraint_set(struct engine *e, const char *id);
void colocation_unpack(struct engine *e, const struct element *xml);
void order_unpack(struct engine *e, const struct element *xml);
void ticket_unpack(struct engine *e, const struct element *xml);
void order_resources(struct engine *e, struct resource *first, enum task first_task,
	struct resource *then, enum task then_task, unsigned type);

#endif
