/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Event: what the kernel side reports through a ring buffer. */
#ifndef PICKET_EVENT_H
#define PICKET_EVENT_H

#include <picket/types.h>

enum picket_event_kind {
	PICKET_EVENT_SILENT = 1, /* controller: a node's promise on a link is broken */
	PICKET_EVENT_HEARD = 2, /* controller: first valid probe of a node on a link, or again */
	PICKET_EVENT_AGENT_OLD = 3, /* controller: beats go on, the agent behind them does not */
	PICKET_EVENT_EXPIRED = 4, /* node: the lease has run out, the verdict is in force */
	PICKET_EVENT_RENEWED = 5, /* node: first lease of this incarnation */
	PICKET_EVENT_REFUSED = 6, /* node: a controller hears us and does not grant */
	PICKET_EVENT_AGENT_BACK = 7, /* controller: the agent behind the beats is alive again */
};

struct picket_event {
	__u32 kind;        /* enum picket_event_kind */
	__u32 node;        /* node id; on a node its own */
	__u8 link;
	__u8 controller;
	__u16 reserved;
	__u32 agent_age_ms;
	__u64 incarnation;
	__u64 t_event_ns;  /* CLOCK_BOOTTIME when the kernel decided */
	__u64 t_last_ns;   /* CLOCK_BOOTTIME of the last valid packet, 0 if none */
	__u64 seq;         /* of the last valid packet */
};
PICKET_ASSERT_SIZE(struct picket_event, 48);

#endif
