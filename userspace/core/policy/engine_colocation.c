// SPDX-License-Identifier: GPL-2.0-or-later
/* Colocation: what the place of one resource makes of what another thinks of the nodes. */
#include <strings.h>

#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"

/* Marks a node out of the question while scores are summed up. */
enum { FILTERED = -2 * SCORE_INFINITY };

struct slots *slots_copy(struct engine *e, const struct slots *from)
{
	unsigned n = from ? from->n : 0;
	struct slots *s = engine_alloc(e, sizeof(*s) + n * sizeof(struct slot));

	s->n = n;
	if (n)
		memcpy(s->at, from->at, n * sizeof(struct slot));
	return s;
}

bool slots_usable(const struct engine *e, const struct slots *slots)
{
	for (unsigned i = 0; slots && i < slots->n; i++)
		if (slots->at[i].allowed &&
			node_available(e->nodes[i], true, false, slots->at[i].score))
			return true;
	return false;
}

bool blocked_within(const struct resource *r)
{
	if (r->blocked)
		return true;
	for (unsigned i = 0; i < r->children.n; i++)
		if (blocked_within(r->children.items[i]))
			return true;
	return false;
}

static void members_merge(struct engine *e, struct members *list, const struct members *from,
	bool by_primary, bool only_mandatory)
{
	for (unsigned i = 0; i < from->n; i++)
		if (!only_mandatory || from->items[i]->score >= SCORE_INFINITY)
			members_add(e, list, from->items[i], by_primary);
}

/* What an instance takes from its clone. Where every node gets one anyway, wishes that others have
 * of the clone are none of the single instance's business. The reference adds them each time that
 * a place is sought for it, and so they weigh twice where the present place did not win. */
static void members_inherit(struct engine *e, struct members *list, const struct resource *r,
	const struct resource *instance, bool by_primary)
{
	const struct resource *parent = instance->parent;
	const struct members *from = by_primary ? &parent->with : &parent->by;

	for (unsigned i = 0; i < from->n * instance->n_tries; i++) {
		struct colocation *c = from->items[i % from->n];
		bool take = parent->shares_all || c->score < 0 ||
			    (by_primary && c->score >= SCORE_INFINITY);

		if (take && (by_primary || colocation_influences(c, r)))
			members_add(e, list, c, by_primary);
	}
}

static bool is_container_of(const struct resource *bundle, const struct resource *r)
{
	for (unsigned i = 0; i < bundle->bundle->n; i++)
		if (bundle->bundle->replicas[i].container == r)
			return true;
	return false;
}

/* Until a group is about to be placed, what concerns it as a whole is not its members' business:
 * what is placed before does not look through it. */
static void group_with(
	struct engine *e, struct resource *group, struct resource *orig, struct members *list)
{
	if (orig == group || orig == group->children.items[0]) {
		members_merge(e, list, &group->with, true, false);
		return;
	}
	/* The chain from the first member breaks at an unmanaged one. */
	for (unsigned i = 0; i < group->children.n && group->children.items[i] != orig; i++) {
		if (group->children.items[i]->managed)
			continue;
		members_merge(e, list, &group->with, true, true);
		break;
	}
}

struct members colocations_with(struct engine *e, struct resource *r)
{
	struct members list = { 0 };
	struct resource *child;

	if (!r->parent)
		return r->with;
	child = r;
	members_merge(e, &list, &r->with, true, false);
	for (struct resource *p = r->parent; p; p = p->parent) {
		if (p->kind == GROUP) {
			if (!p->shares_colocations)
				break;
			group_with(e, p, r, &list);
			if (r != p->children.items[0])
				break;
		} else if (p->kind == CLONE || is_container_of(p, r)) {
			members_inherit(e, &list, r, child, true);
		}
		child = p;
		if (p->kind == BUNDLE || (p->parent && p->parent->kind == BUNDLE))
			break;
	}
	return list;
}

struct members colocations_by(struct engine *e, struct resource *r)
{
	struct members list = { 0 };
	struct resource *child;

