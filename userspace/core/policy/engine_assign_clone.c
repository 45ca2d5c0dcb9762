// SPDX-License-Identifier: GPL-2.0-or-later
/* Assign the instances of a clone, and the replicas of a bundle. */
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

static bool allowed_where_it_is(const struct resource *r, struct node **node)
{
	struct slot see;

	if (!*node)
		return true;
	see = resource_sees(r, *node);
	if (see.allowed && see.score >= 0)
		return true;
	*node = NULL;
	return false;
}

static bool failed_within(const struct resource *r)
{
	if (r->failed)
		return true;
	for (unsigned i = 0; i < r->children.n; i++)
		if (failed_within(r->children.items[i]))
			return true;
	return false;
}

static int colocated_score(struct engine *e, struct resource *r, const struct node *node)
{
	struct members with = colocations_with(e, r->parent), by = colocations_by(e, r->parent);
	struct slots *s;

	if (!with.n && !by.n)
		return node->base_score;
	s = engine_alloc(e, sizeof(*s) + e->n_nodes * sizeof(struct slot));
	s->n = e->n_nodes;
	s->at[node->index] = (struct slot){ .allowed = 1, .score = node->base_score };
	for (unsigned i = 0; i < with.n; i++)
		colocation_add_scores(e, with.items[i]->primary, &s, with.items[i]->attribute,
			(float)with.items[i]->score / (float)SCORE_INFINITY, 0);
	for (unsigned i = 0; i < by.n; i++)
		if (colocation_influences(by.items[i], r))
			colocation_add_scores(e, by.items[i]->dependent, &s, by.items[i]->attribute,
				(float)by.items[i]->score / (float)SCORE_INFINITY,
				SELECT_NONNEGATIVE);
	return s->at[node->index].score;
}

static int by_flag(bool a, bool b)
{
	return a == b ? 0 : a ? -1 : 1;
}

/* Where an instance of a group is active: where any member is. */
static struct node *active_node(struct resource *r, unsigned *ret_n)
{
	struct resource *at = r;

	*ret_n = 0;
	while (at->kind != PRIMITIVE && !at->running.n && at->children.n)
		at = at->children.items[0];
	if (r->running.n)
		return resource_current(r, ret_n, NULL);
	return resource_current(at, ret_n, NULL);
}

/* Instances are given places in this order: where they are first, the better ones before. */
int instance_compare(struct engine *e, struct resource *a, struct resource *b)
{
	unsigned a_n, b_n;
	struct node *a_node = active_node(a, &a_n), *b_node = active_node(b, &b_n);
	struct node *a_is = a_node, *b_is = b_node;
	bool a_can, b_can;
	int cmp;

	if (a_n && b_n && a_n != b_n)
		return a_n < b_n ? -1 : 1;
	a_can = allowed_where_it_is(a, &a_node);
	b_can = allowed_where_it_is(b, &b_node);
	if (a_can != b_can)
		return by_flag(a_can, b_can);
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (!a_node && !b_node)
		return 0;
	if (!a_node || !b_node)
		return a_node ? -1 : 1;
	cmp = by_flag(
		node_available(a_node, false, false, 0), node_available(b_node, false, false, 0));
	if (cmp)
		return cmp;
	a_can = resource_sees(a->parent, a_node).allowed;
	b_can = resource_sees(b->parent, b_node).allowed;
	if (!a_can && !b_can)
		return 0;
	if (a_can != b_can)
		return a_can ? -1 : 1;
	if (a_node->n_instances != b_node->n_instances)
		return a_node->n_instances < b_node->n_instances ? -1 : 1;
	cmp = by_flag(!failed_within(a), !failed_within(b));
	if (cmp)
		return cmp;
	if (a_is && b_is) {
		int x = colocated_score(e, a, a_is), y = colocated_score(e, b, b_is);

		if (x != y)
			return x > y ? -1 : 1;
	}
	return strcmp(a->id, b->id);
}

static int compare(void *ctx, struct resource *a, struct resource *b)
{
	return instance_compare(ctx, a, b);
}

static bool can_run(const struct resource *r, const struct node *node, int per_node)
{
	struct slot see;

	if (r->orphan || !node_available(node, false, false, 0))
		return false;
	see = resource_sees(r->parent, node);
	return see.allowed && see.score >= 0 && node->n_instances < per_node;
}

static void ban(struct engine *e, struct resource *r, struct node *node)
{
	if (resource_sees(r, node).allowed && resource_sees(r, node).score != -SCORE_INFINITY)
		resource_slot(e, r, node)->score = -SCORE_INFINITY;
	score_note(e, r, node, -SCORE_INFINITY, "clone", resource_top(r)->id);
	for (unsigned i = 0; i < r->children.n; i++)
		ban(e, r->children.items[i], node);
}

static bool assign_instance(struct engine *e, struct resource *r, struct node *prefer, int per_node)
{
	struct slots *backup;
	struct node *chosen;

	if (!r->provisional)
		return r->node;
	if (r->assigning)
		return false;
	r->n_tries++;
	if (prefer) {
		struct slot see = resource_sees(r, prefer);

		if (!see.allowed || see.score < 0)
			return false;
	}
	for (unsigned i = 0; r->slots && i < r->slots->n; i++)
		if (r->slots->at[i].allowed && !can_run(r, e->nodes[i], per_node))
			ban(e, r, e->nodes[i]);
	backup = prefer ? slots_copy(e, r->slots) : NULL;
	chosen = assign(e, r, prefer);
	if (prefer && chosen && chosen != prefer) {
		r->slots = backup;
		unassign(e, r);
		r->provisional = true;
		chosen = NULL;
	}
	if (chosen && resource_sees(r->parent, chosen).allowed)
		chosen->n_instances++;
	return chosen;
}

