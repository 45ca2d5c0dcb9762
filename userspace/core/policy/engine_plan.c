// SPDX-License-Identifier: GPL-2.0-or-later
/* Plan: the acts that will be done, and what each has to wait for. */
#include "core/policy/engine_equip.h"
#include "core/policy/engine_stage.h"

#define NOT_PLANNED UINT32_MAX

/* ---- which acts
 * ---------------------------------------------------------------------------------- */

/* Of an unmanaged resource only what watches it goes on. */
static bool is_allowed(const struct act *a)
{
	if (!a->resource || a->resource->managed || a->task == TASK_MONITOR)
		return true;
	return a->task == TASK_CANCEL && a->interval_ms;
}

static bool node_takes(const struct node *node)
{
	if (node_is_guest(node) && !node->remote_requires_reset)
		return true; /* it will be there, or the act were not runnable */
	return node->online && !node->unclean;
}

static bool is_planned(const struct act *a)
{
	if (!a->runnable || (a->optional && !a->print_always) || !is_allowed(a))
		return false;
	if (a->pseudo || a->task == TASK_FENCE || a->task == TASK_SHUTDOWN)
		return true;
	/* What is forgotten of a resource, whoever plans tells by himself. */
	return a->node && (a->task == TASK_LRM_DELETE || node_takes(a->node));
}

/* ---- which order
 * --------------------------------------------------------------------------------- */

/* Orders of load and of space that two acts need on one node only if they are on one. */
static bool same_place(const struct act *first, const struct act *then, unsigned type)
{
	const struct node *node = then->node;

	if (type == ORD_LOAD && then->resource && then->task == TASK_MIGRATE_TO)
		node = then->resource->node; /* where it is going, not where it is sent from */
	if (type == ORD_ANTI_COLOCATION && (!first->node || !then->node))
		return !first->optional;
	return first->node && first->node == node && !first->optional;
}

static bool is_waited_for(const struct act *first, const struct act *then, unsigned type)
{
	const unsigned hints = ORD_IMPLIES_FIRST_PRINTED | ORD_IMPLIES_THEN_PRINTED | ORD_OPTIONAL;

	if (type == ORD_NONE)
		return false;
	if (!first->runnable && (!(type & ~hints) || type & ORD_ONE_OR_MORE))
		return false;
	if (then->pseudo && type & ORD_STONITH_STOP)
		return false;
	if (type & ORD_IMPLIES_FIRST_MIGRATABLE && !first->runnable)
		return false;
	if (type & ORD_APPLY_FIRST_NON_MIGRATABLE && first->migrate_runnable)
		return false;
	if (type == ORD_OPTIONAL && first->migrate_runnable && first->task == TASK_STOP)
		return false;
	if (type == ORD_LOAD || type == ORD_ANTI_COLOCATION)
		return same_place(first, then, type);
	/* What failed and is not managed would never stop: a clone does not wait for it. */
	if (first->resource && first->resource != then->resource && first->resource->failed &&
		!first->resource->managed && first->task == TASK_STOP && then->resource &&
		then->resource->kind == CLONE)
		return false;
	return true;
}

struct edges { /* the acts before one, each once, with all that orders them */
	struct act_link *items;
	unsigned n, cap;
	unsigned *place; /* of an act in items, plus 1 */
};

static void merge(struct edges *m, const struct act *a)
{
	for (unsigned i = 0; i < m->n; i++)
		m->place[m->items[i].act->id] = 0;
	m->n = 0;
	for (unsigned i = 0; i < a->before.n; i++) {
		const struct act_link *link = &a->before.items[i];
		unsigned at = m->place[link->act->id];

		if (at) {
			m->items[at - 1].type |= link->type;
			continue;
		}
		own_grow(m->items, m->n, m->cap);
		m->items[m->n++] = *link;
		m->place[link->act->id] = m->n;
	}
}

static void edges_add(const struct engine *e, struct plan *plan, const unsigned *planned)
{
	struct edges m = { .place = own_alloc((e->n_acts + 1) * sizeof(*m.place)) };
	owned(free) unsigned *before = own_array(NULL, e->n_acts + 1, sizeof(*before));

	for (unsigned i = 0; i < e->n_acts; i++) {
		const struct act *a = e->acts[i];
		unsigned n = 0;

		if (planned[i] == NOT_PLANNED)
			continue;
		merge(&m, a);
		for (unsigned k = 0; k < m.n; k++) {
			unsigned first = planned[m.items[k].act->id];

			if (first != NOT_PLANNED &&
				is_waited_for(m.items[k].act, a, m.items[k].type))
				before[n++] = first;
		}
		plan_order_all(plan, before, n, planned[i]);
	}
	free(m.items);
	free(m.place);
}

/* ---- what is to be done
 * --------------------------------------------------------------------------- */