	if (!r->parent)
		return r->by;
	child = r;
	members_merge(e, &list, &r->by, false, false);
	for (struct resource *p = r->parent; p; p = p->parent) {
		if (p->kind == GROUP &&
			(!p->shares_colocations || r != p->children.items[p->children.n - 1]))
			break;
		if (p->kind == GROUP)
			members_merge(e, &list, &p->by, false, false);
		else if (p->kind == CLONE || is_container_of(p, r))
			members_inherit(e, &list, r, child, false);
		child = p;
		if (p->kind == BUNDLE || (p->parent && p->parent->kind == BUNDLE))
			break;
	}
	return list;
}

bool colocation_influences(const struct colocation *c, const struct resource *r)
{
	const struct resource *d = c->dependent;

	if (!r)
		r = c->primary;
	/* A bundle's connection is light: a container that is well does not move for it. */
	if (d->is_connection && d->parent && d->parent->kind == BUNDLE && !r->failed &&
		r->running.n == 1)
		return false;
	return c->influence || !r->running.n;
}

static bool attribute_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcasecmp(a, b));
}

static int best_score(
	const struct engine *e, const struct resource *r, const char *attribute, const char *value)
{
	int best = -SCORE_INFINITY;

	for (unsigned i = 0; r->slots && i < r->slots->n; i++)
		if (r->slots->at[i].allowed && r->slots->at[i].score > best &&
			node_available(e->nodes[i], false, false, 0) &&
			attribute_same(node_attribute(e->nodes[i], attribute), value))
			best = r->slots->at[i].score;
	return best;
}

static bool allowed_on_one(const struct engine *e, const struct resource *r)
{
	int n = 0;

	for (unsigned i = 0; r->slots && i < r->slots->n && n < 2; i++)
		if (r->slots->at[i].allowed && r->slots->at[i].score >= 0)
			n++;
	return n == 1;
}

static void add_matching(struct engine *e, struct slots *work, struct resource *r,
	const char *attribute, float factor, bool only_positive)
{
	bool one = factor < 0 && allowed_on_one(e, r);

	for (unsigned i = 0; i < work->n; i++) {
		struct slot *at = &work->at[i];
		int score, add, sum;
		float f;

		if (!at->allowed)
			continue;
		if (attribute) {
			score = best_score(e, r, attribute, node_attribute(e->nodes[i], attribute));
		} else {
			struct slot see = resource_sees(r, e->nodes[i]);

			score = see.allowed && node_available(e->nodes[i], false, false, 0)
					? see.score
					: -SCORE_INFINITY;
		}
		/* Where the other cannot be is no reason to be there, unless it has no choice. */
		if (factor < 0 && score < 0 && !one)
			continue;
		if (at->score == FILTERED)
			continue;
		f = factor * (float)score;
		add = (int)(f < 0 ? f - 0.5F : f + 0.5F);
		if (!add && score)
			add = factor > 0 ? 1 : factor < 0 ? -1 : 0;
		sum = score_add(add, at->score);
		if (only_positive && sum < 0 && at->score > 0)
			at->score = FILTERED;
		else if (!(only_positive && sum < 0 && at->score == 0))
			at->score = sum;
	}
}

static void add_further(
	struct engine *e, struct resource *r, struct slots **work, float factor, unsigned flags)
{
	struct resource *last = r->kind == GROUP ? r->children.items[r->children.n - 1] : r;
	struct members list =
		flags & SELECT_THIS_WITH ? colocations_with(e, r) : colocations_by(e, last);
	/* Further down only the constraint's own score counts, for or against. */
	float sign = factor < 0 ? -1.0F : 1.0F;

	for (unsigned i = 0; i < list.n; i++) {
		struct colocation *c = list.items[i];
		struct resource *other = flags & SELECT_THIS_WITH ? c->primary : c->dependent;

		if (!(flags & SELECT_THIS_WITH) && !colocation_influences(c, NULL))
			continue;
		colocation_add_scores(e, other, work, c->attribute,
			sign * (float)c->score / (float)SCORE_INFINITY, flags | SELECT_ACTIVE);
	}
}

