/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/storm.h"

#define SECOND 1000000000ULL

Test(storm, more_than_two_or_a_fifth)
{
	cr_assert_eq(storm_limit(3), 2);
	cr_assert_eq(storm_limit(100), 20);
}

Test(storm, three_at_once_of_ten_rage_until_settled)
{
	struct storm s = { 0 };

	storm_lost(&s, 1, 10 * SECOND);
	storm_lost(&s, 2, 11 * SECOND);
	cr_assert_not(storm_rages(&s, 10, 12 * SECOND));
	storm_lost(&s, 3, 12 * SECOND);
	cr_assert(storm_rages(&s, 10, 12 * SECOND));
	cr_assert(storm_rages(&s, 10, 900 * SECOND), "an open loss does not age");
	storm_settled(&s, 1);
	storm_settled(&s, 2);
	storm_settled(&s, 3);
	cr_assert_not(storm_rages(&s, 10, 13 * SECOND));
	storm_done(&s);
}

Test(storm, losses_far_apart_are_weather)
{
	struct storm s = { 0 };

	for (uint32_t n = 1; n < 6; n++) {
		storm_lost(&s, n, n * 100 * SECOND);
		cr_assert_not(storm_rages(&s, 10, n * 100 * SECOND));
		storm_settled(&s, n);
	}
	storm_done(&s);
}

Test(storm, an_operator_lets_go_on_until_all_is_settled)
{
	struct storm s = { 0 };

	for (uint32_t n = 1; n < 5; n++)
		storm_lost(&s, n, SECOND);
	storm_allow(&s);
	cr_assert_not(storm_rages(&s, 10, SECOND));
	for (uint32_t n = 1; n < 5; n++)
		storm_settled(&s, n);
	for (uint32_t n = 5; n < 9; n++)
		storm_lost(&s, n, 2 * SECOND);
	cr_assert(storm_rages(&s, 10, 2 * SECOND), "the word was for the losses of then");
	storm_done(&s);
}
