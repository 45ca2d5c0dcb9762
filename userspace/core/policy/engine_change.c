// SPDX-License-Identifier: GPL-2.0-or-later
/* What history was made with, against what the configuration says now: restart, reload, cancel. */
#include "core/policy/engine_stage.h"
#include "core/policy/status_inside.h"

void unfence_trigger(struct engine *e, struct resource *r, struct node *node, const char *reason,
	struct act *dependency)
{
	if (!e->set.have_unfencing || (r && !r->is_fence_device))
		return;
	if (node && node->online && !node->unclean && !node->shutdown) {
		struct act *unfence = act_fence(e, node, "on", false, reason, false);

		if (dependency)
			act_order(e, unfence, dependency, ORD_OPTIONAL);
	} else if (r) {
		for (unsigned i = 0; i < e->n_nodes; i++) {
			struct node *n = e->by_name[i];

			if (n != node && n->online && !n->unclean && !n->shutdown &&
				resource_sees(r, n).allowed)
				unfence_trigger(e, r, n, reason, dependency);
		}
	}
}

void schedule_delete(struct engine *e, struct resource *r, struct node *node, bool optional)
{
	unsigned type = optional ? ORD_IMPLIES_THEN : ORD_OPTIONAL;

	if (r->failed || node->unclean || !node->online)
		return;
	act_get(e, r, TASK_DELETE, 0, node, optional);
	order_resources(e, r, TASK_STOP, r, TASK_DELETE, type);
	order_resources(e, r, TASK_DELETE, r, TASK_START, type);
}

static bool text_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool agent_changed(struct engine *e, struct resource *r, struct node *node,
	const struct element *entry, bool active)
{
	if (text_same(r->type, element_get(entry, "type")) &&
		text_same(r->provider, element_get(entry, "provider")) &&
		text_same(r->standard, element_get(entry, "class")))
		return false;
	unfence_trigger(e, r, node, "Device definition changed", NULL);
	if (active) {
		act_get(e, r, TASK_STOP, 0, node, false);
		r->start_pending = true;
	}
	return true;
}

struct act *act_cancel(struct engine *e, struct resource *r, enum task task, uint64_t interval_ms,
	struct node *node)
{
	struct act *a = act_get(e, r, TASK_CANCEL, interval_ms, node, false);

	a->about = task;
	return a;
}

static void schedule_cancel(struct engine *e, struct resource *r, const struct element *op,
	enum task task, uint64_t interval_ms, struct node *node, const char *reason)
{
	struct act *a = act_cancel(e, r, task, interval_ms, node);

	a->reason = reason;
	table_set(e->arena, &a->meta, "call-id", element_get(op, "call-id"));
	ordering_new(e, r, TASK_STOP, NULL, r, TASK_NONE, a, ORD_OPTIONAL);
}

static void force_restart(struct engine *e, struct resource *r, enum task task,
	uint64_t interval_ms, struct node *node)
{
	struct act *a;

	/* What repeats begins anew where the resource stays, and nowhere else. */
	if (interval_ms) {
		a = act_get(e, r, task, interval_ms, node, true);
		a->reschedule = true;
	} else {
		a = act_get(e, r, task, 0, NULL, false);
	}
	a->reason = "resource definition change";
	unfence_trigger(e, r, node, "Device parameters changed", NULL);
}

static void schedule_reload(struct engine *e, struct resource *r, struct node *node)
{
	struct act *a;

	if (!r->managed || r->failed)
		return;
	/* What is on its way up with old parameters cannot be told the new ones. */
	if (r->start_pending) {
		act_get(e, r, TASK_STOP, 0, node, false);
		return;
	}
	r->reload = true;
	a = act_get(e, r, TASK_RELOAD, 0, node, false);
	a->reason = "resource definition change";
	ordering_new(
		e, NULL, TASK_NONE, a, r, TASK_STOP, NULL, ORD_OPTIONAL | ORD_THEN_CANCELS_FIRST);
	ordering_new(
		e, NULL, TASK_NONE, a, r, TASK_DEMOTE, NULL, ORD_OPTIONAL | ORD_THEN_CANCELS_FIRST);
}

static bool op_configured(const struct resource *r, const char *task, uint64_t interval_ms)
{
	const struct element *op = element_child(r->ops, "op");

	for (; op; op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name");

		if (name && !strcmp(name, task) && value_true(element_get(op, "enabled"), true) &&
			value_interval(element_get(op, "interval")) == interval_ms)
			return true;
	}
	return false;
}

/* Whether the operation was defined otherwise when it ran. */
bool change_check(struct engine *e, struct resource *r, struct node *node, const struct element *op)
{
	const char *task = element_get(op, "operation");
	uint64_t interval = (uint64_t)value_number(element_get(op, "interval"), 0);
	enum task t = task_read(task);

	if (interval && !op_configured(r, task, interval)) {
		if (e->set.stop_orphan_actions)
			schedule_cancel(e, r, op, t, interval, node, "orphan");
		return true;
	}
	if (!interval && (t == TASK_MONITOR || t == TASK_MIGRATE_FROM || t == TASK_PROMOTE))
		t = TASK_START;
	switch (digest_check(e, r, node, op, task, interval)) {
	case DIGEST_RESTART:
		force_restart(e, r, t, interval, node);
		return true;
	case DIGEST_UNKNOWN: /* not known to be the same: treated as changed */
	case DIGEST_RELOAD:
	case DIGEST_ALL:
		if (interval)
			act_get(e, r, t, interval, node, true)->reschedule = true;
		else if (element_get(op, "op-restart-digest"))
			schedule_reload(e, r, node);
		else
			force_restart(e, r, t, interval, node);
		return true;
	default:
		return false;
	}
}

