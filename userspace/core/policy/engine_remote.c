// SPDX-License-Identifier: GPL-2.0-or-later
/* Remote and guest nodes: what is done there waits for the connection, which waits for it. */
#include "core/policy/engine_stage.h"

enum remote_state remote_state(const struct node *node)
{
	const struct resource *r = node->connection;
	const struct node *host;

	if (!r)
		return REMOTE_UNKNOWN;
	host = resource_current(r, NULL, NULL);
	if (r->next_role == ROLE_STOPPED || !r->node) {
		const char *asked = node_attribute(node, "shutdown");

		if (host && host->unclean)
			return REMOTE_FAILED;
		if (!r->failed)
			return REMOTE_STOPPED;
		/* Not to tell before the reconnect interval is over. */
		if (r->next_role == ROLE_STOPPED && r->remote_reconnect_ms &&
			node->remote_was_fenced && !(asked && strcmp(asked, "0")))
			return REMOTE_UNKNOWN;
		return REMOTE_FAILED;
	}
	if (!host)
		return REMOTE_UNKNOWN;
	if (host->unclean || !host->online)
		return REMOTE_RESTING;
	if (r->running.n > 1 && r->migration_source && r->migration_target)
		return REMOTE_RESTING;
	return REMOTE_ALIVE;
}

static void start_then(struct engine *e, struct resource *first, struct act *then, unsigned extra)
{
	ordering_new(e, first, TASK_START, NULL, then->resource, TASK_NONE, then,
		ORD_PRESERVE | ORD_RUNNABLE_LEFT | extra);
}

static void then_stop(struct engine *e, struct act *first, struct resource *then, unsigned extra)
{
	ordering_new(
		e, first->resource, TASK_NONE, first, then, TASK_STOP, NULL, ORD_PRESERVE | extra);
}

static void order_guest(struct engine *e, struct act *a)
{
	struct resource *remote = a->node->connection, *container = remote->container;

	if (container->failed)
		node_fence(e, a->node, "container failed", false);
	switch (a->task) {
	case TASK_START:
	case TASK_PROMOTE:
		start_then(e, container, a, ORD_IMPLIES_THEN);
		start_then(e, remote, a, 0);
		break;
	case TASK_STOP:
	case TASK_DEMOTE:
	case TASK_MIGRATE_TO: /* which go through where the connection still is */
	case TASK_MIGRATE_FROM:
		if (!container->failed)
			then_stop(e, a, remote, 0);
		break;
	case TASK_CANCEL:
		break;
	default:
		start_then(e, remote, a, a->interval_ms ? ORD_IMPLIES_THEN : 0);
		break;
	}
}

static void order_remote_stop(struct engine *e, struct act *a, enum remote_state state)
{
	struct resource *remote = a->node->connection;

	if (state == REMOTE_ALIVE)
		then_stop(e, a, remote, ORD_IMPLIES_FIRST);
	else if (state == REMOTE_FAILED)
		node_fence(
			e, a->node, "resources are active but connection is unrecoverable", false);
	else if (remote->next_role == ROLE_STOPPED)
		then_stop(e, a, remote, ORD_IMPLIES_FIRST);
	else
		start_then(e, remote, a, 0);
}

static void order_remote(struct engine *e, struct act *a)
{
	struct resource *remote = a->node->connection;
	enum remote_state state = remote_state(a->node);

	switch (a->task) {
	case TASK_START:
	case TASK_PROMOTE:
		start_then(e, remote, a, state == REMOTE_FAILED ? ORD_IMPLIES_THEN : 0);
		break;
	case TASK_STOP:
	case TASK_MIGRATE_TO:
	case TASK_MIGRATE_FROM:
		order_remote_stop(e, a, state);
		break;
	case TASK_DEMOTE:
		if (state == REMOTE_RESTING || state == REMOTE_UNKNOWN)
			start_then(e, remote, a, 0);
		break;
	default:
		if (a->interval_ms && a->task != TASK_CANCEL) {
			start_then(e, remote, a, ORD_IMPLIES_THEN);
			break;
		}
		if (a->task == TASK_MONITOR && state == REMOTE_FAILED)
			node_fence(e, a->node,
				"resources are in unknown state and connection is unrecoverable",
				false);
		if (resource_current(remote, NULL, NULL) && state == REMOTE_STOPPED)
			then_stop(e, a, remote, ORD_RUNNABLE_LEFT);
		else
			start_then(e, remote, a, 0);
		break;
	}
}

static void order_one(struct engine *e, struct act *a)
{
	struct resource *remote;

	if (!a->resource)
		return;
	if (a->resource->is_connection && a->task == TASK_CLEAR_FAILCOUNT) {
		ordering_new(
			e, a->resource, TASK_NONE, a, a->resource, TASK_START, NULL, ORD_OPTIONAL);
		return;
	}
	if (!a->node || !a->node->remote || a->pseudo)
		return;
	remote = a->node->connection;
	if (!remote)
		return;
	/* What moves there stays where it was if the connection does not come up. */
	for (struct act *s = a->resource->acts; a->task == TASK_START && s; s = s->next_of_resource)
		if (s->task == TASK_STOP && s->node && s->node != a->node)
			ordering_new(e, remote, TASK_START, NULL, a->resource, TASK_NONE, s,
				ORD_OPTIONAL);
	if (remote->container)
		order_guest(e, a);
	else
		order_remote(e, a);
}

void remote_orders(struct engine *e)
{
	unsigned n = e->n_acts;

	if (!e->set.have_remote)
		return;
	for (unsigned i = n; i-- > 0;)
		order_one(e, e->acts[i]);
}
