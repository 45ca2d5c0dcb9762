// SPDX-License-Identifier: GPL-2.0-or-later
/* Which instances of a promotable clone are promoted. */
#include <stdio.h>
#include <strings.h>

#include "core/policy/engine_stage.h"

/* The primitive of this name in an instance, which may be a group. */
static struct resource *part_named(struct resource *r, const char *base)
{
	struct resource *found = NULL;

	if (r->kind == PRIMITIVE)
		return !strcmp(r->base_id, base) ? r : NULL;
	for (unsigned i = 0; i < r->children.n && !found; i++)
		found = part_named(r->children.items[i], base);
	return found;
}

static bool score_applies(const struct engine *e, struct resource *r, const struct node *node)
{
	struct resource *top = resource_top(r), *part;
	struct slot see = resource_sees(r, node);
	bool applies = false, active = false, probed = false;

	for (unsigned i = 0; !r->unique && i < top->children.n; i++) {
		part = part_named(top->children.items[i], r->base_id);
		if (part && resource_active_on(part, node)) {
			active = true;
			applies |= part == r;
			break;
		}
		probed |= part && resource_known_on(part, node);
	}
	if (!r->unique && !active && probed)
		applies = true;
	if (!applies && !r->running.n && !resource_known_anywhere(r))
		applies = true;
	if (!applies && !resource_known_on(r, node) && !resource_active_on(r, node))
		return false;
	return see.allowed && see.score >= 0;
}

static const char *promotion_attribute(
	struct engine *e, const struct resource *r, const struct node *node, const char *name)
{
	const char *target = resource_meta(r, "container-attribute-target");
	const struct node *from = node;
	char key[256];

	if (target && !strcasecmp(target, "host") && node_is_guest(node)) {
		const struct resource *container = node->connection->container;

		from = container->running.n ? container->running.items[0] : container->node;
		if (!from)
			return NULL;
	}
	if ((size_t)snprintf(key, sizeof(key), "master-%s", name) >= sizeof(key))
		return NULL;
	return node_attribute(from, key);
}

static int promotion_score(
	struct engine *e, struct resource *r, const struct node *node, bool *ret_default)
{
	const char *value;
	int sum = 0;

	*ret_default = true;
	for (unsigned i = 0; i < r->children.n; i++) {
		bool none;

		sum += promotion_score(e, r->children.items[i], node, &none);
		*ret_default &= none;
	}
	if (r->children.n)
		return sum;
	if (!score_applies(e, r, node))
		return 0;
	value = promotion_attribute(e, r, node, r->history_id ? r->history_id : r->id);
	if (!value && !r->unique)
		value = promotion_attribute(e, r, node, r->base_id);
	if (!value)
		return 0;
	*ret_default = false;
	return value_score(value, NULL);
}

void promotion_add_scores(struct engine *e, struct resource *clone)
{
	if (clone->clone->promotion_added)
		return;
	clone->clone->promotion_added = true;
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct resource *c = clone->children.items[i];

		for (unsigned j = 0; c->slots && j < c->slots->n; j++) {
			struct node *node = e->nodes[j];
			bool none;
			int score;

			if (!c->slots->at[j].allowed || !node_available(node, false, false, 0))
				continue;
			score = promotion_score(e, c, node, &none);
			if (none || score <= 0)
				continue;
			resource_slot(e, c, node)->score = score_add(c->slots->at[j].score, score);
			score_note(e, c, node, score, "promotion", c->id);
			if (score > (c->priority > 0 ? c->priority : 0))
				c->priority = score;
		}
	}
}

static void promoted_locations(
	struct resource *instance, const struct resource *of, const struct node *node)
{
	for (unsigned i = of->n_locations; i-- > 0;) {
		const struct location *l = of->locations[i];

		for (unsigned j = 0; l->role == ROLE_PROMOTED && j < l->n; j++)
			if (l->scores[j].node == node)
				instance->priority =
					score_add(instance->priority, l->scores[j].score);
	}
}

static void was_unpromoted(struct resource *r)
{
	if (r->role == ROLE_STARTED)
		r->role = ROLE_UNPROMOTED;
	for (unsigned i = 0; i < r->children.n; i++)
		was_unpromoted(r->children.items[i]);
}

static void set_priority(struct engine *e, struct resource *clone, struct resource *r)
{
	enum role next = resource_role(r, false);
	struct members with;
	struct node *node;
	bool none;

	if (resource_role(r, true) == ROLE_STARTED)
		was_unpromoted(r);
	node = resource_location(e, r, false);
	if (!node)
		return;
	if (next == ROLE_STARTED || next == ROLE_UNKNOWN) {
		r->priority = promotion_score(e, r, node, &none);
		if (none)
			r->priority = -1;
	} else if (next != ROLE_PROMOTED) {
		r->priority = -SCORE_INFINITY;
	}
	promoted_locations(r, r, node);
	promoted_locations(r, clone, node);
	with = colocations_with(e, r);
	for (unsigned i = 0; i < with.n; i++)
		colocation_apply(e, r, with.items[i]->primary, with.items[i]);
	r->sort_index = next == ROLE_PROMOTED ? SCORE_INFINITY : r->priority;
}

