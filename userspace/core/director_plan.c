/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director's transition: a plan's actions become orders, and their results a new view. */
#include <stdio.h>

#include "core/director_inside.h"

/* An agent that does not answer in the operation's own time and this is asked no longer. */
#define ANSWER_NS (10000 * MS)

static struct view_cell cell_of(json_t *cells, const char *resource)
{
	json_t *j = json_object_get(cells, resource);
	struct view_cell c = { .state = json_integer_value(json_object_get(j, "state")),
		.recurring = json_is_true(json_object_get(j, "recurring")) };
	const char *digest = json_string_value(json_object_get(j, "digest"));

	snprintf(c.digest, sizeof(c.digest), "%s", digest ? digest : "");
	return c;
}

static void cell_put(json_t *cells, const char *resource, const struct view_cell *c)
{
	json_t *call = json_object_get(json_object_get(cells, resource), "call");

	json_object_set_new(cells, resource,
		json_pack("{s:i, s:b, s:s, s:O?}", "state", c->state, "recurring", c->recurring,
			"digest", c->digest, "call", call));
}

static void view_node(struct director *d, struct view *view, size_t i, const char *name)
{
	struct director_node *n = director_node(d, name);
	enum cluster_life life = cluster_life(d->cluster, name);
	bool gone = life == CLUSTER_DEAD || life == CLUSTER_STOPPED;

	view->nodes[i].usable = n && director_usable(d, n);
	view->nodes[i].unclean = life == CLUSTER_BLOCKED;
	view->nodes[i].standby = cluster_flag(d->cluster, name, "standby");
	view->nodes[i].maintenance = cluster_flag(d->cluster, name, "maintenance");
	view->nodes[i].stopping = cluster_flag(d->cluster, name, "stop");
	for (size_t r = 0; r < view->site->n_resources; r++) {
		struct view_cell *c = view_cell(view, i, r);
		const char *resource = view->site->resources[r].name;

		if (n)
			*c = cell_of(n->cells, resource);
		if (gone)
			*c = (struct view_cell){ .state = VIEW_STOPPED };
		c->fails = cluster_fails(d->cluster, name, resource);
	}
}

struct view *director_view(struct director *d, const struct site *site)
{
	struct view *view = view_new(site);

	for (size_t i = 0; i < site->n_nodes; i++)
		view_node(d, view, i, site->nodes[i].name);
	return view;
}

void director_plan_drop(struct director *d)
{
	transition_free(d->transition);
	d->transition = NULL;
	d->dirty = true;
}

