/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "core/policy/policy.h"

#define NOWHERE (-1)
#define NO_ACTION (-1)

/* A unit is what moves as one: a group, or a primitive outside of groups. */
struct unit {
	size_t resource; /* of the group or the primitive */
	const size_t *members;
	size_t n_members;
	bool placed, held; /* held: an unclean node may run it */
	int node;
};

struct work {
	const struct view *view;
	const struct site *site;
	struct plan *plan;
	json_t *why;
	struct unit *units;
	size_t n_units;
	size_t *self;      /* members of the units that are one primitive */
	int *start, *stop; /* action ids: start by resource, stop by (node, resource) */
	size_t *load;      /* units assigned to a node */
};

static void say(struct work *w, size_t resource, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct work *w, size_t resource, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	json_object_set_new(w->why, w->site->resources[resource].name, json_string(text));
}

static bool meta_is(
	struct work *w, const struct site_resource *r, const char *name, const char *value)
{
	const char *v = site_meta(w->site, r, name);

	return v && !strcmp(v, value);
}

static struct unit *unit_of(struct work *w, size_t resource)
{
	int g = w->site->resources[resource].group;
	size_t top = g >= 0 ? (size_t)g : resource;

	for (size_t i = 0; i < w->n_units; i++)
		if (w->units[i].resource == top)
			return &w->units[i];
	return NULL;
}

static bool active(const struct view_cell *c)
{
	return c->state == VIEW_STARTED || c->state == VIEW_FAILED || c->state == VIEW_STOP_FAILED;
}

static bool active_on(struct work *w, const struct unit *u, size_t node)
{
	for (size_t m = 0; m < u->n_members; m++)
		if (active(view_cell(w->view, node, u->members[m])))
			return true;
	return false;
}

static void units_make(struct work *w)
{
	const struct site *s = w->site;

	w->units = own_alloc(s->n_resources * sizeof(*w->units));
	w->self = own_alloc(s->n_resources * sizeof(*w->self));
	for (size_t i = 0; i < s->n_resources; i++) {
		struct unit *u = &w->units[w->n_units];

		w->self[i] = i;
		if (s->resources[i].group >= 0)
			continue;
		u->resource = i;
		u->node = NOWHERE;
		u->members = s->resources[i].type ? &w->self[i] : s->resources[i].members;
		u->n_members = s->resources[i].type ? 1 : s->resources[i].n_members;
		w->n_units++;
	}
}

/* Banned by its failures there (migration-threshold), or because it cannot run there at all. */
static bool worn_out(struct work *w, const struct unit *u, size_t node)
{
	for (size_t m = 0; m < u->n_members; m++) {
		const struct site_resource *r = &w->site->resources[u->members[m]];
		const struct view_cell *c = view_cell(w->view, node, u->members[m]);
		const char *text = site_meta(w->site, r, "migration-threshold");
		unsigned threshold = text ? strtoul(text, NULL, 10) : 0;

		if (c->state == VIEW_IMPOSSIBLE || (threshold && c->fails >= threshold))
			return true;
	}
	return false;
}

static int location_score(struct work *w, const struct unit *u, const char *node)
{
	int score = 0;

	for (size_t i = 0; i < w->site->n_rules; i++) {
		const struct site_rule *r = &w->site->rules[i];

		if (r->kind == SITE_LOCATION && !strcmp(r->node, node) && unit_of(w, r->first) == u)
			score = site_score_add(score, r->score);
	}
	return score;
}

static int stickiness(struct work *w, const struct unit *u)
{
	int sum = 0, score;

	for (size_t m = 0; m < u->n_members; m++) {
		const char *text = site_meta(
			w->site, &w->site->resources[u->members[m]], "resource-stickiness");

		if (text && !site_score(text, &score))
			sum = site_score_add(sum, score);
	}
	return sum;
}

