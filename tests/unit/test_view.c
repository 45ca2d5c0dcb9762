/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/model/view.h"

static struct view_cell after(
	enum view_state state, const char *op, uint64_t interval, int rc, const char *status)
{
	struct view_cell c = { .state = state };

	view_cell_note(&c, op, interval, rc, status);
	return c;
}

Test(view, results_become_states)
{
	cr_assert_eq(after(VIEW_UNKNOWN, "monitor", 0, 7, "done").state, VIEW_STOPPED);
	cr_assert_eq(after(VIEW_UNKNOWN, "monitor", 0, 0, "done").state, VIEW_STARTED);
	cr_assert_eq(after(VIEW_UNKNOWN, "monitor", 0, 5, "done").state, VIEW_IMPOSSIBLE);
	cr_assert_eq(after(VIEW_STOPPED, "start", 0, 0, "done").state, VIEW_STARTED);
	cr_assert_eq(after(VIEW_STOPPED, "start", 0, 1, "done").state, VIEW_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "monitor", 10000, 7, "done").state, VIEW_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "monitor", 10000, 0, "timeout").state, VIEW_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "stop", 0, 0, "done").state, VIEW_STOPPED);
}

Test(view, only_a_positive_stop_is_stopped)
{
	cr_assert_eq(after(VIEW_STARTED, "stop", 0, 1, "done").state, VIEW_STOP_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "stop", 0, 0, "timeout").state, VIEW_STOP_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "stop", 0, 0, "error").state, VIEW_STOP_FAILED);
	cr_assert_eq(after(VIEW_STARTED, "stop", 0, 0, "pending").state, VIEW_UNKNOWN);
	cr_assert_eq(after(VIEW_STARTED, "monitor", 10, 193, "pending").state, VIEW_STARTED);
}
