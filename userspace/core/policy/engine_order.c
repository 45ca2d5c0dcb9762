// SPDX-License-Identifier: GPL-2.0-or-later
/* Orders: from rules about tasks of resources to edges between acts, and what they make of them. */
#include "core/policy/engine_order.h"

struct acts {
	struct act **items;
	unsigned n, cap;
};

static void acts_add(struct acts *acts, struct act *a)
{
	own_grow(acts->items, acts->n, acts->cap);
	acts->items[acts->n++] = a;
}

static void acts_of(struct acts *acts, const struct resource *r, enum task task)
{
	for (struct act *a = r->acts; a; a = a->next_of_resource)
		if (a->task == task && !a->when && (!a->interval_ms || task != TASK_MONITOR))
			acts_add(acts, a);
}

/* ---- rules become edges ----------------------------------------------------------------------------- */

static void order_then(
	struct engine *e, struct act *first, const struct ordering *o, struct resource *then)
{
	struct acts acts = { 0 };
	unsigned type = o->type;

	if (o->then)
		acts_add(&acts, o->then);
	else
		acts_of(&acts, then, o->then_task);
	/* A stop that only completes a migration does not make it start again. */
	if (first && first->resource == then && first->dangling)
		type &= ~(unsigned)ORD_IMPLIES_THEN;
	for (unsigned i = 0; i < acts.n; i++) {
		if (first)
			act_order(e, first, acts.items[i], type);
		else if (type & ORD_IMPLIES_THEN)
			acts.items[i]->runnable = false;
	}
	free(acts.items);
}

/* What is not there to begin with need not end. */
static bool is_moot(const struct resource *r, enum task task)
{
	enum role role = resource_role(r, true);

	return (task == TASK_STOP && role == ROLE_STOPPED) ||
	       (task == TASK_DEMOTE && role == ROLE_UNPROMOTED);
}

static void order_first(struct engine *e, const struct ordering *o)
{
	struct resource *r = o->first_resource;
	struct acts acts = { 0 };

	if (o->first)
		acts_add(&acts, o->first);
	else
		acts_of(&acts, r, o->first_task);
	if (!acts.n && r != o->then_resource && !is_moot(r, o->first_task))
		acts_add(&acts, act_get(e, r, o->first_task, 0, NULL, true));
	for (unsigned i = 0; i < acts.n; i++) {
		if (o->then_resource)
			order_then(e, acts.items[i], o, o->then_resource);
		else
			act_order(e, acts.items[i], o->then, o->type);
	}
	free(acts.items);
}

static void orders_apply(struct engine *e)
{
	for (unsigned i = 0; i < e->n_orderings; i++) {
		const struct ordering *o = e->orderings[i];

		if (o->first_resource)
			order_first(e, o);
		else if (o->then_resource)
			order_then(e, o->first, o, o->then_resource);
		else
			act_order(e, o->first, o->then, o->type);
	}
}

/* ---- dependents that cannot be with what they must be with ----------------------------------------- */

static struct act *first_of(const struct resource *r, enum task task)
{
	struct act *a = r->acts;

	while (a && (a->task != task || a->when))
		a = a->next_of_resource;
	return a;
}

static void block_task(struct engine *e, struct resource *r, enum task task,
	const struct resource *reason)
{
	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (!a->runnable || a->task != task)
			continue;
		a->runnable = false;
		if (!a->reason)
			a->reason = engine_printf(e, "colocation with %s", reason->id);
		order_block_dependents(e, a);
		order_update(e, a);
	}
	for (unsigned i = 0; i < r->children.n; i++)
		block_task(e, r->children.items[i], task, reason);
}

void order_block_dependents(struct engine *e, struct act *a)
{
	struct resource *r;

	if (a->runnable || !a->resource || (a->task != TASK_START && a->task != TASK_PROMOTE))
		return;
	/* A collective fails its dependents only as a whole. */
	r = resource_top(a->resource);
	if (r->parent)
		r = r->parent;
	for (unsigned i = 0; i < r->children.n; i++) {
		struct act *part = first_of(r->children.items[i], a->task);

		if (!part || part->runnable)
			return;
	}
	for (unsigned i = 0; i < r->by.n; i++) {
		const struct colocation *c = r->by.items[i];

		if (c->score < SCORE_INFINITY)
			continue;
		if (a->task == TASK_PROMOTE && c->primary_role != ROLE_PROMOTED)
			continue;
		block_task(e, c->dependent,
			c->dependent_role == ROLE_PROMOTED ? TASK_PROMOTE : TASK_START,
			a->resource);
	}
}