static int colocation_score(struct work *w, const struct unit *u, int node)
{
	int sum = 0;

	for (size_t i = 0; i < w->site->n_rules; i++) {
		const struct site_rule *r = &w->site->rules[i];
		struct unit *with;

		if (r->kind != SITE_COLOCATION || unit_of(w, r->first) != u)
			continue;
		with = unit_of(w, r->second);
		if (with == u)
			continue;
		if (with->node == node)
			sum = site_score_add(sum, r->score);
		else if (r->score == SITE_INFINITY)
			sum = -SITE_INFINITY;
	}
	return sum;
}

static int score_on(struct work *w, const struct unit *u, size_t node)
{
	const struct view_node *n = &w->view->nodes[node];
	int score;

	if (!n->usable || n->standby || n->stopping || n->unclean || worn_out(w, u, node))
		return -SITE_INFINITY;
	score = location_score(w, u, n->name);
	if (active_on(w, u, node))
		score = site_score_add(score, stickiness(w, u));
	return site_score_add(score, colocation_score(w, u, node));
}

/* Between equals: where it is, then where less is, then the order of the configuration. */
static bool beats(
	struct work *w, const struct unit *u, int score, size_t node, int best, int best_node)
{
	bool here, there;

	if (best_node == NOWHERE || score != best)
		return score > best;
	here = active_on(w, u, node);
	there = active_on(w, u, best_node);
	return here != there ? here : w->load[node] < w->load[best_node];
}

static void place(struct work *w, struct unit *u, int depth)
{
	int best = -SITE_INFINITY;

	if (u->placed || depth > PICKET_DEPTH_MAX)
		return;
	u->placed = true;
	/* What it is placed with goes first. */
	for (size_t i = 0; i < w->site->n_rules; i++)
		if (w->site->rules[i].kind == SITE_COLOCATION &&
			unit_of(w, w->site->rules[i].first) == u)
			place(w, unit_of(w, w->site->rules[i].second), depth + 1);
	if (meta_is(w, &w->site->resources[u->resource], "target-role", "Stopped")) {
		say(w, u->resource, "target-role is Stopped");
		return;
	}
	for (size_t n = 0; n < w->site->n_nodes; n++) {
		int score = score_on(w, u, n);

		if (score <= -SITE_INFINITY || !beats(w, u, score, n, best, u->node))
			continue;
		best = score;
		u->node = n;
	}
	if (u->node != NOWHERE)
		w->load[u->node]++;
	else if (!u->held)
		say(w, u->resource, "no node may run it: standby, bans and failures leave none");
}

static struct plan_action *act(struct work *w, const char *op, size_t resource, size_t node)
{
	const struct site_resource *r = &w->site->resources[resource];
	struct plan_action *a = plan_add(w->plan, PLAN_RESOURCE);
	char digest[17], number[32];
	const char *key;
	json_t *v;

	a->op = own_string(op);
	a->node = own_string(w->site->nodes[node].name);
	a->resource = own_string(r->name);
	a->instance = own_string(r->name);
	a->standard = own_string(r->standard);
	a->provider = own_string(r->provider);
	a->type = own_string(r->type);
	a->timeout_ms = site_timeout(r, op);
	json_object_foreach (r->params, key, v)
		plan_pairs_set(&a->params, key, json_string_value(v));
	view_digest(r, digest);
	a->digest = own_string(digest);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)a->timeout_ms);
	plan_pairs_set(&a->meta, "CRM_meta_timeout", number);
	plan_pairs_set(&a->meta, "CRM_meta_name", op);
	plan_pairs_set(&a->meta, "CRM_meta_on_node", a->node);
	return a;
}

/* Asks everywhere where nobody knows; nothing of a resource starts before all have answered. */
static bool probe_all(struct work *w)
{
	bool any = false;

	for (size_t n = 0; n < w->site->n_nodes; n++)
		for (size_t r = 0; r < w->site->n_resources; r++) {
			struct plan_action *a;

			if (!w->site->resources[r].type || !w->view->nodes[n].usable ||
				view_cell(w->view, n, r)->state != VIEW_UNKNOWN)
				continue;
			a = act(w, "monitor", r, n);
			a->can_fail = true;
			plan_pairs_set(&a->meta, "CRM_meta_interval", "0");
			plan_pairs_set(&a->meta, "CRM_meta_op_target_rc", "7");
			any = true;
		}
	return any;
}

