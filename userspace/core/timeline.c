/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/timeline.h"

const char *timeline_name(enum timeline_mark mark)
{
	static const char *const names[] = { "last_beat", "suspected", "lost", "blocked",
		"fence_started", "off_verified", "dead", "planned", "first_start", "done" };

	return names[mark];
}

void timeline_set(struct timeline *t, enum timeline_mark mark, uint64_t ns)
{
	if (!t->ns[mark])
		t->ns[mark] = ns;
}

json_t *timeline_json(const struct timeline *t)
{
	json_t *j = json_object();
	uint64_t first = 0;

	for (int i = 0; i < TIMELINE_END; i++) {
		if (!t->ns[i])
			continue;
		if (!first)
			first = t->ns[i];
		/* Whole microseconds: a figure people read, not a sum of rounding errors. */
		json_object_set_new(j, timeline_name(i),
			json_real((double)((int64_t)(t->ns[i] - first) / 1000) / 1000));
	}
	return j;
}
