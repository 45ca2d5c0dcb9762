/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/histogram.h"

Test(histogram, adds_up_as_prometheus_wants_it)
{
	struct histogram h = { 0 };
	struct lines lines = { 0 };

	histogram_add(&h, 0);
	histogram_add(&h, 0.05); /* a bound belongs to its own bucket */
	histogram_add(&h, 0.051);
	histogram_add(&h, 1e6);
	histogram_print(&h, "x_seconds", "How long.", &lines);
	cr_assert(strstr(lines.data, "# HELP x_seconds How long.\n# TYPE x_seconds histogram\n"));
	cr_assert(strstr(lines.data, "x_seconds_bucket{le=\"0.025\"} 1\n"));
	cr_assert(strstr(lines.data, "x_seconds_bucket{le=\"0.05\"} 2\n"));
	cr_assert(strstr(lines.data, "x_seconds_bucket{le=\"0.1\"} 3\n"));
	cr_assert(strstr(lines.data, "x_seconds_bucket{le=\"120\"} 3\n"));
	cr_assert(strstr(lines.data, "x_seconds_bucket{le=\"+Inf\"} 4\n"));
	cr_assert(strstr(lines.data, "x_seconds_sum 1000000.1\n"));
	cr_assert(strstr(lines.data, "x_seconds_count 4\n"));
	lines_done(&lines);
}
