/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/element.h"

Test(element, a_tree_is_built_searched_and_changed)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *root = element_add(tree, NULL, "cib");
	struct element *a = element_add(tree, root, "node"), *b = element_add(tree, root, "node");

	element_set(tree, a, "id", "1");
	element_set(tree, b, "id", "2");
	element_set(tree, b, "id", "3");
	element_set(tree, b, "none", NULL);
	cr_assert_eq(tree->root, root);
	cr_assert_str_eq(element_get(b, "id"), "3");
	cr_assert_null(element_get(b, "none"));
	cr_assert_null(element_get(NULL, "id"));
	cr_assert_eq(element_child(root, "node"), a);
	cr_assert_eq(element_sibling(a, "node"), b);
	cr_assert_eq(element_child_id(root, "node", "3"), b);
	cr_assert_null(element_child_id(root, "node", "2"));
	element_remove(b);
	cr_assert_null(element_sibling(a, "node"));
	element_remove(a);
	cr_assert_null(root->first);
	cr_assert_null(root->last);
}

Test(element, a_copy_is_whole)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *root = element_add(tree, NULL, "a"), *b = element_add(tree, root, "b");
	struct element *c = element_add(tree, b, "c"), *copy;

	element_set(tree, c, "x", "1");
	copy = element_copy(tree, root, b);
	cr_assert_eq(root->last, copy);
	cr_assert_str_eq(element_get(copy->first, "x"), "1");
	element_set(tree, copy->first, "x", "2");
	cr_assert_str_eq(element_get(c, "x"), "1");
}

Test(element, memory_is_aligned_and_may_be_large)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();

	for (int i = 0; i < 1000; i++) {
		char *s = element_printf(tree, "%d", i);
		long double *wide = element_alloc(tree, sizeof(*wide) * (size_t)(i * 10 + 1));

		cr_assert_eq((size_t)wide % sizeof(max_align_t) % _Alignof(max_align_t), 0);
		wide[i * 10] = 1;
		cr_assert_eq(atoi(s), i);
	}
}

Test(element, attributes_come_and_go_in_their_order)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *a = element_add(tree, NULL, "a"), *b = element_add(tree, a, "b");
	char name[16];

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		element_set(tree, a, name, name);
		element_set(tree, b, name, name);
	}
	/* The same names in the same order are one list. */
	cr_assert_eq(a->names, b->names);
	for (int i = 0; i < 600; i += 2) {
		snprintf(name, sizeof(name), "n%d", i);
		element_unset(tree, a, name);
		element_unset(tree, a, name);
	}
	cr_assert_eq(a->names->n, 300);
	cr_assert_eq(b->names->n, 600);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%u", 2 * i + 1);
		cr_assert_str_eq(a->names->all[i].text, name);
		cr_assert_str_eq(a->values[i], name);
		cr_assert_str_eq(element_get(b, name), name);
	}
	element_set(tree, a, "n0", "again");
	cr_assert_str_eq(a->values[300], "again");
}

Test(element, elements_are_filled_at_once)
{
	static const char *const values[] = { "1", "2" };
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *a = element_add(tree, NULL, element_tag(tree, "abc", 1));
	struct element_names *names = element_names_add(tree, &tree->names, "xy", 1);

	cr_assert_eq(names, element_names_add(tree, &tree->names, "x", 1));
	names = element_names_add(tree, names, "y", 1);
	element_fill(tree, a, names, values);
	cr_assert(element_is(a, "a"));
	cr_assert_eq(element_get(a, "x"), values[0]);
	element_set(tree, a, "z", "3");
	cr_assert_str_eq(element_get(a, "y"), "2");
	cr_assert_str_eq(element_get(a, "z"), "3");
}

/* Many at one place of a list: some are made twice, and none is lost. */
Test(element, names_may_be_many)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *a = element_add(tree, NULL, "a");
	char name[16];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			struct element *b = element_add(tree, a, "b");

			snprintf(name, sizeof(name), "n%d", i);
			element_set(tree, b, name, "1");
			cr_assert_str_eq(element_get(b, name), "1");
		}
	}
}

Test(element, strings_that_recur_are_kept_once)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	const char *a = element_keep(tree, "monitor_0", 7);
	char text[32];

	cr_assert_str_eq(a, "monitor");
	cr_assert_eq(a, element_keep(tree, "monitor", 7));
	for (int i = 0; i < 100000; i++) {
		int len = snprintf(text, sizeof(text), "%d-%d", i, i);

		cr_assert_str_eq(element_keep(tree, text, (size_t)len), text);
	}
	cr_assert_str_eq(element_keep(tree, "", 0), "");
}
