// SPDX-License-Identifier: GPL-2.0-or-later
/* Equip: what goes with an action to its agent, by the names that Pacemaker's agents know. */
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "core/model/nvset.h"
#include "core/policy/engine_equip.h"
#include "core/policy/engine_stage.h"

/* Pairs of every action, and more of what is in a clone: so that there is room at once. */
enum { META_ALL = 6, META_CLONE = 6, META_PROMOTABLE = 11 };

static void put(struct plan *plan, struct plan_action *p, const char *name, const char *value)
{
	if (value)
		plan_pairs_set(plan, &p->meta, name, value);
}

static void put_number(struct plan *plan, struct plan_action *p, const char *name, long long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", n);
	put(plan, p, name, text);
}

/* ---- of the resource
 * ----------------------------------------------------------------------------- */

/* What the plan itself has said stays. */
static void put_parameters(struct plan *plan, struct plan_action *p, const struct table *t)
{
	plan_pairs_room(plan, &p->params, t->n);
	for (unsigned i = 0; i < t->n; i++)
		if (!plan_pairs_get(&p->params, t->items[i].name))
			plan_pairs_set(plan, &p->params, t->items[i].name, t->items[i].value);
}

/* Of this operation alone, and of the resource. */
static void parameters(struct engine *e, const struct act *a, const struct operation_settings *set,
	struct plan *plan, struct plan_action *p)
{
	const struct table *t = resource_parameters(e, a->resource, a->node);
	struct rule_input in = {
		.now = { .seconds = e->now },
		.zone = e->options.zone,
		.zone_ctx = e->options.zone_ctx,
		.node_attributes = a->node ? &a->node->attributes : NULL,
		.rsc_standard = a->resource->standard,
		.rsc_provider = a->resource->provider,
		.rsc_type = a->resource->type,
	};
	struct table own = { 0 };

	if (set->xml && set->xml->first)
		nvset_read(e->arena, e->ids, set->xml, "instance_attributes", &in, NULL, false,
			&own, NULL);
	put_parameters(plan, p, &own);
	put_parameters(plan, p, t);
}

static const struct resource *clone_of(const struct resource *r)
{
	while (r && (r->kind != CLONE || !r->clone))
		r = r->parent;
	return r;
}

/* How many pairs of_clone() puts. */
static unsigned clone_count(const struct resource *r)
{
	const struct resource *c = clone_of(r);

	return !c ? 0 : c->promotable ? META_PROMOTABLE : META_CLONE;
}

static void of_clone(const struct resource *r, struct plan *plan, struct plan_action *p)
{
	const struct resource *c = clone_of(r);
	const char *number = strrchr(r->id, ':');

	if (!c)
		return;
	if (number)
		put(plan, p, "clone", number + 1);
	put_number(plan, p, "clone_max", c->clone->max);
	put_number(plan, p, "clone_node_max", c->clone->node_max);
	put(plan, p, "globally_unique", c->unique ? "true" : "false");
	put(plan, p, "notify", c->notify ? "true" : "false");
	put(plan, p, "interleave", c->clone->interleave ? "true" : "false");
	if (!c->promotable)
		return;
	put(plan, p, "promotable", "true");
	put_number(plan, p, "promoted_max", c->clone->promoted_max);
	put_number(plan, p, "promoted_node_max", c->clone->promoted_node_max);
	put_number(plan, p, "master_max", c->clone->promoted_max);
	put_number(plan, p, "master_node_max", c->clone->promoted_node_max);
}

/* ---- of the operation
 * ---------------------------------------------------------------------------- */

/* What is configured of it, but for what is said elsewhere. */
static void of_operation(
	const struct operation_settings *set, struct plan *plan, struct plan_action *p)
{
	static const char *const elsewhere[] = { "timeout", "interval", "name", "id", "description",
		"enabled", "requires" };

	for (unsigned i = 0; i < set->meta.n; i++) {
		owned(free) char *name = own_string(set->meta.items[i].name);
		bool skip = false;

		for (size_t k = 0; k < sizeof(elsewhere) / sizeof(*elsewhere); k++)
			skip |= !strcmp(elsewhere[k], name);
		for (char *c = name; *c; c++)
			if (*c == '-')
				*c = '_';
		if (!skip)
			put(plan, p, name, set->meta.items[i].value);
	}
}

/* ---- notifications
 * ------------------------------------------------------------------------------- */

/* They are of the cluster, not of the resource: CRM_meta_notify_…. */
static void move_notify(struct plan *plan, struct plan_action *p)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->params.n; i++) {
		const struct plan_pair *pair = &p->params.items[i];

		if (!strncmp(pair->name, "notify_", 7))
			put(plan, p, pair->name, pair->value);
		else
			p->params.items[kept++] = *pair;
	}
	p->params.n = kept;
}

static void nodes_known(struct engine *e, struct plan *plan, struct plan_action *p)
{
	struct lines all = { 0 }, available = { 0 };

	for (unsigned i = 0; i < e->n_nodes; i++) {
		const struct node *n = e->nodes[i];

		lines_add(&all, "%s%s", all.len ? " " : "", n->name);
		if (node_available(n, false, false, 0))
			lines_add(&available, "%s%s", available.len ? " " : "", n->name);
	}
	put(plan, p, "notify_all_uname", all.len ? all.data : " ");
	put(plan, p, "notify_available_uname", available.len ? available.data : " ");
	lines_done(&all);
	lines_done(&available);
}

static void of_notification(
	struct engine *e, const struct act *a, struct plan *plan, struct plan_action *p)
{
	move_notify(plan, p);
	if (a->when == NOTIFY_NONE)
		return;
	put(plan, p, "notify_key_operation", plan_pairs_get(&p->meta, "notify_operation"));
	put(plan, p, "notify_key_type",
		a->when == NOTIFY_PRE || a->when == NOTIFY_CONFIRMED_PRE ? "pre" : "post");
	nodes_known(e, plan, p);
	p->can_fail = true; /* whoever was told has been told */
}

void act_equip(struct engine *e, const struct act *a, struct plan *plan, struct plan_action *p)
{
	struct operation_settings set;

	if (!a->resource || a->pseudo || a->resource->kind != PRIMITIVE || !p->op)
		return;
	operation_settings(e, a->resource, p->op, a->interval_ms, &set);
	plan_pairs_room(plan, &p->meta, META_ALL + set.meta.n + clone_count(a->resource));
	if (p->kind == PLAN_RESOURCE) {
		parameters(e, a, &set, plan, p);
		of_operation(&set, plan, p);
		p->digest = plan_text(
			plan, digest_operation(e, a->resource, a->node, p->op, a->interval_ms));
	}
	if (!p->timeout_ms)
		p->timeout_ms = set.timeout_ms;
	of_clone(a->resource, plan, p);
	of_notification(e, a, plan, p);
	put(plan, p, "name", p->op);
	put_number(plan, p, "timeout", (long long)p->timeout_ms);
	put_number(plan, p, "interval", (long long)p->interval_ms);
	if (set.on_fail == FAIL_IGNORE)
		put(plan, p, "on_fail", "ignore");
	if (a->node) {
		put(plan, p, "on_node", a->node->name);
		put(plan, p, "on_node_uuid", a->node->id);
	}
}
