// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/policy/engine_stage.h"

enum kind { KIND_OPTIONAL, KIND_MANDATORY, KIND_SERIALIZE };
enum symmetry { ASYMMETRIC, SYMMETRIC, INVERSE };

void order_resources(struct engine *e, struct resource *first, enum task first_task,
	struct resource *then, enum task then_task, unsigned type)
{
	ordering_new(e, first, first_task, NULL, then, then_task, NULL, type);
}

static enum kind kind_read(const char *s, const struct element *xml)
{
	const char *score = element_get(xml, "score");

	if (!s)
		return score && !value_score(score, NULL) ? KIND_OPTIONAL : KIND_MANDATORY;
	if (!strcasecmp(s, "optional"))
		return KIND_OPTIONAL;
	if (!strcasecmp(s, "serialize"))
		return KIND_SERIALIZE;
	return KIND_MANDATORY;
}

static enum symmetry symmetry_read(const char *s, enum kind kind)
{
	if (kind == KIND_SERIALIZE)
		return ASYMMETRIC;
	return value_true(s, true) ? SYMMETRIC : ASYMMETRIC;
}

static unsigned flags_of(enum kind kind, enum task first, enum symmetry symmetry)
{
	if (kind == KIND_OPTIONAL)
		return ORD_OPTIONAL;
	if (kind == KIND_SERIALIZE)
		return ORD_SERIALIZE_ONLY;
	switch (symmetry) {
	case ASYMMETRIC:
		return ORD_OPTIONAL | ORD_ASYMMETRICAL;
	case SYMMETRIC:
		return ORD_OPTIONAL | ORD_IMPLIES_THEN |
		       (first == TASK_START || first == TASK_PROMOTE ? ORD_RUNNABLE_LEFT : 0);
	default:
		return ORD_OPTIONAL | ORD_IMPLIES_FIRST;
	}
}

static enum task inverse(enum task t)
{
	switch (t) {
	case TASK_START:
		return TASK_STOP;
	case TASK_STOP:
		return TASK_START;
	case TASK_PROMOTE:
		return TASK_DEMOTE;
	case TASK_DEMOTE:
		return TASK_PROMOTE;
	case TASK_PROMOTED:
		return TASK_DEMOTED;
	case TASK_DEMOTED:
		return TASK_PROMOTED;
	case TASK_STARTED:
		return TASK_STOPPED;
	case TASK_STOPPED:
		return TASK_STARTED;
	default:
		return TASK_NONE;
	}
}

static enum task action_read(const char *s, enum task otherwise)
{
	enum task t = task_read(s);

	return t == TASK_NONE ? otherwise : t;
}

/* A point that is reached once enough of the first ones are; what comes then waits for it. */
static struct act *enough(struct engine *e, const char *name, int n)
{
	struct act *a = act_point(e, name);

	a->requires_any = true;
	a->required_runnable_before = n;
	return a;
}

static int minimum_of(const struct resource *first, const struct element *xml)
{
	const char *s;

	if (first->kind != CLONE)
		return 0;
	s = resource_meta(first, "clone-min");
	if (s)
		return (int)value_number(s, 0);
	return value_true(element_get(xml, "require-all"), true) ? 0 : 1;
}

static void simple(
	struct engine *e, const struct element *xml, struct resource *first, struct resource *then)
{
	enum task before = action_read(element_get(xml, "first-action"), TASK_START);
	enum task after = action_read(element_get(xml, "then-action"), before);
	enum kind kind = kind_read(element_get(xml, "kind"), xml);
	enum symmetry symmetry = symmetry_read(element_get(xml, "symmetrical"), kind);
	unsigned flags = flags_of(kind, before, symmetry);
	int min = minimum_of(first, xml);
	bool restart = kind == KIND_OPTIONAL && then->restart_type == RESTART_RESTART;

	if (restart)
		flags |= ORD_IMPLIES_THEN;
	if (min > 0) {
		struct act *met = enough(
			e, engine_printf(e, "clone-one-or-more:%s", element_get(xml, "id")), min);

		for (unsigned i = 0; i < first->children.n; i++)
			ordering_new(e, first->children.items[i], before, NULL, NULL, TASK_NONE,
				met, ORD_ONE_OR_MORE | ORD_IMPLIES_THEN_PRINTED);
		ordering_new(e, NULL, TASK_NONE, met, then, after, NULL, flags | ORD_RUNNABLE_LEFT);
	} else {
		order_resources(e, first, before, then, after, flags);
	}
	if (symmetry != SYMMETRIC || !inverse(before) || !inverse(after))
		return;
	order_resources(e, then, inverse(after), first, inverse(before),
		flags_of(kind, inverse(before), INVERSE) | (restart ? ORD_IMPLIES_FIRST : 0));
}

