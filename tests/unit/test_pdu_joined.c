/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pdu_joined.h"

Test(pdu_joined, the_nth_number)
{
	long number = 7;

	cr_assert_eq(pdu_joined_number("1,0,12", 1, &number), 0);
	cr_assert_eq(number, 1);
	cr_assert_eq(pdu_joined_number("1,0,12", 2, &number), 0);
	cr_assert_eq(number, 0);
	cr_assert_eq(pdu_joined_number("1,0,12", 3, &number), 0);
	cr_assert_eq(number, 12);
}

Test(pdu_joined, what_is_no_number_is_none)
{
	static const struct {
		const char *text;
		int error;
	} bad[] = { { "", -ENOENT }, { "1", -ENOENT }, { "1,", -ENOENT }, { "1,,0", -EPROTO },
		{ "1, 0", -EPROTO }, { "1,-1", -EPROTO }, { "1,off", -EPROTO }, { "1_,0", -EPROTO },
		{ "1,0x", -EPROTO }, { "1,0,?", -EPROTO }, { "1,00", -EPROTO },
		{ "1,01,1", -EPROTO }, { "1,0123456789", -EPROTO } };
	long number = 7;
	char text[SNMP_TEXT_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(pdu_joined_number(bad[i].text, 2, &number), bad[i].error, "%s",
			bad[i].text);
	cr_assert_eq(pdu_joined_number("1,0", 0, &number), -ENOENT);
	memset(text, '0', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	text[1] = ',';
	cr_assert_eq(pdu_joined_number(text, 1, &number), -EPROTO); /* it may have been cut */
	cr_assert_eq(number, 7);
}

Test(pdu_joined, one_number_is_replaced_and_no_other)
{
	char text[8];

	cr_assert_eq(pdu_joined_replace("1,1,1", 2, 0, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "1,0,1");
	cr_assert_eq(pdu_joined_replace("1,1,1", 1, 0, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "0,1,1");
	cr_assert_eq(pdu_joined_replace("1,1,1", 3, 0, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "1,1,0");
	cr_assert_eq(pdu_joined_replace("1,1,1", 4, 0, text, sizeof(text)), -ENOENT);
	cr_assert_eq(pdu_joined_replace("1,1,1,1", 1, 10, text, sizeof(text)), -ENOSPC);
}