/* Where in its history the resource was started, and stopped, last. */
static void active_part(const struct element **ops, unsigned n, int *ret_start, int *ret_stop)
{
	int start = -1, stop = -1, monitored = -1, promoted = -1;

	for (int i = 0; i < (int)n; i++) {
		const char *rc = element_get(ops[i], "rc-code");
		const char *status = element_get(ops[i], "op-status");
		enum task t = task_read(element_get(ops[i], "operation"));

		if (t == TASK_STOP && status && !strcmp(status, "0"))
			stop = i;
		else if (t == TASK_START || t == TASK_MIGRATE_FROM)
			start = i;
		else if (t == TASK_MONITOR && monitored <= stop) {
			if (rc && (!strcmp(rc, "0") || !strcmp(rc, "8")))
				monitored = i;
		} else if (t == TASK_PROMOTE || t == TASK_DEMOTE) {
			promoted = i;
		}
	}
	if (start == -1)
		start = promoted != -1 ? promoted : monitored;
	*ret_start = start;
	*ret_stop = stop;
}

static void check_history(
	struct engine *e, struct resource *r, struct node *node, const struct element *entry)
{
	owned(free) const struct element **ops = NULL;
	int start, stop;
	unsigned n;

	ops = status_sorted(entry, &n);
	active_part(ops, n, &start, &stop);
	for (int i = start < 0 ? 0 : start; i < (int)n && start >= stop; i++) {
		const char *task = element_get(ops[i], "operation");
		uint64_t interval = (uint64_t)value_number(element_get(ops[i], "interval"), 0);
		enum task t = task_read(task);

		if (!task)
			continue;
		if (interval && (r->maintenance || node->maintenance))
			schedule_cancel(e, r, ops[i], t, interval, node, "maintenance mode");
		else if (interval || t == TASK_MONITOR || t == TASK_START || t == TASK_PROMOTE ||
			 t == TASK_MIGRATE_FROM) {
			if (change_check(e, r, node, ops[i]) &&
				failcount_get(e, r, node, true, NULL) > 0)
				act_clear_failcount(e, r, node, "action definition changed");
		}
	}
}

static void check_entry(
	struct engine *e, struct resource *r, struct node *node, const struct element *entry)
{
	/* A connection's address may be its container's host, known only once that is assigned. */
	if (r->kind != PRIMITIVE || digest_needs_host(e, r) != e->checks_deferred)
		return;
	if (r->orphan) {
		struct resource *top = resource_top(r);

		if (!(top->kind == CLONE && !top->unique))
			schedule_delete(e, r, node, false);
		return;
	}
	if (!resource_active_on(r, node)) {
		if (agent_changed(e, r, node, entry, false))
			schedule_delete(e, r, node, false);
		return;
	}
	if (agent_changed(e, r, node, entry, true))
		schedule_delete(e, r, node, false);
	check_history(e, r, node, entry);
}

/* Whether a history of that name is of r: by its own name, by one it had, by that of all. */
static bool goes_by(const struct resource *r, const char *id)
{
	return !strcmp(r->id, id) || (r->history_id && !strcmp(r->history_id, id)) ||
	       (!r->unique && !strcmp(r->base_id, id));
}

/* What is not active there: only if nothing it left behind fits any more. */
static void check_inactive(struct engine *e, struct node *node, const struct element *entry)
{
	const char *id = element_get(entry, "id");
	struct resource *r = resource_by_id(e, id);

	if (r) {
		if (!resource_active_on(r, node))
			check_entry(e, r, node, entry);
		return;
	}
	r = index_get(e->ids, INDEX_CLONE_BASE, id);
	if (!r || r->kind != PRIMITIVE || !agent_changed(e, r, node, entry, false))
		return;
	for (unsigned i = 0; i < e->n_all; i++)
		if (e->all[i]->instance >= 0 && !strcmp(e->all[i]->base_id, id) &&
			!resource_active_on(e->all[i], node))
			check_entry(e, e->all[i], node, entry);
}

/* What runs on the node, by all names that goes_by() knows. */
static void names_set(struct index *names, const struct node *node)
{
	for (unsigned i = 0; i < node->running.n; i++) {
		struct resource *r = node->running.items[i];

		index_set(names, node->index, r->id, r);
		if (r->history_id)
			index_set(names, node->index, r->history_id, r);
		if (!r->unique)
			index_set(names, node->index, r->base_id, r);
	}
}

static void check_node(struct engine *e, struct node *node, struct index *names)
{
	const struct element *list =
		element_child(element_child(node->state, "lrm"), "lrm_resources");

	names_set(names, node);
	for (const struct element *entry = element_child(list, "lrm_resource"); entry;
		entry = element_sibling(entry, "lrm_resource")) {
		const char *id = element_get(entry, "id");
		bool known;

		if (!id || !entry->first)
			continue;
		known = index_get(names, node->index, id);
		for (unsigned i = 0; known && i < node->running.n; i++)
			if (goes_by(node->running.items[i], id))
				check_entry(e, node->running.items[i], node, entry);
		check_inactive(e, node, entry);
	}
}

static void check_nodes(struct engine *e, bool deferred)
{
	owned(index) struct index *names = index_new(); /* each node's are of a kind */

	e->checks_deferred = deferred;
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->nodes[i];

		if (node->state && (node->maintenance || node_available(node, false, false, 0)))
			check_node(e, node, names);
	}
}

void stage_config_changes(struct engine *e)
{
	check_nodes(e, false);
}

/* Most clusters have nothing that had to wait. */
void stage_config_deferred(struct engine *e)
{
	bool any = e->set.have_unfencing;

	for (unsigned i = 0; i < e->n_all && !any; i++)
		any = digest_needs_host(e, e->all[i]);
	if (any)
		check_nodes(e, true);
}
