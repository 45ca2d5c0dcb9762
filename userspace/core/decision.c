/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "core/decision.h"
#include "core/policy/engine.h"
#include "core/policy/execution.h"

int decision_new(const struct picture *picture, int64_t now_s, bool explain, struct decision **ret,
	char **ret_why)
{
	owned(decision) struct decision *d = own_new(struct decision);
	struct engine_options options = { .explain = explain, .zone = picture->zone };
	unsigned id;
	int rc;

	d->picture = picture;
	d->now_s = now_s;
	d->cib = picture_cib(picture);
	d->engine = engine_new(d->cib->root, now_s, &options);
	rc = engine_run(d->engine, ret_why);
	if (rc)
		return rc;
	d->plan = engine_plan(d->engine);
	/* Actions that wait for each other are never ready: nothing of such a plan is begun. */
	if (plan_check(d->plan, &id)) {
		*ret_why = own_printf("%s of %s waits for itself", d->plan->actions[id]->op,
			d->plan->actions[id]->instance ? d->plan->actions[id]->instance : "?");
		return -ELOOP;
	}
	d->recheck_s = engine_recheck(d->engine);
	*ret = give(d);
	return 0;
}

void decision_free(struct decision *d)
{
	if (!d)
		return;
	plan_free(d->plan);
	engine_free(d->engine);
	element_tree_free(d->cib);
	free(d);
}

/* ---- where everything is then ------------------------------------------------------------------
 */

/* "web:0" is an instance of web. */
static char *base_name(const char *instance)
{
	return own_printf("%.*s", (int)strcspn(instance, ":"), instance);
}

static void placed(void *ctx, const char *resource, const char *node, const char *role)
{
	owned(free) char *name = base_name(resource);
	json_t *list = json_object_get(ctx, name);

	if (list)
		json_array_append_new(list, json_pack("{s:s, s:s}", "node", node, "role", role));
}

/* The plan is carried out on a copy, where every action ends well. */
json_t *decision_placement(const struct decision *d)
{
	const struct site *site = d->picture->site;
	owned(element_tree) struct element_tree *then = element_tree_new();
	owned(engine) struct engine *look = NULL;
	owned(free) char *why = NULL;
	json_t *all = json_object();

	for (size_t i = 0; i < site->n_resources; i++)
		if (site->resources[i].kind == SITE_PRIMITIVE)
			json_object_set_new(all, site->resources[i].name, json_array());
	element_copy(then, NULL, d->cib->root);
	execution_run(then, d->plan, NULL, 0, d->now_s);
	look = engine_new(then->root, d->now_s, NULL);
	if (!engine_look(look, &why))
		engine_running(look, placed, all);
	return all;
}

/* ---- why ---------------------------------------------------------------------------------------
 */

struct against {
	json_t *nodes; /* node → what forbids it */
};

static void forbids(void *ctx, const struct engine_reason *r)
{
	struct against *a = ctx;
	owned(free) char *text = NULL;

	if (r->score > -SITE_INFINITY || !r->node || json_object_get(a->nodes, r->node))
		return;
	text = own_printf(
		"%s%s%s%s", r->what, r->by ? " (" : "", r->by ? r->by : "", r->by ? ")" : "");
	json_object_set_new(a->nodes, r->node, json_string(text));
}

static const struct site_resource *parent_of(const struct site *site, const struct site_resource *r)
{
	return r->parent >= 0 ? &site->resources[r->parent] : NULL;
}

static const char *stopped_by(const struct site *site, const struct site_resource *r)
{
	for (; r; r = parent_of(site, r)) {
		const char *role = site_meta(r, "target-role");

		if (role && !strcmp(role, "Stopped"))
			return r->name;
	}
	return NULL;
}

static bool holds(const struct picture_node *n, const char *resource)
{
	return n->state == PICTURE_UNCLEAN && ledger_may_run(&n->ledger, resource);
}

static char *why(const struct decision *d, const struct site_resource *r)
{
	const struct picture *p = d->picture;
	const char *stopped = stopped_by(p->site, r);
	struct against against = { json_object() };
	struct lines text = { 0 };
	size_t online = 0;

	if (stopped)
		lines_add(&text, "target-role of %s is Stopped", stopped);
	for (size_t i = 0; i < p->n_nodes && !stopped; i++) {
		online += p->nodes[i].state == PICTURE_ONLINE;
		if (holds(&p->nodes[i], r->name))
			lines_add(&text, "%s%s may run it, and is not proven dead",
				text.len ? "; " : "", p->nodes[i].name);
	}
	if (!stopped && !online)
		lines_add(&text, "%sno node is online", text.len ? "; " : "");
	engine_explain(d->engine, r->name, forbids, &against);
	for (size_t i = 0; i < p->n_nodes && !stopped && online; i++) {
		const struct picture_node *n = &p->nodes[i];
		const char *what = json_string_value(json_object_get(against.nodes, n->name));
		bool worn = ledger_standing(&n->ledger, r->name).impossible;

		if (n->state != PICTURE_ONLINE)
			continue;
		if (n->standby || n->stopping)
			what = n->standby ? "standby" : "it is to stop";
		else if (worn)
			what = "it cannot run there: not installed, or wrong arguments";
		if (what)
			lines_add(&text, "%snot on %s: %s", text.len ? "; " : "", n->name, what);
	}
	json_decref(against.nodes);
	if (!text.len)
		lines_add(&text, "it waits for what it depends on");
	return text.data;
}

json_t *decision_why(const struct decision *d)
{
	const struct site *site = d->picture->site;
	json_t *all = json_object(), *placement = decision_placement(d);

	for (size_t i = 0; i < site->n_resources; i++) {
		const struct site_resource *r = &site->resources[i];
		owned(free) char *text = NULL;

		if (r->kind != SITE_PRIMITIVE ||
			json_array_size(json_object_get(placement, r->name)))
			continue;
		text = why(d, r);
		json_object_set_new(all, r->name, json_string(text));
	}
	json_decref(placement);
	return all;
}

/* ---- for people --------------------------------------------------------------------------------
 */

json_t *decision_json(const struct decision *d)
{
	json_t *actions = json_array(), *changes = json_array();
	const struct plan *plan = d->plan;

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_action *a = plan->actions[i];

		if (a->kind == PLAN_PSEUDO)
			continue;
		json_array_append_new(
			actions, json_pack("{s:s*, s:s*, s:s*, s:s*}", "op", a->op, "resource",
					 a->instance ? a->instance : a->resource, "node", a->node,
					 "reason", a->reason));
	}
	for (size_t i = 0; i < plan->n_changes; i++) {
		const struct plan_change *c = &plan->changes[i];

		json_array_append_new(changes,
			json_pack("{s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}", "action",
				c->action, "resource", c->resource, "role", c->role, "next_role",
				c->next_role, "node", c->node, "source", c->source, "dest", c->dest,
				"reason", c->reason));
	}
	return json_pack("{s:o, s:o}", "changes", changes, "actions", actions);
}
