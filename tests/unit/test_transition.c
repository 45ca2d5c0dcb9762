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

		a->op = plan_text(plan, "start");
		a->resource = plan_text(plan, "r");
		a->node = plan_text(plan, nodes[i]);
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

/* start on n1, start on n2; a point in time after the first; who waits for the news of it */
Test(transition, what_was_done_is_told_even_when_nothing_else_is_done_any_more)
{
	struct plan *plan = plan_new();
	owned(transition) struct transition *t = NULL;
	const struct plan_action *a;
	struct plan_action *news;

	for (int i = 0; i < 2; i++)
		plan_add(plan, PLAN_RESOURCE)->op = plan_text(plan, "promote");
	plan_add(plan, PLAN_PSEUDO);
	plan_order(plan, 0, 2);
	news = plan_add(plan, PLAN_RESOURCE);
	news->op = plan_text(plan, "notify");
	plan_pairs_set(plan, &news->meta, "notify_type", "post");
	plan_order(plan, 2, 3);
	t = transition_new(plan, 7, 3);
	send(t, 10);
	transition_abort(t);
	cr_assert_null(transition_ready(t));
	transition_result(t, 0, true);
	cr_assert_not(transition_over(t));
	a = transition_ready(t);
	cr_assert_eq(a->kind, PLAN_PSEUDO);
	transition_result(t, a->id, true);
	cr_assert_eq(send(t, 10), 3);
	transition_result(t, 3, true);
	cr_assert(transition_over(t), "the other promotion is not begun");
}

/* ---- from one to the next ----------------------------------------------------------------------
 */

static struct plan_action *put(struct plan *plan, const char *op, const char *resource)
{
	struct plan_action *a = plan_add(plan, PLAN_RESOURCE);

	a->op = plan_text(plan, op);
	a->resource = plan_text(plan, resource);
	a->node = plan_text(plan, "n1");
	return a;
}

static struct transition *slow(void)
{
	struct plan *plan = plan_new();
	struct transition *t;

	put(plan, "start", "slow");
	put(plan, "start", "other");
	plan_order(plan, 0, 1);
	t = transition_new(plan, 7, 3);
	send(t, 10);
	transition_abort(t);
	return t;
}

Test(transition, what_is_out_goes_on_in_the_next)
{
	owned(transition) struct transition *old = slow(), *next = NULL;
	struct plan *plan = plan_new();
	const struct plan_action *a;

	put(plan, "start", "new");
	put(plan, "start", "slow");
	next = transition_new(plan, 7, 4);
	cr_assert(transition_adopt(next, old));
	a = transition_find(next, "7.3:0");
	cr_assert(a);
	cr_assert_str_eq(a->resource, "slow");
	cr_assert_eq(send(next, 20), 0);
	cr_assert_null(transition_ready(next), "it is not sent again");
	cr_assert_eq(transition_due(next), 10);
	transition_result(next, 0, true);
	cr_assert_not(transition_over(next));
	cr_assert(transition_result(next, a->id, true));
	cr_assert(transition_over(next));
}

Test(transition, what_is_out_ends_first_where_the_next_wants_something_else)
{
	owned(transition) struct transition *old = slow(), *undone = NULL, *without = NULL;
	struct plan *plan = plan_new();

	put(plan, "stop", "slow");
	put(plan, "start", "slow");
	undone = transition_new(plan, 7, 4);
	cr_assert_not(transition_adopt(undone, old));
	plan = plan_new();
	put(plan, "start", "new");
	without = transition_new(plan, 7, 4);
	cr_assert_not(transition_adopt(without, old));
	cr_assert_eq(without->out, 0);
}

Test(transition, news_that_are_owed_are_told_first)
{
	owned(transition) struct transition *old = NULL, *next = NULL;
	struct plan *plan = plan_new(), *after = plan_new();
	struct plan_action *news;

	put(plan, "start", "done");
	put(plan, "start", "slow");
	news = put(plan, "notify", "done");
	plan_pairs_set(plan, &news->meta, "notify_type", "post");
	plan_order(plan, 0, 2);
	plan_order(plan, 1, 2);
	old = transition_new(plan, 7, 3);
	send(old, 10);
	send(old, 10);
	transition_result(old, 0, true);
	transition_abort(old);
	put(after, "start", "slow");
	next = transition_new(after, 7, 4);
	cr_assert_not(transition_adopt(next, old));
	transition_lost(old, "n2");
	cr_assert_not(transition_adopt(next, old), "it did not count on n2");
	old->lost = true;
	cr_assert(transition_adopt(next, old));
}