void colocation_add_scores(struct engine *e, struct resource *r, struct slots **nodes,
	const char *attribute, float factor, unsigned flags)
{
	struct slots *work;

	if (r->merging || (r->kind == GROUP && !r->children.n))
		return;
	r->merging = true;
	/* A group is asked through a member, which asks the others, and then for itself. */
	if (r->kind == GROUP)
		colocation_add_scores(e, r->children.items[*nodes ? 0 : r->children.n - 1], nodes,
			attribute, factor, flags);
	work = slots_copy(e, *nodes ? *nodes : r->slots);
	if (r->kind != GROUP && *nodes)
		add_matching(e, work, r, attribute, factor, flags & SELECT_NONNEGATIVE);
	if (slots_usable(e, work)) {
		add_further(e, r, &work, factor, flags);
	} else if (flags & SELECT_ACTIVE) {
		r->merging = false;
		return;
	}
	for (unsigned i = 0; flags & SELECT_NONNEGATIVE && i < work->n; i++)
		if (work->at[i].score == FILTERED)
			work->at[i].score = 1;
	*nodes = work;
	r->merging = false;
}

enum colocation_effect colocation_affects(const struct resource *dependent,
	const struct resource *primary, const struct colocation *c, bool preview)
{
	if (!preview && primary->provisional)
		return AFFECTS_NOTHING;
	if (c->dependent_role >= ROLE_UNPROMOTED && dependent->parent &&
		dependent->parent->promotable && !dependent->provisional)
		return AFFECTS_ROLE;
	if (!preview && !dependent->provisional)
		return AFFECTS_NOTHING;
	if (c->score > 0 && c->dependent_role != ROLE_UNKNOWN &&
		c->dependent_role != dependent->next_role)
		return AFFECTS_NOTHING;
	if (c->score > 0 && c->primary_role != ROLE_UNKNOWN &&
		c->primary_role != primary->next_role)
		return AFFECTS_NOTHING;
	if (c->score < 0 && c->dependent_role != ROLE_UNKNOWN &&
		c->dependent_role == dependent->next_role)
		return AFFECTS_NOTHING;
	if (c->score < 0 && c->primary_role != ROLE_UNKNOWN &&
		c->primary_role == primary->next_role)
		return AFFECTS_NOTHING;
	return AFFECTS_NODES;
}

static void apply_to_nodes(struct engine *e, struct resource *dependent,
	const struct resource *primary, const struct colocation *c)
{
	const char *value = NULL;
	struct slots *work;

	if (!primary->node && c->score < 0)
		return;
	if (primary->node && c->attribute)
		value = node_attribute(primary->node, c->attribute);
	work = slots_copy(e, dependent->slots);
	for (unsigned i = 0; i < work->n; i++) {
		struct slot *at = &work->at[i];
		int add = 0;
		bool same;

		if (!at->allowed)
			continue;
		same = primary->node &&
		       (c->attribute ? attribute_same(
					       node_attribute(e->nodes[i], c->attribute), value)
				     : primary->node == e->nodes[i]);
		if (!primary->node)
			add = -c->score;
		else if (same)
			add = c->score < SCORE_INFINITY ? c->score : 0;
		else if (c->score >= SCORE_INFINITY)
			add = -SCORE_INFINITY;
		at->score = score_add(add, at->score);
		score_note(e, dependent, e->nodes[i], add, "colocation", c->id);
	}
	if (c->score <= -SCORE_INFINITY || c->score >= SCORE_INFINITY || slots_usable(e, work))
		dependent->slots = work;
}

static void apply_to_priority(
	struct resource *dependent, const struct resource *primary, const struct colocation *c)
{
	bool same;

	if (!primary->node || !dependent->node)
		return;
	same = c->attribute ? attribute_same(node_attribute(primary->node, c->attribute),
				      node_attribute(dependent->node, c->attribute))
			    : primary->node == dependent->node;
	if (!same) {
		if (c->score >= SCORE_INFINITY && c->dependent_role == ROLE_PROMOTED)
			dependent->priority = -SCORE_INFINITY;
		return;
	}
	if (c->primary_role != ROLE_UNKNOWN && c->primary_role != primary->next_role)
		return;
	dependent->priority = score_add(
		c->dependent_role == ROLE_UNPROMOTED ? -c->score : c->score, dependent->priority);
}

