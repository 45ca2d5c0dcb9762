/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/post.h"

static struct operation *make(const char *op, int interval)
{
	struct operation *o = NULL;
	char *why = NULL;
	json_t *order = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:i}}", "id", "1:1", "action",
		"op", op, "resource", "r", "class", "ocf", "provider", "p", "agent", "a",
		"interval_ms", interval);

	cr_assert_eq(operation_parse(order, &o, &why), 0, "%s", why);
	json_decref(order);
	return o;
}

Test(post, jobs_keep_their_order_and_can_be_taken_from_the_middle)
{
	owned(post) struct post *p = post_new(record_new("r"));
	struct post_job *a = post_put(p, make("start", 0), 1), *b = post_put(p, make("stop", 0), 2);
	struct post_job *c = post_put(p, make("monitor", 0), 3);

	cr_assert_eq(post_take(p, &a->next), b);
	post_job_free(b);
	cr_assert_eq(p->n_queue, 2);
	cr_assert_eq(post_take(p, &a->next), c); /* the last one: the end moves */
	post_job_free(c);
	b = post_put(p, make("stop", 0), 4);
	cr_assert_eq(a->next, b);
	cr_assert_eq(post_take(p, &p->queue), a);
	post_job_free(a);
}

Test(post, a_monitor_takes_the_place_of_one_with_its_interval)
{
	owned(post) struct post *p = post_new(record_new("r"));
	owned(operation) struct operation *a = make("monitor", 10), *b = make("monitor", 20);

	post_monitor_add(p, a);
	post_monitor_add(p, b);
	post_monitor_add(p, a);
	cr_assert_eq(p->n_monitors, 2);
	cr_assert_eq(json_array_size(p->record->recurring), 2);
	post_monitor_remove(p, post_monitor_find(p, 20));
	cr_assert_null(post_monitor_find(p, 20));
	cr_assert_eq(json_array_size(p->record->recurring), 1);
}

Test(post, a_monitor_is_due_only_at_rest_and_only_once)
{
	owned(post) struct post *p = post_new(record_new("r"));
	owned(operation) struct operation *a = make("monitor", 10);

	post_monitor_add(p, a);
	post_monitor_due(p, 100);
	cr_assert_eq(p->n_queue, 0);
	cr_assert_eq(post_due(p), 0);
	p->monitors[0].due_ms = 50;
	cr_assert_eq(post_due(p), 50);
	post_monitor_due(p, 49);
	cr_assert_eq(p->n_queue, 0);
	post_monitor_due(p, 60);
	cr_assert_eq(p->n_queue, 1);
	cr_assert(p->queue->repeat);
	cr_assert_eq(p->queue->since_ms, 50);
	post_monitor_due(p, 70);
	cr_assert_eq(p->n_queue, 1);
	cr_assert_eq(post_due(p), 0); /* it waits for its turn, not for time */
}