void director_plan_forget(struct director *d, const char *node)
{
	transition_lost(d->transition, node);
	transition_abort(d->transition);
	d->dirty = true;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static void note_failure(struct director *d, struct director_node *n, const char *resource,
	json_t *r, const char *op)
{
	const char *reason = json_string_value(json_object_get(r, "exit_reason"));
	const char *status = json_string_value(json_object_get(r, "status"));

	if (!d->leader || !d->ready)
		return;
	director_note(d, "operation-failed", n->name, resource,
		"%s of %s on %s: %s, exit status %d%s%s", op, resource, n->name, status,
		(int)json_integer_value(json_object_get(r, "rc")), reason ? ": " : "",
		reason ? reason : "");
	director_propose(
		d, json_pack("{s:s, s:s, s:s, s:s, s:I}", "do", "fail", "node", n->name, "resource",
			   resource, "op", op, "at_ms", (json_int_t)d->epoch_ms));
}

static void take(struct director *d, struct director_node *n, json_t *r, bool history)
{
	const char *resource = json_string_value(json_object_get(r, "resource"));
	const char *op = json_string_value(json_object_get(r, "op"));
	const char *status = json_string_value(json_object_get(r, "status"));
	const char *digest = json_string_value(json_object_get(r, "digest"));
	json_t *call = json_object_get(r, "call_id");
	json_t *last = json_object_get(json_object_get(n->cells, resource), "call");
	struct view_cell c;

	if (!resource || !op || !status || json_is_true(json_object_get(r, "last_failure")) ||
		json_is_true(json_object_get(r, "refused")))
		return;
	/* An answer that is told again says what was, not what is. */
	if (call && json_integer_value(call) < json_integer_value(last))
		return;
	c = cell_of(n->cells, resource);
	view_cell_note(&c, op, json_integer_value(json_object_get(r, "interval_ms")),
		json_integer_value(json_object_get(r, "rc")), status);
	if (!strcmp(op, "start") && digest)
		snprintf(c.digest, sizeof(c.digest), "%s", digest);
	if (c.fails && !history)
		note_failure(d, n, resource, r, op);
	cell_put(n->cells, resource, &c);
	if (call)
		json_object_set(json_object_get(n->cells, resource), "call", call);
	d->dirty = true;
}

void director_result(struct director *d, struct director_node *n, json_t *r, bool history)
{
	const struct plan_action *a =
		transition_find(d->transition, json_string_value(json_object_get(r, "id")));
	const char *status = json_string_value(json_object_get(r, "status"));
	bool good;

	/* What an older incarnation did says nothing about this one. */
	if (json_object_get(r, "incarnation") &&
		(uint64_t)json_integer_value(json_object_get(r, "incarnation")) !=
			cluster_incarnation(d->cluster, n->name))
		return;
	take(d, n, r, history);
	if (!a || !a->node || strcmp(a->node, n->name))
		return;
	good = status && !strcmp(status, "done") &&
	       (a->target_rc < 0 || json_integer_value(json_object_get(r, "rc")) == a->target_rc);
	if (!transition_result(d->transition, a->id, good))
		return;
	if (good && !a->interval_ms && strcmp(a->op, "monitor"))
		director_note(d, "operation", n->name, a->resource, "%s of %s on %s: done in %d ms",
			a->op, a->resource, n->name,
			(int)json_integer_value(json_object_get(r, "exec_ms")));
}

/* ---- orders -----------------------------------------------------------------------------------
 */

static json_t *pairs(const struct plan_pairs *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < p->n; i++)
		json_object_set_new(o, p->items[i].name, json_string(p->items[i].value));
	return o;
}

/* Until its result is here the order may have been carried out, or not, or in part: who is lost
 * meanwhile may run what it was told to. */
static void unknown(struct director *d, const struct plan_action *a)
{
	struct director_node *n = director_node(d, a->node);
	struct view_cell c = cell_of(n->cells, a->resource);

	c.state = VIEW_UNKNOWN;
	cell_put(n->cells, a->resource, &c);
}

static void order(struct director *d, const struct plan_action *a)
{
	struct action *out = action_add(d->out, ACTION_SEND);
	char id[TRANSITION_ID_MAX];

	transition_id(d->transition, a->id, id);
	out->node = own_string(a->node);
	out->json = json_pack(
		"{s:s, s:I, s:I, s:I, s:s, s:{s:s, s:s, s:s, s:s*, s:s, s:I, s:I, s:i, s:s*,"
		"s:o, s:o}}",
		"type", "order", "term", (json_int_t)d->term, "index",
		(json_int_t)d->cluster->index, "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, a->node), "id", id, "action", "op",
		a->op, "resource", a->instance, "class", a->standard, "provider", a->provider,
		"agent", a->type, "interval_ms", (json_int_t)a->interval_ms, "timeout_ms",
		(json_int_t)a->timeout_ms, "target_rc", a->target_rc, "digest", a->digest, "params",
		pairs(&a->params), "meta", pairs(&a->meta));
	transition_sent(d->transition, a->id, d->now_ns + a->timeout_ms * MS + ANSWER_NS);
	if (strcmp(a->op, "monitor"))
		unknown(d, a);
	if (!a->interval_ms && strcmp(a->op, "monitor"))
		director_note(d, "order", a->node, a->resource, "%s of %s on %s", a->op,
			a->resource, a->node);
	for (size_t i = 0; i < d->n_nodes && !strcmp(a->op, "start"); i++)
		if (d->nodes[i].timeline.ns[TIMELINE_DEAD])
			timeline_set(&d->nodes[i].timeline, TIMELINE_FIRST_START, d->now_ns);
}

