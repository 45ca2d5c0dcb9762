/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deadline: the one moment at which a call ends, whatever it is waiting for. */
#ifndef FENCE_DEADLINE_H
#define FENCE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
	uint64_t end_ns; /* CLOCK_BOOTTIME */
};

uint64_t deadline_now_ns(void);

/* In ms from now. */
struct deadline deadline_in(uint64_t ms);

/* The earlier of this one and ms from now. */
struct deadline deadline_within(struct deadline deadline, uint64_t ms);

uint64_t deadline_left_ms(struct deadline deadline); /* 0 = reached */
bool deadline_reached(struct deadline deadline);

/* Sleeps ms, but not beyond the deadline. Returns false when the deadline is reached. */
bool deadline_sleep(struct deadline deadline, uint64_t ms);

#endif
