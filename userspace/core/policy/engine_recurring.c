// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations that repeat: begun, kept, and ended as the role says. */
#include <strings.h>

#include "core/policy/engine_stage.h"

struct recurring {
	const struct element *xml;
	enum task task;
	uint64_t interval_ms;
	enum role role;
};

static bool recurring_read(
	const struct resource *r, const struct element *xml, struct recurring *ret)
{
	const char *name = element_get(xml, "name");
	const struct element *twin;

	ret->xml = xml;
	ret->interval_ms = value_interval(element_get(xml, "interval"));
	if (!ret->interval_ms || !name || !element_is(xml, "op") ||
		!value_true(element_get(xml, "enabled"), true))
		return false;
	/* Of two alike neither counts. */
	for (twin = r->ops->first; twin; twin = twin->next) {
		const char *other = element_get(twin, "name");

		if (twin != xml && other && !strcmp(other, name) &&
			value_interval(element_get(twin, "interval")) == ret->interval_ms)
			return false;
	}
	ret->task = task_read(name);
	if (ret->task != TASK_MONITOR && ret->task != TASK_NONE)
		return false;
	if (ret->task == TASK_NONE)
		return false;
	ret->role = role_read(element_get(xml, "role"));
	return true;
}

static bool may_keep(struct engine *e, struct resource *r, const struct node *node,
	const struct recurring *op, const struct act *start)
{
	const struct act *a;

	if (!start->optional)
		return false;
	a = act_find(e, r, op->task, op->interval_ms, node);
	return a && !a->reschedule;
}

static void end_for_role(struct engine *e, struct resource *r, struct node *node,
	const struct recurring *op)
{
	struct act *a = act_cancel(e, r, op->task, op->interval_ms, node);
	enum task then = TASK_NONE;

	if (r->role == ROLE_PROMOTED)
		then = TASK_DEMOTE;
	else if (r->role == ROLE_STARTED || r->role == ROLE_UNPROMOTED)
		then = r->next_role == ROLE_PROMOTED ? TASK_PROMOTE
		       : r->next_role == ROLE_STOPPED ? TASK_STOP : TASK_NONE;
	if (then)
		ordering_new(e, r, TASK_NONE, a, r, then, NULL, ORD_RUNNABLE_LEFT);
}

static void while_active(struct engine *e, struct resource *r, struct act *start,
	struct node *node, const struct recurring *op)
{
	bool keep, any = op->role == ROLE_UNKNOWN;
	struct act *a;

	if (op->role == ROLE_STOPPED)
		return;
	keep = may_keep(e, r, node, op, start);
	if ((!any && r->next_role != op->role) || (any && r->next_role == ROLE_PROMOTED)) {
		if (keep)
			end_for_role(e, r, node, op);
		return;
	}
	a = act_get(e, r, op->task, op->interval_ms, node, keep);
	if (!start->runnable || !node->online || node->unclean)
		a->runnable = false;
	if (r->next_role == ROLE_PROMOTED)
		a->expected_rc = 8;
	if (!r->managed)
		return;
	ordering_new(e, r, TASK_START, NULL, NULL, TASK_NONE, a,
		ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	ordering_new(e, r, TASK_RELOAD, NULL, NULL, TASK_NONE, a,
		ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	if (r->next_role == ROLE_PROMOTED)
		ordering_new(e, r, TASK_PROMOTE, NULL, r, TASK_NONE, a,
			ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
	else if (r->role == ROLE_PROMOTED)
		ordering_new(e, r, TASK_DEMOTE, NULL, r, TASK_NONE, a,
			ORD_OPTIONAL | ORD_RUNNABLE_LEFT);
}

static void end_if_running(struct engine *e, struct resource *r, struct node *node,
	const struct recurring *op)
{
	struct act *a;

	if (!act_find(e, r, op->task, op->interval_ms, node))
		return;
	a = act_cancel(e, r, op->task, op->interval_ms, node);
	if (r->next_role == ROLE_STARTED || r->next_role == ROLE_UNPROMOTED)
		ordering_new(e, r, TASK_NONE, a, r, TASK_START, NULL, ORD_RUNNABLE_LEFT);
}

static void after_stops(struct engine *e, struct resource *r, struct act *a)
{
	for (struct act *s = r->acts; s; s = s->next_of_resource) {
		if (s->task == TASK_MONITOR && !s->interval_ms && s->node == a->node && r->managed)
			act_order(e, s, a, ORD_RUNNABLE_LEFT);
		if (s->task != TASK_STOP || s->node != a->node)
			continue;
		if (!s->optional && !a->optional && !r->managed)
			a->runnable = false;
		if (!s->runnable)
			a->runnable = false;
		if (r->managed)
			ordering_new(e, r, TASK_STOP, s, NULL, TASK_NONE, a,
				ORD_IMPLIES_THEN | ORD_RUNNABLE_LEFT);
	}
}

static void while_inactive(struct engine *e, struct resource *r, struct node *node,
	const struct recurring *op)
{
	if (op->role != ROLE_STOPPED || !r->unique)
		return;
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *other = e->by_name[i];
		struct act *a;

		if (other == node) {
			end_if_running(e, r, node, op);
			continue;
		}
		a = act_find(e, r, op->task, op->interval_ms, other);
		a = act_get(e, r, op->task, op->interval_ms, other, a != NULL);
		a->expected_rc = 7;
		after_stops(e, r, a);
		if (!other->online || other->unclean)
			a->runnable = false;
	}
}

void recurring_actions(struct engine *e, struct resource *r)
{
	struct act *start = NULL;

	if (r->blocked || r->maintenance || !r->ops)
		return;
	if (r->node && !r->node->maintenance && (r->next_role != ROLE_STOPPED || !r->managed))
		start = act_get(e, r, TASK_START, 0, r->node, true);
	for (const struct element *x = r->ops->first; x; x = x->next) {
		struct recurring op;

		if (!recurring_read(r, x, &op))
			continue;
		if (start)
			while_active(e, r, start, r->node, &op);
		while_inactive(e, r, r->node, &op);
	}
}
