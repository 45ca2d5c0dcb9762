// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a resource's state is not known, it is asked for. */
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

static bool probe(struct engine *e, struct resource *r, struct node *node);

static bool probe_children(struct engine *e, struct resource *r, struct node *node)
{
	bool any = false;

	for (unsigned i = 0; i < r->children.n; i++)
		any |= probe(e, r->children.items[i], node);
	return any;
}

static int by_instance(void *ctx, struct resource *a, struct resource *b)
{
	return a->instance - b->instance;
}

static bool known_any(const struct resource *r, const struct node *node)
{
	for (unsigned i = 0; i < r->children.n; i++)
		if (known_any(r->children.items[i], node))
			return true;
	return !r->children.n && resource_known_on(r, node);
}

static bool probe_clone(struct engine *e, struct resource *r, struct node *node)
{
	struct resource *child = NULL;

	if (!r->children.n)
		return false;
	if (!r->clone->sorted) {
		resources_sort(&r->children, by_instance, NULL);
		r->clone->sorted = true;
	}
	if (r->exclusive_discovery) {
		struct slot see = resource_sees(r, node);

		if (see.allowed && see.discovery != DISCOVER_EXCLUSIVE) {
			resource_slot(e, r, node)->allowed = 0;
			return false;
		}
	}
	if (r->unique)
		return probe_children(e, r, node);
	/* One asks for all: the one that is known here, or will be here, or the first. */
	for (unsigned i = 0; i < r->children.n && !child; i++)
		if (known_any(r->children.items[i], node))
			child = r->children.items[i];
	for (unsigned i = 0; i < r->children.n && !child; i++)
		if (resource_location(e, r->children.items[i], false) == node)
			child = r->children.items[i];
	return probe(e, child ? child : r->children.items[0], node);
}

static bool probe_bundle(struct engine *e, struct resource *r, struct node *node)
{
	struct bundle *b = r->bundle;
	bool any = false;

	for (unsigned i = 0; i < b->n; i++) {
		struct replica *p = &b->replicas[i];

		if (p->ip)
			any |= probe(e, p->ip, node);
		if (p->child && p->node == node)
			any |= probe(e, p->child, node);
		if (!p->container)
			continue;
		if (probe(e, p->container, node)) {
			any = true;
			for (unsigned j = 0; b->per_host == 1 && j < b->n; j++)
				if (j != i && b->replicas[j].container)
					order_resources(e, p->container, TASK_MONITOR,
						b->replicas[j].container, TASK_START,
						ORD_OPTIONAL | ORD_SAME_NODE);
		}
		if (p->connection && probe(e, p->connection, node)) {
			struct act *a = act_find(e, p->connection, TASK_MONITOR, 0, node);

			any = true;
			/* The connection is asked for once it is known where the container is. */
			if (a)
				ordering_new(e, p->container, TASK_START, NULL, p->connection,
					TASK_NONE, a, ORD_PROBE);
		}
	}
	return any;
}

static bool discovered(const struct resource *r, const struct node *node)
{
	struct slot see = resource_sees(r, node);
	const struct resource *top = resource_top((struct resource *)r);

	if (r->exclusive_discovery || top->exclusive_discovery)
		if (!see.allowed || see.discovery != DISCOVER_EXCLUSIVE)
			return false;
	return see.allowed ? see.discovery != DISCOVER_NEVER : !node->discovery_never;
}

/* A guest that is down, or goes down, needs no asking. */
static bool guest_down(struct engine *e, struct resource *top, const struct node *node)
{
	struct resource *guest;

	if (!node_is_guest(node))
		return false;
	guest = node->connection->container;
	if (guest->role == ROLE_STOPPED) {
		if (guest->node && !resource_known_on(guest, guest->node))
			order_resources(e, guest, TASK_MONITOR, top, TASK_START, ORD_OPTIONAL);
		return true;
	}
	/* Whether it stops is not decided yet; but that it failed, or is to be elsewhere. */
	if (guest->failed || guest->next_role == ROLE_STOPPED ||
		(guest->node && !resource_active_on(guest, guest->node))) {
		order_resources(e, guest, TASK_STOP, top, TASK_START, ORD_OPTIONAL);
		return true;
	}
	return false;
}

static bool probe_primitive(struct engine *e, struct resource *r, struct node *node)
{
	struct resource *top = resource_top(r);
	struct act *a;

	if (top->kind != CLONE)
		top = r;
	if (node->remote && (r->is_fence_device || r->is_connection ||
				    (node_is_guest(node) && guest_of_container(r))))
		return false;
	if ((r->container && !r->is_connection) || r->orphan || resource_known_on(r, node))
		return false;
	if (!discovered(r, node) || guest_down(e, top, node))
		return false;
	a = act_get(e, r, TASK_MONITOR, 0, node, false);
	a->optional = false;
	a->expected_rc = !resource_active_on(r, node) ? 7 : r->role == ROLE_PROMOTED ? 8 : 0;
	order_unfence(e, r, node, a, ORD_OPTIONAL);
	/* What cannot be asked keeps it from starting, but does not stop what is there. */
	ordering_new(e, r, TASK_NONE, a, top, TASK_START, NULL,
		ORD_OPTIONAL |
			(!a->runnable && !resource_active(top, false) ? ORD_RUNNABLE_LEFT : 0));
	ordering_new(e, r, TASK_NONE, a, top, TASK_RELOAD, NULL, ORD_OPTIONAL);
	return true;
}

static bool probe(struct engine *e, struct resource *r, struct node *node)
{
	switch (r->kind) {
	case CLONE:
		return probe_clone(e, r, node);
	case BUNDLE:
		return probe_bundle(e, r, node);
	case GROUP:
		return probe_children(e, r, node);
	default:
		return probe_primitive(e, r, node);
	}
}

static void probe_node(struct engine *e, struct node *node)
{
	const char *probed;

	if (!node->online) {
		if (node->remote && node->connection && remote_state(node) == REMOTE_FAILED)
			node_fence(e, node, "the connection is unrecoverable", false);
		return;
	}
	if (node->unclean || !node->discovery_enabled)
		return;
	probed = node_attribute(node, "probe_complete");
	if (probed && !value_true(probed, false))
		return;
	for (unsigned i = 0; i < e->top.n; i++)
		probe(e, e->top.items[i], node);
}

void stage_probes(struct engine *e)
{
	for (unsigned i = 0; e->set.enable_startup_probes && i < e->n_nodes; i++)
		probe_node(e, e->by_name[i]);
	for (unsigned i = 0; e->set.stop_orphans && i < e->top.n; i++) {
		struct resource *r = e->top.items[i];

		for (unsigned j = 0; r->orphan && j < e->n_nodes; j++) {
			struct node *node = e->by_name[j];
			struct act *a;

			if (!node->online || !failcount_get(e, r, node, true, NULL))
				continue;
			a = act_clear_failcount(e, r, node, "it is orphaned");
			ordering_new(e, r, TASK_NONE, a, r, TASK_STOP, NULL, ORD_OPTIONAL);
		}
	}
}
