/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/journal.h"

Test(journal, a_cursor_goes_on_where_it_stopped)
{
	struct journal j;
	json_t *list;

	journal_init(&j);
	for (int i = 0; i < 5; i++)
		journal_add(&j, 1, 2, "kind", "n1", NULL, "text", NULL);
	list = journal_after(&j, 3, 0);
	cr_assert_eq(json_array_size(list), 2);
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(list, 0), "cursor")), 4);
	json_decref(list);
	list = journal_after(&j, 0, 2);
	cr_assert_eq(json_array_size(list), 2);
	json_decref(list);
	journal_done(&j);
}

Test(journal, it_is_bounded_and_keeps_the_newest)
{
	struct journal j;
	json_t *list;
	size_t n;

	journal_init(&j);
	for (int i = 0; i < 20000; i++)
		journal_add(&j, 1, 2, "kind", NULL, NULL, "text", json_pack("{s:i}", "i", i));
	list = journal_after(&j, 0, 0);
	n = json_array_size(list);
	cr_assert(n && n < 20000);
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(list, n - 1), "i")), 19999);
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(list, 0), "i")),
		20000 - (json_int_t)n);
	json_decref(list);
	journal_done(&j);
}
