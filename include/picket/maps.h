/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Maps: the values of the BPF maps that userspace fills and reads. Times are CLOCK_BOOTTIME ns. */
#ifndef PICKET_MAPS_H
#define PICKET_MAPS_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif
#include <picket/limits.h>
#include <picket/types.h>

/* Slots of the two PROG_ARRAYs: rooms (XDP) and rooms_lo (tc on the loopback device). */
enum picket_room { PICKET_ROOM_CONTROLLER = 0, PICKET_ROOM_NODE = 1, PICKET_ROOM_END };

#define PICKET_SENT_MAX 1024 /* beats a node remembers; a power of two */
#define PICKET_LOCAL_MAX 64  /* local control-plane addresses that isolation keeps reachable */
#define PICKET_PORTS_MAX 4 /* control-plane ports that isolation keeps open */

/* One key slot; the slot of an epoch is its parity, so that two epochs overlap. */
struct picket_key {
	__u64 k0, k1; /* the 16 bytes as two little-endian words */
	__u32 epoch;
	__u32 set;    /* 0 = empty slot */
};
PICKET_ASSERT_SIZE(struct picket_key, 24);

/* ---- controller ---------------------------------------------------------------------------- */

/* Each word is written alone, so a reader sees the old or the new one, never a mixture. */
struct picket_controller_settings {
	__u64 cluster;
	__u64 grant_until_ns; /* no grant from then on */
	__u64 promise_min_ns; /* shortest promise of all nodes: the sweeper's longest sleep */
	__u32 controller;     /* own index */
	__u32 nodes_end;      /* highest configured node id + 1 */
};
PICKET_ASSERT_SIZE(struct picket_controller_settings, 32);

/* By node id, written by userspace only. All zero: unknown node. */
struct picket_peer_config {
	struct picket_key key[2];
	__u64 admitted; /* the incarnation that gets grants; 0 = none. One word: never torn */
	__u32 interval_us;
	__u32 agent_age_max_ms; /* older: PICKET_EVENT_AGENT_OLD; 0 = not watched */
	__u16 misses;
	__u8 links_mask;       /* links on which this node is expected */
	__u8 known;
	__u32 reserved;
};
PICKET_ASSERT_SIZE(struct picket_peer_config, 72);

struct picket_peer_link {
	__u64 incarnation;  /* of the last valid probe */
	__u64 seq;          /* of the last valid probe */
	__u64 last_ns;      /* when it was heard; 0 = never */
	__u32 agent_age_ms; /* as told by it */
	__u32 beats;        /* valid probes, wraps */
};

/* By node id, written by BPF under the lock. */
struct picket_peer {
	struct bpf_spin_lock lock;
	__u32 agent_old;    /* AGENT_OLD was reported and not taken back */
	__u64 incarnation;  /* newest seen over all links */
	__u64 reserved[6];  /* a cache line of their own for the deadlines, which sweeps read */
	__u64 deadline_ns[PICKET_LINKS_MAX]; /* promise ends; 0 = silent, or never heard */
	struct picket_peer_link link[PICKET_LINKS_MAX];
};
PICKET_ASSERT_SIZE(struct picket_peer, 384);

/* ---- node ---------------------------------------------------------------------------------- */

struct picket_node_settings {
	__u64 cluster;
	__u64 length_ns;    /* T */
	__u64 incarnation;  /* 0 = none: no grant counts */
	__u32 node;
	__u16 forgetful;    /* probes are picket.ko's: the sent array is not filled */
	__u16 goes_on;      /* no verdict when the lease runs out; it may be granted again */
	__u32 voters[2];    /* masks of controllers; [1] != 0 while the set of voters changes */
	__u16 udp_ports[PICKET_PORTS_MAX]; /* host order, 0 = none: open under isolation */
	__u16 tcp_ports[PICKET_PORTS_MAX];
};
PICKET_ASSERT_SIZE(struct picket_node_settings, 56);

/* By controller index, written by BPF. */
struct picket_granter {
	__u64 last_grant_ns; /* when the last grant came in */
	__u64 last_heard_ns; /* when the last "heard, no grant" came in */
	__u32 refused;       /* PICKET_EVENT_REFUSED was reported and no grant came since */
	__u32 link;          /* of the last valid answer */
};
PICKET_ASSERT_SIZE(struct picket_granter, 24);

struct picket_node_lock {
	struct bpf_spin_lock lock;
	__u32 reserved;
};
PICKET_ASSERT_SIZE(struct picket_node_lock, 8);

/* By seq % PICKET_SENT_MAX; written by the sender before the beat leaves. */
struct picket_sent {
	__u64 seq;
	__u64 t_send_ns;
};
PICKET_ASSERT_SIZE(struct picket_sent, 16);

/* Key of the map of local addresses; IPv4 as ::ffff:a.b.c.d. */
struct picket_address {
	__u8 bytes[16];
};
PICKET_ASSERT_SIZE(struct picket_address, 16);

#endif
