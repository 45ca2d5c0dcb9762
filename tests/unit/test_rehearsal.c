/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/rehearsal.h"

#define SECOND 1000000000ULL

static const char SITE[] = "cluster: {name: t}\n"
			   "nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [a]}}\n"
			   "fencing:\n"
			   "  devices:\n"
			   "    b1: {agent: fence_x, targets: [n1]}\n"
			   "    p: {agent: fence_y, targets: [n1, n2]}\n"
			   "  topology:\n"
			   "    n1: [[b1, p], {any: [p, self]}]\n";

static struct rehearsal r;

static void configure(const char *text, uint64_t every_ns)
{
	struct problems problems = { 0 };
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;

	cr_assert_eq(document_parse(text, strlen(text), "t", &problems, &document), 0);
	cr_assert_eq(site_new(document->root, document, &problems, &site), 0);
	problems_done(&problems);
	rehearsal_configure(&r, site, every_ns);
}

static void set_up(void)
{
	configure(SITE, 900 * SECOND);
	rehearsal_begin(&r, 10 * SECOND, SECOND);
}

static void tear_down(void)
{
	rehearsal_done(&r);
}

TestSuite(rehearsal, .init = set_up, .fini = tear_down);

static enum rehearsal_news result(struct rehearsal_row *row, const char *why, const char *output)
{
	row->id = 7;
	cr_assert_eq(rehearsal_out(&r, 7), row);
	return rehearsal_result(&r, row, why, output, 20 * SECOND, 5);
}

Test(rehearsal, each_device_of_a_node_once)
{
	cr_assert_eq(r.n, 3);
	cr_assert(rehearsal_find(&r, "n1", "b1"));
	cr_assert(rehearsal_find(&r, "n1", "p"));
	cr_assert(rehearsal_find(&r, "n2", "p"));
	cr_assert_null(rehearsal_find(&r, "n2", "b1"));
	cr_assert_null(rehearsal_find(&r, "n1", "self"));
}

Test(rehearsal, one_after_the_other)
{
	struct rehearsal_row *row;

	cr_assert_null(rehearsal_next(&r, 9 * SECOND));
	cr_assert_eq(rehearsal_due(&r, 30 * SECOND), 10 * SECOND);
	row = rehearsal_next(&r, 15 * SECOND);
	cr_assert_str_eq(row->device, "b1");
	row->id = 7;
	row->sent_ns = 15 * SECOND;
	cr_assert_null(rehearsal_next(&r, 16 * SECOND));
	cr_assert_eq(rehearsal_due(&r, 30 * SECOND), 45 * SECOND);
	rehearsal_result(&r, row, NULL, "", 16 * SECOND, 1);
	cr_assert_neq(rehearsal_next(&r, 16 * SECOND), row);
	cr_assert_eq(row->due_ns, 916 * SECOND);
}

Test(rehearsal, who_asks_comes_first)
{
	cr_assert_eq(rehearsal_ask(&r, "n2", 1), 1);
	cr_assert(rehearsal_pending(&r, "n2"));
	cr_assert_str_eq(rehearsal_next(&r, 20 * SECOND)->node, "n2");
	result(rehearsal_find(&r, "n2", "p"), NULL, "");
	cr_assert_not(rehearsal_pending(&r, "n2"));
	cr_assert_eq(rehearsal_ask(&r, "n3", 1), 0);
}

Test(rehearsal, only_when_asked_without_an_interval)
{
	configure(SITE, 0);
	cr_assert_null(rehearsal_next(&r, 5000 * SECOND));
	cr_assert_eq(rehearsal_due(&r, 1), 0);
	rehearsal_ask(&r, "n1", 1);
	cr_assert(rehearsal_next(&r, 5000 * SECOND));
}

Test(rehearsal, news_is_what_changes)
{
	struct rehearsal_row *row = rehearsal_find(&r, "n1", "b1");

	cr_assert_eq(result(row, NULL, NULL), REHEARSAL_SAME);
	cr_assert_eq(result(row, "no", NULL), REHEARSAL_WORSE);
	cr_assert_eq(row->due_ns, 80 * SECOND);
	cr_assert_eq(result(row, "still", NULL), REHEARSAL_SAME);
	cr_assert_eq(row->failures, 2);
	cr_assert_str_eq(row->text, "still");
	cr_assert_eq(result(row, NULL, NULL), REHEARSAL_BETTER);
	cr_assert_null(row->text);
}

Test(rehearsal, a_stranger_is_a_failure_until_somebody_asks)
{
	struct rehearsal_row *row = rehearsal_find(&r, "n1", "b1");

	result(row, NULL, "x\nrecord:uuid=U1\nrecord:a=\nrecord:=b\nrecord:c\n");
	cr_assert_eq(json_object_size(row->record), 1);
	cr_assert_eq(result(row, NULL, "record:uuid=U2\n"), REHEARSAL_WORSE);
	cr_assert(strstr(row->text, "uuid is 'U2' now, was 'U1'"));
	cr_assert_str_eq(json_string_value(json_object_get(row->record, "uuid")), "U1");
	rehearsal_ask(&r, "n1", 1);
	cr_assert_eq(result(row, NULL, "record:uuid=U2\n"), REHEARSAL_BETTER);
	cr_assert_str_eq(json_string_value(json_object_get(row->record, "uuid")), "U2");
}

Test(rehearsal, a_new_configuration_keeps_what_is_known)
{
	result(rehearsal_find(&r, "n1", "b1"), "broken", NULL);
	result(rehearsal_find(&r, "n1", "p"), "broken", NULL);
	configure("cluster: {name: t}\n"
		  "nodes: {n1: {id: 1, addresses: [a]}}\n"
		  "fencing:\n"
		  "  devices:\n"
		  "    b1: {agent: fence_x, targets: [n1]}\n"
		  "    p: {agent: fence_z, targets: [n1]}\n",
		900 * SECOND);
	cr_assert_eq(r.n, 2);
	cr_assert_eq(rehearsal_find(&r, "n1", "b1")->state, REHEARSAL_FAILED);
	cr_assert_eq(rehearsal_find(&r, "n1", "p")->state, REHEARSAL_NEVER); /* another agent */
}

Test(rehearsal, is_told)
{
	json_t *list;

	result(rehearsal_find(&r, "n1", "p"), "broken", NULL);
	list = rehearsal_json(&r, "n1");
	cr_assert_eq(json_array_size(list), 2);
	cr_assert_str_eq(
		json_string_value(json_object_get(json_array_get(list, 1), "state")), "failed");
	cr_assert_str_eq(
		json_string_value(json_object_get(json_array_get(list, 1), "text")), "broken");
	json_decref(list);
}
