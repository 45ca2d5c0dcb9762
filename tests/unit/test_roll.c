/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/own.h"
#include "core/roll.h"

static json_t *files(unsigned n)
{
	json_t *list = json_array(), *roll;

	for (unsigned i = 0; i < n; i++) {
		owned(free) char *name = own_printf("c%u", i + 1);
		owned(free) char *at = own_printf("10.0.0.%u:7408", i + 1);

		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:[s]}", "id", i + 1,
						    "name", name, "link", at, "raft", at,
						    "addresses", "10.0.0.1"));
	}
	roll = roll_of_files(list);
	json_decref(list);
	return roll;
}

static json_t *wish(json_t *roll, const char *text, uint32_t present, const char *says)
{
	json_t *w = json_loads(text, 0, NULL), *entry;
	char *why = NULL;

	cr_assert(w, "%s", text);
	entry = roll_wish(roll, w, present, &why);
	if (says)
		cr_assert(!entry && why && strstr(why, says), "%s: '%s' wanted, '%s' said", text, says,
			why ? why : "nothing");
	else
		cr_assert(entry && !why, "%s: %s", text, why ? why : "?");
	free(why);
	json_decref(w);
	return entry;
}

static bool apply(json_t **roll, uint64_t index, json_t *entry)
{
	bool changed = roll_apply(roll, index, entry);

	json_decref(entry);
	return changed;
}

static json_t *voters(uint64_t base, uint32_t now, uint32_t next)
{
	return json_pack("{s:s, s:I, s:i, s:i}", "do", "voters", "base", (json_int_t)base, "now",
		(int)now, "next", (int)next);
}

#define ADD2 "{\"add\":[{\"name\":\"c4\",\"addresses\":[\"10.0.0.4\"]},{\"name\":\"c5\",\"addresses\":[\"10.0.0.5\"]}]}"

Test(roll, what_cannot_be_is_refused_with_a_reason)
{
	json_t *three = files(3), *five = files(5);

	wish(three, "{\"remove\":[\"c3\"]}", 7, "witness");
	wish(three, "{\"add\":[{\"name\":\"c4\",\"addresses\":[\"10.0.0.4\"]}]}", 7, "no more losses");
	wish(three, "{\"remove\":[\"c1\",\"c2\",\"c3\"]}", 7, "one controller at least");
	wish(three, "{\"remove\":[\"c9\"]}", 7, "no controller 'c9'");
	wish(three, "{\"add\":[{\"name\":\"c2\",\"addresses\":[\"10.0.0.4\"]}]}", 7, "already");
	wish(three, "{\"add\":[{\"name\":\"a b\",\"addresses\":[\"10.0.0.4\"]}]}", 7, "name:");
	wish(three, "{\"add\":[{\"name\":\"c4\"}]}", 7, "addresses");
	wish(three, "{\"add\":[{\"name\":\"c4\",\"addresses\":[\"here\"]}]}", 7, "not an IP address");
	wish(three, "{}", 7, "nothing to do");
	/* Of five, two are away: without the wrong two, those left could decide nothing. */
	wish(five, "{\"remove\":[\"c1\",\"c2\"]}", 7, "no majority");
	json_decref(wish(five, "{\"remove\":[\"c4\",\"c5\"]}", 7, NULL));
	json_decref(three);
	json_decref(five);
}

Test(roll, from_three_to_five_by_way_of_both)
{
	json_t *known = files(3), *roll = NULL;
	struct quorum q = { 0 };

	cr_assert(!roll_quorum(NULL, &q) && !roll_serial(NULL));
	cr_assert(apply(&roll, 10, wish(known, ADD2, 7, NULL)));
	cr_assert(roll_quorum(roll, &q) && q.now == 7 && !q.next);
	cr_assert(roll_wanted(roll) == 31 && roll_members(roll) == 31 && roll_serial(roll) == 10);
	cr_assert_eq(roll_index(roll, "c5"), 4);
	/* Decided upon another roll: it comes to nothing. */
	cr_assert(!apply(&roll, 11, voters(9, 7, 31)));
	cr_assert(apply(&roll, 12, voters(10, 7, 31)));
	cr_assert(roll_quorum(roll, &q) && q.now == 7 && q.next == 31);
	wish(roll, "{\"remove\":[\"c1\",\"c2\"]}", 31, "change already");
	cr_assert(apply(&roll, 13, voters(12, 31, 0)));
	cr_assert(roll_quorum(roll, &q) && q.now == 31 && !q.next);
	json_decref(roll);
	json_decref(known);
}

Test(roll, undone_half_way_and_ids_are_never_used_again)
{
	json_t *known = files(3), *roll = NULL;

	apply(&roll, 10, wish(known, ADD2, 7, NULL));
	apply(&roll, 12, voters(10, 7, 31));
	cr_assert(apply(&roll, 13, wish(roll, "{\"remove\":[\"c4\",\"c5\"]}", 7, NULL)));
	cr_assert_eq(roll_wanted(roll), 7);
	cr_assert(apply(&roll, 14, voters(13, 7, 0)));
	cr_assert_eq(roll_members(roll), 7);
	cr_assert(apply(&roll, 15, wish(roll, ADD2, 7, NULL)));
	cr_assert_eq(json_integer_value(json_object_get(roll_member(roll, 3), "id")), 4 + ROLL_IDS);
	cr_assert_eq(roll_index_of_id(4 + ROLL_IDS), 3);
	json_decref(roll);
	json_decref(known);
}

Test(roll, a_lost_one_is_replaced_and_who_is_recovered_is_alone)
{
	json_t *known = files(3), *roll = NULL, *entry;
	struct quorum q;

	entry = wish(known, "{\"remove\":[\"c2\"],\"add\":[{\"name\":\"d2\",\"addresses\":[\"fd00::2\"]}]}",
		5, NULL);
	cr_assert(apply(&roll, 5, entry));
	cr_assert_eq(roll_wanted(roll), 13); /* not in the place of the one that goes */
	cr_assert_str_eq(json_string_value(json_object_get(roll_member(roll, 3), "raft")),
		"[fd00::2]:7408");
	cr_assert(apply(&roll, 6,
		json_pack("{s:s, s:s}", "do", "recovered", "controller", "c3")));
	cr_assert(roll_quorum(roll, &q) && q.now == 4 && !q.next && roll_members(roll) == 4);
	json_decref(roll);
	json_decref(known);
}
