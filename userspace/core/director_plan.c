/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director's transition: a plan's actions become orders, and their results become a new view.
 */
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
	json_object_set_new(cells, resource,
		json_pack("{s:i, s:b, s:s}", "state", c->state, "recurring", c->recurring, "digest",
			c->digest));
}

struct view *director_view(struct director *d)
{
	struct view *view = view_new(d->site);

	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		enum cluster_life life = cluster_life(d->cluster, n->name);
		bool gone = life == CLUSTER_DEAD || life == CLUSTER_STOPPED;

		view->nodes[i].usable = director_usable(d, n);
		view->nodes[i].unclean = life == CLUSTER_BLOCKED;
		view->nodes[i].standby = cluster_flag(d->cluster, n->name, "standby");
		view->nodes[i].maintenance = cluster_flag(d->cluster, n->name, "maintenance");
		view->nodes[i].stopping = cluster_flag(d->cluster, n->name, "stop");
		for (size_t r = 0; r < d->site->n_resources; r++) {
			struct view_cell *c = view_cell(view, i, r);

			*c = cell_of(n->cells, d->site->resources[r].name);
			if (gone)
				*c = (struct view_cell){ .state = VIEW_STOPPED };
			c->fails = cluster_fails(d->cluster, n->name, d->site->resources[r].name);
		}
	}
	return view;
}

void director_plan_drop(struct director *d)
{
	plan_free(d->plan);
	free(d->steps);
	d->plan = NULL;
	d->steps = NULL;
	d->draining = false;
	d->dirty = true;
}

/* Nobody waits for the answer of a node that is gone. */
void director_plan_forget(struct director *d, const char *node)
{
	for (size_t i = 0; d->plan && i < d->plan->n; i++)
		if (d->steps[i].phase == STEP_OUT && !strcmp(d->plan->actions[i]->node, node))
			d->steps[i].phase = STEP_FAILED;
	d->draining = d->plan != NULL;
	d->dirty = true;
}

static struct plan_action *step_of(struct director *d, const char *id)
{
	unsigned transition, action;
	unsigned long long term;

	if (!d->plan || !id || sscanf(id, "%llu.%u:%u", &term, &transition, &action) != 3)
		return NULL;
	if (term != d->term || transition != d->transition || action >= d->plan->n)
		return NULL;
	return d->plan->actions[action];
}

static void note_failure(struct director *d, struct director_node *n, const char *resource,
	json_t *r, const char *op)
{
	const char *reason = json_string_value(json_object_get(r, "exit_reason"));
	const char *status = json_string_value(json_object_get(r, "status"));

	director_note(d, "operation-failed", n->name, resource,
		"%s of %s on %s: %s, exit status %d%s%s", op, resource, n->name, status,
		(int)json_integer_value(json_object_get(r, "rc")), reason ? ": " : "",
		reason ? reason : "");
	director_propose(d,
		json_pack("{s:s, s:s, s:s}", "do", "fail", "node", n->name, "resource", resource));
}

static void take(struct director *d, struct director_node *n, json_t *r, bool history)
{
	const char *resource = json_string_value(json_object_get(r, "resource"));
	const char *op = json_string_value(json_object_get(r, "op"));
	const char *status = json_string_value(json_object_get(r, "status"));
	const char *digest = json_string_value(json_object_get(r, "digest"));
	struct view_cell c;

	if (!resource || !op || !status || json_is_true(json_object_get(r, "last_failure")) ||
		json_is_true(json_object_get(r, "refused")))
		return;
	c = cell_of(n->cells, resource);
	view_cell_note(&c, op, json_integer_value(json_object_get(r, "interval_ms")),
		json_integer_value(json_object_get(r, "rc")), status);
	if (!strcmp(op, "start") && digest)
		snprintf(c.digest, sizeof(c.digest), "%s", digest);
	if (c.fails && !history)
		note_failure(d, n, resource, r, op);
	cell_put(n->cells, resource, &c);
	d->dirty = true;
}

