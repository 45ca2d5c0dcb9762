/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/model/problem.h"

Test(problem, warnings_are_not_errors)
{
	struct problems p = { 0 };

	problems_add(&p, true, "a.yaml:1", "odd");
	problems_add(&p, false, "a.yaml:2:3", "unknown node '%s'", "n9");
	cr_assert_eq(p.n, 2);
	cr_assert_eq(p.errors, 1);
	cr_assert_str_eq(p.items[1].where, "a.yaml:2:3");
	cr_assert_str_eq(p.items[1].text, "unknown node 'n9'");
	problems_done(&p);
	cr_assert_eq(p.n, 0);
}
