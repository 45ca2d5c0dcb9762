/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

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
