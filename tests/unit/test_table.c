/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/model/table.h"

Test(table, names_have_one_value_and_keep_their_order)
{
	owned(element_tree) struct element_tree *arena = element_tree_new();
	struct table t = { 0 };

	for (int i = 0; i < 100; i++)
		table_set(arena, &t, element_printf(arena, "n%d", i), "x");
	table_set(arena, &t, "n7", "y");
	table_default(arena, &t, "n7", "z");
	table_default(arena, &t, "new", "z");
	cr_assert_eq(t.n, 101);
	cr_assert_str_eq(table_get(&t, "n7"), "y");
	cr_assert_str_eq(t.items[3].name, "n3");
	cr_assert_str_eq(table_get(&t, "new"), "z");
	table_remove(&t, "n3");
	table_remove(&t, "none");
	cr_assert_null(table_get(&t, "n3"));
	cr_assert_str_eq(t.items[3].name, "n4");
	cr_assert_eq(t.n, 100);
	cr_assert_null(table_get(NULL, "n7"));
}

Test(table, truth)
{
	owned(element_tree) struct element_tree *arena = element_tree_new();
	struct table t = { 0 };

	table_set(arena, &t, "a", "yes");
	table_set(arena, &t, "b", "what");
	cr_assert(table_true(&t, "a", false));
	cr_assert(table_true(&t, "none", true));
	cr_assert_not(table_true(&t, "b", false));
}