/* Where it is, if it may stay there without crowding. */
static struct node *present_node(struct resource *r, int optimal)
{
	struct node *node;
	unsigned n;

	if (!r->provisional || failed_within(r))
		return NULL;
	node = active_node(r, &n);
	if (!node || !node_available(node, false, false, 0))
		return NULL;
	if (resource_sees(r->parent, node).allowed && node->n_instances >= optimal)
		return NULL;
	return node;
}

/* A collective may be assigned amid another, which goes on counting where it was. */
static int *counts_begin(struct engine *e)
{
	int *was = engine_alloc(e, e->n_nodes * sizeof(*was));

	for (unsigned i = 0; i < e->n_nodes; i++) {
		was[i] = e->nodes[i]->n_instances;
		e->nodes[i]->n_instances = 0;
	}
	return was;
}

static void counts_end(struct engine *e, const int *was)
{
	for (unsigned i = 0; i < e->n_nodes; i++)
		e->nodes[i]->n_instances = was[i];
}

void assign_instances(
	struct engine *e, struct resource *r, struct resources *instances, int max, int per_node)
{
	int available = 0, optimal = 0, assigned = 0;

	for (unsigned i = 0; i < e->n_nodes; i++) {
		e->nodes[i]->n_instances = 0;
		available += resource_sees(r, e->nodes[i]).allowed &&
			     node_available(e->nodes[i], false, false, 0);
	}
	if (available) {
		optimal = max / available;
		if (optimal < 1)
			optimal = 1;
	}
	r->shares_all = max < available;
	for (unsigned i = 0; i < instances->n && assigned < max; i++) {
		struct node *node = present_node(instances->items[i], optimal);

		if (node && assign_instance(e, instances->items[i], node, per_node))
			assigned++;
	}
	for (unsigned i = 0; i < instances->n; i++) {
		struct resource *c = instances->items[i];

		if (!c->provisional)
			continue;
		if (assigned >= max)
			score_node(e, c, NULL, -SCORE_INFINITY, "clone-max", r->id);
		else if (assign_instance(e, c, NULL, per_node))
			assigned++;
	}
}

struct node *assign_clone(struct engine *e, struct resource *r, struct node *prefer)
{
	struct clone *c = r->clone;
	int *was;

	if (!r->provisional || r->assigning)
		return NULL;
	if (r->promotable)
		promotion_add_scores(e, r);
	r->assigning = true;
	for (unsigned i = 0; i < r->with.n; i++)
		assign(e, r->with.items[i]->primary, prefer);
	for (unsigned i = 0; i < r->by.n; i++) {
		struct colocation *by = r->by.items[i];

		struct slots *before = r->slots;

		if (!colocation_influences(by, NULL))
			continue;
		colocation_add_scores(e, by->dependent, &r->slots, by->attribute,
			(float)by->score / (float)SCORE_INFINITY,
			SELECT_ACTIVE | SELECT_NONNEGATIVE);
		score_note_changes(e, r, before, r->slots, "dependent", by->id);
	}
	was = counts_begin(e);
	resources_sort(&r->children, compare, e);
	assign_instances(e, r, &r->children, c->max, c->node_max);
	if (r->promotable)
		promotion_decide(e, r);
	counts_end(e, was);
	r->provisional = r->assigning = false;
	return NULL;
}

static void assign_child(struct engine *e, struct replica *p)
{
	struct resource *c = p->child;

	for (unsigned i = 0; c->slots && i < c->slots->n; i++) {
		if (!c->slots->at[i].allowed)
			continue;
		if (e->nodes[i] != p->node)
			resource_slot(e, c, e->nodes[i])->score = -SCORE_INFINITY;
		else if (!threshold_reached(e, c, e->nodes[i]))
			resource_slot(e, c, e->nodes[i])->score = SCORE_INFINITY;
	}
	c->parent->assigning = true;
	assign(e, c, p->node);
	c->parent->assigning = false;
}

struct node *assign_bundle(struct engine *e, struct resource *r, struct node *prefer)
{
	struct bundle *b = r->bundle;
	struct resources containers = { 0 };
	int *was;

	if (!r->provisional || r->assigning)
		return NULL;
	r->assigning = true;
	for (unsigned i = 0; i < b->n; i++)
		if (b->replicas[i].container)
			resources_add(e, &containers, b->replicas[i].container);
	was = counts_begin(e);
	resources_sort(&containers, compare, e);
	assign_instances(e, r, &containers, b->n_replicas, b->per_host);
	counts_end(e, was);
	for (unsigned i = 0; i < b->n; i++) {
		struct replica *p = &b->replicas[i];
		struct node *host = p->container ? p->container->node : NULL;

		if (p->ip)
			assign(e, p->ip, prefer);
		/* The host of a nested connection is the one that holds the outer one. */
		if (p->connection && host && host->remote)
			colocation_new(e, "child-remote-with-container-remote", NULL,
				SCORE_INFINITY, p->connection, host->connection, ROLE_UNKNOWN,
				ROLE_UNKNOWN, true);
		if (p->connection)
			assign(e, p->connection, prefer);
		if (p->child && p->node)
			assign_child(e, p);
	}
	/* What is carried runs in the containers, and nowhere else. */
	for (unsigned i = 0; b->child && i < e->n_nodes; i++)
		if (resource_sees(b->child, e->nodes[i]).allowed)
			resource_slot(e, b->child, e->nodes[i])->score =
				node_is_guest(e->nodes[i]) ? 0 : -SCORE_INFINITY;
	if (b->child)
		assign(e, b->child, prefer);
	r->assigning = r->provisional = false;
	return NULL;
}
