// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes that must be fenced or may shut down, and what their end implies. */
#include "core/policy/engine_stage.h"

void order_unfence(
	struct engine *e, struct resource *r, struct node *node, struct act *a, unsigned type)
{
	struct act *unfence;

	/* A device that unfences may not even answer a node that is still cut off. */
	if (!e->set.have_unfencing || !(r->needs_unfencing || r->is_fence_device))
		return;
	unfence = act_fence(e, node, "on", true, NULL, false);
	act_order(e, unfence, a, type);
	if (!node_unfenced(node))
		unfence_trigger(e, NULL, node, "required", a);
}

bool node_unfenced(const struct node *node)
{
	const char *s = node_attribute(node, "#node-unfenced");

	return s && strcmp(s, "0");
}

static void order_starts(struct engine *e, struct resource *r, struct act *fence)
{
	struct node *target = fence->node;

	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->requires == REQUIRES_FENCING)
			act_order(e, fence, a, ORD_OPTIONAL);
		else if (a->requires == REQUIRES_QUORUM && a->task == TASK_START &&
			 resource_sees(r, target).allowed && !resource_known_on(r, target))
			act_order(e, fence, a, ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	}
}

static bool is_bundled(const struct resource *r)
{
	const struct resource *p = r->parent;

	while (p && p->kind != BUNDLE)
		p = p->parent;
	return p;
}

static void imply_stop(
	struct engine *e, struct resource *r, struct act *a, struct act *fence, bool implicit)
{
	struct act *parent_stop = act_find_any(resource_top(r), TASK_STOP);

	a->pseudo = a->runnable = true;
	if (implicit) {
		if (!is_bundled(r))
			act_order(e, fence, a, ORD_PRESERVE);
		act_order(e, fence, parent_stop, ORD_PRESERVE);
	}
	if (r->notify)
		notice_fenced(e, r, fence);
}

static void order_stops(struct engine *e, struct resource *r, struct act *fence)
{
	struct node *target = fence->node;
	bool implicit = r->needs_fencing || node_is_guest(target);

	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->node && a->node != target)
			continue;
		if (a->task == TASK_STOP) {
			if (!a->node)
				a->node = target;
			imply_stop(e, r, a, fence, implicit);
		}
	}
	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->task != TASK_DEMOTE || (a->node && a->node != target))
			continue;
		if (!a->node)
			a->node = target;
		if (a->node->online && !a->node->unclean && !r->failed)
			continue;
		a->pseudo = a->runnable = true;
		if (!is_bundled(r) && implicit)
			act_order(e, fence, a, ORD_PRESERVE | ORD_OPTIONAL);
	}
}

static void order_resource(struct engine *e, struct resource *r, struct act *fence)
{
	for (unsigned i = 0; i < r->children.n; i++)
		order_resource(e, r->children.items[i], fence);
	if (r->children.n || !r->managed)
		return;
	order_starts(e, r, fence);
	order_stops(e, r, fence);
}

static void order_all(struct engine *e, struct act *fence)
{
	for (unsigned i = 0; i < e->top.n; i++)
		order_resource(e, e->top.items[i], fence);
}

/* A guest is not fenced: its container's end is, which is told as if it were. */
static void fence_guest(struct engine *e, struct node *node)
{
	struct resource *container = node->connection->container;
	struct act *stop = act_find_any(container, TASK_STOP), *fence;
	const char *op = act_find_any(container, TASK_START) ? "reboot" : "off";

	fence = act_fence(e, node, op, false, "guest is unclean", false);
	fence->pseudo = fence->runnable = true;
	if (stop && stop->pseudo) {
		act_order(e, act_fence(e, stop->node, NULL, false, NULL, false), fence,
			ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN);
	} else if (stop) {
		act_order(e, stop, fence, ORD_RUNNABLE_LEFT | ORD_IMPLIES_THEN);
	} else {
		stop = act_find_any(node->connection, TASK_STOP);
		act_order(e, stop, fence, ORD_OPTIONAL);
	}
	order_all(e, fence);
}

static struct act *shut_down(struct engine *e, struct node *node)
{
	struct act *down = act_shutdown(e, node);

	for (unsigned i = 0; i < e->n_acts; i++) {
		struct act *a = e->acts[i];

		if (!a->resource || a->node != node || a->task != TASK_STOP ||
			a->resource->maintenance || node->maintenance)
			continue;
		/* What is left alone does not hold the node up. */
		if (!a->resource->managed && !a->resource->blocked)
			continue;
		a->optional = false;
		ordering_new(e, a->resource, TASK_NONE, a, NULL, TASK_NONE, down,
			ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	}
	return down;
}

static bool any_managed(const struct engine *e)
{
	for (unsigned i = 0; i < e->top.n; i++)
		if (e->top.items[i]->managed)
			return true;
	return false;
}

void stage_fencing(struct engine *e)
{
	bool managed = any_managed(e);
	struct act *dc_down = NULL;
	owned(free) struct act **fences = own_alloc((e->n_nodes + 1) * sizeof(*fences));
	owned(free) struct act **downs = own_alloc((e->n_nodes + 1) * sizeof(*downs));
	unsigned n_fences = 0, n_downs = 0;

	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];
		struct act *a;

		if (node_is_guest(node)) {
			if (node->remote_requires_reset && managed && node_can_fence(e, node))
				fence_guest(e, node);
		} else if (managed && node->unclean && node_can_fence(e, node)) {
			a = act_fence(e, node, NULL, false,
				node->fence_reason ? node->fence_reason : "node is unclean", false);
			order_all(e, a);
			if (node->dc) {
				dc_down = a;
				continue;
			}
			/* One after the other, unless they may be fenced at once. */
			if (!e->set.concurrent_fencing && n_fences)
				act_order(e, fences[n_fences - 1], a, ORD_OPTIONAL);
			fences[n_fences++] = a;
		} else if (!node->remote && node->online && node->shutdown) {
			a = shut_down(e, node);
			if (node->dc)
				dc_down = a;
			else
				downs[n_downs++] = a;
		}
	}
	if (!dc_down)
		return;
	for (unsigned i = 0; dc_down->task == TASK_SHUTDOWN && i < n_downs; i++)
		act_order(e, downs[i], dc_down, ORD_OPTIONAL);
	for (unsigned i = e->set.concurrent_fencing || !n_fences ? 0 : n_fences - 1; i < n_fences;
		i++)
		act_order(e, fences[i], dc_down, ORD_OPTIONAL);
}
