/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/record.h"

static const char boot[] = "boot-1";

static json_t *result(const char *op, int interval, int rc, int call)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:i}", "id", "1:1", "op", op, "resource",
		"r", "interval_ms", interval, "rc", rc, "status", "done", "call_id", call);
}

static void note(struct record *r, const char *op, int interval, int rc, int call, bool failed)
{
	json_t *m = result(op, interval, rc, call);

	record_note(r, m, failed);
	json_decref(m);
}

static json_t *order(const char *resource, int interval)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:i}}", "id", "1:1", "action", "op",
		"monitor", "resource", resource, "class", "ocf", "provider", "p", "agent", "a",
		"interval_ms", interval);
}

Test(record, the_last_of_each_operation_and_interval_is_kept)
{
	owned(record) struct record *r = record_new("r");

	note(r, "start", 0, 1, 1, true);
	note(r, "start", 0, 0, 2, false);
	note(r, "monitor", 10, 0, 3, false);
	note(r, "monitor", 20, 0, 4, false);
	cr_assert_eq(json_array_size(r->ops), 3);
	cr_assert_eq(json_integer_value(json_object_get(record_last(r, "start", 0), "rc")), 0);
	cr_assert_eq(json_integer_value(json_object_get(r->failure, "call_id")), 1);
	cr_assert_eq(record_call_id(r), 4);
	record_drop_monitors(r, 10);
	cr_assert_null(record_last(r, "monitor", 10));
	cr_assert_not_null(record_last(r, "monitor", 20));
	record_drop_monitors(r, 0);
	cr_assert_eq(json_array_size(r->ops), 1);
}

Test(record, it_is_bounded)
{
	owned(record) struct record *r = record_new("r");
	owned(free) char *long_text = own_alloc(100001);
	json_t *m = result("start", 0, 0, 1);

	for (int i = 1; i <= 500; i++)
		note(r, "monitor", i, 0, i, false);
	cr_assert_eq(json_array_size(r->ops), RECORD_OPS_MAX);
	cr_assert_not_null(record_last(r, "monitor", 500));
	memset(long_text, 'x', 100000);
	memcpy(long_text + 99997, "end", 3);
	json_object_set_new(m, "output", json_string(long_text));
	record_note(r, m, false);
	cr_assert_eq(json_string_length(json_object_get(m, "output")), 100000);
	cr_assert_eq(json_string_length(json_object_get(record_last(r, "start", 0), "output")),
		RECORD_OUTPUT_MAX);
	json_decref(m);
}

Test(record, active_is_what_the_newest_result_says)
{
	owned(record) struct record *r = record_new("r");

	cr_assert_not(record_active(r));
	note(r, "monitor", 0, 7, 1, false);
	cr_assert_not(record_active(r));
	note(r, "start", 0, 1, 2, true); /* failed, and may run all the same */
	cr_assert(record_active(r));
	note(r, "stop", 0, 0, 3, false);
	cr_assert_not(record_active(r));
	note(r, "notify", 0, 0, 4, false);
	cr_assert_not(record_active(r));
	note(r, "stop", 0, 1, 5, true);
	cr_assert(record_active(r));
	note(r, "monitor", 0, 7, 6, false);
	cr_assert_not(record_active(r));
	r->pending = order("r", 0);
	cr_assert(record_active(r));
}

Test(record, it_survives_the_disk)
{
	owned(record) struct record *r = record_new("r"), *back = NULL;
	owned(free) char *why = NULL;
	json_t *doc;

	note(r, "start", 0, 1, 1, true);
	json_array_append_new(r->recurring, order("r", 10));
	r->pending = order("r", 0);
	r->pid = 99;
	r->pid_start = 1234;
	doc = record_json(r, boot);
	cr_assert_eq(record_parse(doc, boot, &back, &why), 0, "%s", why);
	json_decref(doc);
	cr_assert(json_equal(r->ops, back->ops) && json_equal(r->recurring, back->recurring));
	cr_assert(json_equal(r->failure, back->failure) && json_equal(r->pending, back->pending));
	cr_assert_eq(back->pid, 99);
	cr_assert_eq(back->pid_start, 1234);
}

Test(record, what_cannot_be_is_refused)
{
	static const char *const cases[] = { "{}", "[]", "{\"version\":2}",
		"{\"version\":1,\"resource\":\"r\",\"boot_id\":\"boot-1\"}",
		"{\"version\":1,\"resource\":\"r\",\"boot_id\":\"boot-1\",\"ops\":[{}],"
		"\"recurring\":[]}",
		"{\"version\":1,\"resource\":\"r\",\"boot_id\":\"boot-1\",\"ops\":[],\"recurring\":"
		"[1]}",
		"{\"version\":1,\"resource\":\"r\",\"boot_id\":\"boot-1\",\"ops\":[],\"recurring\":"
		"[],"
		"\"pending\":{}}",
		"{\"version\":1,\"resource\":\"r\",\"boot_id\":\"boot-1\",\"ops\":[],\"recurring\":"
		"[],"
		"\"failure\":\"x\"}" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct record *r = NULL;
		owned(free) char *why = NULL;
		json_t *doc = json_loads(cases[i], 0, NULL);

		cr_assert_eq(record_parse(doc, boot, &r, &why), -EINVAL, "case %zu", i);
		cr_assert(!r && why);
		json_decref(doc);
	}
}

