/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/own.h"
#include "core/compare.h"

static void expect(const char *a, const char *b, size_t around, const char *want)
{
	json_t *lines = compare_lines(a, b, around);
	owned(free) char *is = json_dumps(lines, JSON_COMPACT);

	cr_assert_str_eq(is, want);
	json_decref(lines);
}

Test(compare, lines)
{
	expect("a\nb\nc\n", "a\nb\nc\n", 3, "[]");
	expect("a\nb\nc\n", "a\nx\nc\n", 3,
		"[[\" \",\"a\"],[\"-\",\"b\"],[\"+\",\"x\"],[\" \",\"c\"]]");
	expect("", "a\n", 3, "[[\"+\",\"a\"]]");
	expect("a\n", "", 3, "[[\"-\",\"a\"]]");
	expect("a\nb\nc\nd", "a\nc\nd\ne", 0,
		"[[\"…\",\"\"],[\"-\",\"b\"],[\"…\",\"\"],[\"+\",\"e\"]]");
	expect("same\nend", "same\nend\n", 1, "[]");
}

Test(compare, two_great_texts_end)
{
	size_t n = 20000;
	char *a = own_alloc(n * 2 + 1), *b = own_alloc(n * 2 + 1);
	json_t *lines;

	for (size_t i = 0; i < n; i++) {
		a[2 * i] = 'a';
		b[2 * i] = 'b';
		a[2 * i + 1] = b[2 * i + 1] = '\n';
	}
	a[2 * n] = b[2 * n] = '\0';
	lines = compare_lines(a, b, 3);
	cr_assert_eq(json_array_size(lines), 2 * n);
	json_decref(lines);
	free(a);
	free(b);
}
