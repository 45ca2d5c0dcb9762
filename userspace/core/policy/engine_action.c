// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy/engine_action.h"

#include <limits.h>

#include "core/policy/engine_inside.h"

static const char *const task_names[TASK_MAX] = {
	[TASK_NONE] = "none",
	[TASK_MONITOR] = "monitor",
	[TASK_START] = "start",
	[TASK_STARTED] = "running",
	[TASK_STOP] = "stop",
	[TASK_STOPPED] = "stopped",
	[TASK_PROMOTE] = "promote",
	[TASK_PROMOTED] = "promoted",
	[TASK_DEMOTE] = "demote",
	[TASK_DEMOTED] = "demoted",
	[TASK_NOTIFY] = "notify",
	[TASK_NOTIFIED] = "notified",
	[TASK_MIGRATE_TO] = "migrate_to",
	[TASK_MIGRATE_FROM] = "migrate_from",
	[TASK_DELETE] = "delete",
	[TASK_CANCEL] = "cancel",
	[TASK_CLEAR_FAILCOUNT] = "clear_failcount",
	[TASK_RELOAD] = "reload",
	[TASK_FENCE] = "stonith",
	[TASK_SHUTDOWN] = "do_shutdown",
	[TASK_LRM_DELETE] = "lrm_delete",
	[TASK_POINT] = "point",
};

const char *task_name(enum task task)
{
	return task_names[task];
}

enum task task_read(const char *s)
{
	for (int i = 1; s && i < TASK_POINT; i++)
		if (!strcmp(s, task_names[i]))
			return (enum task)i;
	if (s && !strcmp(s, "reload-agent"))
		return TASK_RELOAD;
	return TASK_NONE;
}

static enum requires requires_of(const struct act *a)
{
	const struct resource *r = a->resource;

	if (a->task != TASK_START && a->task != TASK_PROMOTE)
		return REQUIRES_NOTHING;
	return r->needs_fencing  ? REQUIRES_FENCING
	       : r->needs_quorum ? REQUIRES_QUORUM
				 : REQUIRES_NOTHING;
}

static struct act *act_new(struct engine *e, struct resource *r, enum task task,
	uint64_t interval_ms, struct node *node, bool optional)
{
	struct act *a = engine_alloc(e, sizeof(*a));

	engine_grow(e, e->acts, e->n_acts, e->cap_acts);
	a->id = e->n_acts;
	e->acts[e->n_acts++] = a;
	a->task = task;
	a->interval_ms = interval_ms;
	a->resource = r;
	a->node = node;
	a->optional = optional;
	a->runnable = true;
	a->expected_rc = -1;
	if (r) {
		a->next_of_resource = r->acts;
		r->acts = a;
		a->requires = requires_of(a);
	}
	return a;
}

/* What becomes of the quorum policy where this resource is concerned. */
static enum no_quorum quorum_policy(struct engine *e, struct resource *r)
{
	if (e->set.have_quorum)
		return QUORUM_IGNORE;
	if (e->set.no_quorum != QUORUM_DEMOTE)
		return e->set.no_quorum;
	if (r->role == ROLE_PROMOTED || r->role == ROLE_UNPROMOTED) {
		if (r->next_role > ROLE_UNPROMOTED)
			r->next_role = ROLE_UNPROMOTED;
		return QUORUM_IGNORE;
	}
	return QUORUM_STOP;
}

static void judge_quorum(struct engine *e, struct act *a)
{
	struct resource *r = a->resource;

	switch (quorum_policy(e, r)) {
	case QUORUM_STOP:
		a->runnable = false;
		a->reason = "no quorum";
		break;
	case QUORUM_FREEZE:
		if (!resource_active(r, true) || r->next_role > r->role) {
			a->runnable = false;
			a->reason = "quorum freeze";
		}
		break;
	default:
		a->runnable = true;
		break;
	}
}

void act_judge(struct engine *e, struct act *a)
{
	struct node *node = a->node;

	if (a->pseudo)
		return;
	if (!node) {
		a->runnable = false;
		return;
	}
	if (!node->online && (!node_is_guest(node) || node->remote_requires_reset)) {
		a->runnable = false;
		a->reason = "node is offline";
		if (a->resource->managed && a->task == TASK_STOP && !node->unclean)
			node_fence(e, node, "resource actions are unrunnable", false);
	} else if (node->pending) {
		a->runnable = false;
		a->reason = "node is pending";
	} else if (a->requires == REQUIRES_NOTHING) {
		a->runnable = !(node_is_guest(node) && !node_can_fence(e, node));
	} else {
		judge_quorum(e, a);
	}
}

