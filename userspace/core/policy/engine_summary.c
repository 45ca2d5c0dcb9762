// SPDX-License-Identifier: GPL-2.0-or-later
/* Summary: what the plan means for each node and resource, for people. */
#include "core/policy/engine_stage.h"

/* ---- nodes
 * --------------------------------------------------------------------------------------- */

static void node_line(struct plan *plan, const struct act *a)
{
	struct plan_change *c;

	if (a->optional || a->task != TASK_FENCE)
		return;
	c = plan_change_add(plan);
	c->kind = plan_text(plan, "node_action");
	c->action = element_printf(plan->arena, "Fence (%s)", a->name);
	if (node_is_guest(a->node))
		c->node = element_printf(plan->arena, "%s (resource: %s)", a->node->name,
			a->node->connection->container->id);
	else
		c->node = plan_text(plan, a->node->name);
	c->reason = plan_text(plan, a->reason);
}

/* ---- resources
 * ------------------------------------------------------------------------------------ */

struct line {
	const char *action;
	struct resource *r;
	const struct node *from, *to;   /* NULL: it starts; NULL: it stops */
	const struct act *act, *source; /* what is done; whose reason is told */
};

static void place_read(struct plan *plan, struct plan_change *c, const struct line *l)
{
	const struct resource *r = l->r;
	bool roles = r->role > ROLE_STARTED || r->next_role > ROLE_UNPROMOTED;
	bool same_role = r->role == r->next_role, same_node = l->from && l->from == l->to;

	if (!l->from || !l->to) {
		const struct node *node = l->from ? l->from : l->to;

		if (roles)
			c->role = plan_text(plan, role_name(r->role));
		if (roles && !l->from) {
			c->next_role = plan_text(plan, role_name(r->next_role));
			c->dest = plan_text(plan, node->name);
		} else {
			c->node = plan_text(plan, node->name);
		}
		return;
	}
	c->source = plan_text(plan, l->from->name);
	if (!same_node)
		c->dest = plan_text(plan, l->to->name);
	if (roles || !same_role)
		c->role = plan_text(plan, role_name(r->role));
	if (!same_role)
		c->next_role = plan_text(plan, role_name(r->next_role));
}

static void line_add(struct plan *plan, struct line l)
{
	struct plan_change *c;

	if (!l.act || (!l.from && !l.to))
		return;
	if (!l.source)
		l.source = l.act;
	c = plan_change_add(plan);
	c->kind = plan_text(plan, "rsc_action");
	c->action = plan_text(plan, l.action);
	/* A bundle's replicas are told apart. */
	c->resource =
		plan_text(plan, l.r->unique || resource_top(l.r)->parent ? l.r->id : l.r->base_id);
	place_read(plan, c, &l);
	c->reason = plan_text(plan, l.source->reason);
	c->blocked = !l.act->runnable;
}

struct view_of { /* the acts that tell what becomes of a resource */
	struct resource *r;
	struct node *current, *next;
	bool moving;
	struct act *start, *stop, *promote, *demote;
};

static bool done(const struct act *a)
{
	return a && !a->optional;
}

/* It stays in its role: what happens to it meanwhile. */
static void same_role(const struct engine *e, struct plan *plan, struct view_of *v)
{
	struct line l = { .r = v->r, .from = v->current, .to = v->next, .act = v->start };
	struct act *migrate = act_find(e, v->r, TASK_MIGRATE_FROM, 0, v->next);

	if (!v->next)
		return;
	if (migrate && v->current && migrate->runnable) {
		l.action = "Migrate";
	} else if (v->r->reload) {
		l.action = "Reload";
	} else if (!v->start || v->start->optional) {
		if (!done(v->demote) || !done(v->promote))
			return;
		l.action = "Re-promote";
		l.act = v->promote;
		l.source = v->demote;
	} else if (!v->start->runnable) {
		l.action = "Stop";
		l.to = NULL;
		l.act = v->stop;
		l.source = v->stop && v->stop->reason ? v->stop : v->start;
	} else if (v->moving) {
		l.action = v->r->failed ? "Recover" : "Move";
		l.act = v->stop;
	} else if (v->r->failed) {
		l.action = "Recover";
		l.to = NULL;
		l.act = v->stop;
	} else {
		l.action = "Restart";
	}
	line_add(plan, l);
}

static void stops(const struct engine *e, struct plan *plan, struct view_of *v)
{
	for (unsigned i = 0; i < v->r->running.n; i++) {
		struct node *node = v->r->running.items[i];
		struct act *stop = act_find(e, v->r, TASK_STOP, 0, node);

		line_add(plan, (struct line){ .action = "Stop",
				       .r = v->r,
				       .from = node,
				       .act = stop,
				       .source = stop && stop->reason ? stop : v->start });
	}
}

static void other_role(const struct engine *e, struct plan *plan, struct view_of *v)
{
	struct resource *r = v->r;
	struct line l = { .r = r, .from = v->current, .to = v->next, .act = v->start };

	if (v->stop && (r->next_role == ROLE_STOPPED || (v->start && !v->start->runnable))) {
		stops(e, plan, v);
		return;
	}
	if (v->stop && r->failed && r->stop_on_fail) {
		l.action = "Recover";
		l.act = v->stop;
		l.source = v->start;
	} else if (v->moving) {
		l.action = "Move";
		l.act = v->stop;
	} else if (r->reload) {
		l.action = "Reload";
	} else if (done(v->stop)) {
		l.action = "Restart";
	} else if (r->role == ROLE_PROMOTED) {
		l.action = "Demote";
		l.act = v->demote;
	} else if (r->next_role == ROLE_PROMOTED) {
		l.action = "Promote";
		l.act = v->promote;
	} else if (r->role == ROLE_STOPPED && r->next_role > ROLE_STOPPED) {
		l.action = "Start";
	} else {
		return;
	}
	line_add(plan, l);
}

static void resource_lines(const struct engine *e, struct plan *plan, struct resource *r)
{
	struct view_of v = { .r = r, .next = r->node };

	for (unsigned i = 0; i < r->children.n; i++)
		resource_lines(e, plan, r->children.items[i]);
	if (r->kind != PRIMITIVE)
		return;
	if (r->running.n) {
		v.current = resource_current(r, NULL, NULL);
		if (r->role == ROLE_STOPPED)
			r->role = ROLE_STARTED; /* it was set aside while it is recovered */
	}
	if ((!v.current && r->orphan) || !r->managed || (!v.current && !v.next))
		return;
	v.moving = v.current && v.next && v.current != v.next;
	v.start = act_find(e, r, TASK_START, 0, v.next);
	v.stop = act_find(e, r, TASK_STOP, 0, v.start && v.start->runnable ? v.current : NULL);
	if (!v.stop && r->unexpected_active)
		v.stop = act_find(e, r, TASK_STOP, 0, NULL);
	v.promote = act_find(e, r, TASK_PROMOTE, 0, v.next);
	v.demote = act_find(e, r, TASK_DEMOTE, 0, v.next);
	if (r->role == r->next_role)
		same_role(e, plan, &v);
	else
		other_role(e, plan, &v);
}

void summary_add(const struct engine *e, struct plan *plan)
{
	for (unsigned i = 0; i < e->n_acts; i++)
		node_line(plan, e->acts[i]);
	for (unsigned i = 0; i < e->top.n; i++)
		resource_lines(e, plan, e->top.items[i]);
}
