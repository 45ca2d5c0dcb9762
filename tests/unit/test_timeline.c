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
