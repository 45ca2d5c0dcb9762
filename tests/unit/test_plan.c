/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

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
	struct plan_pairs pairs = { 0 };

	plan_pairs_set(&pairs, "ip", "10.0.0.1");
	plan_pairs_set(&pairs, "ip", "10.0.0.2");
	cr_assert_eq(pairs.n, 1);
	cr_assert_str_eq(plan_pairs_get(&pairs, "ip"), "10.0.0.2");
	cr_assert_null(plan_pairs_get(&pairs, "nic"));
	plan_pairs_done(&pairs);
}
