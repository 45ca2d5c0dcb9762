// SPDX-License-Identifier: GPL-2.0-or-later
/* The acts of groups, clones and bundles: points that their parts' acts lie between. */
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

struct change_state {
	bool starting, stopping, active, restarting, promoting, demoting;
};

static void look(const struct resource *r, struct change_state *s)
{
	bool starting = false, stopping = false;

	for (unsigned i = 0; i < r->children.n; i++)
		look(r->children.items[i], s);
	if (r->kind != PRIMITIVE)
		return;
	s->active |= r->running.n > 0;
	for (const struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->optional)
			continue;
		starting |= a->task == TASK_START && a->runnable;
		stopping |= a->task == TASK_STOP && (a->pseudo || a->runnable);
		s->promoting |= a->task == TASK_PROMOTE;
		s->demoting |= a->task == TASK_DEMOTE;
	}
	s->starting |= starting;
	s->stopping |= stopping;
	s->restarting |= starting && stopping;
}

static void group_actions(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < r->children.n; i++)
		resource_actions(e, r->children.items[i]);
	act_resource_point(e, r, TASK_START, true, true);
	act_resource_point(e, r, TASK_STARTED, true, true);
	act_resource_point(e, r, TASK_STOP, true, true);
	act_resource_point(e, r, TASK_STOPPED, true, true);
	if (!resource_top(r)->promotable)
		return;
	act_resource_point(e, r, TASK_DEMOTE, true, true);
	act_resource_point(e, r, TASK_DEMOTED, true, true);
	act_resource_point(e, r, TASK_PROMOTE, true, true);
	act_resource_point(e, r, TASK_PROMOTED, true, true);
}

static void instance_actions(struct engine *e, struct resource *r, struct resources *instances,
	struct notice *starts, struct notice *stops)
{
	struct change_state s = { 0 };
	struct act *start, *started, *stop, *stopped;

	for (unsigned i = 0; i < instances->n; i++)
		look(instances->items[i], &s);
	start = act_resource_point(e, r, TASK_START, !s.starting, true);
	started = act_resource_point(e, r, TASK_STARTED, !s.starting, s.active || s.starting);
	if (starts)
		notice_bounds(e, r, TASK_START, start, started, starts);
	stop = act_resource_point(e, r, TASK_STOP, !s.stopping, true);
	stopped = act_resource_point(e, r, TASK_STOPPED, !s.stopping, true);
	if (!s.restarting)
		stop->migrate_runnable = true;
	if (stops) {
		notice_bounds(e, r, TASK_STOP, stop, stopped, stops);
		act_order(e, stops->post_done, starts->pre, ORD_OPTIONAL);
	}
}

static void reset_priority(struct resource *r, int priority)
{
	for (unsigned i = 0; i < r->children.n; i++)
		r->children.items[i]->priority = priority;
}

static void promotable_actions(struct engine *e, struct resource *r)
{
	struct clone *c = r->clone;
	struct change_state s = { 0 };
	struct act *begin, *end;

	for (unsigned i = 0; i < r->children.n; i++)
		look(r->children.items[i], &s);
	begin = act_resource_point(e, r, TASK_PROMOTE, !s.promoting, true);
	end = act_resource_point(e, r, TASK_PROMOTED, !s.promoting, true);
	notice_bounds(e, r, TASK_PROMOTE, begin, end, &c->promotes);
	begin = act_resource_point(e, r, TASK_DEMOTE, !s.demoting, true);
	end = act_resource_point(e, r, TASK_DEMOTED, !s.demoting, true);
	notice_bounds(e, r, TASK_DEMOTE, begin, end, &c->demotes);
	act_order(e, c->stops.post_done, c->promotes.pre, ORD_OPTIONAL);
	act_order(e, c->starts.post_done, c->promotes.pre, ORD_OPTIONAL);
	act_order(e, c->demotes.post_done, c->promotes.pre, ORD_OPTIONAL);
	act_order(e, c->demotes.post_done, c->starts.pre, ORD_OPTIONAL);
	act_order(e, c->demotes.post_done, c->stops.pre, ORD_OPTIONAL);
	reset_priority(r, r->priority);
}

static void bundle_actions(struct engine *e, struct resource *r)
{
	struct bundle *b = r->bundle;
	struct resources containers = { 0 };

	for (unsigned i = 0; i < b->n; i++) {
		struct replica *p = &b->replicas[i];

		if (p->ip)
			resource_actions(e, p->ip);
		if (p->container) {
			resource_actions(e, p->container);
			resources_add(e, &containers, p->container);
		}
		if (p->connection)
			resource_actions(e, p->connection);
	}
	instance_actions(e, r, &containers, NULL, NULL);
	if (b->child) {
		resource_actions(e, b->child);
		if (b->child->promotable) {
			act_resource_point(e, r, TASK_PROMOTE, true, true);
			act_resource_point(e, r, TASK_PROMOTED, true, true);
			act_resource_point(e, r, TASK_DEMOTE, true, true);
			act_resource_point(e, r, TASK_DEMOTED, true, true);
		}
	}
}

void resource_actions(struct engine *e, struct resource *r)
{
	switch (r->kind) {
	case PRIMITIVE:
		primitive_actions(e, r);
		break;
	case GROUP:
		group_actions(e, r);
		break;
	case CLONE:
		for (unsigned i = 0; i < r->children.n; i++)
			resource_actions(e, r->children.items[i]);
		if (r->clone->ordered)
			instances_order(e, r);
		instance_actions(e, r, &r->children, &r->clone->starts, &r->clone->stops);
		if (r->promotable)
			promotable_actions(e, r);
		break;
	case BUNDLE:
		bundle_actions(e, r);
		break;
	}
}

void stage_actions(struct engine *e)
{
	for (unsigned i = 0; i < e->top.n; i++)
		resource_actions(e, e->top.items[i]);
}
