/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/grant.h"

Test(grant, nothing_before_an_entry_names_this_life)
{
	struct grant g;

	grant_init(&g, 42, NULL);
	cr_assert_eq(grant_until(&g, 1000, 300), 0);
	grant_catch(&g, 41);
	cr_assert_not(grant_may(&g));
	grant_catch(&g, 42);
	cr_assert_eq(grant_until(&g, 1000, 300), 1300);
	grant_done(&g);
}

Test(grant, a_promise_holds_for_that_incarnation_and_older_ones)
{
	struct grant g;

	grant_init(&g, 1, NULL);
	grant_bar(&g, 7, 20, 3);
	cr_assert(grant_barred(&g, 7, 20));
	cr_assert(grant_barred(&g, 7, 19));
	cr_assert_not(grant_barred(&g, 7, 21));
	cr_assert_not(grant_barred(&g, 8, 20));
	cr_assert_eq(grant_barred_term(&g, 7, 20), 3);
	cr_assert_eq(grant_barred_term(&g, 7, 21), 0);
	grant_done(&g);
}

Test(grant, a_promise_ends_with_the_first_entry_of_a_later_term)
{
	struct grant g;

	grant_init(&g, 1, NULL);
	grant_bar(&g, 7, 20, 3);
	grant_bar(&g, 8, 30, 4);
	cr_assert_eq(grant_release(&g, 3), 0);
	cr_assert_eq(grant_release(&g, 4), 7);
	cr_assert_eq(grant_release(&g, 4), 0);
	cr_assert(grant_barred(&g, 8, 30));
	grant_bar(&g, 8, 30, 5); /* asked again by the next leader */
	cr_assert_eq(grant_release(&g, 5), 0);
	grant_done(&g);
}
