// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, history: one node's record of operations, replayed into roles. */
#include <strings.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

/* Whether and when the resource was last started and stopped, as places in the sorted history. */
static void find_span(const struct element **ops, unsigned n, int *start, int *stop)
{
	int implied_monitor = -1, implied_clone = -1;

	*start = *stop = -1;
	for (int i = 0; i < (int)n; i++) {
		const char *task = element_get(ops[i], "operation");
		const char *status = element_get(ops[i], "op-status");
		const char *rc = element_get(ops[i], "rc-code");

		if (!task)
			continue;
		if (!strcmp(task, "stop") && status && !strcmp(status, "0"))
			*stop = i;
		else if (!strcmp(task, "start") || !strcmp(task, "migrate_from"))
			*start = i;
		else if (implied_monitor <= *stop && !strcmp(task, "monitor")) {
			if (rc && (!strcmp(rc, "0") || !strcmp(rc, "8")))
				implied_monitor = i;
		} else if (!strcmp(task, "promote") || !strcmp(task, "demote"))
			implied_clone = i;
	}
	if (*start == -1)
		*start = implied_clone != -1 ? implied_clone : implied_monitor;
}

/* The recurring operations that are active become acts, so that what is not wanted can end. */
static void recurring_read(struct engine *e, struct resource *r, struct node *node,
	const struct element **ops, unsigned n)
{
	bool any = false;
	int start, stop;

	for (unsigned i = 0; i < n && !any; i++)
		any = value_number(element_get(ops[i], "interval"), 0);
	if (!node->online || !any)
		return;
	find_span(ops, n, &start, &stop);
	for (int i = 0; i < (int)n; i++) {
		const char *task = element_get(ops[i], "operation");
		uint64_t interval_ms = (uint64_t)value_number(element_get(ops[i], "interval"), 0);
		const char *status = element_get(ops[i], "op-status");

		if ((start < stop && i <= stop) || i < start || !interval_ms || !task)
			continue;
		if (status && !strcmp(status, "-1"))
			continue;
		act_get(e, r, task_read(task), interval_ms, node, true);
	}
}

/* What runs on a node that is not there is only safe to start elsewhere once the node is dead. */
static void fence_for(struct engine *e, struct resource *r, struct node *node)
{
	const char *reason = NULL;

	if (r->role <= ROLE_STOPPED || node->online || node->maintenance || !r->managed)
		return;
	if (node_is_guest(node)) {
		r->failed = true;
		r->stop_on_fail = true;
	} else if (!e->set.stonith_enabled) {
		return;
	} else if (node->remote && node->connection && !node->connection->failed) {
		/* Only if the connection cannot be made from another node. */
		node->unseen = true;
		reason = engine_printf(e,
			"%s is active there (fencing will be revoked if remote connection can be "
			"re-established elsewhere)",
			r->id);
	}
	if (!reason)
		reason = engine_printf(e, "%s is thought to be active there", r->id);
	node_fence(e, node, reason, false);
}

static void is_failed(struct resource *r)
{
	r->failed = true;
	r->stop_on_fail = true;
}

static void stop_container(struct engine *e, struct resource *r, struct node *node)
{
	is_failed(r);
	if (r->container && resource_top(r)->parent)
		resources_add(e, &e->stop_needed, r->container);
	else if (r->container)
		act_get(e, r->container, TASK_STOP, 0, node, false);
	else if (r->role > ROLE_STOPPED)
		act_get(e, r, TASK_STOP, 0, node, false);
}

static void reset_remote(struct engine *e, struct resource *r, struct node *node)
{
	struct node *remote = r->is_connection ? node_by_name(e, r->id) : NULL;

	is_failed(r);
	if (e->set.stonith_enabled && remote && node_is_remote_only(remote) &&
		!remote->remote_was_fenced)
		node_fence(e, remote, "remote connection is unrecoverable", false);
	if (r->role > ROLE_STOPPED)
		act_get(e, r, TASK_STOP, 0, node, false);
	/* With a pause between attempts it stays stopped until the failure is forgotten. */
	if (r->remote_reconnect_ms)
		r->next_role = ROLE_STOPPED;
}

static void on_fail_act(
	struct engine *e, struct resource *r, struct node *node, enum on_fail on_fail)
{
	switch (on_fail) {
	case FAIL_IGNORE:
		break;
	case FAIL_DEMOTE:
		r->failed = true;
		act_get(e, r, TASK_DEMOTE, 0, node, false);
		break;
	case FAIL_FENCE:
		node_fence(e, node, engine_printf(e, "%s failed there", r->id), false);
		break;
	case FAIL_STANDBY:
		node->standby = true;
		node->standby_onfail = true;
		break;
	case FAIL_BLOCK:
		r->managed = false;
		r->blocked = true;
		break;
	case FAIL_MIGRATE:
		status_ban(e, r, node);
		break;
	case FAIL_STOP:
		r->next_role = ROLE_STOPPED;
		break;
	case FAIL_RECOVER:
		if (r->role > ROLE_STOPPED) {
			is_failed(r);
			act_get(e, r, TASK_STOP, 0, node, false);
		}
		break;
	case FAIL_RESTART_CONTAINER:
		stop_container(e, r, node);
		break;
	case FAIL_RESET_REMOTE:
		reset_remote(e, r, node);
		break;
	}
}

