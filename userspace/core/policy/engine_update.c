// SPDX-License-Identifier: GPL-2.0-or-later
/* Acts are looked at, with all that is before them, until nothing changes any more. */
#include "core/policy/engine_order.h"

/* Deeper than this, what follows is put off: the stack is finite, chains of resources are long. */
enum { DEPTH_MAX = 400 };

static bool is_ancestor(const struct resource *r, const struct resource *of)
{
	for (of = of->parent; of; of = of->parent)
		if (of == r)
			return true;
	return false;
}

/* What is then waits for the end of a collection's act, or for all to have been told of it. */
static struct act *end_of(struct act *a)
{
	struct resource *r = a->resource;
	enum task begin = a->task, end = a->task;

	if (r->kind == PRIMITIVE || a->when || a->interval_ms)
		return a;
	switch (a->task) {
	case TASK_START:
		end = TASK_STARTED;
		break;
	case TASK_STOP:
		end = TASK_STOPPED;
		break;
	case TASK_PROMOTE:
		end = TASK_PROMOTED;
		break;
	case TASK_DEMOTE:
		end = TASK_DEMOTED;
		break;
	case TASK_STARTED:
		begin = TASK_START;
		break;
	case TASK_STOPPED:
		begin = TASK_STOP;
		break;
	case TASK_PROMOTED:
		begin = TASK_PROMOTE;
		break;
	case TASK_DEMOTED:
		begin = TASK_DEMOTE;
		break;
	default:
		return a;
	}
	for (struct act *b = r->acts; b; b = b->next_of_resource) {
		if (r->notify && r->kind != GROUP
				? b->when == NOTIFY_CONFIRMED_POST && b->about == begin && !b->node
				: b->task == end && !b->interval_ms)
			return b;
	}
	return a;
}

static unsigned flags_for(struct engine *e, struct act *a, const struct node *node)
{
	unsigned flags, anywhere;

	if (!a->resource)
		return act_flags_own(a);
	flags = act_flags(e, a, NULL);
	if (!node || a->resource->kind != CLONE)
		return flags;
	anywhere = flags & ACT_RUNNABLE;
	return act_flags(e, a, node) | anywhere;
}

static unsigned implies(struct engine *e, struct act *first, struct act *then, struct node *node,
	unsigned first_flags, unsigned then_flags, unsigned type)
{
	struct resource *r = then->resource;
	unsigned changed = 0;

	if (type & ORD_IMPLIES_THEN) {
		if (r) {
			changed |= order_carry(e, r, first, then, node, first_flags & ACT_OPTIONAL,
				ACT_OPTIONAL, ORD_IMPLIES_THEN);
		} else if (!(first_flags & ACT_OPTIONAL) && then->optional) {
			then->optional = false;
			changed |= CHANGED_THEN;
		}
	}
	if (type & ORD_RESTART && r)
		changed |= order_carry(e, r, first, then, node, first_flags,
			ACT_OPTIONAL | ACT_RUNNABLE, ORD_RESTART);
	if (type & ORD_IMPLIES_FIRST) {
		if (first->resource) {
			changed |= order_carry(e, first->resource, first, then, node, first_flags,
				ACT_OPTIONAL, ORD_IMPLIES_FIRST);
		} else if (!(first_flags & ACT_OPTIONAL) && first->runnable) {
			first->runnable = false;
			changed |= CHANGED_FIRST;
		}
	}
	if (type & ORD_PROMOTED_IMPLIES_FIRST && r)
		changed |= order_carry(e, r, first, then, node, first_flags & ACT_OPTIONAL,
			ACT_OPTIONAL, ORD_PROMOTED_IMPLIES_FIRST);
	return changed;
}

static unsigned allows(struct engine *e, struct act *first, struct act *then, struct node *node,
	unsigned first_flags, struct act_link *l)
{
	struct resource *r = then->resource;
	unsigned changed = 0;

	if (l->type & ORD_ONE_OR_MORE) {
		if (r) {
			changed |= order_carry(e, r, first, then, node, first_flags, ACT_RUNNABLE,
				ORD_ONE_OR_MORE);
		} else if (first_flags & ACT_RUNNABLE) {
			then->runnable_before++;
			if (then->runnable_before >= then->required_runnable_before &&
				!then->runnable) {
				then->runnable = true;
				changed |= CHANGED_THEN;
			}
		}
	}
	if (l->type & ORD_PROBE && r) {
		if (!(first_flags & ACT_RUNNABLE) && first->resource->running.n)
			l->type = ORD_NONE;
		else
			changed |= order_carry(e, r, first, then, node, first_flags, ACT_RUNNABLE,
				ORD_RUNNABLE_LEFT);
	}
	if (l->type & ORD_RUNNABLE_LEFT) {
		if (r) {
			changed |= order_carry(e, r, first, then, node, first_flags, ACT_RUNNABLE,
				ORD_RUNNABLE_LEFT);
		} else if (!(first_flags & ACT_RUNNABLE) && then->runnable) {
			then->runnable = false;
			changed |= CHANGED_THEN;
		}
	}
	if (l->type & ORD_IMPLIES_FIRST_MIGRATABLE && r)
		changed |= order_carry(e, r, first, then, node, first_flags, ACT_OPTIONAL,
			ORD_IMPLIES_FIRST_MIGRATABLE);
	if (l->type & ORD_PSEUDO_LEFT && r)
		changed |= order_carry(
			e, r, first, then, node, first_flags, ACT_OPTIONAL, ORD_PSEUDO_LEFT);
	if (l->type & ORD_OPTIONAL && r)
		changed |= order_carry(
			e, r, first, then, node, first_flags, ACT_RUNNABLE, ORD_OPTIONAL);
	if (l->type & ORD_ASYMMETRICAL && r)
		changed |= order_carry(
			e, r, first, then, node, first_flags, ACT_RUNNABLE, ORD_ASYMMETRICAL);
	return changed;
}

