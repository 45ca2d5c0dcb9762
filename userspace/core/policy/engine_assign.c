// SPDX-License-Identifier: GPL-2.0-or-later
/* Assign: a node for each resource. */
#include <strings.h>

#include "core/policy/engine_stage.h"

bool node_better(const struct engine *e, const struct node *a, int a_score, const struct node *b,
	int b_score, const struct node *current)
{
	if (!node_available(a, false, false, 0))
		a_score = -SCORE_INFINITY;
	if (!node_available(b, false, false, 0))
		b_score = -SCORE_INFINITY;
	if (a_score != b_score)
		return a_score > b_score;
	if (e->set.placement != PLACE_MINIMAL) {
		int cmp = e->set.placement == PLACE_BALANCED ? capacity_compare(a, b) : 0;

		if (cmp)
			return cmp < 0;
		if (a->n_assigned != b->n_assigned)
			return a->n_assigned < b->n_assigned;
		if (a == current || b == current)
			return a == current;
	}
	return strcmp(a->name, b->name) < 0;
}

void resources_sort(struct resources *list,
	int (*compare)(void *ctx, struct resource *a, struct resource *b), void *ctx)
{
	unsigned n = list->n;
	owned(free) struct resource **other = own_alloc((n + 1) * sizeof(*other));
	struct resource **from = list->items, **to = other;

	for (unsigned width = 1; width < n; width *= 2) {
		struct resource **swap = from;

		for (unsigned lo = 0; lo < n; lo += 2 * width) {
			unsigned mid = lo + width < n ? lo + width : n;
			unsigned hi = lo + 2 * width < n ? lo + 2 * width : n;
			unsigned a = lo, b = mid;

			for (unsigned k = lo; k < hi; k++) {
				bool left =
					a < mid && (b >= hi || compare(ctx, from[a], from[b]) <= 0);

				to[k] = left ? from[a++] : from[b++];
			}
		}
		from = to;
		to = swap;
	}
	if (from != list->items)
		memcpy(list->items, from, n * sizeof(*from));
}

void unassign(struct engine *e, struct resource *r)
{
	struct node *old = r->node;

	for (unsigned i = 0; i < r->children.n; i++)
		unassign(e, r->children.items[i]);
	if (r->kind != PRIMITIVE)
		return;
	r->provisional = true;
	r->node = NULL;
	if (!old)
		return;
	old->n_assigned--;
	utilization_consume(e, old, r, -1);
}

static void assign_nowhere(struct resource *r)
{
	r->next_role = ROLE_STOPPED;
	for (struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->task == TASK_STOP)
			a->optional = false;
		else if (a->task == TASK_START)
			a->runnable = false;
		else if (a->interval_ms && a->expected_rc != 7)
			a->runnable = false;
	}
}

bool assign_to(struct engine *e, struct resource *r, struct node *node, bool force)
{
	bool changed = false;
	int score;

	for (unsigned i = 0; i < r->children.n; i++)
		changed |= assign_to(e, r->children.items[i], node, force);
	if (r->kind != PRIMITIVE)
		return changed;
	score = node ? resource_sees(r, node).score : 0;
	if (!force && node &&
		(score < 0 ||
			(!node_available(node, true, false, score) && !node_is_guest(node)))) {
		r->next_role = ROLE_STOPPED;
		node = NULL;
	}
	if (r->node)
		unassign(e, r);
	r->provisional = false;
	if (!node) {
		assign_nowhere(r);
		return false;
	}
	r->node = node;
	r->node_score = score;
	node->n_assigned++;
	utilization_consume(e, node, r, 1);
	return true;
}

/* The best of the allowed nodes; -1: there is none. */
static int best_node(const struct engine *e, const struct resource *r, const struct node *current)
{
	const struct slots *s = r->slots;
	int best = -1;

	for (unsigned i = 0; s && i < s->n; i++) {
		if (!s->at[i].allowed)
			continue;
		/* Most nodes are out of the question by their score alone. */
		if (best >= 0 && s->at[i].score < s->at[best].score &&
			node_available(e->nodes[best], false, false, 0))
			continue;
		if (best < 0 || node_better(e, e->nodes[i], s->at[i].score, e->nodes[best],
					s->at[best].score, current))
			best = (int)i;
	}
	return best;
}

static bool assign_best(struct engine *e, struct resource *r, struct node *prefer)
{
	struct node *most_free = utilization_ban(e, r), *chosen = NULL;
	struct node *current = resource_current(r, NULL, NULL);
	int best;

	if (!prefer)
		prefer = most_free;
	if (!r->provisional)
		return r->node;
	best = best_node(e, r, current);
	if (best < 0)
		return assign_to(e, r, NULL, false);
	if (prefer) {
		struct slot see = resource_sees(r, prefer);

		if (see.allowed && see.score >= r->slots->at[best].score &&
			node_available(prefer, true, false, see.score))
			chosen = prefer;
	}
	if (!chosen) {
		int score = r->slots->at[best].score;

		chosen = e->nodes[best];
		/* Stay, if the place is as good as the best: not for what has an instance number,
		 * for those have been given their present places where that was right. */
		if (!(r->parent && r->parent->kind == CLONE && r->parent->unique) && score > 0 &&
			node_available(chosen, false, false, 0) && current &&
			node_available(current, false, false, 0)) {
			struct slot see = resource_sees(r, current);

			if (see.allowed && see.score == score)
				chosen = current;
		}
	}
	return assign_to(e, r, chosen, false);
}