static void known_read(struct engine *e, struct resource *r, struct node *node)
{
	if (r->role == ROLE_UNKNOWN)
		return;
	for (struct resource *p = r; p; p = p->parent) {
		resource_set_known(e, p, node);
		if (p->unique)
			break;
	}
}

static void settle(struct engine *e, struct resource *r, struct node *node, enum on_fail on_fail)
{
	bool failed = on_fail != FAIL_IGNORE;

	known_read(e, r, node);
	fence_for(e, r, node);
	if (node->unclean) /* it is fenced: nothing more to do about the failure */
		on_fail = FAIL_IGNORE;
	on_fail_act(e, r, node, on_fail);
	if (r->failed && r->is_connection) {
		struct node *remote = node_by_name(e, r->id);

		/* A failed connection makes the fencing of its node certain. */
		if (remote && remote->unclean)
			remote->unseen = false;
	}
	if (r->role > ROLE_STOPPED) {
		status_running(e, r, node, failed);
		if (on_fail == FAIL_DEMOTE || on_fail == FAIL_BLOCK)
			r->failed = true;
		else if (on_fail != FAIL_IGNORE)
			is_failed(r);
	} else if (r->history_id && strchr(r->history_id, ':')) {
		r->history_id = NULL; /* so that a stopped instance is no orphan */
	} else {
		struct act *stop = act_find(e, r, TASK_STOP, 0, node);

		if (stop)
			stop->optional = true;
	}
	/* A stop on the source of a migration that is half done says nothing about the target. */
	if (r->role == ROLE_STOPPED && r->migration_source == node && r->migration_target &&
		r->running.n)
		r->role = ROLE_STARTED;
}

/* The role that the configuration asks for; false: none that would matter. */
static bool target_role(const struct resource *r, enum role *ret)
{
	const char *text = resource_meta(r, "target-role");
	enum role role;

	if (!text || !strcasecmp(text, "Started") || !strcasecmp(text, "default"))
		return false;
	role = role_read(text);
	if (role == ROLE_UNKNOWN)
		return false;
	if (role > ROLE_STARTED &&
		(!resource_top((struct resource *)r)->promotable || role > ROLE_UNPROMOTED))
		return false;
	*ret = role;
	return true;
}

/* A node that was shut down may keep what it ran, for a while. */
static void lock_read(
	struct engine *e, struct resource *r, struct node *node, const struct element *lrm_resource)
{
	int64_t when = value_number(element_get(lrm_resource, "shutdown-lock"), 0);

	if (!e->set.shutdown_lock || when <= 0)
		return;
	if (e->set.shutdown_lock_limit_s > 0 && e->now > when + e->set.shutdown_lock_limit_s) {
		/* The record is the planner's own: the node need not be there. */
		act_get(e, r, TASK_LRM_DELETE, 0, node, false)->runnable = true;
		return;
	}
	r->lock_node = node;
	r->lock_time = when;
}

static struct resource *resource_read(
	struct engine *e, struct node *node, const struct element *lrm_resource)
{
	struct replay replay = { .on_fail = FAIL_IGNORE };
	const char *id = element_get(lrm_resource, "id");
	owned(free) const struct element **ops = NULL;
	enum role saved, wanted;
	struct resource *r;
	unsigned n;

	if (!id || (!e->set.shutdown_lock && !element_child(lrm_resource, "lrm_rsc_op")))
		return NULL;
	r = resource_of_history(e, node, id, lrm_resource);
	if (!r)
		return NULL;
	lock_read(e, r, node, lrm_resource);
	ops = status_sorted(lrm_resource, &n);
	saved = r->role;
	r->role = ROLE_UNKNOWN;
	for (unsigned i = 0; i < n; i++)
		result_replay(e, r, node, ops[i], &replay);
	recurring_read(e, r, node, ops, n);
	settle(e, r, node, replay.on_fail);
	if (target_role(r, &wanted) && (r->next_role == ROLE_UNKNOWN || wanted < r->next_role))
		r->next_role = wanted;
	if (saved > r->role)
		r->role = saved;
	return r;
}

/* What ran in a container that has lost it in the configuration still ends with the container. */
static void fillers_read(struct engine *e, const struct element *resources)
{
	for (const struct element *x = element_child(resources, "lrm_resource"); x;
		x = element_sibling(x, "lrm_resource")) {
		const char *container_id = element_get(x, "container"), *id = element_get(x, "id");
		struct resource *container = container_id ? resource_by_id(e, container_id) : NULL;
		struct resource *r = id ? resource_by_id(e, id) : NULL;

		if (!container || !r || r->container || !r->removed_filler)
			continue;
		r->container = container;
		resources_add(e, &container->fillers, r);
	}
}

void history_read(struct engine *e, struct node *node, const struct element *state)
{
	const struct element *resources =
		element_child(element_child(state, "lrm"), "lrm_resources");
	bool fillers = false;

	for (const struct element *x = element_child(resources, "lrm_resource"); x;
		x = element_sibling(x, "lrm_resource")) {
		const struct resource *r = resource_read(e, node, x);

		fillers = fillers || (r && r->removed_filler);
	}
	if (fillers)
		fillers_read(e, resources);
}
