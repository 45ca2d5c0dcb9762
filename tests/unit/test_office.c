/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/office.h"

static json_t *change(const char *text, int at)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s}}", "do",
		"configure", "text", text, "name", "x", "user", "root", "audit", "at_ms", at,
		"user", "root", "from", "unix", "method", "PUT", "path", "/v1/configuration",
		"status", 200, "key", "root/k", "digest", "d");
}

static void apply(struct office *o, uint64_t index, json_t *entry)
{
	json_t *record;

	office_apply(o, index, entry, &record);
	json_decref(entry);
}

Test(office, keeps_revisions_and_who_made_them)
{
	owned(office) struct office *o = office_new();

	apply(o, 1, change("one", 10));
	apply(o, 2, change("two", 20));
	cr_assert_eq(o->revision, 2);
	cr_assert_str_eq(json_string_value(json_object_get(office_revision(o, 1), "text")), "one");
	cr_assert_str_eq(json_string_value(json_object_get(office_revision(o, 0), "text")), "two");
	cr_assert_eq(json_integer_value(json_object_get(office_revision(o, 2), "at_ms")), 20);
	cr_assert_null(office_revision(o, 3));
	cr_assert_eq(json_integer_value(json_object_get(office_key(o, "root/k"), "index")), 1);
	cr_assert_null(office_key(o, "other"));
}

Test(office, forgets_old_revisions_but_not_the_newest)
{
	owned(office) struct office *o = office_new();
	char *big = own_alloc(OFFICE_REVISIONS_BYTES);

	memset(big, 'x', OFFICE_REVISIONS_BYTES - 1);
	for (int i = 0; i < OFFICE_REVISIONS_MAX + 5; i++)
		apply(o, (uint64_t)i + 1, change("small", i));
	cr_assert_eq(json_array_size(o->revisions), OFFICE_REVISIONS_MAX);
	apply(o, 100, change(big, 1));
	apply(o, 101, change(big, 1));
	cr_assert_leq(json_array_size(o->revisions), 2);
	cr_assert_eq(o->revision, OFFICE_REVISIONS_MAX + 7);
	free(big);
}

Test(office, the_chain_shows_what_was_tampered_with)
{
	owned(office) struct office *o = office_new();
	uint64_t broken = 77;

	for (int i = 0; i < 10; i++)
		apply(o, (uint64_t)i + 1, change("x", i));
	cr_assert(office_intact(o, &broken));
	cr_assert_eq(broken, 77);
	json_object_set_new(json_array_get(o->records, 4), "user", json_string("somebody else"));
	cr_assert_not(office_intact(o, &broken));
	cr_assert_eq(broken, 5);
}

Test(office, a_long_chain_keeps_its_end)
{
	owned(office) struct office *o = office_new();
	uint64_t broken;

	for (int i = 0; i < OFFICE_RECORDS_MAX + 10; i++)
		apply(o, (uint64_t)i + 1, change("x", i));
	cr_assert_eq(json_array_size(o->records), OFFICE_RECORDS_MAX);
	cr_assert_eq(o->count, OFFICE_RECORDS_MAX + 10);
	cr_assert(office_intact(o, &broken));
}

Test(office, comes_back_from_a_snapshot)
{
	owned(office) struct office *o = office_new(), *p = office_new();
	json_t *snapshot;
	uint64_t broken;

	apply(o, 1, change("one", 10));
	apply(o, 2,
		json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "do", "token", "id", "abc", "token",
			"name", "t", "hash", "h", "roles", "viewer"));
	snapshot = office_snapshot(o);
	cr_assert_eq(office_restore(p, snapshot), 0);
	cr_assert_str_eq(p->head, o->head);
	cr_assert(office_intact(p, &broken));
	cr_assert(json_equal(p->tokens, o->tokens));
	json_object_del(snapshot, "head");
	cr_assert_eq(office_restore(p, snapshot), -EINVAL);
	cr_assert_str_eq(p->head, o->head);
	json_decref(snapshot);
	apply(p, 3, json_pack("{s:s, s:s}", "do", "token-drop", "id", "abc"));
	cr_assert_eq(json_object_size(p->tokens), 0);
}
