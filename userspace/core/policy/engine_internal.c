// SPDX-License-Identifier: GPL-2.0-or-later
/* The order that goes without saying: within a resource, a group, a clone, a bundle. */
#include <strings.h>

#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

static void internal(struct engine *e, struct resource *r);

void avoid_remote(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < e->n_nodes; i++)
		if (e->nodes[i]->connection && resource_sees(r, e->nodes[i]).allowed)
			resource_slot(e, r, e->nodes[i])->score = -SCORE_INFINITY;
}

/* Nothing starts on a node before what leaves it has freed its capacity. */
static void load_orders(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < r->running.n; i++)
		ordering_new(e, r, TASK_STOP, NULL, NULL, TASK_NONE,
			act_load_stopped(e, r->running.items[i]), ORD_LOAD);
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct act *freed;

		if (!resource_sees(r, e->by_name[i]).allowed)
			continue;
		freed = act_load_stopped(e, e->by_name[i]);
		ordering_new(e, NULL, TASK_NONE, freed, r, TASK_START, NULL, ORD_LOAD);
		ordering_new(e, NULL, TASK_NONE, freed, r, TASK_MIGRATE_TO, NULL, ORD_LOAD);
	}
}

static void unfence_orders(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct act *unfence;

		if (!resource_sees(r, e->by_name[i]).allowed)
			continue;
		unfence = act_fence(e, e->by_name[i], "on", true, NULL, false);
		ordering_new(e, r, TASK_STOP, NULL, NULL, TASK_NONE, unfence,
			ORD_OPTIONAL | ORD_SAME_NODE);
		ordering_new(e, NULL, TASK_NONE, unfence, r, TASK_START, NULL,
			ORD_IMPLIES_THEN_ON_NODE | ORD_SAME_NODE);
	}
}

/* The connection to the guest node that a resource is, NULL: it is none. */
struct resource *guest_of_container(const struct resource *container)
{
	for (unsigned i = 0; i < container->fillers.n; i++)
		if (container->fillers.items[i]->is_connection)
			return container->fillers.items[i];
	return NULL;
}