static void carry_out(struct director *d, const struct plan_action *a)
{
	struct director_node *n = director_node(d, a->node);

	if (a->kind == PLAN_PSEUDO) {
		transition_result(d->transition, a->id, true);
	} else if (n && a->kind == PLAN_FENCE) {
		transition_result(d->transition, a->id, true);
		director_block(d, n, a->reason ? a->reason : "the plan asks for it");
	} else if (!n || !director_usable(d, n)) {
		transition_result(d->transition, a->id, false);
	} else {
		order(d, a);
	}
}

/* Sends what nothing holds back; true while the transition goes on. */
static bool advance(struct director *d)
{
	const struct plan_action *a;

	while ((a = transition_late(d->transition, d->now_ns)))
		director_note(d, "order-unanswered", a->node, a->resource,
			"no answer to %s in its time", a->op);
	while ((a = transition_ready(d->transition)))
		carry_out(d, a);
	return !transition_over(d->transition);
}

/* A plan is made only when everybody has been heard out: who is admitted is connected and has told
 * its history, or it is blocked. A new leader in particular waits for all. */
static bool settled(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		enum cluster_life life = cluster_life(d->cluster, n->name);

		if (life == CLUSTER_NEVER && (n->connected || n->lost_at_ns || n->blocking))
			return false;
		if (life == CLUSTER_ADMITTED && (n->blocking || !director_usable(d, n)))
			return false;
	}
	return true;
}

static bool idle(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->actions[i]->kind != PLAN_PSEUDO)
			return false;
	return true;
}

/* A node that was asked to stop and runs nothing any more may say goodbye. */
static void let_go(struct director *d, const struct view *view)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		bool runs = false;

		if (!view->nodes[i].stopping || !view->nodes[i].usable)
			continue;
		for (size_t r = 0; r < d->site->n_resources; r++)
			runs |= view_cell(view, i, r)->state > VIEW_STOPPED &&
				view_cell(view, i, r)->state != VIEW_IMPOSSIBLE;
		if (runs)
			continue;
		director_send(d, n,
			json_pack("{s:s, s:I, s:I, s:I, s:s, s:{s:s, s:s, s:i}}", "type", "order",
				"term", (json_int_t)d->term, "index", (json_int_t)d->cluster->index,
				"incarnation", (json_int_t)cluster_incarnation(d->cluster, n->name),
				"id", "shutdown", "action", "op", "shutdown", "resource", "",
				"timeout_ms", 20000));
	}
}

/* ---- the story of a failover ------------------------------------------------------------------
 */

static void planned(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].timeline.ns[TIMELINE_DEAD])
			timeline_set(&d->nodes[i].timeline, TIMELINE_PLANNED, d->now_ns);
}

/* Nothing is left to do: who died meanwhile has been taken over from. */
static void recovered(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		uint64_t first = n->timeline.ns[TIMELINE_LAST_BEAT];
		owned(free) char *text = NULL;

		if (!n->timeline.ns[TIMELINE_DEAD])
			continue;
		timeline_set(&n->timeline, TIMELINE_DONE, d->now_ns);
		if (!first)
			first = n->timeline.ns[TIMELINE_LOST];
		d->failover_ms = (double)(d->now_ns - first) / 1e6;
		d->n_failovers++;
		text = own_printf("what %s ran is taken care of, %.1f ms after it was last heard",
			n->name, d->failover_ms);
		director_note_more(d, "failover", n->name, text,
			json_pack("{s:o}", "timeline", timeline_json(&n->timeline)));
		n->timeline = (struct timeline){ 0 };
	}
}

void director_drive(struct director *d)
{
	struct plan *plan = NULL;
	struct view *view;

	if (d->transition) {
		if (advance(d))
			return;
		director_plan_drop(d);
	}
	if (!d->dirty || !settled(d))
		return;
	d->dirty = false;
	view = director_view(d, d->site);
	json_decref(d->why);
	policy_plan(view, &plan, &d->why);
	let_go(d, view);
	view_free(view);
	if (idle(plan)) {
		plan_free(plan);
		recovered(d);
		return;
	}
	planned(d);
	d->transition = transition_new(plan, d->term, ++d->transitions);
	if (!advance(d))
		director_plan_drop(d);
}