static bool managed(struct work *w, size_t resource, size_t node)
{
	const struct site_resource *r = &w->site->resources[resource];

	return !w->view->nodes[node].maintenance && !meta_is(w, r, "is-managed", "false") &&
	       !meta_is(w, r, "maintenance", "true") &&
	       strcmp(site_property(w->site, "maintenance-mode", "false"), "true");
}

static bool must_restart(struct work *w, size_t resource, const struct view_cell *c)
{
	char digest[17];

	if (c->state == VIEW_FAILED)
		return true;
	view_digest(&w->site->resources[resource], digest);
	return c->state == VIEW_STARTED && c->digest[0] && strcmp(c->digest, digest);
}

/* A member stops when it is where it should not be, when it failed, when its parameters changed,
 * or when a member before it in its group does. */
static void stops_of(struct work *w, struct unit *u, size_t node)
{
	size_t first = 0;
	int later = NO_ACTION;

	if (u->node == (int)node)
		while (first < u->n_members && !must_restart(w, u->members[first],
						       view_cell(w->view, node, u->members[first])))
			first++;
	for (size_t m = u->n_members; m-- > first;) {
		size_t r = u->members[m];
		struct plan_action *a;

		if (!active(view_cell(w->view, node, r)) || !managed(w, r, node))
			continue;
		a = act(w, "stop", r, node);
		a->target_rc = 0;
		if (later != NO_ACTION)
			plan_order(w->plan, later, a->id);
		later = a->id;
		w->stop[node * w->site->n_resources + r] = a->id;
	}
}

static struct plan_action *start(struct work *w, size_t r, const struct unit *u, int before)
{
	struct plan_action *a = act(w, "start", r, u->node);
	struct plan_change *c = plan_change_add(w->plan);
	bool stopped = false;

	a->target_rc = 0;
	if (before != NO_ACTION)
		plan_order(w->plan, before, a->id);
	for (size_t n = 0; n < w->site->n_nodes; n++) {
		int stop = w->stop[n * w->site->n_resources + r];

		if (stop == NO_ACTION)
			continue;
		plan_order(w->plan, stop, a->id);
		stopped = true;
	}
	w->start[r] = a->id;
	c->kind = own_string("rsc_action");
	c->action = own_string(stopped ? "Restart" : "Start");
	c->resource = own_string(a->resource);
	c->node = own_string(a->node);
	return a;
}

static void monitors(
	struct work *w, size_t r, const struct unit *u, const struct plan_action *after)
{
	const struct site_resource *res = &w->site->resources[r];

	for (size_t o = 0; o < res->n_operations; o++) {
		struct plan_action *a;
		char number[32];

		if (strcmp(res->operations[o].name, "monitor") || !res->operations[o].interval_ms ||
			(!after && view_cell(w->view, u->node, r)->recurring))
			continue;
		a = act(w, "monitor", r, u->node);
		a->interval_ms = res->operations[o].interval_ms;
		a->target_rc = 0;
		snprintf(number, sizeof(number), "%llu", (unsigned long long)a->interval_ms);
		plan_pairs_set(&a->meta, "CRM_meta_interval", number);
		if (after)
			plan_order(w->plan, after->id, a->id);
	}
}

static void starts_of(struct work *w, struct unit *u)
{
	int before = NO_ACTION;

	if (u->node == NOWHERE || u->held)
		return;
	for (size_t m = 0; m < u->n_members; m++) {
		size_t r = u->members[m];
		struct plan_action *a = NULL;

		if (!managed(w, r, u->node))
			return;
		if (!active(view_cell(w->view, u->node, r)) ||
			w->stop[u->node * w->site->n_resources + r] != NO_ACTION) {
			a = start(w, r, u, before);
			before = a->id;
		}
		monitors(w, r, u, a);
	}
}

