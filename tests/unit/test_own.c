/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/own.h"

Test(own, give_leaves_null)
{
	char *a = own_string("x");
	char *b = give(a);

	cr_assert_null(a);
	cr_assert_str_eq(b, "x");
	free(b);
}

Test(own, string_of_null_is_null)
{
	cr_assert_null(own_string(NULL));
}

Test(own, alloc_is_zeroed)
{
	owned(free) unsigned char *p = own_alloc(64);

	for (int i = 0; i < 64; i++)
		cr_assert_eq(p[i], 0);
}

Test(own, grow_keeps_elements)
{
	size_t n = 0, cap = 0;
	int *items = NULL;

	for (int i = 0; i < 100; i++) {
		own_grow(items, n, cap);
		items[n++] = i;
	}
	for (int i = 0; i < 100; i++)
		cr_assert_eq(items[i], i);
	free(items);
}

Test(own, printf_formats)
{
	owned(free) char *s = own_printf("%s-%d", "n", 3);

	cr_assert_str_eq(s, "n-3");
}
