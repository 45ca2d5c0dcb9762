// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/graph.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

char *graph_label(const struct plan_action *a)
{
	const char *type = plan_pairs_get(&a->meta, "notify_type");
	const char *about = plan_pairs_get(&a->meta, "notify_operation");

	switch (a->kind) {
	case PLAN_FENCE:
		return own_printf("fence(%s) %s", a->op, a->node);
	case PLAN_SHUTDOWN:
	case PLAN_CLEAR_FAILCOUNT:
	case PLAN_CLEAR_ATTRIBUTES:
	case PLAN_FORGET:
		return own_printf("%s on %s", a->op, a->node);
	case PLAN_CANCEL:
		return own_printf("cancel_%llu %s on %s", (unsigned long long)a->interval_ms,
			a->resource, a->node);
	default:
		break;
	}
	if (!strcmp(a->op, "notify") && type && about)
		return own_printf("notify(%s-%s) %s on %s", type, about, a->resource, a->node);
	return own_printf("%s_%llu %s on %s", a->op, (unsigned long long)a->interval_ms,
		a->resource ? a->resource : "", a->node ? a->node : "");
}

/* ---- contraction: what is reached through points in time only --------------------------------- */

struct walk {
	const struct plan *plan;
	const unsigned *place; /* of each action in the graph; NONE: a point in time */
	unsigned *seen;        /* stamp of the last walk that came by */
	unsigned stamp;
	unsigned *stack;
	unsigned n_stack, cap_stack;
	unsigned *found;
	unsigned n_found, cap_found;
};

static void walk_from(struct walk *w, unsigned id)
{
	w->stamp++;
	w->n_found = 0;
	w->n_stack = 0;
	own_grow(w->stack, w->n_stack, w->cap_stack);
	w->stack[w->n_stack++] = id;
	while (w->n_stack) {
		const struct plan_action *a = w->plan->actions[w->stack[--w->n_stack]];

		for (size_t i = 0; i < a->n_after; i++) {
			unsigned other = a->after[i];

			if (w->seen[other] == w->stamp)
				continue;
			w->seen[other] = w->stamp;
			if (w->place[other] == NONE) {
				own_grow(w->stack, w->n_stack, w->cap_stack);
				w->stack[w->n_stack++] = other;
			} else {
				own_grow(w->found, w->n_found, w->cap_found);
				w->found[w->n_found++] = w->place[other];
			}
		}
	}
}

static void contract(struct graph *g, const struct plan *plan, const unsigned *place)
{
	struct walk w = { .plan = plan, .place = place };

	w.seen = own_array(NULL, plan->n + 1, sizeof(*w.seen));
	memset(w.seen, 0, (plan->n + 1) * sizeof(*w.seen));
	for (unsigned i = 0; i < g->n; i++) {
		walk_from(&w, g->ids[i]);
		g->n_before[i] = w.n_found;
		if (!w.n_found)
			continue;
		g->before[i] = own_array(NULL, w.n_found, sizeof(*g->before[i]));
		memcpy(g->before[i], w.found, w.n_found * sizeof(*w.found));
	}
	free(w.seen);
	free(w.stack);
	free(w.found);
}

/* ---- reduction ---------------------------------------------------------------------------------- */

static bool has(const uint64_t *row, unsigned i)
{
	return row[i / 64] >> i % 64 & 1;
}

/* Everything before i, by depth first search; rows of what is done are complete. */
static void ancestors(struct graph *g, uint64_t *rows, size_t words, uint8_t *state, unsigned i)
{
	uint64_t *row = rows + (size_t)i * words;

	if (state[i])
		return;
	state[i] = 1;
	for (unsigned k = 0; k < g->n_before[i]; k++) {
		unsigned b = g->before[i][k];
		const uint64_t *other = rows + (size_t)b * words;

		ancestors(g, rows, words, state, b);
		for (size_t w = 0; w < words; w++)
			row[w] |= other[w];
		row[b / 64] |= 1ULL << b % 64;
	}
}

static void reduce(struct graph *g)
{
	size_t words = (g->n + 63) / 64;
	uint64_t *rows = own_alloc((size_t)g->n * words * sizeof(*rows) + 1);
	uint8_t *state = own_alloc(g->n + 1);

	for (unsigned i = 0; i < g->n; i++)
		ancestors(g, rows, words, state, i);
	for (unsigned i = 0; i < g->n; i++) {
		unsigned kept = 0;

		for (unsigned k = 0; k < g->n_before[i]; k++) {
			unsigned b = g->before[i][k];
			bool implied = false;

			for (unsigned j = 0; j < g->n_before[i] && !implied; j++)
				implied = has(rows + (size_t)g->before[i][j] * words, b);
			/* Two on one cycle would imply each other away. */
			if (!implied || has(rows + (size_t)b * words, b))
				g->before[i][kept++] = b;
		}
		g->n_before[i] = kept;
	}
	free(rows);
	free(state);
}

/* ---- names -------------------------------------------------------------------------------------- */

static int by_label(const void *a, const void *b, void *ctx)
{
	const struct graph *g = ctx;
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	int order = strcmp(g->labels[x], g->labels[y]);

	return order ? order : x < y ? -1 : x > y;
}

static void number(struct graph *g)
{
	unsigned *order = own_array(NULL, g->n + 1, sizeof(*order));

	for (unsigned i = 0; i < g->n; i++)
		order[i] = i;
	qsort_r(order, g->n, sizeof(*order), by_label, g);
	for (unsigned i = 0; i < g->n;) {
		unsigned same = 1;

		while (i + same < g->n &&
			!strcmp(g->labels[order[i]], g->labels[order[i + same]]))
			same++;
		for (unsigned k = 1; k < same; k++) {
			char *label = g->labels[order[i + k]];

			g->labels[order[i + k]] = own_printf("%s #%u", label, k + 1);
			free(label);
		}
		i += same;
	}
	free(order);
}

struct graph *graph_new(const struct plan *plan)
{
	struct graph *g = own_new(struct graph);
	unsigned *place = own_array(NULL, plan->n + 1, sizeof(*place));

	g->labels = own_alloc((plan->n + 1) * sizeof(*g->labels));
	g->ids = own_alloc((plan->n + 1) * sizeof(*g->ids));
	g->before = own_alloc((plan->n + 1) * sizeof(*g->before));
	g->n_before = own_alloc((plan->n + 1) * sizeof(*g->n_before));
	for (unsigned i = 0; i < plan->n; i++) {
		place[i] = NONE;
		if (plan->actions[i]->kind == PLAN_PSEUDO)
			continue;
		place[i] = g->n;
		g->ids[g->n] = i;
		g->labels[g->n++] = graph_label(plan->actions[i]);
	}
	contract(g, plan, place);
	free(place);
	if (g->n <= GRAPH_REDUCE_MAX)
		reduce(g);
	number(g);
	return g;
}

void graph_free(struct graph *graph)
{
	if (!graph)
		return;
	for (unsigned i = 0; i < graph->n; i++) {
		free(graph->labels[i]);
		free(graph->before[i]);
	}
	free(graph->labels);
	free(graph->ids);
	free(graph->before);
	free(graph->n_before);
	free(graph);
}
