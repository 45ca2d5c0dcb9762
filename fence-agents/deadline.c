/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <time.h>

#include "deadline.h"

uint64_t deadline_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

struct deadline deadline_in(uint64_t ms)
{
	return (struct deadline){ deadline_now_ns() + ms * 1000000U };
}

struct deadline deadline_within(struct deadline deadline, uint64_t ms)
{
	struct deadline other = deadline_in(ms);

	return other.end_ns < deadline.end_ns ? other : deadline;
}

uint64_t deadline_left_ms(struct deadline deadline)
{
	uint64_t now = deadline_now_ns();

	return now >= deadline.end_ns ? 0 : (deadline.end_ns - now + 999999U) / 1000000U;
}

bool deadline_reached(struct deadline deadline)
{
	return deadline_now_ns() >= deadline.end_ns;
}

bool deadline_sleep(struct deadline deadline, uint64_t ms)
{
	struct deadline until = deadline_within(deadline, ms);
	struct timespec ts = { .tv_sec = (time_t)(until.end_ns / 1000000000U),
		.tv_nsec = (long)(until.end_ns % 1000000000U) };

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
	return !deadline_reached(deadline);
}
