// SPDX-License-Identifier: GPL-2.0-or-later
/* Fencing: which nodes are cut off or shut down, and what that means for what they run. */
#include "core/policy/engine_stage.h"

/* ---- starts: after the fencing that they need ---------------------------------------------------- */

static bool known_on(const struct resource *r, const struct node *node)
{
	if (resource_known_on(r, node))
		return true;
	/* The parent only: of a cloned group a part may be known. */
	return r->parent && r->parent->kind == CLONE && !r->parent->unique &&
	       resource_known_on(r->parent, node);
}

static void order_starts(struct engine *e, struct resource *r, struct act *fence)
{
	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->requires == REQUIRES_FENCING)
			act_order(e, fence, a, ORD_OPTIONAL);
		else if (a->requires == REQUIRES_QUORUM && a->task == TASK_START &&
			 resource_sees(r, fence->node).allowed && !known_on(r, fence->node))
			/* It may run there, for all that is known. */
			act_order(e, fence, a, ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	}
}

/* ---- stops and demotions: done by the fencing ------------------------------------------------------ */

static bool bundled(struct resource *r)
{
	return resource_top(r)->parent;
}

static bool is_on(const struct act *a, enum task task, const struct node *node)
{
	return a->task == task && (!a->node || a->node == node);
}

static void imply(struct act *a)
{
	a->pseudo = true;
	a->runnable = true;
}

static void imply_stops(struct engine *e, struct resource *r, struct act *fence, bool implicit)
{
	struct act *whole = act_find_any(resource_top(r), TASK_STOP);

	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (!is_on(a, TASK_STOP, fence->node))
			continue;
		imply(a);
		if (implicit) {
			a->implied_by_fencing = true;
			/* In a bundle that would be a ring; the whole's stop is enough. */
			if (!bundled(r))
				act_order(e, fence, a, ORD_PRESERVE);
			act_order(e, fence, whole, ORD_PRESERVE);
		}
		if (r->notify)
			notice_fenced(e, r, fence);
	}
}

static void imply_demotes(struct engine *e, struct resource *r, struct act *fence, bool implicit)
{
	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (!is_on(a, TASK_DEMOTE, fence->node))
			continue;
		if (fence->node->online && !fence->node->unclean && !r->failed)
			continue;
		imply(a);
		if (implicit && !bundled(r))
			act_order(e, fence, a, ORD_PRESERVE | ORD_OPTIONAL);
	}
}

static void order_resource(struct engine *e, struct resource *r, struct act *fence)
{
	bool implicit = r->needs_fencing || node_is_guest(fence->node);

	for (unsigned i = 0; i < r->children.n; i++)
		order_resource(e, r->children.items[i], fence);
	if (r->children.n || !r->managed)
		return;
	order_starts(e, r, fence);
	imply_stops(e, r, fence, implicit);
	imply_demotes(e, r, fence, implicit);
}

static void order_all(struct engine *e, struct act *fence)
{
	for (unsigned i = 0; i < e->top.n; i++)
		order_resource(e, e->top.items[i], fence);
}

/* ---- guests: fenced by what becomes of their container --------------------------------------------- */

static void fence_guest(struct engine *e, struct node *node)
{
	struct resource *container = node->connection->container;
	struct act *stop = act_find_any(container, TASK_STOP), *fence;
	const char *op = act_find_any(container, TASK_START) ? "reboot" : "off";

	fence = act_fence(e, node, op, false, "guest is unclean", false);
	imply(fence);
	fence->optional = false;
	if (stop && stop->pseudo) {
		act_order(e, act_fence(e, stop->node, NULL, false, NULL, false), fence,
			ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN);
	} else if (stop) {
		act_order(e, stop, fence, ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN);
	} else {
		/* It seems to be stopped, perhaps only because its record was cleaned up: after
		 * the connection's stop, which waits for the container's probe. */
		stop = act_find_any(node->connection, TASK_STOP);
		if (stop)
			act_order(e, stop, fence, ORD_OPTIONAL);
	}
	order_all(e, fence);
}

/* ---- shutdown --------------------------------------------------------------------------------------- */

static struct act *shut_down(struct engine *e, struct node *node)
{
	struct act *down = act_shutdown(e, node);

	for (unsigned i = 0; i < e->n_acts; i++) {
		struct act *a = e->acts[i];

		if (!a->resource || a->node != node || a->task != TASK_STOP)
			continue;
		if (a->resource->maintenance || node->maintenance)
			continue;
		/* What is not managed does not hold it up, unless it must not be left alone. */
		if (!a->resource->managed && !a->resource->blocked)
			continue;
		a->optional = false;
		ordering_new(e, a->resource, TASK_NONE, a, NULL, TASK_NONE, down,
			ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	}
	return down;
}

/* ---- the stage -------------------------------------------------------------------------------------- */

struct downs { /* the newest first matters only in that they are a chain */
	struct act **items;
	unsigned n, cap;
};

static void downs_add(struct downs *downs, struct act *a)
{
	own_grow(downs->items, downs->n, downs->cap);
	downs->items[downs->n++] = a;
}

static bool any_managed(const struct engine *e)
{
	for (unsigned i = 0; i < e->top.n; i++)
		if (e->top.items[i]->managed)
			return true;
	return false;
}

static struct act *fence_node(struct engine *e, struct node *node, struct downs *fences)
{
	struct act *fence = act_fence(e, node, NULL, false, "node is unclean", false);

	order_all(e, fence);
	if (node == e->dc)
		return fence;
	if (!e->set.concurrent_fencing && fences->n)
		act_order(e, fences->items[fences->n - 1], fence, ORD_OPTIONAL);
	downs_add(fences, fence);
	return fence;
}

/* The node that plans goes last, so that no other has to take over in between. */
static void order_dc(
	struct engine *e, struct act *dc, const struct downs *fences, const struct downs *shutdowns)
{
	if (dc->task == TASK_SHUTDOWN)
		for (unsigned i = 0; i < shutdowns->n; i++)
			act_order(e, shutdowns->items[i], dc, ORD_OPTIONAL);
	if (e->set.concurrent_fencing)
		for (unsigned i = 0; i < fences->n; i++)
			act_order(e, fences->items[i], dc, ORD_OPTIONAL);
	else if (fences->n)
		act_order(e, fences->items[fences->n - 1], dc, ORD_OPTIONAL);
}

void stage_fencing(struct engine *e)
{
	struct downs fences = { 0 }, shutdowns = { 0 };
	bool managed = any_managed(e);
	struct act *dc = NULL;

	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];
		struct act *a;

		if (node_is_guest(node)) {
			if (node->remote_requires_reset && managed && node_can_fence(e, node))
				fence_guest(e, node);
		} else if (managed && node->unclean && node_can_fence(e, node)) {
			a = fence_node(e, node, &fences);
			dc = node == e->dc ? a : dc;
		} else if (!node->remote && node->online && node->shutdown) {
			a = shut_down(e, node);
			if (node == e->dc)
				dc = a;
			else
				downs_add(&shutdowns, a);
		}
	}
	if (dc)
		order_dc(e, dc, &fences, &shutdowns);
	free(fences.items);
	free(shutdowns.items);
}