static void container_orders(struct engine *e, struct resource *r)
{
	struct resource *remote = NULL;
	bool in_bundle = r->parent && r->parent->kind == BUNDLE;

	if (r->is_connection) {
		/* Remote nodes do not nest, except that a bundle may run on one. */
		if (!in_bundle)
			avoid_remote(e, r->container);
		order_resources(e, r->container, TASK_MONITOR, r, TASK_STOP, ORD_OPTIONAL);
	} else if (r->container->is_connection) {
		remote = r->container;
	} else {
		remote = guest_of_container(r->container);
	}
	if (remote) {
		for (unsigned i = 0; i < e->n_nodes; i++)
			if (e->nodes[i]->connection != remote &&
				resource_sees(r, e->nodes[i]).allowed)
				resource_slot(e, r, e->nodes[i])->score = -SCORE_INFINITY;
		return;
	}
	order_resources(
		e, r->container, TASK_START, r, TASK_START, ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	order_resources(e, r, TASK_STOP, r->container, TASK_STOP, ORD_IMPLIES_FIRST);
	/* A bundle's connection may go through another host. */
	colocation_new(e, "resource-with-container", NULL, in_bundle ? 10000 : SCORE_INFINITY, r,
		r->container, ROLE_UNKNOWN, ROLE_UNKNOWN, true);
}

static void internal_primitive(struct engine *e, struct resource *r)
{
	if (!r->managed)
		return;
	order_resources(
		e, r, TASK_STOP, r, TASK_START, ORD_OPTIONAL | ORD_IMPLIES_THEN | ORD_RESTART);
	if (resource_top(r)->promotable || r->role > ROLE_UNPROMOTED) {
		order_resources(e, r, TASK_DEMOTE, r, TASK_STOP, ORD_PROMOTED_IMPLIES_FIRST);
		order_resources(e, r, TASK_START, r, TASK_PROMOTE, ORD_RUNNABLE_LEFT);
	}
	if (!r->is_fence_device && e->set.have_unfencing && r->needs_unfencing)
		unfence_orders(e, r);
	if (r->utilization.n && e->set.placement != PLACE_DEFAULT)
		load_orders(e, r);
	if (r->container)
		container_orders(e, r);
	if (r->is_connection || r->is_fence_device)
		avoid_remote(e, r);
}

static void around(
	struct engine *e, struct resource *r, enum task begin, enum task end, unsigned type)
{
	order_resources(e, r, begin, r, end, type);
}

static void member_promotable(struct engine *e, struct resource *m, struct resource *previous,
	unsigned down, unsigned post_down)
{
	struct resource *group = m->parent;

	order_resources(e, group, TASK_DEMOTE, m, TASK_DEMOTE, down);
	order_resources(e, m, TASK_DEMOTE, group, TASK_DEMOTED, post_down);
	order_resources(e, m, TASK_PROMOTE, group, TASK_PROMOTED,
		ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN | ORD_IMPLIES_THEN_PRINTED);
	order_resources(e, group, TASK_PROMOTE, m, TASK_PROMOTE, ORD_IMPLIES_FIRST_PRINTED);
}

static void member_sequence(
	struct engine *e, struct resource *m, struct resource *previous, bool promotable)
{
	order_resources(
		e, previous, TASK_START, m, TASK_START, ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	order_resources(e, m, TASK_STOP, previous, TASK_STOP, ORD_OPTIONAL | ORD_RESTART);
	/* A new member amid running ones: what is behind it stops before it starts. */
	if (m->running.n && !previous->running.n)
		order_resources(e, m, TASK_STOP, previous, TASK_START,
			ORD_IMPLIES_FIRST | ORD_RUNNABLE_LEFT);
	if (!promotable)
		return;
	order_resources(
		e, previous, TASK_PROMOTE, m, TASK_PROMOTE, ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	order_resources(e, m, TASK_DEMOTE, previous, TASK_DEMOTE, ORD_OPTIONAL);
}

static void internal_member(struct engine *e, struct resource *m, struct resource *previous,
	struct resource *last_active)
{
	struct resource *group = m->parent;
	bool promotable = resource_top(group)->promotable, ordered = group->group_ordered;
	unsigned down = ORD_IMPLIES_FIRST_PRINTED, post_down = ORD_IMPLIES_THEN_PRINTED;

	internal(e, m);
	if (!previous && ordered) {
		down |= ORD_OPTIONAL;
		post_down = ORD_IMPLIES_THEN;
	} else if (previous && group->group_colocated) {
		colocation_new(e, "group:internal_colocation", NULL, SCORE_INFINITY, m, previous,
			ROLE_UNKNOWN, ROLE_UNKNOWN, m->critical);
	}
	if (promotable)
		member_promotable(e, m, previous, down, post_down);
	order_resources(e, group, TASK_STOP, m, TASK_STOP, down);
	order_resources(e, m, TASK_STOP, group, TASK_STOPPED, post_down);
	order_resources(e, group, TASK_START, m, TASK_START, ORD_IMPLIES_FIRST_PRINTED);
	order_resources(e, m, TASK_START, group, TASK_STARTED,
		ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN | ORD_IMPLIES_THEN_PRINTED);
	if (!ordered) {
		order_resources(e, group, TASK_START, m, TASK_START,
			ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT | ORD_IMPLIES_FIRST_PRINTED);
		if (promotable)
			order_resources(e, group, TASK_PROMOTE, m, TASK_PROMOTE,
				ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT | ORD_IMPLIES_FIRST_PRINTED);
	} else if (previous) {
		member_sequence(e, m, previous, promotable);
	}
	/* A group that is active in parts still stops in order. */
	if (m->running.n && ordered && previous && !previous->running.n && last_active)
		order_resources(e, m, TASK_STOP, last_active, TASK_STOP, ORD_OPTIONAL);
}

static void internal_group(struct engine *e, struct resource *r)
{
	struct resource *previous = NULL, *last_active = NULL;

	around(e, r, TASK_STOPPED, TASK_START, ORD_OPTIONAL);
	around(e, r, TASK_START, TASK_STARTED, ORD_RUNNABLE_LEFT);
	around(e, r, TASK_STOP, TASK_STOPPED, ORD_RUNNABLE_LEFT);
	for (unsigned i = 0; i < r->children.n; i++) {
		struct resource *m = r->children.items[i];

		internal_member(e, m, previous, last_active);
		if (m->running.n)
			last_active = m;
		previous = m;
	}
}

static void promotable_around(struct engine *e, struct resource *r)
{
	around(e, r, TASK_STOPPED, TASK_START, ORD_OPTIONAL);
	around(e, r, TASK_STOPPED, TASK_PROMOTE, ORD_OPTIONAL);
	around(e, r, TASK_DEMOTED, TASK_START, ORD_OPTIONAL);
	around(e, r, TASK_STARTED, TASK_PROMOTE, ORD_OPTIONAL);
	around(e, r, TASK_DEMOTED, TASK_STOP, ORD_OPTIONAL);
	around(e, r, TASK_DEMOTE, TASK_DEMOTED, ORD_OPTIONAL);
	around(e, r, TASK_DEMOTED, TASK_PROMOTE, ORD_OPTIONAL);
	around(e, r, TASK_PROMOTE, TASK_PROMOTED, ORD_OPTIONAL);
}

static void promotable_instances(struct engine *e, struct resource *r)
{
	struct resource *last = NULL;

	promotable_around(e, r);
	for (unsigned i = 0; i < r->children.n; i++) {
		struct resource *c = r->children.items[i];

		order_resources(e, r, TASK_DEMOTE, c, TASK_DEMOTE, ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, c, TASK_DEMOTE, r, TASK_DEMOTED, ORD_IMPLIES_THEN_PRINTED);
		order_resources(e, r, TASK_PROMOTE, c, TASK_PROMOTE, ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, c, TASK_PROMOTE, r, TASK_PROMOTED, ORD_IMPLIES_THEN_PRINTED);
		if (r->clone->ordered && last) {
			order_resources(e, last, TASK_PROMOTE, c, TASK_PROMOTE, ORD_OPTIONAL);
			order_resources(e, c, TASK_DEMOTE, last, TASK_DEMOTE, ORD_OPTIONAL);
		}
		last = c;
	}
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(struct resource *const *)a)->id, (*(struct resource *const *)b)->id);
}

static void internal_clone(struct engine *e, struct resource *r)
{
	struct resource *last = NULL;

	around(e, r, TASK_STOPPED, TASK_START, ORD_OPTIONAL);
	around(e, r, TASK_START, TASK_STARTED, ORD_RUNNABLE_LEFT);
	around(e, r, TASK_STOP, TASK_STOPPED, ORD_RUNNABLE_LEFT);
	if (r->promotable) {
		around(e, r, TASK_DEMOTED, TASK_STOP, ORD_OPTIONAL);
		around(e, r, TASK_STARTED, TASK_PROMOTE, ORD_RUNNABLE_LEFT);
	}
	if (r->clone->ordered && r->children.n)
		qsort(r->children.items, r->children.n, sizeof(*r->children.items), by_id);
	for (unsigned i = 0; i < r->children.n; i++) {
		struct resource *c = r->children.items[i];

		internal(e, c);
		order_resources(e, r, TASK_START, c, TASK_START,
			ORD_RUNNABLE_LEFT | ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, c, TASK_START, r, TASK_STARTED, ORD_IMPLIES_THEN_PRINTED);
		if (r->clone->ordered && last)
			order_resources(e, last, TASK_START, c, TASK_START, ORD_OPTIONAL);
		order_resources(e, r, TASK_STOP, c, TASK_STOP, ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, c, TASK_STOP, r, TASK_STOPPED, ORD_IMPLIES_THEN_PRINTED);
		if (r->clone->ordered && last)
			order_resources(e, c, TASK_STOP, last, TASK_STOP, ORD_OPTIONAL);
		last = c;
	}
	if (r->promotable)
		promotable_instances(e, r);
}

/* The one act of that kind that is to be done; NULL: none, or more than one. */
static struct act *only_required(const struct resource *r, enum task task)
{
	struct act *found = NULL;

	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->task != task || a->optional)
			continue;
		if (found)
			return NULL;
		found = a;
	}
	return found;
}

