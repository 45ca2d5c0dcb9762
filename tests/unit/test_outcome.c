/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/outcome.h"

static struct operation *make(const char *op, int interval, int target)
{
	struct operation *o = NULL;
	char *why = NULL;
	json_t *order = json_pack("{s:s, s:i, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s}}",
		"id", "1:2", "term", 3, "index", 4, "action", "op", op, "resource", "r", "class",
		"ocf", "provider", "p", "agent", "a", "interval_ms", interval, "target_rc", target,
		"digest", "abc");

	cr_assert_eq(operation_parse(order, &o, &why), 0, "%s", why);
	json_decref(order);
	return o;
}

static bool failed(const char *op, int interval, int target, enum outcome_status status, int rc)
{
	owned(operation) struct operation *o = make(op, interval, target);
	struct outcome outcome = { .status = status, .rc = rc };

	return outcome_failed(o, &outcome);
}

Test(outcome, what_counts_as_a_failure)
{
	cr_assert_not(failed("start", 0, -1, OUTCOME_DONE, 0));
	cr_assert(failed("start", 0, -1, OUTCOME_DONE, 1));
	cr_assert(failed("start", 0, -1, OUTCOME_TIMEOUT, 1));
	cr_assert(failed("stop", 0, -1, OUTCOME_DONE, 7));
	cr_assert_not(failed("stop", 0, -1, OUTCOME_CANCELLED, 193));
	cr_assert_not(failed("stop", 0, -1, OUTCOME_PENDING, 193));
}

Test(outcome, a_probe_asks_and_a_recurring_monitor_expects)
{
	cr_assert_not(failed("monitor", 0, 7, OUTCOME_DONE, 7));
	cr_assert_not(failed("monitor", 0, 7, OUTCOME_DONE, 0));
	cr_assert_not(failed("monitor", 0, 7, OUTCOME_DONE, 8));
	cr_assert_not(failed("monitor", 0, 7, OUTCOME_NO_AGENT, 5));
	cr_assert(failed("monitor", 0, 7, OUTCOME_DONE, 1));
	cr_assert(failed("monitor", 0, 7, OUTCOME_TIMEOUT, 1));
	cr_assert(failed("monitor", 10, -1, OUTCOME_DONE, 7));
	cr_assert(failed("monitor", 10, 8, OUTCOME_DONE, 0));
	cr_assert_not(failed("monitor", 10, 8, OUTCOME_DONE, 8));
	cr_assert_not(failed("monitor", 10, 8, OUTCOME_DONE, 191));
}

Test(outcome, the_result_says_what_it_answers)
{
	owned(operation) struct operation *o = make("monitor", 10, 8);
	struct outcome outcome = { .status = OUTCOME_FAILED,
		.rc = 1,
		.exit_reason = strdup("why"),
		.output = strdup("bytes \xff\xfe here") };
	json_t *m = outcome_json(o, &outcome);

	cr_assert_str_eq(json_string_value(json_object_get(m, "type")), "result");
	cr_assert_str_eq(json_string_value(json_object_get(m, "id")), "1:2");
	cr_assert_str_eq(json_string_value(json_object_get(m, "status")), "error");
	cr_assert_str_eq(json_string_value(json_object_get(m, "exit_reason")), "why");
	cr_assert_str_eq(json_string_value(json_object_get(m, "digest")), "abc");
	cr_assert_str_eq(json_string_value(json_object_get(m, "output")), "bytes ?? here");
	cr_assert_eq(json_integer_value(json_object_get(m, "target_rc")), 8);
	cr_assert_eq(json_integer_value(json_object_get(m, "interval_ms")), 10);
	json_decref(m);
	outcome_done(&outcome);
	cr_assert_null(outcome.output);
}

Test(outcome, a_later_word_replaces_an_earlier_one)
{
	struct outcome outcome = { 0 };

	outcome_say(&outcome, OUTCOME_DONE, 0, own_string("a"));
	outcome_say(&outcome, OUTCOME_FAILED, 1, own_string("b"));
	cr_assert_str_eq(outcome.exit_reason, "b");
	cr_assert_str_eq(outcome_status_name(outcome.status), "error");
	outcome_done(&outcome);
}
