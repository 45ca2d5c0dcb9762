/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Door: the ioctls of /dev/picket, the only way into picket.ko. Times are CLOCK_BOOTTIME ns. */
#ifndef PICKET_DOOR_H
#define PICKET_DOOR_H

#ifndef __VMLINUX_H__
#include <linux/ioctl.h>
#endif
#include <picket/lease.h>
#include <picket/limits.h>
#include <picket/types.h>

/* A caller names the version it was built with; the module takes MIN..MAX. */
#define PICKET_DOOR_VERSION_MIN 1
#define PICKET_DOOR_VERSION_MAX 1

#define PICKET_DOOR_CHANNELS_MAX (PICKET_CONTROLLERS_MAX * PICKET_LINKS_MAX)

enum picket_door_phase {
	PICKET_DOOR_IDLE = 0,
	PICKET_DOOR_ARMED = 1,  /* the deadline is in force; the module cannot be unloaded */
	PICKET_DOOR_FALLEN = 2, /* the verdict fell, and the machine was left standing: isolate */
};

/*
 * While armed, cluster, node, incarnation and verdict stand (-EBUSY for another), and no time
 * grows: the promise that controllers count on was made with these. All else may be said again.
 */
struct picket_door_config {
	__u32 version;
	__u32 verdict; /* enum picket_verdict */
	__u64 cluster;
	__u64 incarnation;
	__u32 node;
	__u32 interval_us;  /* of the beats, and at which the page is looked at */
	__u64 lease_max_ns; /* no renewal reaches further than this from when it was seen */
	__u64 agent_max_ns; /* nor further than this from the agent's last sign of life; 0: any */
	__u64 warn_ns;      /* "lease running out" this long before the deadline */
	__u64 kill_ns;      /* verdict to death at the latest: then harsher means are used */
	__u64 page;         /* address at which the caller mapped the lease page; 0: as before */
};
PICKET_ASSERT_SIZE(struct picket_door_config, 72);

/* One controller on one link. */
struct picket_door_channel {
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u32 ifindex;
	__u16 port; /* host order; source and destination */
	__u8 controller;
	__u8 link;
};
PICKET_ASSERT_SIZE(struct picket_door_channel, 24);

/* Where the beats go; replaces what was said before. n = 0: the agent sends them. */
struct picket_door_links {
	__u32 n;
	__u32 reserved; /* 0 */
	struct picket_door_channel channel[PICKET_DOOR_CHANNELS_MAX];
};
PICKET_ASSERT_SIZE(struct picket_door_links, 1352);

struct picket_door_key {
	__u32 controller;
	__u32 epoch;
	__u8 key[16];
};
PICKET_ASSERT_SIZE(struct picket_door_key, 24);

/* For an agent without the page. seq must rise with every renewal. */
struct picket_door_renewal {
	__u64 incarnation;
	__u64 seq;
	__u64 deadline_ns;
};
PICKET_ASSERT_SIZE(struct picket_door_renewal, 24);

struct picket_door_state {
	__u32 version_min, version_max;
	__u32 phase; /* enum picket_door_phase */
	__u32 verdict;
	__u64 cluster;
	__u64 incarnation;
	__u32 node;
	__u32 paged;       /* the lease page is pinned */
	__u64 deadline_ns; /* 0: never armed */
	__u64 alive_ns;    /* the agent's last sign of life; 0: none */
	__u64 lease_max_ns, agent_max_ns, warn_ns, kill_ns;
	__u64 seq;         /* of the last beat */
	__u64 beats;       /* times that probes were sent */
	__u64 probes;      /* sent */
	__u64 failed;      /* could not be sent: no route, no memory */
	__u64 skipped;     /* beats that nobody got round to */
	__u64 late_max_ns; /* a beat, after its time */
	__u64 relayed;     /* beats that the first CPU's softirq did not get round to */
	__u64 renewals;    /* times that the deadline moved */
	__u64 torn;        /* the page was looked at and could not be believed */
	__u64 clamped;     /* renewals that wanted to reach too far */
	__u64 warnings;    /* "lease running out" */
};
PICKET_ASSERT_SIZE(struct picket_door_state, 176);

#define PICKET_DOOR_MAGIC 0xb7

/* All: -EPERM without CAP_SYS_ADMIN, -EFAULT. */
/* -EINVAL: out of bounds, or a version not spoken; -EBUSY: armed with something else. */
#define PICKET_DOOR_CONFIGURE _IOW(PICKET_DOOR_MAGIC, 1, struct picket_door_config)
/* -EINVAL; -EOPNOTSUPP: not from the first network namespace. */
#define PICKET_DOOR_LINKS _IOW(PICKET_DOOR_MAGIC, 2, struct picket_door_links)
#define PICKET_DOOR_KEY _IOW(PICKET_DOOR_MAGIC, 3, struct picket_door_key)
/* The agent is alive: at least every interval. */
#define PICKET_DOOR_ALIVE _IO(PICKET_DOOR_MAGIC, 4)
/* From now on the lease is all that keeps this machine up. Arming what is armed changes nothing.
 * -EINVAL: not configured; -ENODATA: there is no live lease to begin with. */
#define PICKET_DOOR_ARM _IO(PICKET_DOOR_MAGIC, 5)
/* -EINVAL: another incarnation's; -ESTALE: seq has not risen; -ENODATA: the deadline has passed. */
#define PICKET_DOOR_RENEW _IOW(PICKET_DOOR_MAGIC, 6, struct picket_door_renewal)
/* The orderly way out, for an agent that has stopped everything it ran; the argument names the
 * incarnation. -EPERM: nowayout, or no live lease; -EINVAL: another incarnation, or not armed. */
#define PICKET_DOOR_RELEASE _IOW(PICKET_DOOR_MAGIC, 7, __u64)
#define PICKET_DOOR_STATE _IOR(PICKET_DOOR_MAGIC, 8, struct picket_door_state)

#endif