/* Instances of an ordered clone come one after the other, and go the other way round; those that
 * neither come nor go do not break the chain. */
void instances_order(struct engine *e, struct resource *r)
{
	owned(free) struct resource **sorted = own_alloc((r->children.n + 1) * sizeof(*sorted));
	struct act *last_start = NULL, *last_stop = NULL;

	/* In the order of internal_clone(), whatever they are sorted by meanwhile: no loops. */
	for (unsigned i = 0; i < r->children.n; i++)
		sorted[i] = r->children.items[i];
	qsort(sorted, r->children.n, sizeof(*sorted), by_id);
	for (unsigned i = 0; i < r->children.n; i++) {
		struct act *start = only_required(sorted[i], TASK_START);
		struct act *stop = only_required(sorted[i], TASK_STOP);

		act_order(e, stop, last_stop, ORD_OPTIONAL);
		act_order(e, last_start, start, ORD_OPTIONAL);
		last_stop = stop ? stop : last_stop;
		last_start = start ? start : last_start;
	}
}

static void internal_replica(struct engine *e, struct resource *r, struct replica *p)
{
	if (!p->container)
		return;
	internal(e, p->container);
	order_resources(e, r, TASK_START, p->container, TASK_START,
		ORD_RUNNABLE_LEFT | ORD_IMPLIES_FIRST_PRINTED);
	if (p->child)
		order_resources(e, r, TASK_STOP, p->child, TASK_STOP, ORD_IMPLIES_FIRST_PRINTED);
	order_resources(e, r, TASK_STOP, p->container, TASK_STOP, ORD_IMPLIES_FIRST_PRINTED);
	order_resources(e, p->container, TASK_START, r, TASK_STARTED, ORD_IMPLIES_THEN_PRINTED);
	order_resources(e, p->container, TASK_STOP, r, TASK_STOPPED, ORD_IMPLIES_THEN_PRINTED);
	if (p->ip) {
		internal(e, p->ip);
		order_resources(e, p->ip, TASK_START, p->container, TASK_START,
			ORD_RUNNABLE_LEFT | ORD_PRESERVE);
		order_resources(e, p->container, TASK_STOP, p->ip, TASK_STOP,
			ORD_IMPLIES_FIRST | ORD_PRESERVE);
		colocation_new(e, "ip-with-container", NULL, SCORE_INFINITY, p->ip, p->container,
			ROLE_UNKNOWN, ROLE_UNKNOWN, true);
	}
	if (p->connection)
		internal(e, p->connection);
}