static void colocate_promoted(struct engine *e, struct resource *clone)
{
	struct members with = colocations_with(e, clone), by = colocations_by(e, clone);

	for (unsigned i = 0; i < with.n; i++) {
		struct colocation *c = with.items[i];

		if (c->dependent_role == ROLE_PROMOTED)
			colocation_add_scores(e, c->primary, &clone->slots, c->attribute,
				(float)c->score / (float)SCORE_INFINITY,
				c->score < SCORE_INFINITY ? SELECT_ACTIVE : 0);
	}
	for (unsigned i = 0; i < by.n; i++) {
		struct colocation *c = by.items[i];

		if (c->primary_role == ROLE_PROMOTED && colocation_influences(c, NULL))
			colocation_add_scores(e, c->dependent, &clone->slots, c->attribute,
				(float)c->score / (float)SCORE_INFINITY,
				SELECT_ACTIVE | SELECT_NONNEGATIVE);
	}
	for (struct ticket_need *t = clone->tickets; t; t = t->next)
		if (t->role == ROLE_PROMOTED && (!t->ticket->granted || t->ticket->standby))
			score_node(e, clone, NULL, -SCORE_INFINITY, "ticket", t->ticket->id);
}

static int compare(void *ctx, struct resource *a, struct resource *b)
{
	enum role x, y;

	if (a->sort_index != b->sort_index)
		return a->sort_index > b->sort_index ? -1 : 1;
	x = resource_role(a, true);
	y = resource_role(b, true);
	if (x != y)
		return x > y ? -1 : 1;
	return instance_compare(ctx, a, b);
}

static void sort_instances(struct engine *e, struct resource *clone)
{
	if (clone->clone->promotion_sorted)
		return;
	clone->clone->promotion_sorted = true;
	clone->merging = true;
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct resource *c = clone->children.items[i];
		struct node *node = resource_location(e, c, false);
		struct slot *slot;

		if (c->sort_index < 0 || !node)
			continue;
		slot = resource_slot(e, clone, node);
		slot->score = score_add(c->sort_index, slot->score);
	}
	colocate_promoted(e, clone);
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct resource *c = clone->children.items[i];
		struct node *node = resource_location(e, c, false);

		if (!c->managed && c->next_role == ROLE_PROMOTED)
			c->sort_index = SCORE_INFINITY;
		else if (node && c->sort_index >= 0)
			c->sort_index = resource_sees(clone, node).score;
	}
	resources_sort(&clone->children, compare, e);
	clone->merging = false;
}

static void next_unpromoted(struct engine *e, struct resource *r)
{
	r->next_role =
		r->kind == PRIMITIVE ? (r->node ? ROLE_UNPROMOTED : ROLE_STOPPED) : r->next_role;
	for (unsigned i = 0; i < r->children.n; i++)
		next_unpromoted(e, r->children.items[i]);
}

static void next_promoted(struct resource *r)
{
	if (r->next_role == ROLE_UNKNOWN)
		r->next_role = ROLE_PROMOTED;
	for (unsigned i = 0; i < r->children.n; i++)
		next_promoted(r->children.items[i]);
}

static struct node *promotion_node(struct engine *e, struct resource *clone, struct resource *r)
{
	struct node *node;

	for (unsigned i = 0; i < r->children.n; i++)
		if (!promotion_node(e, clone, r->children.items[i]))
			return NULL;
	node = resource_location(e, r, false);
	if (!node)
		return NULL;
	if (!r->managed) {
		if (resource_role(r, true) != ROLE_PROMOTED)
			return NULL;
	} else if (r->priority < 0 || !node_available(node, false, true, 0)) {
		return NULL;
	}
	if (!resource_sees(clone, node).allowed)
		return NULL;
	if (node->n_instances >= clone->clone->promoted_node_max && r->managed)
		return NULL;
	return node;
}

void promotion_decide(struct engine *e, struct resource *clone)
{
	int promoted = 0;

	for (unsigned i = 0; i < clone->children.n; i++)
		set_priority(e, clone, clone->children.items[i]);
	sort_instances(e, clone);
	for (unsigned i = 0; i < e->n_nodes; i++)
		e->nodes[i]->n_instances = 0;
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct resource *r = clone->children.items[i];
		struct node *node = NULL;

		if (r->sort_index >= 0 &&
			(promoted < clone->clone->promoted_max || !clone->managed))
			node = promotion_node(e, clone, r);
		if (node && resource_role(r, true) < ROLE_PROMOTED && !e->set.have_quorum &&
			e->set.no_quorum == QUORUM_FREEZE)
			node = NULL;
		if (!node) {
			next_unpromoted(e, r);
			continue;
		}
		node->n_instances++;
		next_promoted(r);
		promoted++;
	}
	clone->clone->n_promoted = promoted;
}
