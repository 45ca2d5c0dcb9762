/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdict: how this machine ends, from any context, and what is tried when that fails. */
#ifndef KMOD_VERDICT_H
#define KMOD_VERDICT_H

#include <linux/types.h>

struct verdict_reason {
	u64 incarnation;
	u64 deadline_ns;
	u64 now_ns;
	u64 alive_ns; /* the agent's last sign of life */
	u64 seen;     /* the last sequence that was believed */
	u64 renewals, torn, clamped;
	const char *text;
};

/* The first step, once. Comes back only where the machine still stands. */
void verdict_execute(u32 verdict, const struct verdict_reason *reason);

/* It still stands: restart without a word. */
void verdict_harsher(void);

/* In an NMI, where nobody else can: what is meant if it is the first step, else as above. */
void verdict_last(u32 verdict, bool first);

/* Tells the log and userspace that the lease is running out. */
void verdict_warn(u64 incarnation, u64 left_ns, const char *why);

/* Before the door opens, and after it is shut for good. */
void verdict_init(void);
void verdict_done(void);

#endif
