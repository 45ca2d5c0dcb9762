// SPDX-License-Identifier: GPL-2.0-or-later
/* What an edge carries between the acts at its ends, and between their parts. */
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_order.h"

unsigned act_flags_own(const struct act *a)
{
	return (a->optional ? ACT_OPTIONAL : 0) | (a->runnable ? ACT_RUNNABLE : 0) |
	       (a->migrate_runnable ? ACT_MIGRATE : 0) | (a->pseudo ? ACT_PSEUDO : 0);
}

static enum task begin_of(enum task t)
{
	switch (t) {
	case TASK_STARTED:
		return TASK_START;
	case TASK_STOPPED:
		return TASK_STOP;
	case TASK_PROMOTED:
		return TASK_PROMOTE;
	case TASK_DEMOTED:
		return TASK_DEMOTE;
	default:
		return t;
	}
}

static enum task end_task(enum task t)
{
	switch (t) {
	case TASK_START:
		return TASK_STARTED;
	case TASK_STOP:
		return TASK_STOPPED;
	case TASK_PROMOTE:
		return TASK_PROMOTED;
	case TASK_DEMOTE:
		return TASK_DEMOTED;
	default:
		return t;
	}
}

static enum task original_task(const struct act *a)
{
	if (a->when)
		return begin_of(a->about);
	return begin_of(a->task);
}

static struct act *part_act(struct resource *r, enum task task, const struct node *node)
{
	for (struct act *a = r->acts; a; a = a->next_of_resource)
		if (a->task == task && (!node || a->node == node))
			return a;
	return NULL;
}

static unsigned flags_of_group(struct engine *e, struct act *a, const struct node *node)
{
	unsigned flags = ACT_OPTIONAL | ACT_RUNNABLE | ACT_PSEUDO;
	struct resource *r = a->resource;
	enum task task = begin_of(a->task);

	for (unsigned i = 0; i < r->children.n; i++) {
		struct act *m = part_act(r->children.items[i], task, node);
		unsigned its;

		if (!m) {
			if (task != TASK_STOP && task != TASK_DEMOTE)
				flags &= ~(unsigned)ACT_RUNNABLE;
			continue;
		}
		its = act_flags(e, m, node);
		if (flags & ACT_OPTIONAL && !(its & ACT_OPTIONAL)) {
			flags &= ~(unsigned)ACT_OPTIONAL;
			a->optional = false;
		}
		if (task != a->task && flags & ACT_RUNNABLE && !(its & ACT_RUNNABLE)) {
			flags &= ~(unsigned)ACT_RUNNABLE;
			a->runnable = false;
		}
	}
	return flags;
}

/* A primitive has no act of its own for having started; a group has. */
static enum task task_in(const struct resource *instance, const struct act *a)
{
	if (instance->kind == PRIMITIVE)
		return original_task(a);
	if (a->when == NOTIFY_POST || a->when == NOTIFY_CONFIRMED_POST)
		return end_task(original_task(a));
	return a->when ? original_task(a) : a->task;
}

static void fold_instance(struct engine *e, struct act *a, struct resource *instance,
	const struct node *node, unsigned *flags, bool *runnable)
{
	struct act *i =
		part_act(instance, task_in(instance, a), instance->kind == PRIMITIVE ? node : NULL);
	unsigned its;

	if (!i)
		return;
	its = act_flags(e, i, node);
	if (*flags & ACT_OPTIONAL && !(its & ACT_OPTIONAL)) {
		*flags &= ~(unsigned)ACT_OPTIONAL;
		a->optional = false;
	}
	*runnable |= its & ACT_RUNNABLE;
}

/* Nothing that is still to come would change anything; the acts of a group's members may. */
static bool is_settled(const struct resource *r, unsigned flags, bool runnable)
{
	return runnable && !(flags & ACT_OPTIONAL) && r->children.items[0]->kind == PRIMITIVE;
}

static unsigned flags_of_instances(struct engine *e, struct act *a, const struct node *node)
{
	unsigned flags = ACT_OPTIONAL | ACT_RUNNABLE | ACT_PSEUDO;
	struct resource *r = a->resource;
	enum task task = original_task(a);
	bool runnable = false, inner;

	inner = r->kind == BUNDLE && r->bundle->child &&
		(a->when || task == TASK_PROMOTE || task == TASK_DEMOTE);
	if (inner)
		r = r->bundle->child;
	if (r->kind == BUNDLE) {
		for (unsigned i = 0; i < r->bundle->n; i++)
			if (r->bundle->replicas[i].container)
				fold_instance(e, a, r->bundle->replicas[i].container, node, &flags,
					&runnable);
	} else {
		for (unsigned i = 0; i < r->children.n && !is_settled(r, flags, runnable); i++)
			fold_instance(e, a, r->children.items[i], node, &flags, &runnable);
	}
	if (!runnable) {
		flags &= ~(unsigned)ACT_RUNNABLE;
		if (!node)
			a->runnable = false;
	}
	return flags;
}

