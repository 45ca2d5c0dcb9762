/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include <criterion/criterion.h>

#include "base/moment.h"

Test(moment, boot_time_goes_on_in_nanoseconds)
{
	struct timespec pause = { .tv_nsec = 2000000 };
	uint64_t before = moment_boot_ns(), after;

	nanosleep(&pause, NULL);
	after = moment_boot_ns();
	cr_assert_geq(after - before, 2000000);
}

Test(moment, the_epoch_is_in_milliseconds)
{
	time_t before = time(NULL);
	uint64_t ms = moment_epoch_ms();

	/* time() may be a tick behind the finer clock, and never before it. */
	cr_assert_geq(ms / 1000, (uint64_t)before);
	cr_assert_leq(ms / 1000, (uint64_t)time(NULL) + 1);
}