void director_result(struct director *d, struct director_node *n, json_t *r, bool history)
{
	struct plan_action *a = step_of(d, json_string_value(json_object_get(r, "id")));
	const char *status = json_string_value(json_object_get(r, "status"));
	bool good;

	/* What an older incarnation did says nothing about this one. */
	if (json_object_get(r, "incarnation") &&
		(uint64_t)json_integer_value(json_object_get(r, "incarnation")) !=
			cluster_incarnation(d->cluster, n->name))
		return;
	take(d, n, r, history);
	if (!a || d->steps[a->id].phase != STEP_OUT || strcmp(a->node, n->name))
		return;
	good = status && !strcmp(status, "done") &&
	       (a->can_fail || a->target_rc < 0 ||
		       json_integer_value(json_object_get(r, "rc")) == a->target_rc);
	d->steps[a->id].phase = good || a->can_fail ? STEP_DONE : STEP_FAILED;
	if (!good && !a->can_fail)
		d->draining = true;
	if (good && !a->interval_ms && strcmp(a->op, "monitor"))
		director_note(d, "operation", n->name, a->resource, "%s of %s on %s: done in %d ms",
			a->op, a->resource, n->name,
			(int)json_integer_value(json_object_get(r, "exec_ms")));
}

static json_t *pairs(const struct plan_pairs *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < p->n; i++)
		json_object_set_new(o, p->items[i].name, json_string(p->items[i].value));
	return o;
}

static void order(struct director *d, struct plan_action *a)
{
	struct action *out = action_add(d->out, ACTION_SEND);
	char id[64];

	snprintf(id, sizeof(id), "%llu.%u:%u", (unsigned long long)d->term, d->transition, a->id);
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
	d->steps[a->id].phase = STEP_OUT;
	d->steps[a->id].until_ns = d->now_ns + a->timeout_ms * MS + ANSWER_NS;
	if (!a->interval_ms && strcmp(a->op, "monitor"))
		director_note(d, "order", a->node, a->resource, "%s of %s on %s", a->op,
			a->resource, a->node);
}

static void carry_out(struct director *d, struct plan_action *a)
{
	struct director_node *n = director_node(d, a->node);

	if (!n) {
		d->steps[a->id].phase = STEP_FAILED;
	} else if (a->kind == PLAN_FENCE) {
		d->steps[a->id].phase = STEP_DONE;
		director_block(d, n, a->reason ? a->reason : "the plan asks for it");
	} else if (!director_usable(d, n)) {
		d->steps[a->id].phase = STEP_FAILED;
		d->draining = true;
	} else {
		order(d, a);
	}
}

static bool ready(struct director *d, const struct plan_action *a)
{
	for (size_t i = 0; i < a->n_after; i++)
		if (d->steps[a->after[i]].phase != STEP_DONE)
			return false;
	return true;
}

/* Sends what nothing holds back; true while something is out or was sent. */
static bool advance(struct director *d)
{
	bool out = false;

	for (size_t i = 0; i < d->plan->n; i++) {
		struct step_state *s = &d->steps[i];

		if (s->phase == STEP_OUT && d->now_ns >= s->until_ns) {
			director_note(d, "order-unanswered", d->plan->actions[i]->node,
				d->plan->actions[i]->resource, "no answer to %s in its time",
				d->plan->actions[i]->op);
			s->phase = STEP_FAILED;
			d->draining = true;
		}
		if (s->phase == STEP_WAITING && !d->draining && ready(d, d->plan->actions[i]))
			carry_out(d, d->plan->actions[i]);
		out |= s->phase == STEP_OUT;
	}
	return out;
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
		if (life == CLUSTER_ADMITTED && !director_usable(d, n))
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
		struct action *a;

		if (!view->nodes[i].stopping || !view->nodes[i].usable)
			continue;
		for (size_t r = 0; r < d->site->n_resources; r++)
			runs |= view_cell(view, i, r)->state > VIEW_STOPPED &&
				view_cell(view, i, r)->state != VIEW_IMPOSSIBLE;
		if (runs)
			continue;
		a = action_add(d->out, ACTION_SEND);
		a->node = own_string(n->name);
		a->json = json_pack("{s:s, s:I, s:I, s:I, s:s, s:{s:s, s:s, s:i}}", "type", "order",
			"term", (json_int_t)d->term, "index", (json_int_t)d->cluster->index,
			"incarnation", (json_int_t)cluster_incarnation(d->cluster, n->name), "id",
			"shutdown", "action", "op", "shutdown", "resource", "", "timeout_ms",
			20000);
	}
}

void director_drive(struct director *d)
{
	struct view *view;

	if (d->plan) {
		if (advance(d))
			return;
		director_plan_drop(d);
	}
	if (!d->dirty || !settled(d))
		return;
	d->dirty = false;
	view = director_view(d);
	json_decref(d->why);
	policy_plan(view, &d->plan, &d->why);
	let_go(d, view);
	view_free(view);
	if (idle(d->plan)) {
		director_plan_drop(d);
		d->dirty = false;
		return;
	}
	d->transition++;
	d->steps = own_alloc(d->plan->n * sizeof(*d->steps));
	advance(d);
}
