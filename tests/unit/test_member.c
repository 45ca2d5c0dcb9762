/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/member.h"

Test(member, a_text_or_nothing)
{
	json_t *o = json_pack("{s:s, s:i}", "name", "n1", "id", 1);

	cr_assert_str_eq(member_text(o, "name"), "n1");
	cr_assert_str_eq(member_text(o, "id"), "", "a number is no text");
	cr_assert_str_eq(member_text(o, "boot"), "");
	cr_assert_str_eq(member_text(NULL, "name"), "");
	json_decref(o);
}