static void within_set(
	struct engine *e, const struct rset *set, enum kind kind, const char *symmetrical)
{
	enum task task = action_read(set->action, TASK_START);
	enum symmetry symmetry;
	unsigned flags;

	if (set->kind)
		kind = kind_read(set->kind, NULL);
	symmetry = symmetry_read(set->symmetrical ? set->symmetrical : symmetrical, kind);
	flags = flags_of(kind, task, symmetry);
	for (unsigned i = 0; i < set->n; i++) {
		for (unsigned j = 0; kind == KIND_SERIALIZE && j < i; j++)
			order_resources(e, set->items[j], task, set->items[i], task, flags);
		if (kind != KIND_SERIALIZE && set->sequential && i)
			order_resources(e, set->items[i - 1], task, set->items[i], task, flags);
	}
	if (symmetry == ASYMMETRIC || !inverse(task))
		return;
	task = inverse(task);
	flags = flags_of(kind, task, INVERSE);
	for (unsigned i = 1; set->sequential && i < set->n; i++)
		order_resources(e, set->items[i], task, set->items[i - 1], task, flags);
}

static void any_of_set(struct engine *e, const struct rset *a, const struct rset *b,
	enum task before, enum task after, unsigned flags)
{
	struct act *any = act_point(e, engine_printf(e, "one-or-more:%s", a->id));

	any->requires_any = true;
	for (unsigned i = 0; i < a->n; i++)
		ordering_new(e, a->items[i], before, NULL, NULL, TASK_NONE, any,
			ORD_ONE_OR_MORE | ORD_IMPLIES_THEN_PRINTED);
	for (unsigned i = 0; i < b->n; i++)
		ordering_new(e, NULL, TASK_NONE, any, b->items[i], after, NULL,
			flags | ORD_RUNNABLE_LEFT);
}

static void between_sets(struct engine *e, const struct rset *a, const struct rset *b,
	enum kind kind, enum symmetry symmetry)
{
	enum task before = action_read(a->action, TASK_START);
	enum task after = action_read(b->action, TASK_START);
	unsigned flags, a_from = 0, a_to = a->n, b_from = 0, b_to = b->n;

	if (symmetry == INVERSE) {
		before = inverse(before);
		after = inverse(after);
	}
	if (!before || !after)
		return;
	flags = flags_of(kind, symmetry == INVERSE ? after : before, symmetry);
	if (!a->require_all) {
		any_of_set(e, a, b, before, after, flags);
		return;
	}
	if (a->sequential && a->n) {
		a_from = symmetry == INVERSE ? 0 : a->n - 1;
		a_to = a_from + 1;
	}
	if (b->sequential && b->n) {
		b_from = symmetry == INVERSE ? b->n - 1 : 0;
		b_to = b_from + 1;
	}
	for (unsigned i = a_from; i < a_to; i++)
		for (unsigned j = b_from; j < b_to; j++)
			order_resources(e, a->items[i], before, b->items[j], after, flags);
}

static void sets_of(struct engine *e, const struct element *xml, const struct rsets *sets)
{
	enum kind kind = kind_read(element_get(xml, "kind"), xml);
	const char *symmetrical = element_get(xml, "symmetrical");
	enum symmetry symmetry = symmetry_read(symmetrical, kind);

	for (unsigned i = 0; i < sets->n; i++) {
		within_set(e, &sets->items[i], kind, symmetrical);
		if (!i)
			continue;
		between_sets(e, &sets->items[i - 1], &sets->items[i], kind, symmetry);
		if (symmetry == SYMMETRIC)
			between_sets(e, &sets->items[i], &sets->items[i - 1], kind, INVERSE);
	}
}

void order_unpack(struct engine *e, const struct element *xml)
{
	struct rsets sets = constraint_sets(e, xml);
	struct rset pair[2];

	if (sets.n) {
		sets_of(e, xml, &sets);
		return;
	}
	pair[0] = constraint_set(e, element_get(xml, "first"));
	pair[1] = constraint_set(e, element_get(xml, "then"));
	if (!pair[0].n || !pair[1].n)
		return;
	if (!pair[0].tagged && !pair[1].tagged) {
		simple(e, xml, pair[0].items[0], pair[1].items[0]);
		return;
	}
	pair[0].action = element_get(xml, "first-action");
	pair[1].action = element_get(xml, "then-action");
	sets = (struct rsets){ .items = pair, .n = 2 };
	sets_of(e, xml, &sets);
}
