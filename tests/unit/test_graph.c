/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/graph.h"

static struct plan_action *add(
	struct plan *plan, enum plan_kind kind, const char *op, const char *resource)
{
	struct plan_action *a = plan_add(plan, kind);

	a->op = plan_text(plan, op);
	a->resource = plan_text(plan, resource);
	a->node = plan_text(plan, "n1");
	return a;
}

static bool before(const struct graph *g, const char *a, const char *b)
{
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->n_before[i]; k++)
			if (!strcmp(g->labels[i], b) && !strcmp(g->labels[g->before[i][k]], a))
				return true;
	return false;
}

Test(graph, points_are_contracted_and_what_follows_is_left_out)
{
	owned(plan) struct plan *plan = plan_new();
	unsigned a = add(plan, PLAN_RESOURCE, "stop", "x")->id;
	unsigned p = add(plan, PLAN_PSEUDO, "stopped", "g")->id;
	unsigned q = add(plan, PLAN_PSEUDO, "start", "g")->id;
	unsigned b = add(plan, PLAN_RESOURCE, "start", "x")->id;
	unsigned c = add(plan, PLAN_RESOURCE, "promote", "x")->id;
	owned(graph) struct graph *g = NULL;

	plan_order(plan, a, p);
	plan_order(plan, p, q);
	plan_order(plan, q, b);
	plan_order(plan, b, c);
	plan_order(plan, q, c);
	plan_order(plan, a, c);
	g = graph_new(plan);
	cr_assert_eq(g->n, 3);
	cr_assert(before(g, "stop_0 x on n1", "start_0 x on n1"));
	cr_assert(before(g, "start_0 x on n1", "promote_0 x on n1"));
	cr_assert_not(before(g, "stop_0 x on n1", "promote_0 x on n1"));
}

Test(graph, names_tell_kinds_apart_and_doubles_are_numbered)
{
	owned(plan) struct plan *plan = plan_new();
	struct plan_action *notify;
	owned(graph) struct graph *g = NULL;

	add(plan, PLAN_FENCE, "reboot", NULL);
	add(plan, PLAN_SHUTDOWN, "do_shutdown", NULL);
	add(plan, PLAN_CANCEL, "monitor", "x")->interval_ms = 10000;
	notify = add(plan, PLAN_RESOURCE, "notify", "x");
	plan_pairs_set(plan, &notify->meta, "notify_type", "pre");
	plan_pairs_set(plan, &notify->meta, "notify_operation", "start");
	add(plan, PLAN_RESOURCE, "monitor", "x");
	add(plan, PLAN_RESOURCE, "monitor", "x");
	g = graph_new(plan);
	cr_assert_str_eq(g->labels[0], "fence(reboot) n1");
	cr_assert_str_eq(g->labels[1], "do_shutdown on n1");
	cr_assert_str_eq(g->labels[2], "cancel_10000 x on n1");
	cr_assert_str_eq(g->labels[3], "notify(pre-start) x on n1");
	cr_assert_str_eq(g->labels[4], "monitor_0 x on n1");
	cr_assert_str_eq(g->labels[5], "monitor_0 x on n1 #2");
}

Test(graph, an_order_that_bites_its_tail_is_kept_whole)
{
	owned(plan) struct plan *plan = plan_new();
	unsigned a = add(plan, PLAN_RESOURCE, "stop", "x")->id;
	unsigned b = add(plan, PLAN_RESOURCE, "stop", "y")->id;
	owned(graph) struct graph *g = NULL;

	plan_order(plan, a, b);
	plan_order(plan, b, a);
	g = graph_new(plan);
	cr_assert(before(g, "stop_0 x on n1", "stop_0 y on n1"));
	cr_assert(before(g, "stop_0 y on n1", "stop_0 x on n1"));
}
