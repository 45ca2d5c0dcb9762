/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <criterion/criterion.h>

#include "base/own.h"
#include "base/lines.h"

Test(lines, grows)
{
	owned(free) char *big = own_alloc(100001);
	struct lines t = { 0 };

	memset(big, 'x', 100000);
	lines_add(&t, "%s-%d", "a", 7);
	lines_add(&t, "%s", big);
	lines_put(&t, "ending", 3);
	cr_assert_eq(t.len, 3 + 100000 + 3);
	cr_assert_eq(strlen(t.data), t.len);
	cr_assert_str_eq(t.data + t.len - 4, "xend");
	lines_done(&t);
	cr_assert_null(t.data);
}

Test(lines, columns_count_characters_not_bytes)
{
	struct lines t = { 0 };

	cr_assert_eq(lines_width("süß"), 3);
	lines_pad(&t, "süß", 5);
	lines_pad(&t, "longer", 3);
	cr_assert_str_eq(t.data, "süß  longer");
	lines_done(&t);
}
