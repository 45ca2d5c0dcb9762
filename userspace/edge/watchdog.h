/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchdog: a hardware watchdog that is fed only by renewals of the lease. */
#ifndef EDGE_WATCHDOG_H
#define EDGE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/own.h"

struct watchdog;

/* Opens the device, which begins to count, and asks for a timeout that fits into the lease with the
 * interval to spare; the driver has the last word. As open(2): -EBUSY: another program has it. */
int watchdog_open(const char *path, uint64_t lease_ns, uint64_t interval_ns, struct watchdog **ret);

/* The timeout that is asked for: the longest that fits with two intervals to spare, or the shortest
 * that there is. */
uint64_t watchdog_wants_ns(uint64_t lease_ns, uint64_t interval_ns);

/* Whether it may be opened, or asked for another timeout. The kernel takes either for a feed: so
 * only while what is asked for ends by the deadline, as far as that can ever be. */
bool watchdog_startable(
	uint64_t deadline_ns, uint64_t now_ns, uint64_t lease_ns, uint64_t interval_ns);

/* The lease is another from now on: asks for another timeout. The same again does nothing. */
int watchdog_lease_set(struct watchdog *watchdog, uint64_t lease_ns, uint64_t interval_ns);

/* Asks the driver what its timeout is: it may have been changed behind our back. To be done before
 * anything is decided by it. */
int watchdog_refresh(struct watchdog *watchdog);

/* What the driver said then. */
uint64_t watchdog_timeout_ns(const struct watchdog *watchdog);

/* Whether the timeout fits: then this node is dead by its deadline through the watchdog alone; if
 * not, the watchdog's timeout counts from the last renewal. */
bool watchdog_fits(const struct watchdog *watchdog);

/* Feeds it where the timeout fits, if now + timeout <= deadline; where it does not, if the deadline
 * has moved, that is, by a renewal only. (Where it fits, a renewal is what makes room again; and it
 * is fed without one while a lease that was made shorter lives on what the longer one was granted.)
 * True: it was fed. */
bool watchdog_feed(struct watchdog *watchdog, uint64_t deadline_ns, uint64_t now_ns);

/* The rule alone. */
bool watchdog_due(
	uint64_t fed_ns, uint64_t deadline_ns, uint64_t now_ns, uint64_t timeout_ns, bool fits);

/* In good order: the device stops counting, where it can. */
void watchdog_release(struct watchdog *watchdog);

/* It goes on counting: whoever comes next has to feed it in time. */
void watchdog_free(struct watchdog *watchdog);
own_define(watchdog, struct watchdog, watchdog_free)

#endif
