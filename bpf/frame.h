/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frame: a heartbeat datagram as it lies in a packet. */
#ifndef BPF_FRAME_H
#define BPF_FRAME_H

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <picket/wire.h>

#define FRAME_ETH_IP4 0x0800
#define FRAME_ETH_IP6 0x86dd
#define FRAME_ETH_VLAN 0x8100
#define FRAME_ETH_VLAN_AD 0x88a8
#define FRAME_IP4_FRAGMENT 0x3fff /* more fragments, or an offset */
#define FRAME_UDP 17

struct frame {
	struct ethhdr *eth;
	struct iphdr *ip4;   /* valid unless is6; a pointer alone would not tell the verifier */
	struct ipv6hdr *ip6; /* valid if is6 */
	__u32 is6;
	struct udphdr *udp;
	struct picket_wire *wire;
};

/* A constant that the compiler does not derive from earlier branches, so that the verifier can. */
static __always_inline __u32 frame_opaque(__u32 x)
{
	asm volatile("" : "+r"(x));
	return x;
}

enum frame_is { FRAME_FOREIGN, FRAME_OURS, FRAME_MALFORMED };

struct frame_vlan {
	__be16 tci, proto;
};

/*
 * port in host order; 0 when somebody before has looked at it. Foreign is everything that is not
 * surely ours: IP options, extension headers and fragments are never looked behind.
 */
static __always_inline enum frame_is frame_parse(
	void *data, void *end, __u16 port, struct frame *ret)
{
	struct ethhdr *eth = data;
	void *at = eth + 1;
	__be16 proto;
	__u16 len;

	if (at > end)
		return FRAME_FOREIGN;
	proto = eth->h_proto;
	if (proto == bpf_htons(FRAME_ETH_VLAN) || proto == bpf_htons(FRAME_ETH_VLAN_AD)) {
		struct frame_vlan *vlan = at;

		at = vlan + 1;
		if (at > end)
			return FRAME_FOREIGN;
		proto = vlan->proto;
	}
	ret->eth = eth;
	ret->ip4 = NULL;
	ret->ip6 = NULL;
	if (proto == bpf_htons(FRAME_ETH_IP4)) {
		struct iphdr *ip = at;

		at = ip + 1;
		if (at > end || ip->ihl != 5 || ip->version != 4 || ip->protocol != FRAME_UDP ||
			ip->frag_off & bpf_htons(FRAME_IP4_FRAGMENT))
			return FRAME_FOREIGN;
		len = bpf_ntohs(ip->tot_len) - sizeof(*ip);
		ret->ip4 = ip;
		ret->is6 = frame_opaque(0);
	} else if (proto == bpf_htons(FRAME_ETH_IP6)) {
		struct ipv6hdr *ip = at;

		at = ip + 1;
		if (at > end || ip->version != 6 || ip->nexthdr != FRAME_UDP)
			return FRAME_FOREIGN;
		len = bpf_ntohs(ip->payload_len);
		ret->ip6 = ip;
		ret->is6 = frame_opaque(1);
	} else {
		return FRAME_FOREIGN;
	}
	ret->udp = at;
	at = ret->udp + 1;
	if (at > end || (port && ret->udp->dest != bpf_htons(port)))
		return FRAME_FOREIGN;
	ret->wire = at;
	if ((void *)(&ret->wire->magic + 1) > end || ret->wire->magic != PICKET_WIRE_MAGIC)
		return FRAME_FOREIGN;
	if ((void *)(ret->wire + 1) > end || len != sizeof(*ret->udp) + sizeof(*ret->wire) ||
		bpf_ntohs(ret->udp->len) != len)
		return FRAME_MALFORMED;
	return FRAME_OURS;
}

#endif
