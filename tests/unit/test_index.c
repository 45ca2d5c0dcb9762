/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/model/index.h"

Test(index, kinds_tell_things_of_one_name_apart)
{
	owned(index) struct index *index = index_new();
	int a, b, c;

	index_set(index, INDEX_NODE_NAME, "x", &a);
	index_set(index, INDEX_RESOURCE, "x", &b);
	cr_assert_eq(index_get(index, INDEX_NODE_NAME, "x"), &a);
	cr_assert_eq(index_get(index, INDEX_RESOURCE, "x"), &b);
	cr_assert_null(index_get(index, INDEX_TAG, "x"));
	cr_assert_null(index_get(index, INDEX_RESOURCE, "y"));
	index_set(index, INDEX_RESOURCE, "x", &c);
	cr_assert_eq(index_get(index, INDEX_RESOURCE, "x"), &c);
}

Test(index, it_grows)
{
	owned(index) struct index *index = index_new();
	static char names[5000][8];
	static int things[5000];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		index_set(index, INDEX_ELEMENT, names[i], &things[i]);
		index_set_pair(index, INDEX_PARAMETERS, i, 7, &things[i]);
	}
	for (unsigned i = 0; i < 5000; i++) {
		cr_assert_eq(index_get(index, INDEX_ELEMENT, names[i]), &things[i]);
		cr_assert_eq(index_get_pair(index, INDEX_PARAMETERS, i, 7), &things[i]);
		cr_assert_null(index_get_pair(index, INDEX_PARAMETERS, 7, i + 5000));
	}
}

Test(index, addresses_are_keys_too)
{
	owned(index) struct index *index = index_new();
	static const char text[2][2] = { "x", "x" };
	int a;

	index_set_address(index, INDEX_RENEWED, text[0], &a);
	cr_assert_eq(index_get_address(index, INDEX_RENEWED, text[0]), &a);
	cr_assert_null(index_get_address(index, INDEX_RENEWED, text[1]));
	/* What stands for nothing is not there, and is a key nevertheless. */
	index_set(index, INDEX_RENEWED, "x", NULL);
	cr_assert_null(index_get(index, INDEX_RENEWED, "x"));
}