static void apply_with(struct engine *e, struct resource *r, const struct colocation *c)
{
	struct slots *before = NULL;

	if (c->dependent_role >= ROLE_PROMOTED || (c->score < 0 && c->score > -SCORE_INFINITY))
		before = slots_copy(e, r->slots);
	assign(e, c->primary, NULL);
	colocation_apply(e, r, c->primary, c);
	if (before && !slots_usable(e, r->slots))
		r->slots = before;
}

static void apply_by(struct engine *e, struct resource *r, const struct colocation *c)
{
	struct slots *before;

	if (!colocation_influences(c, NULL))
		return;
	before = r->slots;
	colocation_add_scores(e, c->dependent, &r->slots, c->attribute,
		(float)c->score / (float)SCORE_INFINITY, SELECT_ACTIVE);
	score_note_changes(e, r, before, r->slots, "dependent", c->id);
}

/* In the order of their lists, mandatory or not, as the reference does: what leaves no node is
 * taken back, so the order matters. A dependent that has a place already (in a loop) counts too. */
static void apply_colocations(struct engine *e, struct resource *r)
{
	struct members with = colocations_with(e, r), by = colocations_by(e, r);

	for (unsigned i = 0; i < with.n; i++)
		apply_with(e, r, with.items[i]);
	for (unsigned i = 0; i < by.n; i++)
		apply_by(e, r, by.items[i]);
}

/* A remote node is up once its connection has a place. */
static void connection_assigned(struct engine *e, struct resource *r)
{
	struct node *node = node_by_name(e, r->id);

	if (!node)
		return;
	if (r->node && r->next_role != ROLE_STOPPED) {
		node->online = true;
		if (node->unseen)
			node->unclean = false;
	} else {
		node->shutdown = true;
	}
}

static struct node *assign_primitive(struct engine *e, struct resource *r, struct node *prefer)
{
	if (r->parent && !r->parent->assigning)
		assign(e, r->parent, prefer);
	if (!r->provisional)
		return r->node;
	if (r->assigning)
		return NULL;
	r->assigning = true;
	apply_colocations(e, r);
	if (r->next_role == ROLE_STOPPED)
		score_node(e, r, NULL, -SCORE_INFINITY, "target-role", r->id);
	else if (r->next_role > r->role && !e->set.have_quorum && e->set.no_quorum == QUORUM_FREEZE)
		r->next_role = r->role;
	if (e->set.stonith_enabled && !e->set.have_fence_device)
		r->managed = false;
	if (!r->managed) {
		r->next_role = r->role;
		assign_to(e, r, resource_current(r, NULL, NULL), true);
	} else if (e->set.stop_all_resources) {
		assign_to(e, r, NULL, true);
	} else if (r->provisional) {
		assign_best(e, r, prefer);
	}
	r->assigning = false;
	if (r->is_connection)
		connection_assigned(e, r);
	return r->node;
}

static struct node *assign_group(struct engine *e, struct resource *r, struct node *prefer)
{
	struct node *first = NULL;

	if (!r->provisional)
		return r->node;
	if (r->assigning)
		return NULL;
	if (!r->children.n) {
		r->provisional = false;
		return NULL;
	}
	r->assigning = r->shares_colocations = true;
	r->role = r->children.items[0]->role;
	for (unsigned i = 0; i < r->children.n; i++) {
		struct node *node = assign(e, r->children.items[i], prefer);

		if (!first)
			first = node;
	}
	r->next_role = r->children.items[0]->next_role;
	r->assigning = r->provisional = false;
	return r->group_colocated ? first : NULL;
}

struct node *assign(struct engine *e, struct resource *r, struct node *prefer)
{
	switch (r->kind) {
	case GROUP:
		return assign_group(e, r, prefer);
	case CLONE:
		return assign_clone(e, r, prefer);
	case BUNDLE:
		return assign_bundle(e, r, prefer);
	default:
		return assign_primitive(e, r, prefer);
	}
}

void stage_assign(struct engine *e)
{
	if (e->set.placement != PLACE_DEFAULT)
		utilization_sort(e);
	for (unsigned i = 0; e->set.have_remote && i < e->top.n; i++)
		if (e->top.items[i]->is_connection)
			assign(e, e->top.items[i], e->top.items[i]->migration_target);
	for (unsigned i = 0; i < e->top.n; i++)
		if (!e->top.items[i]->is_connection)
			assign(e, e->top.items[i], NULL);
}
