// SPDX-License-Identifier: GPL-2.0-or-later
/* What resources take of a node's capacity, where the placement strategy minds. */
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

static long long amount(const struct table *t, const char *name)
{
	return value_number(table_get(t, name), 0);
}

static void add(struct engine *e, struct table *t, const char *name, long long by)
{
	table_set(e->arena, t, name, engine_printf(e, "%lld", amount(t, name) + by));
}

void utilization_consume(struct engine *e, struct node *node, const struct resource *r, int sign)
{
	if (e->set.placement == PLACE_DEFAULT)
		return;
	for (unsigned i = 0; i < r->utilization.n; i++) {
		const struct table_pair *p = &r->utilization.items[i];

		if (table_get(&node->utilization, p->name))
			add(e, &node->utilization, p->name, -sign * value_number(p->value, 0));
	}
}

int capacity_compare(const struct node *a, const struct node *b)
{
	int result = 0;

	for (unsigned i = 0; i < a->utilization.n; i++) {
		long long x = value_number(a->utilization.items[i].value, 0);
		long long y = amount(&b->utilization, a->utilization.items[i].name);

		result += x > y ? -1 : x < y;
	}
	for (unsigned i = 0; i < b->utilization.n; i++) {
		long long y = value_number(b->utilization.items[i].value, 0);

		if (!table_get(&a->utilization, b->utilization.items[i].name))
			result += y < 0 ? -1 : y > 0;
	}
	return result;
}

static bool has(const struct resources *list, const struct resource *r)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->items[i] == r)
			return true;
	return false;
}

static void colocated(
	struct engine *e, struct resource *r, struct resource *orig, struct resources *list)
{
	struct members with, by;

	if (has(list, r))
		return;
	resources_add(e, list, r);
	if (r->kind == GROUP && (r->group_colocated || (r->parent && r->parent->kind == CLONE))) {
		for (unsigned i = 0; i < r->children.n; i++)
			colocated(e, r->children.items[i], orig, list);
	}
	with = colocations_with(e, r);
	by = colocations_by(e, r);
	for (unsigned i = 0; i < with.n; i++) {
		struct colocation *c = with.items[i];

		if (c->primary != orig && c->score >= SCORE_INFINITY &&
			colocation_affects(r, c->primary, c, true) == AFFECTS_NODES)
			colocated(e, c->primary, orig, list);
	}
	for (unsigned i = 0; i < by.n; i++) {
		struct colocation *c = by.items[i];

		if (c->dependent == orig || (r->kind == CLONE && c->dependent->kind != CLONE))
			continue;
		if (c->score >= SCORE_INFINITY &&
			colocation_affects(c->dependent, r, c, true) == AFFECTS_NODES)
			colocated(e, c->dependent, orig, list);
	}
}

static void sum(
	struct engine *e, struct resource *r, const struct resources *all, struct table *into)
{
	if (!r->provisional)
		return;
	if (r->kind == PRIMITIVE) {
		for (unsigned i = 0; i < r->utilization.n; i++)
			add(e, into, r->utilization.items[i].name,
				value_number(r->utilization.items[i].value, 0));
	} else if (r->kind == GROUP) {
		bool whole = r->group_colocated || (r->parent && r->parent->kind == CLONE);

		for (unsigned i = 0; i < (whole ? r->children.n : r->children.n > 0); i++)
			if (!has(all, r->children.items[i]))
				sum(e, r->children.items[i], all, into);
	} else if (r->kind == CLONE) {
		for (unsigned i = 0; i < r->children.n; i++) {
			struct resource *c = r->children.items[i];

			if (has(all, c))
				return;
			for (unsigned j = 0; j < c->children.n; j++)
				if (has(all, c->children.items[j]))
					return;
		}
		if (r->children.n)
			sum(e, r->children.items[0], all, into);
	} else if (r->bundle->n && r->bundle->replicas[0].container) {
		if (!has(all, r->bundle->replicas[0].container))
			sum(e, r->bundle->replicas[0].container, all, into);
	}
}

static bool fits(const struct node *node, const struct table *needs)
{
	for (unsigned i = 0; i < needs->n; i++)
		if (value_number(needs->items[i].value, 0) >
			amount(&node->utilization, needs->items[i].name))
			return false;
	return true;
}

struct node *utilization_ban(struct engine *e, struct resource *r)
{
	struct resources list = { 0 };
	struct table together = { 0 };
	struct node *most = NULL;
	bool any = false;

	if (e->set.placement == PLACE_DEFAULT)
		return NULL;
	colocated(e, r, r, &list);
	for (unsigned i = 0; i < list.n; i++)
		sum(e, list.items[i], &list, &together);
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];
		struct slot see = resource_sees(r, node);

		if (!see.allowed || !node_available(node, true, false, see.score))
			continue;
		any |= fits(node, &together);
		if (!most || capacity_compare(node, most) < 0)
			most = node;
	}
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];
		struct slot see = resource_sees(r, node);

		if (see.allowed && node_available(node, true, false, see.score) &&
			!fits(node, any ? &together : &r->utilization))
			score_node(e, r, node, -SCORE_INFINITY, "utilization", r->id);
	}
	return any ? NULL : most;
}

struct act *act_load_stopped(struct engine *e, struct node *node)
{
	struct act *a = act_point(e, engine_printf(e, "load_stopped_%s", node->name));

	if (!a->node) {
		a->node = node;
		a->optional = false;
	}
	return a;
}

struct sorting {
	struct engine *e;
	struct slots **scores; /* by resource index, as first needed */
	struct node **nodes;   /* best first */
};

static struct slots *scores_of(struct sorting *s, struct resource *r)
{
	if (!s->scores[r->index])
		colocation_add_scores(s->e, r, &s->scores[r->index], NULL, 1, SELECT_THIS_WITH);
	return s->scores[r->index];
}

static int score_on(const struct slots *s, const struct node *node)
{
	if (!s || !node || node->index >= s->n || !s->at[node->index].allowed)
		return -SCORE_INFINITY;
	return s->at[node->index].score;
}

static int compare(void *ctx, struct resource *a, struct resource *b)
{
	struct sorting *s = ctx;
	struct slots *x, *y;
	int p, q;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	x = scores_of(s, a);
	y = scores_of(s, b);
	p = score_on(x, resource_current(a, NULL, NULL));
	q = score_on(y, resource_current(b, NULL, NULL));
	for (unsigned i = 0; p == q && i < s->e->n_nodes; i++) {
		p = score_on(x, s->nodes[i]);
		q = score_on(y, s->nodes[i]);
	}
	return p == q ? 0 : p > q ? -1 : 1;
}

void utilization_sort(struct engine *e)
{
	owned(free) struct slots **scores = own_alloc((e->n_all + 1) * sizeof(*scores));
	owned(free) struct node **nodes = own_alloc((e->n_nodes + 1) * sizeof(*nodes));
	struct sorting s = { e, scores, nodes };

	for (unsigned i = 0; i < e->n_nodes; i++) {
		unsigned j = i;

		while (j && node_better(e, e->nodes[i], e->nodes[i]->base_score, nodes[j - 1],
				    nodes[j - 1]->base_score, NULL)) {
			nodes[j] = nodes[j - 1];
			j--;
		}
		nodes[j] = e->nodes[i];
	}
	resources_sort(&e->top, compare, &s);
}