/* ---- probes before what depends on what they find ----------------------------------------------------- */

static bool is_stop_of(const struct act *a, enum task task)
{
	return a ? a->task == TASK_STOP : task == TASK_STOP;
}

/* first stops and then …: probes of first come before, too. */
static void order_probes_of(struct engine *e, const struct ordering *o)
{
	unsigned type = ORD_OPTIONAL | (o->type & (ORD_APPLY_FIRST_NON_MIGRATABLE | ORD_SAME_NODE));
	struct acts probes = { 0 }, thens = { 0 };

	if (o->type == ORD_NONE || !o->first_resource || o->first_resource == o->then_resource ||
		!is_stop_of(o->first, o->first_task) ||
		(o->then && o->then->task == TASK_SHUTDOWN))
		return;
	/* What a container stops may be probed once the container has started again. */
	if (o->then_resource && o->first_resource->container == o->then_resource &&
		is_stop_of(o->then, o->then_task))
		return;
	if (o->type == ORD_ANTI_COLOCATION || o->type == ORD_LOAD)
		type = o->type;
	acts_of(&probes, o->first_resource, TASK_MONITOR);
	if (probes.n && o->then)
		acts_add(&thens, o->then);
	else if (probes.n && o->then_resource)
		acts_of(&thens, o->then_resource, o->then_task);
	for (unsigned i = 0; i < probes.n; i++)
		for (unsigned k = 0; k < thens.n; k++)
			act_order(e, probes.items[i], thens.items[k], type);
	free(probes.items);
	free(thens.items);
}

