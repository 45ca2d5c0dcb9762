/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/decision.h"

static const char SITE[] =
	"cluster: {name: t}\n"
	"nodes:\n"
	"  n1: {id: 1, addresses: [a]}\n"
	"  n2: {id: 2, addresses: [b]}\n"
	"resources:\n"
	"  web: {type: 'ocf:x:y', params: {p: 1}, operations: {monitor: {interval: "
	"10s}}}\n"
	"  off: {type: 'ocf:x:y', meta: {target-role: Stopped}}\n"
	"  db: {promotable: {name: pg, type: 'ocf:x:pg'}, meta: {notify: true}}\n";

static struct site *site;
static struct picture *picture;
static struct decision *decision;

static void answer(size_t node, const char *resource)
{
	json_t *r = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:i}", "resource",
		resource, "class", "ocf", "provider", "x", "agent", "y", "op", "monitor", "id",
		"1.1:1", "interval_ms", 0, "rc", 7, "status", "done", "target_rc", 7, "call_id",
		(int)node + 1);

	ledger_take(&picture->nodes[node].ledger, r);
	json_decref(r);
}

static void init(void)
{
	owned(document) struct document *d = NULL;
	struct problems p = { 0 };

	cr_assert_eq(document_parse(SITE, strlen(SITE), "a.yaml", &p, &d), 0);
	cr_assert_eq(site_new(d->root, d, &p, &site), 0, "%s", p.n ? p.items[0].text : "");
	picture = picture_new(site);
	for (size_t i = 0; i < 2; i++) {
		ledger_init(&picture->nodes[i].ledger);
		picture->nodes[i].state = PICTURE_ONLINE;
		answer(i, "web");
		answer(i, "off");
		answer(i, "pg");
	}
}

static void decide(void)
{
	char *why = NULL;

	decision_free(decision);
	decision = NULL;
	cr_assert_eq(decision_new(picture, 1000, true, &decision, &why), 0, "%s", why);
}

static void done(void)
{
	decision_free(decision);
	picture_free(picture);
	site_free(site);
}

static const struct plan_action *find(const char *op, const char *resource)
{
	for (size_t i = 0; i < decision->plan->n; i++) {
		const struct plan_action *a = decision->plan->actions[i];

		if (a->kind == PLAN_RESOURCE && !strcmp(a->op, op) &&
			!strcmp(a->resource, resource))
			return a;
	}
	return NULL;
}

Test(decision, a_plan_with_all_that_an_agent_needs, .init = init, .fini = done)
{
	const struct plan_action *start, *notify;

	decide();
	start = find("start", "web");
	cr_assert(start);
	cr_assert_str_eq(plan_pairs_get(&start->params, "p"), "1");
	cr_assert(start->digest && strlen(start->digest) == 32);
	cr_assert(find("monitor", "web"));
	cr_assert_eq(find("monitor", "web")->interval_ms, 10000);
	cr_assert_null(find("start", "off"));
	notify = find("notify", "pg");
	cr_assert(notify);
	cr_assert_str_eq(plan_pairs_get(&notify->meta, "notify_promote_uname"), " ");
	cr_assert(strstr(plan_pairs_get(&notify->meta, "notify_start_uname"), "n1"));
	cr_assert(strstr(plan_pairs_get(&notify->meta, "notify_start_uname"), "n2"));
	cr_assert_str_eq(plan_pairs_get(&start->meta, "timeout"), "20000");
}

Test(decision, why_it_is_nowhere, .init = init, .fini = done)
{
	json_t *why, *placement;

	decide();
	why = decision_why(decision);
	placement = decision_placement(decision);
	cr_assert_str_eq(
		json_string_value(json_object_get(why, "off")), "target-role of off is Stopped");
	cr_assert_null(json_object_get(why, "web"));
	cr_assert_eq(json_array_size(json_object_get(placement, "web")), 1);
	cr_assert_eq(json_array_size(json_object_get(placement, "pg")), 2);
	json_decref(why);
	json_decref(placement);
	picture->nodes[0].standby = picture->nodes[1].standby = true;
	decide();
	why = decision_why(decision);
	cr_assert(strstr(json_string_value(json_object_get(why, "web")), "not on n1: standby"));
	json_decref(why);
}

/* S2 */
Test(decision, what_an_unclean_node_may_run_waits_for_its_end, .init = init, .fini = done)
{
	const struct plan_action *start;
	bool after_fence = false;

	ledger_clear(&picture->nodes[0].ledger);
	picture->nodes[0].state = PICTURE_UNCLEAN;
	decide();
	start = find("start", "web");
	for (size_t i = 0; start && i < start->n_after; i++) {
		const struct plan_action *a = decision->plan->actions[start->after[i]];

		after_fence |= a->kind == PLAN_FENCE && !strcmp(a->node, "n1");
	}
	cr_assert(!start || after_fence);
}