static void internal_bundle(struct engine *e, struct resource *r)
{
	struct bundle *b = r->bundle;
	struct resource *c = b->child;

	if (c) {
		order_resources(e, r, TASK_START, c, TASK_START, ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, r, TASK_STOP, c, TASK_STOP, ORD_IMPLIES_FIRST_PRINTED);
		order_resources(e, c, TASK_STARTED, r, TASK_STARTED, ORD_IMPLIES_THEN_PRINTED);
		order_resources(e, c, TASK_STOPPED, r, TASK_STOPPED, ORD_IMPLIES_THEN_PRINTED);
	}
	for (unsigned i = 0; i < b->n; i++)
		internal_replica(e, r, &b->replicas[i]);
	if (!c)
		return;
	internal(e, c);
	if (!c->promotable)
		return;
	promotable_around(e, r);
	order_resources(e, r, TASK_PROMOTE, c, TASK_PROMOTE, ORD_IMPLIES_FIRST_PRINTED);
	order_resources(e, c, TASK_PROMOTED, r, TASK_PROMOTED, ORD_IMPLIES_THEN_PRINTED);
	order_resources(e, r, TASK_DEMOTE, c, TASK_DEMOTE, ORD_IMPLIES_FIRST_PRINTED);
	order_resources(e, c, TASK_DEMOTED, r, TASK_DEMOTED, ORD_IMPLIES_THEN_PRINTED);
}

static void internal(struct engine *e, struct resource *r)
{
	switch (r->kind) {
	case PRIMITIVE:
		internal_primitive(e, r);
		break;
	case GROUP:
		internal_group(e, r);
		break;
	case CLONE:
		internal_clone(e, r);
		break;
	case BUNDLE:
		internal_bundle(e, r);
		break;
	}
}

void stage_internal_orders(struct engine *e)
{
	for (unsigned i = 0; i < e->top.n; i++)
		internal(e, e->top.items[i]);
}
