/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/transition.h"

/* a and b at once, c after both */
static struct transition *make(bool b_may_fail)
{
	struct plan *plan = plan_new();
	static const char *const nodes[] = { "n1", "n2", "n1" };

	for (int i = 0; i < 3; i++) {
		struct plan_action *a = plan_add(plan, PLAN_RESOURCE);

		a->op = own_string("start");
		a->resource = own_string("r");
		a->node = own_string(nodes[i]);
		a->can_fail = i == 1 && b_may_fail;
	}
	plan_order(plan, 0, 2);
	plan_order(plan, 1, 2);
	return transition_new(plan, 7, 3);
}

static unsigned send(struct transition *t, uint64_t until)
{
	const struct plan_action *a = transition_ready(t);

	cr_assert(a);
	transition_sent(t, a->id, until);
	return a->id;
}

Test(transition, what_waits_comes_when_all_before_it_is_done)
{
	owned(transition) struct transition *t = make(false);
	char id[TRANSITION_ID_MAX];

	cr_assert_eq(send(t, 10), 0);
	cr_assert_eq(send(t, 5), 1);
	cr_assert_null(transition_ready(t));
	cr_assert_eq(transition_due(t), 5);
	cr_assert(transition_result(t, 0, true));
	cr_assert_not(transition_result(t, 0, false), "an answer that comes again");
	cr_assert_null(transition_ready(t));
	transition_result(t, 1, true);
	transition_id(t, 2, id);
	cr_assert_eq(transition_find(t, id), transition_ready(t));
	cr_assert_null(transition_find(t, "7.2:2"), "another transition's");
	cr_assert_null(transition_find(t, "7.3:9"));
	send(t, 10);
	cr_assert_not(transition_over(t));
	transition_result(t, 2, true);
	cr_assert(transition_over(t));
}

Test(transition, a_failure_ends_it_when_what_is_out_has_come_back)
{
	owned(transition) struct transition *t = make(false);

	send(t, 10);
	send(t, 10);
	transition_result(t, 0, false);
	cr_assert_not(transition_over(t));
	transition_result(t, 1, true);
	cr_assert(transition_over(t));
}

Test(transition, what_may_fail_holds_nobody_up)
{
	owned(transition) struct transition *t = make(true);

	send(t, 10);
	send(t, 10);
	transition_result(t, 0, true);
	transition_result(t, 1, false);
	cr_assert(transition_ready(t));
}

Test(transition, nobody_waits_for_the_dead_or_the_silent)
{
	owned(transition) struct transition *t = make(false), *u = make(false);

	send(t, 10);
	send(t, 10);
	transition_lost(t, "n2");
	cr_assert_not(transition_over(t), "n1 still has to answer");
	transition_result(t, 0, true);
	cr_assert(transition_over(t));
	send(u, 10);
	cr_assert_null(transition_late(u, 9));
	cr_assert(transition_late(u, 10));
	cr_assert(transition_over(u));
}
