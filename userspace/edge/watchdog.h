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

/* The lease is another from now on: asks for another timeout. */
int watchdog_lease_set(struct watchdog *watchdog, uint64_t lease_ns, uint64_t interval_ns);

/* What the driver said that its timeout is. */
uint64_t watchdog_timeout_ns(const struct watchdog *watchdog);

/* Whether the timeout fits: then this node is dead by its deadline through the watchdog alone; if
 * not, the watchdog's timeout counts from the last renewal. */
bool watchdog_fits(const struct watchdog *watchdog);

/* Feeds it, if the deadline has moved and, where the timeout fits, now + timeout <= deadline. What
 * the timeout is is asked again each time. True: it was fed. */
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