Test(record, another_resources_order_and_another_boot_are_refused)
{
	owned(record) struct record *r = record_new("r"), *back = NULL;
	owned(free) char *why = NULL;
	json_t *doc;

	json_array_append_new(r->recurring, order("other", 10));
	doc = record_json(r, boot);
	cr_assert_eq(record_parse(doc, "boot-2", &back, &why), -ESTALE);
	cr_assert_eq(record_parse(doc, boot, &back, &why), -EINVAL);
	json_decref(doc);
}

Test(record, a_result_is_found_by_its_order)
{
	owned(record) struct record *r = record_new("r");

	note(r, "start", 0, 0, 1, false);
	cr_assert_not_null(record_of(r, "1:1"));
	cr_assert_null(record_of(r, "1:2"));
}

/* One operation with these parameters: what the agent gets for "ip", "" without. */
static const char *done_with(struct record *r, const char *op, const char *ip, int rc)
{
	static char got[32];
	owned(operation) struct operation *o = NULL;
	owned(free) char *why = NULL;
	json_t *m = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:{s:s*}}}", "id", "1:1", "action",
		"op", op, "resource", "r", "class", "ocf", "provider", "p", "agent", "a", "params",
		"ip", ip);
	const char *value;

	cr_assert_eq(operation_parse(m, &o, &why), 0, "%s", why);
	json_decref(m);
	record_hold(r, o);
	value = json_string_value(json_object_get(o->params, "ip"));
	snprintf(got, sizeof(got), "%s", value ? value : "");
	record_settle(r, o, &(struct outcome){ .status = OUTCOME_DONE, .rc = rc });
	return got;
}

Test(record, what_was_started_is_stopped_with_the_same_parameters)
{
	struct record *r = record_new("r"), *again;
	char *why = NULL;
	json_t *doc;

	cr_assert_str_eq(done_with(r, "start", "1", OUTCOME_OK), "1");
	cr_assert_str_eq(done_with(r, "monitor", "2", OUTCOME_OK), "2");
	cr_assert_str_eq(done_with(r, "demote", NULL, OUTCOME_OK), "1");
	cr_assert_str_eq(done_with(r, "stop", NULL, OUTCOME_ERROR), "1");
	doc = record_json(r, boot);
	cr_assert_eq(record_parse(doc, boot, &again, &why), 0, "%s", why);
	json_decref(doc);
	record_free(r);
	cr_assert_str_eq(done_with(again, "stop", "3", OUTCOME_OK), "1");
	cr_assert_str_eq(done_with(again, "stop", "3", OUTCOME_OK), "3");
	record_free(again);
}

Test(record, parameters_that_took_effect_are_the_ones_to_stop_with)
{
	owned(record) struct record *r = record_new("r");

	done_with(r, "monitor", "1", OUTCOME_NOT_RUNNING);
	cr_assert_str_eq(done_with(r, "stop", "2", OUTCOME_OK), "2");
	done_with(r, "monitor", "3", OUTCOME_PROMOTED); /* found running */
	cr_assert_str_eq(done_with(r, "stop", "4", OUTCOME_ERROR), "3");
	done_with(r, "reload-agent", "5", OUTCOME_ERROR);
	cr_assert_str_eq(done_with(r, "stop", NULL, OUTCOME_ERROR), "3");
	done_with(r, "reload-agent", "6", OUTCOME_OK);
	cr_assert_str_eq(done_with(r, "stop", NULL, OUTCOME_ERROR), "6");
	done_with(r, "start", "7", OUTCOME_ERROR);
	cr_assert_str_eq(done_with(r, "stop", NULL, OUTCOME_OK), "7");
}

Test(record, it_ran_when_its_start_did_well_and_no_stop_since)
{
	owned(record) struct record *r = record_new("r");

	cr_assert(!record_ran(r));
	note(r, "start", 0, 6, 1, true);
	cr_assert(!record_ran(r));
	note(r, "start", 0, 0, 2, false);
	cr_assert(record_ran(r));
	note(r, "stop", 0, 1, 3, true);
	cr_assert(record_ran(r));
	note(r, "stop", 0, 0, 4, false);
	cr_assert(!record_ran(r));
	note(r, "start", 0, 0, 5, false);
	cr_assert(record_ran(r));
}
