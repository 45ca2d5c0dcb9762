/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/action.h"

Test(action, kept_in_order_and_let_go)
{
	struct actions a = { 0 };

	for (int i = 0; i < 100; i++)
		action_add(&a, i % 2 ? ACTION_SEND : ACTION_NOTE)->node = own_string("n");
	cr_assert_eq(a.n, 100);
	cr_assert_eq(a.items[99].kind, ACTION_SEND);
	actions_done(&a);
	cr_assert_eq(a.n, 0);
	cr_assert_null(a.items);
}
