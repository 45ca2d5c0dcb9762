// SPDX-License-Identifier: GPL-2.0-or-later
/* What each resource thinks of each node, before any is assigned. */
#include <strings.h>

#include "core/policy/engine_stage.h"

static void score_one(struct engine *e, struct resource *r, struct node *node, int score,
	const char *what, const char *by)
{
	struct slot *slot;

	for (unsigned i = 0; i < r->children.n; i++)
		score_one(e, r->children.items[i], node, score, what, by);
	slot = resource_slot(e, r, node);
	if (!slot->allowed) {
		slot->score = node->base_score;
		slot->discovery = node->discovery_never ? DISCOVER_NEVER : DISCOVER_ALWAYS;
		slot->allowed = 1;
	}
	slot->score = score_add(slot->score, score);
	score_note(e, r, node, score, what, by);
}

void score_node(struct engine *e, struct resource *r, struct node *node, int score,
	const char *what, const char *by)
{
	if (node)
		score_one(e, r, node, score, what, by);
	for (unsigned i = 0; !node && i < e->n_nodes; i++)
		score_one(e, r, e->nodes[i], score, what, by);
}

static int health_of(const struct engine *e, const struct node *node)
{
	const struct value_colours colours = { e->set.health_red, e->set.health_yellow,
		e->set.health_green };
	int sum = strcasecmp(e->set.health_strategy, "progressive") ? 0 : e->set.health_base;

	for (unsigned i = 0; i < node->attributes.n; i++)
		if (!strncmp(node->attributes.items[i].name, "#health", 7))
			sum = score_add(
				sum, value_score(node->attributes.items[i].value, &colours));
	return sum;
}

void stage_health(struct engine *e)
{
	const char *strategy = e->set.health_strategy;

	/* Custom is said to leave it to rules, but to the reference it is progressive without a
	 * base. */
	if (strcasecmp(strategy, "migrate-on-red") && strcasecmp(strategy, "only-green") &&
		strcasecmp(strategy, "progressive") && strcasecmp(strategy, "custom"))
		return;
	for (unsigned i = 0; i < e->n_nodes; i++) {
		int health = health_of(e, e->by_name[i]);

		for (unsigned j = 0; health && j < e->top.n; j++) {
			struct resource *r = e->top.items[j];

			if (health > 0 || !table_true(&r->meta, "allow-unhealthy-nodes", false))
				location_new(
					e, strategy, r, health, e->by_name[i], DISCOVER_ALWAYS);
		}
	}
}

static void stick(struct engine *e, struct resource *r)
{
	struct node *node = r->running.n == 1 ? r->running.items[0] : NULL;

	for (unsigned i = 0; i < r->children.n; i++)
		stick(e, r->children.items[i]);
	if (r->children.n || !r->managed || r->stickiness < 1 || !node)
		return;
	if (!e->set.symmetric && !resource_sees(r, node).allowed)
		return;
	score_node(e, r, node, r->stickiness, "stickiness", r->id);
}

struct resource *threshold_reached(struct engine *e, struct resource *r, const struct node *node)
{
	int n;

	if (!r->migration_threshold || r->failure_ignored)
		return NULL;
	n = failcount_get(e, r, node, true, NULL);
	if (n <= 0 || r->migration_threshold - n > 0)
		return NULL;
	/* Instances of an anonymous clone are alike: where one failed, none is tried. */
	return r->unique ? r : resource_top(r);
}

static void ban_failed(struct engine *e, struct resource *r, struct node *node)
{
	struct resource *banned;

	for (unsigned i = 0; i < r->children.n; i++)
		ban_failed(e, r->children.items[i], node);
	if (r->children.n || act_find(e, r, TASK_CLEAR_FAILCOUNT, 0, node))
		return;
	banned = threshold_reached(e, r, node);
	if (banned)
		score_node(e, banned, node, -SCORE_INFINITY, "failures", r->id);
}

static bool has_failures(const struct node *node)
{
	for (unsigned i = 0; i < node->attributes.n; i++)
		if (!strncmp(node->attributes.items[i].name, "fail-count-", 11))
			return true;
	return false;
}

static void only_exclusive(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < r->children.n; i++)
		only_exclusive(e, r->children.items[i]);
	if (!r->exclusive_discovery && !resource_top(r)->exclusive_discovery)
		return;
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct slot see = resource_sees(r, e->nodes[i]);

		if (see.allowed && see.discovery != DISCOVER_EXCLUSIVE)
			resource_slot(e, r, e->nodes[i])->score = -SCORE_INFINITY;
	}
}

void stage_criteria(struct engine *e)
{
	locks_apply(e);
	for (unsigned i = e->n_locations; i-- > 0;)
		location_apply(e, e->locations[i]->resource, e->locations[i]);
	for (unsigned i = 0; i < e->top.n; i++)
		stick(e, e->top.items[i]);
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];

		for (unsigned j = 0; has_failures(node) && j < e->top.n; j++)
			ban_failed(e, e->top.items[j], node);
	}
	for (unsigned i = 0; i < e->top.n; i++)
		only_exclusive(e, e->top.items[i]);
}
