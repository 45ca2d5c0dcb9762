/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <jansson.h>

#include "core/timeline.h"

Test(timeline, the_first_time_counts_and_times_are_ms_since_the_first_mark)
{
	struct timeline t = { 0 };
	json_t *j;

	timeline_set(&t, TIMELINE_LAST_BEAT, 5000000);
	timeline_set(&t, TIMELINE_LOST, 36000000);
	timeline_set(&t, TIMELINE_LOST, 99000000);
	j = timeline_json(&t);
	cr_assert_eq(json_object_size(j), 2);
	cr_assert_float_eq(
		json_number_value(json_object_get(j, timeline_name(TIMELINE_LAST_BEAT))), 0, 1e-9);
	cr_assert_float_eq(
		json_number_value(json_object_get(j, timeline_name(TIMELINE_LOST))), 31, 1e-9);
	json_decref(j);
}

Test(timeline, what_is_not_known_is_not_counted)
{
	struct timeline_times times = { 0 };
	struct timeline t = { 0 };

	timeline_set(&t, TIMELINE_LOST, 1000000000);
	timeline_set(&t, TIMELINE_DONE, 1500000000);
	timeline_account(&t, &times);
	cr_assert_eq(times.detections.n, 0);
	cr_assert_eq(times.fencings.n, 0);
	cr_assert_eq(times.failovers.n, 1);
	cr_assert_float_eq(times.last_ms, 500, 1e-9);
	timeline_set(&t, TIMELINE_LAST_BEAT, 800000000);
	timeline_set(&t, TIMELINE_FENCE_STARTED, 1100000000);
	timeline_set(&t, TIMELINE_DEAD, 1400000000);
	timeline_account(&t, &times);
	cr_assert_float_eq(times.detections.sum_s, 0.2, 1e-9);
	cr_assert_float_eq(times.fencings.sum_s, 0.3, 1e-9);
	cr_assert_float_eq(times.failovers.sum_s, 0.5 + 0.7, 1e-9);
	cr_assert_float_eq(times.last_ms, 700, 1e-9);
	t = (struct timeline){ 0 };
	timeline_set(&t, TIMELINE_BLOCKED, 2000000000);
	timeline_set(&t, TIMELINE_DONE, 2100000000);
	timeline_account(&t, &times);
	cr_assert_eq(times.failovers.n, 3);
	cr_assert_float_eq(times.last_ms, 100, 1e-9);
}
