/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Wire: what every heartbeat datagram begins with. Little-endian, naturally aligned. */
#ifndef PICKET_WIRE_H
#define PICKET_WIRE_H

#include <picket/types.h>

#define PICKET_WIRE_MAGIC 0x544b4350u /* "PCKT" as it lies on the wire */

/* A receiver takes MIN..MAX, a sender sends what the peer's hello allowed. */
#define PICKET_WIRE_VERSION_MIN 1
#define PICKET_WIRE_VERSION_MAX 1

enum picket_wire_type {
	PICKET_WIRE_PROBE = 1, /* node to controller */
	PICKET_WIRE_GRANT = 2, /* controller to node: the lease is renewed by this controller */
	PICKET_WIRE_HEARD = 3, /* controller to node: heard, but no grant */
};

/* Probe and answer have one size, so that XDP turns one into the other in place. */
struct picket_wire {
	__u32 magic;
	__u8 version;
	__u8 type;       /* enum picket_wire_type */
	__u8 controller; /* index of the controller asked, 0 .. PICKET_CONTROLLERS_MAX - 1 */
	__u8 link;       /* index of the link used, 0 .. PICKET_LINKS_MAX - 1 */
	__u64 cluster;   /* cluster id */
	__u32 node;      /* node id */
	__u32 key_epoch; /* which key made the MAC */
	__u64 incarnation; /* log index of the node's admission; 0 = not admitted yet */
	__u64 seq;       /* per node and incarnation, strictly rising over all links */
	__u64 t_send_ns; /* sender's CLOCK_BOOTTIME; echoed untouched in the answer */
	__u32 interval_us; /* the promise: the next probe follows within this */
	__u32 agent_age_ms; /* time since the node's agent last proved to be alive */
	__u64 mac;       /* SipHash-2-4 over all bytes before it */
};
PICKET_ASSERT_SIZE(struct picket_wire, 64);

#define PICKET_WIRE_MACED 56 /* bytes under the MAC */

/* agent_age_ms when no agent has ever reported */
#define PICKET_AGENT_AGE_NONE 0xffffffffu

#endif
