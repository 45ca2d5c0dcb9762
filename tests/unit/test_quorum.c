/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/quorum.h"

Test(quorum, more_than_half)
{
	struct quorum q = { .now = 0x7 };

	cr_assert_eq(quorum_majority(0x7), 2);
	cr_assert_eq(quorum_majority(0xf), 3);
	cr_assert(quorum_enough(&q, 0x5));
	cr_assert_not(quorum_enough(&q, 0x4));
	cr_assert_not(quorum_enough(&q, 0xf8), "who does not vote does not count");
}

Test(quorum, while_voters_change_both_sets_must_agree)
{
	struct quorum q = { .now = 0x7, .next = 0x38 };

	cr_assert_not(quorum_enough(&q, 0x7));
	cr_assert(quorum_enough(&q, 0x1b));
	cr_assert_not(quorum_barred(&q, 0x3));
	cr_assert(quorum_barred(&q, 0x1b));
}

Test(quorum, so_many_promises_leave_no_majority)
{
	for (uint32_t voters = 1; voters < 128; voters++)
		for (uint32_t who = 0; who < 128; who++) {
			struct quorum q = { .now = voters };

			cr_assert_eq(quorum_barred(&q, who), !quorum_enough(&q, voters & ~who));
		}
}