static bool compatible(struct engine *e, const struct resource *instance, const struct node *node,
	enum role role, bool current)
{
	if (blocked_within(instance))
		return false;
	if (role != ROLE_UNKNOWN && resource_role(instance, current) != role)
		return false;
	return node && resource_location(e, instance, current) == node;
}

static struct resource *compatible_on(struct engine *e, struct resource *collective,
	const struct node *node, enum role role, bool current)
{
	if (collective->kind == BUNDLE) {
		for (unsigned i = 0; i < collective->bundle->n; i++) {
			struct resource *c = collective->bundle->replicas[i].container;

			if (c && compatible(e, c, node, role, current))
				return c;
		}
		return NULL;
	}
	for (unsigned i = 0; i < collective->children.n; i++)
		if (compatible(e, collective->children.items[i], node, role, current))
			return collective->children.items[i];
	return NULL;
}

struct resource *instance_compatible(struct engine *e, struct resource *match,
	struct resource *collective, enum role role, bool current)
{
	struct node *node = resource_location(e, match, current);
	struct slots *left;

	if (node)
		return compatible_on(e, collective, node, role, current);
	left = slots_copy(e, match->slots);
	/* From the best node that it is allowed on downward. */
	for (;;) {
		int best = -1;

		for (unsigned i = 0; i < left->n; i++)
			if (left->at[i].allowed &&
				(best < 0 || node_better(e, e->nodes[i], left->at[i].score,
						     e->nodes[best], left->at[best].score, NULL)))
				best = (int)i;
		if (best < 0)
			return NULL;
		left->at[best].allowed = 0;
		struct resource *found =
			compatible_on(e, collective, e->nodes[best], role, current);

		if (found)
			return found;
	}
}

/* Only where one of these is; merge adds what they think of their nodes. */
static void only_where(struct engine *e, struct resource *dependent, const struct nodes *nodes,
	const int *scores, bool merge, const char *by)
{
	for (unsigned i = 0; dependent->slots && i < dependent->slots->n; i++) {
		struct slot *slot = resource_slot(e, dependent, e->nodes[i]);
		int score = -SCORE_INFINITY;

		for (unsigned j = 0; j < nodes->n; j++)
			if (nodes->items[j] == e->nodes[i])
				score = merge ? score_add(slot->score, scores[j]) : slot->score;
		slot->score = score;
		if (score <= -SCORE_INFINITY)
			score_note(e, dependent, e->nodes[i], score, "colocation", by);
	}
}

static int score_at(const struct resource *r)
{
	while (r->kind != PRIMITIVE && r->children.n)
		r = r->children.items[0];
	return r->node_score;
}

static void apply_promoted(struct engine *e, struct resource *dependent, struct resource *clone,
	const struct colocation *c)
{
	struct nodes where = { 0 };
	owned(free) int *scores = own_alloc((clone->children.n + 1) * sizeof(int));

	if (!dependent->provisional) {
		if (c->dependent_role != ROLE_PROMOTED)
			return;
		if (instance_compatible(e, dependent, clone, c->primary_role, false))
			dependent->priority = score_add(dependent->priority, c->score);
		else if (c->score >= SCORE_INFINITY)
			dependent->priority = -SCORE_INFINITY;
		return;
	}
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct resource *instance = clone->children.items[i];
		struct node *node = resource_location(e, instance, false);

		if (!node || resource_role(instance, false) != c->primary_role)
			continue;
		for (unsigned j = 0; c->score < SCORE_INFINITY && j < e->n_nodes; j++) {
			struct slot see = resource_sees(dependent, e->nodes[j]);

			if (see.allowed &&
				(c->attribute ? attribute_same(
							node_attribute(e->nodes[j], c->attribute),
							node_attribute(node, c->attribute))
					      : node == e->nodes[j]))
				resource_slot(e, dependent, e->nodes[j])->score =
					score_add(see.score, c->score);
		}
		scores[where.n] = score_at(instance);
		nodes_add(e, &where, node);
	}
	if (c->score >= SCORE_INFINITY)
		only_where(e, dependent, &where, scores, true, c->id);
}

