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

static void keyed(struct office *o, uint64_t index, const char *key, json_int_t at)
{
	apply(o, index,
		json_pack("{s:s, s:s, s:{s:I, s:s, s:s, s:s}}", "do", "standby", "id", key, "audit",
			"at_ms", at, "user", "root", "key", key, "digest", "d"));
}

Test(office, keeps_keys_for_ten_minutes_and_the_last_ones_longer)
{
	owned(office) struct office *o = office_new();
	uint64_t index = 0;

	for (int i = 0; i < OFFICE_KEYS_MAX + 5; i++) {
		owned(free) char *key = own_printf("root/%d", i);

		keyed(o, ++index, key, i < 3000 ? 1000 : 2000);
	}
	cr_assert_eq(json_object_size(o->keys), OFFICE_KEYS_MAX);
	cr_assert_null(office_key(o, "root/4"));
	cr_assert(office_key(o, "root/5"));
	cr_assert_str_eq(
		json_string_value(json_object_get(office_key(o, "root/5"), "id")), "root/5");
	keyed(o, ++index, "root/later", 1001 + OFFICE_KEYS_MS);
	cr_assert_null(office_key(o, "root/2999"), "older than ten minutes");
	cr_assert(office_key(o, "root/3000"));
	keyed(o, ++index, "root/next day", 86400000);
	cr_assert_eq(json_object_size(o->keys), OFFICE_KEYS_MIN);
	cr_assert(office_key(o, "root/10004"));
	cr_assert(office_key(o, "root/next day"));
}

Test(office, says_what_could_not_be_done)
{
	owned(office) struct office *o = office_new();
	json_t *drop = json_pack("{s:s, s:s, s:{s:i, s:s, s:i, s:s}}", "do", "token-drop", "id",
		"none", "audit", "at_ms", 1, "user", "root", "status", 200, "key", "root/k");
	json_t *record;

	cr_assert_eq(office_apply(o, 1, drop, &record), 404);
	cr_assert_eq(json_integer_value(json_object_get(record, "status")), 404);
	cr_assert_null(office_key(o, "root/k"), "nothing was done that could be repeated");
	json_decref(drop);
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
	cr_assert(json_equal(p->keys, o->keys));
	cr_assert_eq(json_object_size(p->keys), 1);
	json_object_del(snapshot, "head");
	cr_assert_eq(office_restore(p, snapshot), -EINVAL);
	cr_assert_str_eq(p->head, o->head);
	json_decref(snapshot);
	apply(p, 3, json_pack("{s:s, s:s}", "do", "token-drop", "id", "abc"));
	cr_assert_eq(json_object_size(p->tokens), 0);
}
