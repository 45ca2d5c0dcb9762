/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timing: every interval and deadline of a cluster, derived from one another in one place. */
#ifndef CORE_TIMING_H
#define CORE_TIMING_H

#include "core/model/site.h"

struct timing {
	uint32_t interval_us; /* heartbeat: each probe promises the next within this */
	unsigned misses;      /* silent, and suspected, after so many */
	uint64_t confirm_ms;  /* suspected for so long: lost, and blocked */
	uint64_t restart_ms;  /* the same, when the agent's end was seen and its kernel lives */
	uint64_t lease_ms;    /* T */
	uint64_t join_ms;     /* a new leader waits so long for nodes before it calls them lost */
	uint64_t fence_ms;    /* one try with one fence device, off and read-back together */
	uint64_t fence_retry_ms;
	uint64_t drift_ppm; /* rho: no two clocks drift apart faster */
	uint64_t expiry_ms; /* epsilon: how late the kernel notices that a lease has run out */
	uint64_t kill_ms;   /* T_kill: how long the verdict takes to bite; a node may say more */
	uint64_t margin_ms;
	uint64_t fence_test_ms; /* each device is rehearsed so often; 0: only when asked */
	uint64_t fence_reads;   /* consecutive readings of off that prove it */
	uint64_t rekey_ms;      /* heartbeat keys change so often; 0: only when asked */
};

/* From cluster: {profile, heartbeat-interval, ...} of the site. -EINVAL: a problem names the
 * inequality that does not hold, with its numbers. */
int timing_of(const struct site *site, struct problems *problems, struct timing *ret);

/* W: so long after no majority can grant any more, a node that ends itself has done so.
 * kill_ms: what the node said of its own end, 0: nothing. */
uint64_t timing_wait_ns(const struct timing *timing, uint64_t kill_ms);

#endif
