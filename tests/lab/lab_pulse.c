/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feels whether the machine itself lives: asks for a CPU every 20 ms as a deadline task, which
 * nothing but the kernel comes before, and tells when it got none for 200 ms or more.
 *
 *   lab_pulse          lines "NS MS": when it was over (CLOCK_BOOTTIME), and how long it took
 *
 * A host whose hypervisor takes it away for longer than a lease loses every node of the lab at
 * once, and rightly so: that says nothing of what is tested.
 */
#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 20000000ULL
#define BUDGET_NS 1000000ULL
#define TOLD_NS 200000000ULL

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

int main(void)
{
	struct sched_attr a = { .size = sizeof(a),
		.sched_policy = SCHED_DEADLINE,
		.sched_runtime = BUDGET_NS,
		.sched_deadline = PERIOD_NS,
		.sched_period = PERIOD_NS };
	uint64_t last, now;

	if (mlockall(MCL_CURRENT | MCL_FUTURE) || syscall(SYS_sched_setattr, 0, &a, 0)) {
		fprintf(stderr, "lab_pulse: %s\n", strerror(errno));
		return 1;
	}
	for (last = now_ns();; last = now) {
		nanosleep(&(struct timespec){ .tv_nsec = PERIOD_NS }, NULL);
		now = now_ns();
		if (now - last < PERIOD_NS + TOLD_NS)
			continue;
		printf("%llu %llu\n", (unsigned long long)now,
			(unsigned long long)((now - last - PERIOD_NS) / 1000000));
		if (fflush(stdout))
			return 1;
	}
}
