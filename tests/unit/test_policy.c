/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/policy/policy.h"

static struct site *site;
static struct view *view;
static struct plan *plan;
static json_t *why;

static void open_site(const char *resources)
{
	owned(document) struct document *d = NULL;
	struct problems p = { 0 };
	owned(free) char *text =
		own_printf("cluster: {name: t}\n"
			   "nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [b]}}\n"
			   "%s",
			resources);

	cr_assert_eq(document_parse(text, strlen(text), "t", &p, &d), 0);
	cr_assert_eq(site_new(d->root, d, &p, &site), 0, "%s", p.n ? p.items[0].text : "");
	view = view_new(site);
	for (int i = 0; i < 2; i++)
		view->nodes[i].usable = true;
	problems_done(&p);
}

static void cells(enum view_state on_n1, enum view_state on_n2)
{
	for (size_t r = 0; r < site->n_resources; r++) {
		view_cell(view, 0, r)->state = on_n1;
		view_cell(view, 1, r)->state = on_n2;
	}
}

static void decide(void)
{
	plan_free(plan);
	json_decref(why);
	policy_plan(view, &plan, &why);
}

static const struct plan_action *find(const char *op, const char *resource, const char *node)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_action *a = plan->actions[i];

		if (!strcmp(a->op, op) && !a->interval_ms && !strcmp(a->node, node) &&
			(!resource || !strcmp(a->resource, resource)))
			return a;
	}
	return NULL;
}

static bool waits(const struct plan_action *a, const struct plan_action *before)
{
	for (size_t i = 0; i < a->n_after; i++)
		if (a->after[i] == before->id)
			return true;
	return false;
}

#define TWO                                                                                        \
	"resources:\n"                                                                             \
	"  a: {type: 'ocf:x:y', operations: {monitor: {interval: 10s}}}\n"                         \
	"  b: {type: 'ocf:x:y'}\n"                                                                 \
	"  g: {group: [a, b], meta: {migration-threshold: 2}}\n"

Test(policy, probes_come_before_anything)
{
	open_site(TWO);
	decide();
	cr_assert_eq(plan->n, 4);
	cr_assert(find("monitor", "a", "n2"));
	cr_assert_not(find("start", "a", "n1"));
}

Test(policy, a_group_starts_in_order_on_one_node)
{
	open_site(TWO);
	cells(VIEW_STOPPED, VIEW_STOPPED);
	decide();
	cr_assert(waits(find("start", "b", "n1"), find("start", "a", "n1")));
	cr_assert_not(find("start", "a", "n2"));
}

Test(policy, what_an_unclean_node_may_run_is_not_started)
{
	open_site(TWO);
	cells(VIEW_STARTED, VIEW_STOPPED);
	view->nodes[0].usable = false;
	view->nodes[0].unclean = true;
	decide();
	cr_assert_eq(plan->n, 0);
	cr_assert(strstr(json_string_value(json_object_get(why, "g")), "n1"));
	cells(VIEW_UNKNOWN, VIEW_STOPPED);
	decide();
	cr_assert_eq(plan->n, 0);
	cells(VIEW_STOPPED, VIEW_STOPPED);
	decide();
	cr_assert(find("start", "a", "n2"));
}

Test(policy, standby_moves_in_reverse_then_in_order)
{
	open_site(TWO);
	cells(VIEW_STARTED, VIEW_STOPPED);
	view->nodes[0].standby = true;
	decide();
	cr_assert(waits(find("stop", "a", "n1"), find("stop", "b", "n1")));
	cr_assert(waits(find("start", "a", "n2"), find("stop", "a", "n1")));
}

Test(policy, a_failure_restarts_in_place_until_the_threshold)
{
	open_site(TWO);
	cells(VIEW_STARTED, VIEW_STOPPED);
	view_cell(view, 0, 0)->state = VIEW_FAILED;
	view_cell(view, 0, 0)->fails = 1;
	decide();
	cr_assert(find("stop", "b", "n1"));
	cr_assert(find("start", "a", "n1"));
	view_cell(view, 0, 0)->fails = 2;
	decide();
	cr_assert(find("start", "a", "n2"));
	cr_assert_not(find("start", "a", "n1"));
}

Test(policy, only_what_follows_the_failed_member_is_restarted)
{
	open_site(TWO);
	cells(VIEW_STARTED, VIEW_STOPPED);
	view_cell(view, 0, 1)->state = VIEW_FAILED;
	decide();
	cr_assert(find("stop", "b", "n1"));
	cr_assert_not(find("stop", "a", "n1"));
}

Test(policy, a_failed_stop_asks_for_a_fence)
{
	open_site(TWO);
	cells(VIEW_STARTED, VIEW_STOPPED);
	view_cell(view, 0, 0)->state = VIEW_STOP_FAILED;
	decide();
	cr_assert(find("reboot", NULL, "n1"));
}

Test(policy, maintenance_touches_nothing)
{
	open_site(TWO);
	cells(VIEW_FAILED, VIEW_STOPPED);
	view->nodes[0].maintenance = true;
	decide();
	cr_assert_eq(plan->n, 0);
}

Test(policy, location_colocation_and_order)
{
	open_site("resources: {a: {type: 'ocf:x:y'}, b: {type: 'ocf:x:y'}}\n"
		  "constraints:\n"
		  "  - {location: a, node: n2, score: 10}\n"
		  "  - {colocation: [b, a]}\n"
		  "  - {order: [a, b]}\n");
	cells(VIEW_STOPPED, VIEW_STOPPED);
	decide();
	cr_assert(waits(find("start", "b", "n2"), find("start", "a", "n2")));
}

Test(policy, stickiness_outweighs_a_smaller_preference)
{
	open_site("resources: {a: {type: 'ocf:x:y', meta: {resource-stickiness: 100}}}\n"
		  "constraints: [{location: a, node: n2, score: 50}]\n");
	cells(VIEW_STARTED, VIEW_STOPPED);
	decide();
	cr_assert_not(find("stop", "a", "n1"));
}

Test(policy, changed_parameters_restart)
{
	open_site("resources: {a: {type: 'ocf:x:y', params: {p: 1}}}\n");
	cells(VIEW_STARTED, VIEW_STOPPED);
	view_digest(&site->resources[0], view_cell(view, 0, 0)->digest);
	decide();
	cr_assert_eq(plan->n, 0);
	view_cell(view, 0, 0)->digest[0] ^= 1;
	decide();
	cr_assert(waits(find("start", "a", "n1"), find("stop", "a", "n1")));
}
