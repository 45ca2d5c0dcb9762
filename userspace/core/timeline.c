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

/* From one moment to another one, when both are known. */
static void took(struct histogram *h, uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns && to_ns >= from_ns)
		histogram_add(h, (double)(to_ns - from_ns) / 1e9);
}

void timeline_account(const struct timeline *t, struct timeline_times *times)
{
	uint64_t first = t->ns[TIMELINE_LAST_BEAT], done = t->ns[TIMELINE_DONE];

	took(&times->detections, first, t->ns[TIMELINE_LOST]);
	took(&times->fencings, t->ns[TIMELINE_FENCE_STARTED], t->ns[TIMELINE_DEAD]);
	for (int i = 0; !first && i < TIMELINE_END; i++) /* an operator fenced it, unheard or not */
		first = t->ns[i];
	took(&times->failovers, first, done);
	times->last_ms = (double)(done - first) / 1e6;
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
