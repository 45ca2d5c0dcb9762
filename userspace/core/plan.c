/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>

#include "core/plan.h"

struct plan *plan_new(void)
{
	return own_new(struct plan);
}

static void action_free(struct plan_action *a)
{
	free(a->op);
	free(a->resource);
	free(a->instance);
	free(a->record);
	free(a->node);
	free(a->router);
	free(a->standard);
	free(a->provider);
	free(a->type);
	free(a->reason);
	free(a->digest);
	free(a->digest_reload);
	plan_pairs_done(&a->params);
	plan_pairs_done(&a->meta);
	free(a->after);
	free(a);
}

static void change_done(struct plan_change *c)
{
	free(c->kind);
	free(c->action);
	free(c->resource);
	free(c->role);
	free(c->next_role);
	free(c->node);
	free(c->source);
	free(c->dest);
	free(c->reason);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++)
		action_free(plan->actions[i]);
	for (size_t i = 0; i < plan->n_changes; i++)
		change_done(&plan->changes[i]);
	free(plan->actions);
	free(plan->changes);
	free(plan);
}

struct plan_action *plan_add(struct plan *plan, enum plan_kind kind)
{
	struct plan_action *a = own_new(struct plan_action);

	own_grow(plan->actions, plan->n, plan->cap);
	a->id = plan->n;
	a->kind = kind;
	a->target_rc = -1;
	plan->actions[plan->n++] = a;
	return a;
}

void plan_order(struct plan *plan, unsigned before, unsigned id)
{
	struct plan_action *a;

	assert(before < plan->n && id < plan->n && before != id);
	a = plan->actions[id];
	for (size_t i = 0; i < a->n_after; i++)
		if (a->after[i] == before)
			return;
	own_grow(a->after, a->n_after, a->cap_after);
	a->after[a->n_after++] = before;
}

struct plan_change *plan_change_add(struct plan *plan)
{
	own_grow(plan->changes, plan->n_changes, plan->cap_changes);
	memset(&plan->changes[plan->n_changes], 0, sizeof(*plan->changes));
	return &plan->changes[plan->n_changes++];
}

void plan_pairs_set(struct plan_pairs *pairs, const char *name, const char *value)
{
	for (size_t i = 0; i < pairs->n; i++) {
		if (strcmp(pairs->items[i].name, name))
			continue;
		free(pairs->items[i].value);
		pairs->items[i].value = own_string(value);
		return;
	}
	own_grow(pairs->items, pairs->n, pairs->cap);
	pairs->items[pairs->n++] = (struct plan_pair){ own_string(name), own_string(value) };
}

const char *plan_pairs_get(const struct plan_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (!strcmp(pairs->items[i].name, name))
			return pairs->items[i].value;
	return NULL;
}

void plan_pairs_done(struct plan_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		free(pairs->items[i].name);
		free(pairs->items[i].value);
	}
	free(pairs->items);
	*pairs = (struct plan_pairs){ 0 };
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
