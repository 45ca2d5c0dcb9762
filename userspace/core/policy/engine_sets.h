/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets: the resources that a constraint is about. */
#ifndef CORE_POLICY_ENGINE_SETS_H
#define CORE_POLICY_ENGINE_SETS_H

#include "core/policy/engine_action.h"
#include "core/policy/engine_inside.h"

/* ---- engine_constraint*.c: sets of resources that a constraint is about ---- */
struct rset {
	const char *id;
	struct resource **items;
	unsigned n, cap;
	bool tagged; /* stands for a tag or a template */
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
