/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "core/plan.h"

Test(plan, order_is_kept_once)
{
	owned(plan) struct plan *p = plan_new();
	struct plan_action *stop = plan_add(p, PLAN_RESOURCE), *start = plan_add(p, PLAN_RESOURCE);

	plan_order(p, stop->id, start->id);
	plan_order(p, stop->id, start->id);
	cr_assert_eq(start->n_after, 1);
	cr_assert_eq(start->after[0], stop->id);
}

Test(plan, an_order_may_be_said_at_once)
{
	static const unsigned before[] = { 0, 1 };
	owned(plan) struct plan *p = plan_new();

	for (int i = 0; i < 4; i++)
		plan_add(p, PLAN_PSEUDO);
	plan_order_all(p, before, 2, 3);
	plan_order_all(p, NULL, 0, 2);
	plan_order(p, 2, 3);
	plan_order(p, 1, 3);
	cr_assert_eq(p->actions[3]->n_after, 3);
	cr_assert_eq(p->actions[3]->after[2], 2);
	cr_assert_eq(p->actions[2]->n_after, 0);
}

Test(plan, texts_live_with_it)
{
	owned(plan) struct plan *p = plan_new();
	char text[] = "start";
	const char *kept = plan_text(p, text);

	text[0] = 'x';
	cr_assert_str_eq(kept, "start");
	cr_assert_null(plan_text(p, NULL));
}

Test(plan, a_cycle_is_found_and_ret_is_left_alone_without)
{
	owned(plan) struct plan *p = plan_new();
	unsigned id = 77;

	for (int i = 0; i < 4; i++)
		plan_add(p, PLAN_PSEUDO);
	plan_order(p, 0, 1);
	plan_order(p, 1, 2);
	cr_assert_eq(plan_check(p, &id), 0);
	cr_assert_eq(id, 77);
	plan_order(p, 2, 1);
	cr_assert_eq(plan_check(p, &id), -ELOOP);
	cr_assert(id == 1 || id == 2);
}

Test(plan, pairs_replace)
{
	owned(plan) struct plan *p = plan_new();
	struct plan_pairs pairs = { 0 };

	plan_pairs_set(p, &pairs, "ip", "10.0.0.1");
	plan_pairs_set(p, &pairs, "ip", "10.0.0.2");
	cr_assert_eq(pairs.n, 1);
	cr_assert_str_eq(plan_pairs_get(&pairs, "ip"), "10.0.0.2");
	cr_assert_null(plan_pairs_get(&pairs, "nic"));
	for (int i = 0; i < 100; i++) {
		char name[8];

		snprintf(name, sizeof(name), "n%d", i);
		plan_pairs_set(p, &pairs, name, name);
	}
	cr_assert_eq(pairs.n, 101);
	cr_assert_str_eq(plan_pairs_get(&pairs, "n99"), "n99");
}