/* First starts before then does, and stops after it. */
static void order(struct work *w, size_t first, size_t then)
{
	const size_t nr = w->site->n_resources, nn = w->site->n_nodes;

	if (w->start[first] != NO_ACTION && w->start[then] != NO_ACTION)
		plan_order(w->plan, w->start[first], w->start[then]);
	for (size_t n = 0; n < nn; n++)
		for (size_t k = 0; k < nn; k++)
			if (w->stop[n * nr + first] != NO_ACTION &&
				w->stop[k * nr + then] != NO_ACTION)
				plan_order(
					w->plan, w->stop[k * nr + then], w->stop[n * nr + first]);
}

static void orders(struct work *w)
{
	for (size_t i = 0; i < w->site->n_rules; i++) {
		const struct site_rule *rule = &w->site->rules[i];
		struct unit *first, *then;

		if (rule->kind != SITE_ORDER)
			continue;
		first = unit_of(w, rule->first);
		then = unit_of(w, rule->second);
		for (size_t a = 0; first != then && a < first->n_members; a++)
			for (size_t b = 0; b < then->n_members; b++)
				order(w, first->members[a], then->members[b]);
	}
}

/* S2: an unclean node may run everything that it ever was told to, and what nobody knows of. */
static void hold(struct work *w)
{
	for (size_t n = 0; n < w->site->n_nodes; n++) {
		if (!w->view->nodes[n].unclean)
			continue;
		for (size_t i = 0; i < w->n_units; i++) {
			struct unit *u = &w->units[i];

			for (size_t m = 0; m < u->n_members; m++) {
				enum view_state s = view_cell(w->view, n, u->members[m])->state;

				if (s == VIEW_STOPPED || s == VIEW_IMPOSSIBLE)
					continue;
				u->held = true;
				say(w, u->resource,
					"may still run on %s, whose death is not proven yet",
					w->site->nodes[n].name);
			}
		}
	}
}

static void fences(struct work *w)
{
	for (size_t n = 0; n < w->site->n_nodes; n++)
		for (size_t r = 0; r < w->site->n_resources; r++) {
			struct plan_action *a;

			if (view_cell(w->view, n, r)->state != VIEW_STOP_FAILED ||
				w->view->nodes[n].unclean || !managed(w, r, n))
				continue;
			a = plan_add(w->plan, PLAN_FENCE);
			a->op = own_string("reboot");
			a->node = own_string(w->site->nodes[n].name);
			a->reason = own_printf(
				"%s could not be stopped there", w->site->resources[r].name);
			break;
		}
}

void policy_plan(const struct view *view, struct plan **ret, json_t **ret_why)
{
	const size_t nr = view->site->n_resources, nn = view->site->n_nodes;
	struct work w = { .view = view,
		.site = view->site,
		.plan = plan_new(),
		.why = json_object(),
		.start = own_alloc(nr * sizeof(int)),
		.stop = own_alloc(nn * nr * sizeof(int)),
		.load = own_alloc(nn * sizeof(size_t)) };

	for (size_t i = 0; i < nr; i++)
		w.start[i] = NO_ACTION;
	for (size_t i = 0; i < nn * nr; i++)
		w.stop[i] = NO_ACTION;
	units_make(&w);
	hold(&w);
	fences(&w);
	if (!probe_all(&w)) {
		for (size_t i = 0; i < w.n_units; i++)
			place(&w, &w.units[i], 0);
		for (size_t i = 0; i < w.n_units; i++)
			for (size_t n = 0; n < nn; n++)
				if (view->nodes[n].usable && !view->nodes[n].unclean)
					stops_of(&w, &w.units[i], n);
		for (size_t i = 0; i < w.n_units; i++)
			starts_of(&w, &w.units[i]);
		orders(&w);
	}
	free(w.units);
	free(w.self);
	free(w.start);
	free(w.stop);
	free(w.load);
	*ret = w.plan;
	*ret_why = w.why;
}
