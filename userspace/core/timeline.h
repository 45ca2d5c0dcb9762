/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timeline: when what happened in a node's failover, from its last beat to the last start. */
#ifndef CORE_TIMELINE_H
#define CORE_TIMELINE_H

#include <stdint.h>

#include <jansson.h>

#include "base/histogram.h"

enum timeline_mark {
	TIMELINE_LAST_BEAT,
	TIMELINE_SUSPECTED,
	TIMELINE_LOST,
	TIMELINE_BLOCKED,
	TIMELINE_FENCE_STARTED,
	TIMELINE_OFF,
	TIMELINE_DEAD,
	TIMELINE_PLANNED,
	TIMELINE_FIRST_START,
	TIMELINE_DONE,
	TIMELINE_END,
};

struct timeline {
	uint64_t ns[TIMELINE_END]; /* CLOCK_BOOTTIME; 0: not (yet) */
};

/* How long it took, of all that have come to their end. */
struct timeline_times {
	struct histogram detections, fencings, failovers;
	double last_ms; /* the last failover, from the last beat */
};

/* Adds one that is done. */
void timeline_account(const struct timeline *timeline, struct timeline_times *times);

/* The first time counts. */
void timeline_set(struct timeline *timeline, enum timeline_mark mark, uint64_t ns);
/* {last_beat: 0, suspected: 31.2, ...}: ms since the first mark that is set. */
json_t *timeline_json(const struct timeline *timeline);
const char *timeline_name(enum timeline_mark mark);

#endif