static unsigned carry(struct engine *e, struct act *first, struct act *then, unsigned first_flags,
	unsigned then_flags, struct act_link *l)
{
	struct node *node = then->node;
	unsigned changed, type;

	if (l->type & ORD_IMPLIES_THEN_ON_NODE) {
		l->type = (l->type & ~(unsigned)ORD_IMPLIES_THEN_ON_NODE) | ORD_IMPLIES_THEN;
		node = first->node;
	}
	type = l->type;
	changed = implies(e, first, then, node, first_flags, then_flags, type);
	changed |= allows(e, first, then, node, first_flags, l);
	if (first->runnable && l->type & ORD_IMPLIES_THEN_PRINTED && !(first_flags & ACT_OPTIONAL))
		then->print_always = true;
	if (l->type & ORD_IMPLIES_FIRST_PRINTED && !(then_flags & ACT_OPTIONAL))
		first->print_always = true;
	if (l->type & (ORD_IMPLIES_THEN | ORD_IMPLIES_FIRST | ORD_RESTART) && first->resource &&
		!first->resource->managed && first->resource->blocked && !first->runnable &&
		first->task == TASK_STOP && then->runnable) {
		then->runnable = false;
		changed |= CHANGED_THEN;
	}
	return changed;
}

static struct node *place_of(struct engine *e, const struct act *a)
{
	if (a->resource && a->resource->kind == GROUP && a->task == TASK_START)
		return resource_location(e, a->resource, false);
	return a->node;
}

static void update_all_after(struct engine *e, struct act *a)
{
	for (unsigned i = a->after.n; i-- > 0;)
		order_update(e, a->after.items[i].act);
}

static unsigned look_before(struct engine *e, struct act *then, unsigned i)
{
	struct act_link *l = &then->before.items[i];
	struct act *first = l->act;
	struct node *first_node = place_of(e, first), *then_node = place_of(e, then);
	unsigned changed = 0;

	if (l->type & ORD_SAME_NODE && first_node && then_node && first_node != then_node) {
		l->type = ORD_NONE;
		return 0;
	}
	if (first->resource && l->type & ORD_THEN_CANCELS_FIRST && !then->optional) {
		first->optional = true;
		if (first->task == TASK_RELOAD)
			first->resource->reload = false;
	}
	if (first->resource && then->resource && first->resource != then->resource &&
		!is_ancestor(first->resource, then->resource))
		first = end_of(first);
	if (first == l->act) {
		unsigned first_flags = flags_for(e, first, then_node);
		unsigned then_flags = flags_for(e, then, first_node);
		struct act_link copy = then->before.items[i];

		changed = carry(e, first, then, first_flags, then_flags, &copy);
		then->before.items[i].type = copy.type;
	} else if (act_order_new(e, first, then, l->type)) {
		changed |= CHANGED_THEN;
		then->before.items[i].type = ORD_NONE;
	}
	if (changed & CHANGED_FIRST) {
		update_all_after(e, first);
		order_update(e, first);
	}
	return changed & CHANGED_THEN;
}

static void put_off(struct engine *e, struct act *a)
{
	if (a->put_off)
		return;
	a->put_off = true;
	engine_grow(e, e->put_off, e->n_put_off, e->cap_put_off);
	e->put_off[e->n_put_off++] = a;
}

void order_update(struct engine *e, struct act *then)
{
	unsigned was = act_flags_own(then), changed = 0, n = then->before.n;
	bool was_runnable = then->runnable;

	if (e->depth >= DEPTH_MAX) {
		put_off(e, then);
		return;
	}
	e->depth++;
	if (then->requires_any) {
		then->runnable_before = 0;
		if (!then->required_runnable_before)
			then->required_runnable_before = 1;
		then->runnable = false;
	}
	for (unsigned i = n; i-- > 0;)
		if (then->before.items[i].type)
			changed |= look_before(e, then, i);
	if (then->requires_any)
		changed = was != act_flags_own(then) ? CHANGED_THEN : 0;
	if (changed & CHANGED_THEN) {
		if (was_runnable && !then->runnable)
			order_block_dependents(e, then);
		order_update(e, then);
		update_all_after(e, then);
	}
	e->depth--;
}

void order_settle(struct engine *e)
{
	while (e->n_put_off) {
		struct act *a = e->put_off[--e->n_put_off];

		a->put_off = false;
		order_update(e, a);
	}
}
