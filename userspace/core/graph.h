/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graph: a plan's real actions by name and the order among them, points in time contracted. */
#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "core/plan.h"

/* More actions than this are not reduced: the order is complete, but says some of it twice. */
#define GRAPH_REDUCE_MAX 8000

struct graph {
	char **labels;    /* "start_0 db on n1"; " #2" behind the second of one name */
	unsigned *ids;    /* which action of the plan each is */
	unsigned **before; /* what must be done before each, as places in labels */
	unsigned *n_before;
	unsigned n;
};

/* The order is transitively reduced. Reads the plan only. */
struct graph *graph_new(const struct plan *plan);
void graph_free(struct graph *graph);
own_define(graph, struct graph, graph_free)

/* What an action is called, without the number; the caller frees it. */
char *graph_label(const struct plan_action *a);

#endif
