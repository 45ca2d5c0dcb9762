// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/policy/engine_stage.h"

static int compare(const struct resource *a, const struct resource *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	/* Clones before groups and primitives; promotable ones first. */
	if (a->kind != b->kind)
		return a->kind > b->kind ? -1 : 1;
	if (a->kind == CLONE && a->promotable != b->promotable)
		return a->promotable ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* Before the first that is not less, as lists are kept that are inserted into in order. */
void members_add(struct engine *e, struct members *list, struct colocation *c, bool by_primary)
{
	unsigned i = 0;

	engine_grow(e, list->items, list->n, list->cap);
	while (i < list->n) {
		const struct colocation *at = list->items[i];
		int cmp = by_primary ? compare(c->primary, at->primary)
				     : compare(c->dependent, at->dependent);

		if (cmp <= 0)
			break;
		i++;
	}
	memmove(&list->items[i + 1], &list->items[i], (list->n - i) * sizeof(*list->items));
	list->items[i] = c;
	list->n++;
}

/* What must not be together cannot be for a moment either: one leaves before the other comes. */
static void keep_apart(struct engine *e, struct resource *first, enum role first_role,
	struct resource *then, enum role then_role)
{
	enum task leave[2] = { TASK_STOP, TASK_NONE }, come[2] = { TASK_START, TASK_NONE };

	if (first_role == ROLE_PROMOTED)
		leave[0] = TASK_DEMOTE;
	else if (first_role == ROLE_UNPROMOTED)
		leave[1] = TASK_PROMOTE;
	if (then_role == ROLE_PROMOTED)
		come[0] = TASK_PROMOTE;
	else if (then_role == ROLE_UNPROMOTED)
		come[1] = TASK_DEMOTE;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			if (leave[i] && come[j])
				order_resources(
					e, first, leave[i], then, come[j], ORD_ANTI_COLOCATION);
}

struct colocation *colocation_new(struct engine *e, const char *id, const char *attribute,
	int score, struct resource *dependent, struct resource *primary, enum role dependent_role,
	enum role primary_role, bool influence)
{
	struct colocation *c;

	if (!score || !dependent || !primary)
		return NULL;
	c = engine_alloc(e, sizeof(*c));
	c->id = id;
	c->attribute = attribute && strcmp(attribute, "#uname") ? attribute : NULL;
	c->score = score;
	c->dependent = dependent;
	c->primary = primary;
	c->dependent_role = dependent_role == ROLE_STARTED ? ROLE_UNKNOWN : dependent_role;
	c->primary_role = primary_role == ROLE_STARTED ? ROLE_UNKNOWN : primary_role;
	c->influence = influence;
	members_add(e, &dependent->with, c, true);
	members_add(e, &primary->by, c, false);
	engine_grow(e, e->colocations, e->n_colocations, e->cap_colocations);
	e->colocations[e->n_colocations++] = c;
	if (score <= -SCORE_INFINITY) {
		keep_apart(e, dependent, c->dependent_role, primary, c->primary_role);
		keep_apart(e, primary, c->primary_role, dependent, c->dependent_role);
	}
	return c;
}

static bool influence_of(const struct element *xml, const struct resource *dependent)
{
	return value_true(element_get(xml, "influence"), dependent->critical);
}

static void together(struct engine *e, const struct element *xml, const char *id, int score,
	struct resource *dependent, struct resource *primary, const char *role,
	const char *with_role)
{
	colocation_new(e, id, NULL, score, dependent, primary, role_read(role),
		role_read(with_role), influence_of(xml, dependent));
}

static void within_set(struct engine *e, const struct element *xml, const struct rset *set)
{
	const char *text = set->score ? set->score : element_get(xml, "score");
	int score = text ? value_score(text, NULL) : SCORE_INFINITY;
	bool listed = set->ordering && strcasecmp(set->ordering, "group");

	if (!score || !set->sequential)
		return;
	for (unsigned i = 1; i < set->n; i++) {
		if (score > 0 && !listed)
			together(e, xml, set->id, score, set->items[i], set->items[i - 1],
				set->role, set->role);
		else if (score > 0)
			together(e, xml, set->id, score, set->items[i - 1], set->items[i],
				set->role, set->role);
		/* Each apart from all before it: the only way to mean what one would expect. */
		for (unsigned j = 0; score < 0 && j < i; j++)
			together(e, xml, set->id, score, set->items[i], set->items[j], set->role,
				set->role);
	}
}

/* A sequential set goes by its end: of the dependent one the first, of the primary the last. */
static void between_sets(
	struct engine *e, const struct element *xml, const struct rset *a, const struct rset *b)
{
	const char *text = element_get(xml, "score");
	int score = text ? value_score(text, NULL) : SCORE_INFINITY;
	unsigned a_n = a->sequential && a->n ? 1 : a->n;
	unsigned b_from = b->sequential && b->n ? b->n - 1 : 0;

	for (unsigned i = 0; i < a_n; i++)
		for (unsigned j = b_from; j < b->n; j++)
			together(e, xml, element_get(xml, "id"), score, a->items[i], b->items[j],
				a->role, b->role);
}

void colocation_unpack(struct engine *e, const struct element *xml)
{
	struct rsets sets = constraint_sets(e, xml);
	const char *text = element_get(xml, "score");
	struct rset a, b;

	for (unsigned i = 0; i < sets.n; i++) {
		within_set(e, xml, &sets.items[i]);
		if (i)
			between_sets(e, xml, &sets.items[i - 1], &sets.items[i]);
	}
	if (sets.n)
		return;
	a = constraint_set(e, element_get(xml, "rsc"));
	b = constraint_set(e, element_get(xml, "with-rsc"));
	a.role = element_get(xml, "rsc-role");
	b.role = element_get(xml, "with-rsc-role");
	if (!a.n || !b.n)
		return;
	if (a.tagged || b.tagged) {
		between_sets(e, xml, &a, &b);
		return;
	}
	colocation_new(e, element_get(xml, "id"), element_get(xml, "node-attribute"),
		text ? value_score(text, NULL) : SCORE_INFINITY, a.items[0], b.items[0],
		role_read(a.role), role_read(b.role), influence_of(xml, a.items[0]));
}
