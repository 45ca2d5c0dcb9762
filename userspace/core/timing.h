/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timing: every interval and deadline of a cluster, derived from one another in one place. */
#ifndef CORE_TIMING_H
#define CORE_TIMING_H

#include "core/model/site.h"

struct timing {
	uint32_t interval_us;   /* heartbeat: each probe promises the next within this */
	unsigned misses;        /* silent, and suspected, after so many */
	uint64_t confirm_ms;    /* suspected for so long: lost, and blocked */
	uint64_t restart_ms;    /* the same, when the agent's end was seen and its kernel lives */
	uint64_t lease_ms;      /* T */
	uint64_t join_ms;       /* a new leader waits so long for nodes before it calls them lost */
	uint64_t fence_ms;      /* one try with one fence device, off and read-back together */
	uint64_t fence_retry_ms;
};

/* From cluster: {profile, heartbeat-interval, heartbeat-misses, ...} of the site. -EINVAL: a
 * problem names the inequality that does not hold, with its numbers. */
int timing_of(const struct site *site, struct problems *problems, struct timing *ret);

#endif