static struct act *matches(
	struct act *a, enum task task, uint64_t interval_ms, const struct node *node)
{
	for (; a; a = a->next_of_resource)
		if (a->task == task && a->interval_ms == interval_ms &&
			(!node || !a->node || a->node == node))
			return a;
	return NULL;
}

/* The list of one resource is short, except for probes, which are one on each node. */
static struct act *act_existing(struct engine *e, struct resource *r, enum task task,
	uint64_t interval_ms, struct node *node)
{
	struct act *a;

	if (task == TASK_MONITOR && !interval_ms && node)
		return index_get_pair(e->act_index, r->index, node->index, 0);
	a = matches(r->acts, task, interval_ms, node);
	if (a && node && !a->node)
		a->node = node;
	return a;
}

static bool is_recurring(const struct act *a)
{
	return a->interval_ms != 0;
}

struct act *act_get(struct engine *e, struct resource *r, enum task task, uint64_t interval_ms,
	struct node *node, bool optional)
{
	struct act *a = act_existing(e, r, task, interval_ms, node);

	if (!a) {
		a = act_new(e, r, task, interval_ms, node, optional);
		if (task == TASK_MONITOR && !interval_ms && node)
			index_set_pair(e->act_index, r->index, node->index, 0, a);
	}
	if (a->node && !a->pseudo && !r->managed && !is_recurring(a))
		a->optional = true;
	else if (!optional)
		a->optional = false;
	act_judge(e, a);
	return a;
}

struct act *act_find(const struct engine *e, const struct resource *r, enum task task,
	uint64_t interval_ms, const struct node *node)
{
	if (task == TASK_MONITOR && !interval_ms && node)
		return index_get_pair(e->act_index, r->index, node->index, 0);
	return matches(r->acts, task, interval_ms, node);
}

struct act *act_find_any(const struct resource *r, enum task task)
{
	struct act *a = r->acts;

	while (a && a->task != task)
		a = a->next_of_resource;
	return a;
}

struct act *act_point(struct engine *e, const char *name)
{
	struct act *a = index_get(e->ids, INDEX_POINT, name);

	if (a)
		return a;
	a = act_new(e, NULL, TASK_POINT, 0, NULL, true);
	a->name = engine_printf(e, "%s", name);
	a->pseudo = true;
	index_set(e->ids, INDEX_POINT, a->name, a);
	return a;
}

struct act *act_resource_point(
	struct engine *e, struct resource *r, enum task task, bool optional, bool runnable)
{
	struct act *a = matches(r->acts, task, 0, NULL);

	if (!a) {
		a = act_new(e, r, task, 0, NULL, optional);
		a->runnable = false;
	}
	if (!optional)
		a->optional = false;
	a->pseudo = true;
	if (runnable)
		a->runnable = true;
	return a;
}

struct act *act_fence(struct engine *e, struct node *node, const char *op, bool optional,
	const char *reason, bool priority_delay)
{
	unsigned what;
	struct act *a;

	if (!op)
		op = e->set.fence_action;
	what = !strcmp(op, "on") ? 1 : !strcmp(op, "off") ? 2 : 3;
	a = index_get_pair(e->act_index, UINT_MAX, node->index, what);
	if (!a) {
		a = act_new(e, NULL, TASK_FENCE, 0, node, true);
		a->name = op;
		index_set_pair(e->act_index, UINT_MAX, node->index, what, a);
		table_set(e->arena, &a->meta, "on_node", node->name);
		table_set(e->arena, &a->meta, "on_node_uuid", node->id);
		table_set(e->arena, &a->meta, "stonith_action", op);
	}
	if (e->set.priority_fencing_delay_s > 0 &&
		(priority_delay || table_get(&a->meta, "priority-fencing-delay")))
		table_set(e->arena, &a->meta, "priority-fencing-delay",
			engine_printf(e, "%lld", (long long)e->set.priority_fencing_delay_s));
	if (!optional && node_can_fence(e, node)) {
		a->optional = false;
		a->reason = reason;
	} else if (reason && !a->reason) {
		a->reason = reason;
	}
	return a;
}

struct act *act_shutdown(struct engine *e, struct node *node)
{
	struct act *a = index_get_pair(e->act_index, UINT_MAX, node->index, 4);