static struct plan_action *put_notice(struct plan *plan, const char *resource, const char *type)
{
	struct plan_action *a = put(plan, "notify", resource);

	plan_pairs_set(plan, &a->meta, "notify_type", type);
	return a;
}

/* As planned around the start of one instance that is out: it counts as one that runs, and would
 * be told of its own start, and of the next one's. */
Test(transition, what_is_out_was_told_of_before)
{
	owned(transition) struct transition *old = slow(), *next = NULL;
	struct plan *plan = plan_new();

	put_notice(plan, "slow", "pre");
	plan_add(plan, PLAN_PSEUDO);
	put(plan, "start", "slow");
	put(plan, "start", "another");
	plan_order(plan, 0, 1);
	plan_order(plan, 1, 2);
	plan_order(plan, 1, 3);
	next = transition_new(plan, 7, 4);
	cr_assert(transition_adopt(next, old));
	cr_assert_eq(transition_ready(next)->id, 1);
	transition_result(next, 1, true);
	cr_assert_eq(send(next, 20), 3);
	cr_assert_null(transition_ready(next));
}

Test(transition, who_is_being_started_is_told_nothing_until_it_has_started)
{
	owned(transition) struct transition *old = slow(), *next = NULL;
	struct plan *plan = plan_new();

	put_notice(plan, "slow", "pre");
	put(plan, "start", "slow");
	put(plan, "start", "another");
	plan_order(plan, 0, 2);
	next = transition_new(plan, 7, 4);
	cr_assert(transition_adopt(next, old));
	cr_assert_null(transition_ready(next));
	cr_assert_eq(transition_due(next), 10, "its time does not run");
	transition_result(next, 1, true);
	cr_assert_eq(send(next, 20), 0);
	transition_result(next, 0, true);
	cr_assert_eq(send(next, 20), 2);
}

/* A promotion that is out, and a notice beforehand that was not sent when the world changed: what
 * has been promoted is told of all the same. */
Test(transition, news_do_not_wait_for_what_was_not_told_beforehand)
{
	struct plan *plan = plan_new();
	owned(transition) struct transition *t = NULL;

	put(plan, "promote", "new");
	put(plan, "start", "elsewhere");
	put_notice(plan, "other", "pre");
	plan_add(plan, PLAN_PSEUDO);
	put_notice(plan, "other", "post");
	plan_order(plan, 1, 2);
	plan_order(plan, 2, 3);
	plan_order(plan, 0, 4);
	plan_order(plan, 3, 4);
	t = transition_new(plan, 7, 3);
	send(t, 10);
	send(t, 10);
	transition_abort(t);
	cr_assert_eq(transition_ready(t)->id, 3);
	transition_result(t, 3, true);
	cr_assert_null(transition_ready(t));
	transition_result(t, 0, true);
	cr_assert_eq(send(t, 10), 4);
}

/* Ordered: the second is out, the third would follow; all are told when the last has started. */
Test(transition, news_that_nobody_will_ever_be_told_hold_nobody_up)
{
	struct plan *plan = plan_new(), *after = plan_new();
	owned(transition) struct transition *old = NULL, *next = NULL;

	put(plan, "start", "first");
	put(plan, "start", "slow");
	put(plan, "start", "third");
	plan_add(plan, PLAN_PSEUDO);
	put_notice(plan, "first", "post");
	for (unsigned i = 0; i < 4; i++)
		plan_order(plan, i, i + 1);
	plan_order(plan, 0, 3);
	plan_order(plan, 1, 3);
	old = transition_new(plan, 7, 3);
	send(old, 10);
	transition_result(old, 0, true);
	send(old, 10);
	put(after, "start", "slow");
	put(after, "start", "third");
	next = transition_new(after, 7, 4);
	transition_abort(old);
	cr_assert(transition_adopt(next, old));
}
