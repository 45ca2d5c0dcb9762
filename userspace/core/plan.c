/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>

#include "core/plan.h"

struct plan *plan_new(void)
{
	struct plan *plan = own_new(struct plan);

	plan->arena = element_tree_new();
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	element_tree_free(plan->arena);
	free(plan->actions);
	free(plan->changes);
	free(plan);
}

const char *plan_text(struct plan *plan, const char *s)
{
	return s ? element_keep(plan->arena, s, strlen(s)) : NULL;
}

struct plan_action *plan_add(struct plan *plan, enum plan_kind kind)
{
	struct plan_action *a = element_alloc(plan->arena, sizeof(*a));

	own_grow(plan->actions, plan->n, plan->cap);
	a->id = plan->n;
	a->kind = kind;
	a->target_rc = -1;
	plan->actions[plan->n++] = a;
	return a;
}

/* Makes room for n more; what was there before is left behind in the arena. */
static void *room(
	struct plan *plan, void *items, size_t size, unsigned has, unsigned *cap, unsigned n)
{
	void *more;

	if (has + n <= *cap)
		return items;
	more = element_alloc(plan->arena, (has + n) * size);
	if (has)
		memcpy(more, items, has * size);
	*cap = has + n;
	return more;
}

void plan_order(struct plan *plan, unsigned before, unsigned id)
{
	struct plan_action *a;

	assert(before < plan->n && id < plan->n && before != id);
	a = plan->actions[id];
	for (unsigned i = 0; i < a->n_after; i++)
		if (a->after[i] == before)
			return;
	if (a->n_after == a->cap_after)
		a->after = room(plan, a->after, sizeof(*a->after), a->n_after, &a->cap_after,
			a->n_after + 1);
	a->after[a->n_after++] = before;
}

void plan_order_all(struct plan *plan, const unsigned *before, unsigned n, unsigned id)
{
	struct plan_action *a = plan->actions[id];

	assert(id < plan->n && !a->n_after);
	if (!n)
		return;
	a->after = room(plan, NULL, sizeof(*before), 0, &a->cap_after, n);
	memcpy(a->after, before, n * sizeof(*before));
	a->n_after = n;
}

struct plan_change *plan_change_add(struct plan *plan)
{
	own_grow(plan->changes, plan->n_changes, plan->cap_changes);
	memset(&plan->changes[plan->n_changes], 0, sizeof(*plan->changes));
	return &plan->changes[plan->n_changes++];
}

void plan_pairs_room(struct plan *plan, struct plan_pairs *pairs, unsigned n)
{
	pairs->items = room(plan, pairs->items, sizeof(*pairs->items), pairs->n, &pairs->cap, n);
}

void plan_pairs_set(
	struct plan *plan, struct plan_pairs *pairs, const char *name, const char *value)
{
	for (unsigned i = 0; i < pairs->n; i++) {
		if (strcmp(pairs->items[i].name, name))
			continue;
		pairs->items[i].value = plan_text(plan, value);
		return;
	}
	if (pairs->n == pairs->cap)
		plan_pairs_room(plan, pairs, pairs->n + 4);
	pairs->items[pairs->n++] =
		(struct plan_pair){ plan_text(plan, name), plan_text(plan, value) };
}

const char *plan_pairs_get(const struct plan_pairs *pairs, const char *name)
{
	for (unsigned i = 0; i < pairs->n; i++)
		if (!strcmp(pairs->items[i].name, name))
			return pairs->items[i].value;
	return NULL;
}

/* Takes away what waits for nothing until nothing changes: what is left is on or behind a cycle. */
int plan_check(const struct plan *plan, unsigned *ret_id)
{
	owned(free) size_t *waits = own_alloc(plan->n * sizeof(*waits));
	size_t done = 0, before;

	for (size_t i = 0; i < plan->n; i++)
		waits[i] = plan->actions[i]->n_after;
	do {
		before = done;
		for (size_t i = 0; i < plan->n; i++) {
			const struct plan_action *a = plan->actions[i];
			bool ready = waits[i] != SIZE_MAX;

			for (size_t k = 0; ready && k < a->n_after; k++)
				ready = waits[a->after[k]] == SIZE_MAX;
			if (!ready)
				continue;
			waits[i] = SIZE_MAX;
			done++;
		}
	} while (done > before && done < plan->n);
	for (size_t i = 0; done < plan->n && i < plan->n; i++) {
		if (waits[i] == SIZE_MAX)
			continue;
		*ret_id = i;
		return -ELOOP;
	}
	return 0;
}
