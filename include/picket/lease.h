/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Lease: the page that BPF writes on every grant and picket.ko (or the agent) reads. */
#ifndef PICKET_LEASE_H
#define PICKET_LEASE_H

#include <picket/types.h>
#include <picket/limits.h>

/* What a node does to itself when its lease runs out. */
enum picket_verdict {
	PICKET_VERDICT_REBOOT = 1,
	PICKET_VERDICT_PANIC = 2,
	PICKET_VERDICT_POWEROFF = 3,
	PICKET_VERDICT_ISOLATE = 4, /* BPF drops what is not the control plane's */
};

/*
 * Written by BPF as a sequence lock: seq odd while a write is under way, even and greater
 * afterwards. A reader that sees an odd or changing seq treats the page as "not renewed".
 */
struct picket_lease_page {
	__u64 seq;
	__u64 deadline_ns;   /* CLOCK_BOOTTIME; the m-th largest of t_send + T; 0 = never granted */
	__u64 incarnation;
	__u64 length_ns;     /* T */
	__u64 expired_ns;    /* when the verdict fell, 0 = it has not */
	__u32 controllers;   /* n */
	__u32 majority;      /* m */
	__u64 expiry_ns[PICKET_CONTROLLERS_MAX + 1]; /* t_send + T by controller; last: pad */
};
PICKET_ASSERT_SIZE(struct picket_lease_page, 112);

#endif