static enum plan_kind kind_of(const struct act *a)
{
	if (a->pseudo)
		return PLAN_PSEUDO;
	switch (a->task) {
	case TASK_FENCE:
		return PLAN_FENCE;
	case TASK_SHUTDOWN:
		return PLAN_SHUTDOWN;
	case TASK_CLEAR_FAILCOUNT:
		return PLAN_CLEAR_FAILCOUNT;
	case TASK_LRM_DELETE:
		return PLAN_FORGET;
	case TASK_CANCEL:
		return PLAN_CANCEL;
	default:
		return PLAN_RESOURCE;
	}
}

static const char *op_of(const struct act *a)
{
	if (a->task == TASK_FENCE || a->task == TASK_POINT)
		return a->name;
	return a->task == TASK_RELOAD ? "reload-agent" : task_name(a->task);
}

static void notify_read(struct plan *plan, struct plan_action *p, const struct act *a)
{
	const char *type =
		a->when == NOTIFY_PRE || a->when == NOTIFY_CONFIRMED_PRE ? "pre" : "post";

	if (a->when == NOTIFY_NONE)
		return;
	if (a->pseudo)
		type = a->when == NOTIFY_CONFIRMED_PRE    ? "confirmed-pre"
		       : a->when == NOTIFY_CONFIRMED_POST ? "confirmed-post"
							  : type;
	plan_pairs_set(plan, &p->meta, "notify_type", type);
	plan_pairs_set(plan, &p->meta, "notify_operation", task_name(a->about));
}

/* The node whose agent speaks for a remote or guest node. */
static const struct node *router_of(const struct node *node)
{
	const struct resource *connection = node->connection;

	if (!node->remote || !connection)
		return NULL;
	if (connection->running.n &&
		(!connection->node || nodes_has(&connection->running, connection->node)))
		return connection->running.items[0];
	return connection->node;
}

static void agent_read(struct plan *plan, struct plan_action *p, const struct resource *r)
{
	p->resource = plan_text(plan, r->unique ? r->id : r->base_id);
	p->instance = plan_text(plan, r->id);
	p->record = plan_text(plan, r->history_id ? r->history_id : r->id);
	p->standard = plan_text(plan, r->standard);
	p->provider = plan_text(plan, r->provider);
	p->type = plan_text(plan, r->type);
}

static void migration_read(struct plan *plan, struct plan_action *p, const struct act *a)
{
	const struct resource *r = a->resource;

	if (a->task != TASK_MIGRATE_TO && a->task != TASK_MIGRATE_FROM)
		return;
	if (!plan_pairs_get(&p->meta, "migrate_target") && r->node)
		plan_pairs_set(plan, &p->meta, "migrate_target", r->node->name);
	if (!plan_pairs_get(&p->meta, "migrate_source") && r->running.n)
		plan_pairs_set(plan, &p->meta, "migrate_source", r->running.items[0]->name);
}

static void action_add(struct plan *plan, const struct act *a)
{
	struct plan_action *p = plan_add(plan, kind_of(a));
	const struct node *router;

	p->op = plan_text(plan, op_of(a));
	if (a->resource)
		agent_read(plan, p, a->resource);
	if (a->node) {
		p->node = plan_text(plan, a->node->name);
		router = router_of(a->node);
		p->router = router ? plan_text(plan, router->name) : NULL;
	}
	p->interval_ms = a->interval_ms;
	p->target_rc = a->expected_rc;
	if (p->target_rc < 0) /* a probe of what is not known to run */
		p->target_rc = a->task == TASK_MONITOR && !a->interval_ms ? 7 : 0;
	p->reason = plan_text(plan, a->reason);
	for (unsigned i = 0; i < a->meta.n; i++)
		plan_pairs_set(plan, &p->meta, a->meta.items[i].name, a->meta.items[i].value);
	for (unsigned i = 0; i < a->extra.n; i++)
		plan_pairs_set(plan, &p->params, a->extra.items[i].name, a->extra.items[i].value);
	notify_read(plan, p, a);
	migration_read(plan, p, a);
}

struct plan *engine_plan(const struct engine *e)
{
	unsigned *planned = own_array(NULL, e->n_acts + 1, sizeof(*planned));
	struct plan *plan = plan_new();

	for (unsigned i = 0; i < e->n_acts; i++) {
		planned[i] = NOT_PLANNED;
		if (!is_planned(e->acts[i]))
			continue;
		planned[i] = (unsigned)plan->n;
		action_add(plan, e->acts[i]);
		act_equip((struct engine *)e, e->acts[i], plan, plan->actions[plan->n - 1]);
	}
	edges_add(e, plan, planned);
	free(planned);
	summary_add(e, plan);
	plan->recheck_s = (uint64_t)e->recheck;
	return plan;
}