unsigned act_flags(struct engine *e, struct act *a, const struct node *node)
{
	if (!a->resource || a->resource->kind == PRIMITIVE)
		return act_flags_own(a);
	if (a->resource->kind == GROUP)
		return flags_of_group(e, a, node);
	return flags_of_instances(e, a, node);
}

/* A one-way order: what cannot be first keeps what is then from coming, but not from staying. */
static void carry_asymmetrical(const struct act *first, struct act *then)
{
	if (!then->resource || first->runnable)
		return;
	if (then->optional) {
		enum role role = resource_role(then->resource, true);
		const struct nodes *on = &then->resource->running;

		if (role == ROLE_STOPPED && then->task == TASK_STOP)
			return;
		if (role >= ROLE_STARTED && then->task == TASK_START && on->n == 1 &&
			on->items[0] == then->node)
			return;
	}
	then->optional = then->runnable = false;
}

static void carry_restart(struct act *first, struct act *then, unsigned filter)
{
	bool because = (filter & ACT_OPTIONAL && !then->optional) ||
		       (filter & ACT_RUNNABLE && !then->runnable && then->resource->managed &&
			       first->resource == then->resource);

	if (!because)
		return;
	if (first->runnable || !then->optional)
		first->optional = false;
	if (!then->migrate_runnable)
		first->migrate_runnable = false;
	if (!first->optional && !first->runnable)
		then->runnable = false;
}

static void carry_back(
	struct act *first, struct act *then, unsigned flags, unsigned filter, unsigned type)
{
	if (type & ORD_IMPLIES_FIRST && !then->optional) {
		if (filter & ACT_OPTIONAL && !(flags & ACT_OPTIONAL))
			first->optional = false;
		if (flags & ACT_MIGRATE && !then->migrate_runnable)
			first->migrate_runnable = false;
		/* What must stop first but cannot keeps the other from stopping. */
		if (first->task == TASK_STOP && then->task == TASK_STOP && !first->optional &&
			!first->runnable)
			then->runnable = false;
	}
	if (type & ORD_PROMOTED_IMPLIES_FIRST && then->resource &&
		then->resource->role == ROLE_PROMOTED && filter & ACT_OPTIONAL && !then->optional) {
		first->optional = false;
		if (first->migrate_runnable && !then->migrate_runnable)
			first->migrate_runnable = false;
	}
	if (type & ORD_IMPLIES_FIRST_MIGRATABLE && filter & ACT_OPTIONAL) {
		if (!then->migrate_runnable || !then->runnable)
			first->runnable = false;
		if (!then->optional)
			first->optional = false;
	}
}

static unsigned carry_plain(struct engine *e, struct act *first, struct act *then, unsigned flags,
	unsigned filter, unsigned type)
{
	unsigned first_was = act_flags_own(first), then_was = act_flags_own(then), changed = 0;

	if (type & ORD_ASYMMETRICAL)
		carry_asymmetrical(first, then);
	carry_back(first, then, flags, filter, type);
	if (type & ORD_PSEUDO_LEFT && filter & ACT_OPTIONAL && !first->runnable)
		then->migrate_runnable = then->pseudo = false;
	if (type & ORD_RUNNABLE_LEFT && filter & ACT_RUNNABLE && then->runnable &&
		!(flags & ACT_RUNNABLE))
		then->runnable = then->migrate_runnable = false;
	if (type & ORD_IMPLIES_THEN && filter & ACT_OPTIONAL && then->optional &&
		!(flags & ACT_OPTIONAL) && !first->migrate_runnable) {
		then->optional = false;
	}
	if (type & ORD_RESTART)
		carry_restart(first, then, filter);
	if (act_flags_own(then) != then_was) {
		changed |= CHANGED_THEN;
		if (then->resource && then->resource->parent)
			order_update(e, then);
	}
	if (act_flags_own(first) != first_was)
		changed |= CHANGED_FIRST;
	return changed;
}

static unsigned carry_group(struct engine *e, struct act *first, struct act *then,
	struct node *node, unsigned flags, unsigned filter, unsigned type)
{
	unsigned changed = carry_plain(e, first, then, flags, filter, type);
	struct resource *r = then->resource;