	if (a)
		return a;
	a = act_new(e, NULL, TASK_SHUTDOWN, 0, node, false);
	index_set_pair(e->act_index, UINT_MAX, node->index, 4, a);
	return a;
}

struct act *act_clear_failcount(
	struct engine *e, struct resource *r, struct node *node, const char *reason)
{
	struct act *a = act_get(e, r, TASK_CLEAR_FAILCOUNT, 0, node, false);

	a->reason = reason;
	return a;
}

/* Always a new one: notifications of one kind to one instance differ by what they are about. */
struct act *act_notify(struct engine *e, struct resource *r, struct node *node,
	enum notify_when when, enum task about)
{
	struct act *a;

	for (a = r->acts; a; a = a->next_of_resource)
		if (a->when == when && a->about == about && a->node == node)
			break;
	if (!a) {
		a = act_new(e, r, TASK_NOTIFY, 0, node, true);
		a->when = when;
		a->about = about;
	}
	return a;
}

static void link_add(struct engine *e, struct act_links *links, struct act *a, unsigned type)
{
	engine_grow(e, links->items, links->n, links->cap);
	links->items[links->n++] = (struct act_link){ .act = a, .type = type, .made = type };
}

/* An edge is kept once for each type, at both ends. */
bool act_order_new(struct engine *e, struct act *first, struct act *then, unsigned type)
{
	const struct act_links *shorter;
	const struct act *other;

	if (type == ORD_NONE || !first || !then || first == then)
		return false;
	shorter = first->after.n <= then->before.n ? &first->after : &then->before;
	other = shorter == &first->after ? then : first;
	for (unsigned i = 0; i < shorter->n; i++)
		if (shorter->items[i].act == other && (shorter->items[i].made & type))
			return false;
	link_add(e, &first->after, then, type);
	link_add(e, &then->before, first, type);
	return true;
}

void act_order(struct engine *e, struct act *first, struct act *then, unsigned type)
{
	act_order_new(e, first, then, type);
}

static bool is_ancestor(const struct resource *r, const struct resource *of)
{
	for (of = of->parent; of; of = of->parent)
		if (of == r)
			return true;
	return false;
}

static enum task task_of(const struct act *a, enum task otherwise)
{
	return !a ? otherwise : a->when || a->interval_ms ? TASK_NONE : a->task;
}

/* What holds for starts and stops holds for migrations, which are both, as far as it can. */
static void order_migrations(struct engine *e, const struct ordering *o)
{
	struct resource *first = o->first_resource, *then = o->then_resource;
	enum task a = task_of(o->first, o->first_task), b = task_of(o->then, o->then_task);
	unsigned type = ORD_OPTIONAL;

	if (!first || !then || first == then || is_ancestor(first, then) ||
		is_ancestor(then, first) || !then->allow_migrate)
		return;
	if (a == TASK_START && b == TASK_START) {
		if (first->allow_migrate) {
			ordering_new(e, first, TASK_MIGRATE_FROM, NULL, then, TASK_MIGRATE_TO, NULL,
				type);
			type |= ORD_APPLY_FIRST_NON_MIGRATABLE;
		}
	} else if (a == TASK_STOP && b == TASK_STOP) {
		if (first->allow_migrate)
			type |= ORD_APPLY_FIRST_NON_MIGRATABLE;
	} else if (!(a == TASK_PROMOTE && b == TASK_START) &&
		   !(a == TASK_DEMOTE && b == TASK_STOP)) {
		return;
	}
	ordering_new(e, first, a, NULL, then, TASK_MIGRATE_TO, NULL, type);
	if (b == TASK_STOP && then->migration_target)
		ordering_new(e, first, a, NULL, then, TASK_MIGRATE_FROM, NULL, type);
}

void ordering_new(struct engine *e, struct resource *first_resource, enum task first_task,
	struct act *first, struct resource *then_resource, enum task then_task, struct act *then,
	unsigned type)
{
	struct ordering *o;

	if ((!first && !first_resource) || (!then && !then_resource))
		return;
	if (!first_resource && first)
		first_resource = first->resource;
	if (!then_resource && then)
		then_resource = then->resource;
	o = engine_alloc(e, sizeof(*o));
	o->type = type;
	o->first_resource = first_resource;
	o->first_task = first_task;
	o->first = first;
	o->then_resource = then_resource;
	o->then_task = then_task;
	o->then = then;
	engine_grow(e, e->orderings, e->n_orderings, e->cap_orderings);
	e->orderings[e->n_orderings++] = o;
	order_migrations(e, o);
}