static void pair_up(struct engine *e, struct resource *dependent, struct resource *primary,
	const struct colocation *c)
{
	struct resource *partner = instance_compatible(e, dependent, primary, ROLE_UNKNOWN, false);

	if (partner)
		colocation_apply(e, dependent, partner, c);
	else if (c->score >= SCORE_INFINITY)
		assign_to(e, dependent, NULL, true);
}

static void apply_clone(struct engine *e, struct resource *dependent, struct resource *clone,
	const struct colocation *c)
{
	struct resource *d = c->dependent;
	struct nodes where = { 0 };

	if (clone->provisional)
		return;
	if (clone->promotable && c->primary_role != ROLE_UNKNOWN) {
		apply_promoted(e, dependent, clone, c);
		return;
	}
	if (d->kind == CLONE && d->clone->interleave &&
		d->clone->node_max == clone->clone->node_max) {
		pair_up(e, dependent, clone, c);
		return;
	}
	if (c->score < SCORE_INFINITY) {
		for (unsigned i = 0; i < clone->children.n; i++)
			colocation_apply(e, dependent, clone->children.items[i], c);
		return;
	}
	for (unsigned i = 0; i < clone->children.n; i++) {
		struct node *node = resource_location(e, clone->children.items[i], false);

		if (node && !blocked_within(clone->children.items[i]))
			nodes_add(e, &where, node);
	}
	only_where(e, dependent, &where, NULL, false, c->id);
}

static void apply_bundle(struct engine *e, struct resource *dependent, struct resource *bundle,
	const struct colocation *c)
{
	struct nodes where = { 0 };

	if (bundle->provisional)
		return;
	if (c->dependent->kind > GROUP) {
		pair_up(e, dependent, bundle, c);
		return;
	}
	for (unsigned i = 0; i < bundle->bundle->n; i++) {
		struct replica *r = &bundle->bundle->replicas[i];

		if (c->score < SCORE_INFINITY) {
			colocation_apply(e, dependent, r->container, c);
			continue;
		}
		if (!r->container->node || blocked_within(r->container))
			continue;
		if (c->primary_role >= ROLE_PROMOTED &&
			(!r->child || r->child->next_role < ROLE_PROMOTED))
			continue;
		nodes_add(e, &where, r->container->node);
	}
	if (c->score >= SCORE_INFINITY)
		only_where(e, dependent, &where, NULL, false, c->id);
}

static void apply_with_group(struct engine *e, struct resource *dependent, struct resource *group,
	const struct colocation *c)
{
	if (group->provisional || !group->children.n)
		return;
	if (group->group_colocated) {
		/* A must needs all of it, a wish goes with the first. */
		colocation_apply(e, dependent,
			group->children
				.items[c->score >= SCORE_INFINITY ? group->children.n - 1 : 0],
			c);
		return;
	}
	for (unsigned i = 0; c->score < SCORE_INFINITY && i < group->children.n; i++)
		colocation_apply(e, dependent, group->children.items[i], c);
}

void colocation_apply(struct engine *e, struct resource *dependent, struct resource *primary,
	const struct colocation *c)
{
	if (dependent->kind == GROUP) {
		unsigned n = dependent->group_colocated ? dependent->children.n > 0
							: dependent->children.n;

		if (!dependent->group_colocated && c->score >= SCORE_INFINITY)
			return;
		for (unsigned i = 0; i < n; i++)
			colocation_apply(e, dependent->children.items[i], primary, c);
		return;
	}
	switch (primary->kind) {
	case GROUP:
		apply_with_group(e, dependent, primary, c);
		return;
	case CLONE:
		apply_clone(e, dependent, primary, c);
		return;
	case BUNDLE:
		apply_bundle(e, dependent, primary, c);
		return;
	case PRIMITIVE:
		break;
	}
	switch (colocation_affects(dependent, primary, c, false)) {
	case AFFECTS_ROLE:
		apply_to_priority(dependent, primary, c);
		break;
	case AFFECTS_NODES:
		apply_to_nodes(e, dependent, primary, c);
		break;
	case AFFECTS_NOTHING:
		break;
	}
}
