// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ear: the one program on a heartbeat interface. It knows a heartbeat by its port and magic, and
 * hands it to the room it is for: probes to a controller's, answers to a node's. So picketd and
 * picket-agent share an interface, and each swaps its own program. Everything else passes.
 *
 * On loopback, where a controller hears the node on its own host, XDP would make the kernel copy
 * every other packet first; there the same ear is a tc filter.
 */
#include "vmlinux.h"

#include "frame.h"

#include <picket/maps.h>

#define TC_ACT_UNSPEC (-1)

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PICKET_ROOM_END);
	__type(key, __u32);
	__type(value, __u32);
} rooms SEC(".maps"), rooms_lo SEC(".maps");

const volatile __u16 port = PICKET_PORT_HEARTBEAT;

static __always_inline enum picket_room ear_room(const struct picket_wire *wire)
{
	return wire->type == PICKET_WIRE_PROBE ? PICKET_ROOM_CONTROLLER : PICKET_ROOM_NODE;
}

SEC("xdp")
int ear(struct xdp_md *ctx)
{
	struct frame f;

	switch (frame_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, port, &f)) {
	case FRAME_FOREIGN:
		return XDP_PASS;
	case FRAME_OURS:
		bpf_tail_call(ctx, &rooms, ear_room(f.wire));
		break;
	case FRAME_MALFORMED: /* to whoever is here, to be counted */
		bpf_tail_call(ctx, &rooms, PICKET_ROOM_CONTROLLER);
		bpf_tail_call(ctx, &rooms, PICKET_ROOM_NODE);
		break;
	}
	return XDP_PASS;
}

SEC("tc")
int ear_lo(struct __sk_buff *skb)
{
	struct frame f;

	switch (frame_parse((void *)(long)skb->data, (void *)(long)skb->data_end, port, &f)) {
	case FRAME_FOREIGN:
		return TC_ACT_UNSPEC;
	case FRAME_OURS:
		bpf_tail_call(skb, &rooms_lo, ear_room(f.wire));
		break;
	case FRAME_MALFORMED:
		bpf_tail_call(skb, &rooms_lo, PICKET_ROOM_CONTROLLER);
		bpf_tail_call(skb, &rooms_lo, PICKET_ROOM_NODE);
		break;
	}
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