	for (unsigned i = 0; r && r->kind == GROUP && i < r->children.n; i++) {
		struct act *m = part_act(r->children.items[i], then->task, node);

		if (m)
			changed |= order_carry(
				e, r->children.items[i], first, m, node, flags, filter, type);
	}
	return changed;
}

static bool interleaved(const struct act *first, const struct act *then)
{
	const struct resource *a = first->resource, *b = then->resource;

	if (!a || !b || a == b || a->kind < CLONE || b->kind < CLONE)
		return false;
	return table_true(&(then->task == TASK_STOP || then->task == TASK_DEMOTE ? a : b)->meta,
		"interleave", false);
}

/* In a bundle, promotions are of what it carries, the rest of the container. */
static struct act *instance_act(
	const struct act *a, struct resource *instance, enum task task, const struct node *node)
{
	struct resource *r = instance;

	if (instance->parent && instance->parent->kind == BUNDLE &&
		(task == TASK_PROMOTE || task == TASK_DEMOTE)) {
		struct replica *p = bundle_replica_of(instance->parent->bundle, instance);

		if (p && p->child)
			r = p->child;
	}
	return part_act(r, task, node);
}

static bool assigned_within(const struct resource *r)
{
	if (r->node)
		return true;
	for (unsigned i = 0; i < r->children.n; i++)
		if (assigned_within(r->children.items[i]))
			return true;
	return false;
}

static unsigned carry_pair(struct engine *e, struct act *first, struct act *then,
	struct resource *instance, struct node *node, unsigned filter, unsigned type, bool current)
{
	struct resource *other =
		instance_compatible(e, instance, first->resource, ROLE_UNKNOWN, current);
	struct act *a, *b;
	unsigned changed = 0;

	if (!other) {
		if (current || !(type & (ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN)))
			return 0;
		/* Nothing to be paired with: it must not come up. */
		current = assigned_within(instance);
		assign_to(e, instance, NULL, true);
		return current ? CHANGED_THEN : 0;
	}
	a = instance_act(first, other, original_task(first), node);
	b = instance_act(then, instance, then->task, node);
	if (!a || !b)
		return 0;
	if (act_order_new(e, a, b, type))
		changed |= CHANGED_FIRST | CHANGED_THEN;
	return changed |
	       order_carry(e, b->resource, a, b, node, act_flags(e, a, node), filter, type);
}

static unsigned carry_instance(struct engine *e, struct act *first, struct act *then,
	struct resource *instance, struct node *node, unsigned flags, unsigned filter,
	unsigned type)
{
	struct act *a = part_act(instance, then->task, node);
	unsigned changed;

	if (!a || !(act_flags(e, a, node) & ACT_RUNNABLE))
		return 0;
	changed = order_carry(e, instance, first, a, node, flags, filter, type);
	if (changed & CHANGED_THEN)
		for (unsigned i = a->after.n; i-- > 0;)
			order_update(e, a->after.items[i].act);
	return changed;
}

static unsigned carry_instances(struct engine *e, struct act *first, struct act *then,
	struct node *node, unsigned flags, unsigned filter, unsigned type)
{
	struct resource *r = then->resource;
	bool pairs = interleaved(first, then), current;
	unsigned changed = 0, n;

	if (!r)
		return 0;
	current = first->task == TASK_STOPPED || first->task == TASK_DEMOTED;
	if (!pairs)
		changed = carry_plain(e, first, then, flags, filter, type);
	n = r->kind == BUNDLE ? r->bundle->n : r->kind == PRIMITIVE ? 0 : r->children.n;
	for (unsigned i = 0; i < n; i++) {
		struct resource *instance =
			r->kind == BUNDLE ? r->bundle->replicas[i].container : r->children.items[i];

		if (!instance)
			continue;
		changed |=
			pairs ? carry_pair(e, first, then, instance, node, filter, type, current)
			      : carry_instance(e, first, then, instance, node, flags, filter, type);
	}
	return changed;
}

unsigned order_carry(struct engine *e, struct resource *method, struct act *first, struct act *then,
	struct node *node, unsigned flags, unsigned filter, unsigned type)
{
	switch (method->kind) {
	case PRIMITIVE:
		return carry_plain(e, first, then, flags, filter, type);
	case GROUP:
		return carry_group(e, first, then, node, flags, filter, type);
	default:
		return carry_instances(e, first, then, node, flags, filter, type);
	}
}