/* A probe that cannot run keeps instances that are not active from starting, but stops none. */
static void order_probe_starts(struct engine *e, struct act *probe, struct act *whole,
	unsigned type)
{
	struct resource *clone = whole->resource;

	if (!clone || (clone->kind != CLONE && clone->kind != BUNDLE) || probe->runnable ||
		type & ORD_RUNNABLE_LEFT || resource_top(probe->resource) != clone ||
		whole->task != TASK_START)
		return;
	for (unsigned i = 0; i < whole->after.n; i++) {
		struct act *then = whole->after.items[i].act;

		if (then->resource && !then->resource->running.n &&
			resource_top(then->resource) == clone && then->task == TASK_START)
			act_order(e, probe, then, ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	}
}

struct probing {
	struct engine *e;
	struct act *probe;
	unsigned stamp;
};

/* What depends on what is probed may have to restart: then it stops after the probe. */
static void order_probe_restart(struct probing *p, struct act *after)
{
	const struct act *probe = p->probe;
	enum task undo = after->task == TASK_START     ? TASK_STOP
			 : after->task == TASK_PROMOTE ? TASK_DEMOTE : TASK_NONE;
	struct acts acts = { 0 };

	if (!after->resource || after->resource->kind != PRIMITIVE ||
		after->resource == probe->resource || undo == TASK_NONE)
		return;
	acts_of(&acts, after->resource, undo);
	for (unsigned i = 0; i < acts.n; i++)
		if (!acts.items[i]->pseudo)
			act_order(p->e, p->probe, acts.items[i], ORD_OPTIONAL);
	free(acts.items);
}

static bool is_collective(const struct resource *r)
{
	return r && (r->kind == CLONE || r->kind == BUNDLE);
}

/* Whether the chain goes on from a collective's act to this one of a member. */
static bool goes_into(const struct act *probe, const struct act *after, const struct act *next,
	bool interleave, const struct resource *partner)
{
	if (!after->resource || after->resource->kind == PRIMITIVE ||
		probe->resource->parent == after->resource || !next->resource ||
		is_collective(next->resource) || next->resource->parent != after->resource)
		return false;
	return !is_collective(after->resource) || !interleave || partner == next->resource;
}

static void follow_restarts(struct probing *p, struct act *after)
{
	bool interleave = is_collective(after->resource) &&
			  table_true(&after->resource->meta, "interleave", false);
	struct resource *partner = NULL;

	if (after->visited == p->stamp)
		return;
	after->visited = p->stamp;
	order_probe_restart(p, after);
	if (interleave)
		partner = instance_compatible(
			p->e, p->probe->resource, after->resource, ROLE_UNKNOWN, false);
	for (unsigned i = 0; i < after->after.n; i++) {
		const struct act_link *link = &after->after.items[i];

		if (link->type & ORD_IMPLIES_THEN ||
			goes_into(p->probe, after, link->act, interleave, partner))
			follow_restarts(p, link->act);
	}
}

static void order_probes_within(struct engine *e, struct resource *r)
{
	struct acts probes = { 0 };

	for (unsigned i = 0; i < r->children.n; i++)
		order_probes_within(e, r->children.items[i]);
	if (r->kind != PRIMITIVE)
		return;
	acts_of(&probes, r, TASK_MONITOR);
	for (unsigned i = 0; i < probes.n; i++) {
		struct act *probe = probes.items[i];
		unsigned n = probe->after.n;

		for (unsigned k = 0; k < n; k++) {
			struct act_link link = probe->after.items[k];
			struct probing p = { .e = e, .probe = probe, .stamp = ++e->stamp };

			order_probe_starts(e, probe, link.act, link.type);
			follow_restarts(&p, link.act);
		}
	}
	free(probes.items);
}

static void order_probes(struct engine *e)
{
	for (unsigned i = 0; i < e->top.n; i++)
		order_probes_within(e, e->top.items[i]);
	for (unsigned i = 0; i < e->n_orderings; i++)
		order_probes_of(e, e->orderings[i]);
}

/* ---- orders that cannot be ----------------------------------------------------------------------------- */

/* Nothing that runs in a guest can wait for the guest's own container, or it for that. */
static bool is_guests_own(const struct resource *r, const struct node *node)
{
	return r && node && node_is_guest(node) && node->connection->container == r;
}

static bool reaches(struct engine *e, const struct act *from, struct act *a)
{
	if (a == from)
		return true;
	if (a->visited == e->stamp)
		return false;
	a->visited = e->stamp;
	for (unsigned i = 0; i < a->before.n; i++)
		if (a->before.items[i].type != ORD_NONE && !a->before.items[i].act->optional &&
			reaches(e, from, a->before.items[i].act))
			return true;
	return false;
}

static bool is_invalid(struct engine *e, const struct act *a, const struct act_link *input)
{
	if (!(input->type & ORD_PRESERVE) && input->act->resource &&
		is_guests_own(a->resource, input->act->node))
		return true;
	/* Two that migrate past each other cannot both wait for the other to be gone. */
	if (input->type != ORD_LOAD || !a->resource || a->task != TASK_MIGRATE_TO)
		return false;
	e->stamp++;
	return reaches(e, a, input->act);
}

static void disable_invalid(struct engine *e)
{
	for (unsigned i = 0; i < e->n_acts; i++) {
		struct act *a = e->acts[i];

		for (unsigned k = 0; k < a->before.n; k++)
			if (is_invalid(e, a, &a->before.items[k]))
				a->before.items[k].type = ORD_NONE;
	}
}

void stage_orders(struct engine *e)
{
	remote_orders(e);
	orders_apply(e);
	for (unsigned i = e->n_acts; i-- > 0;)
		order_block_dependents(e, e->acts[i]);
	order_probes(e);
	for (unsigned i = e->n_acts; i-- > 0;)
		order_update(e, e->acts[i]);
	order_settle(e);
	disable_invalid(e);
}

/* Last, when it is known what is done: who is told of it. */
void stage_notices(struct engine *e)
{
	for (unsigned i = 0; i < e->n_all; i++) {
		struct resource *r = e->all[i];

		if (r->kind != CLONE)
			continue;
		for (struct act *a = r->acts; a; a = a->next_of_resource)
			act_flags(e, a, NULL);
		notice_send(e, r, &r->clone->starts);
		notice_send(e, r, &r->clone->stops);
		notice_send(e, r, &r->clone->promotes);
		notice_send(e, r, &r->clone->demotes);
	}
}
