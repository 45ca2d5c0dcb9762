/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frame: a heartbeat datagram as it lies in a packet: found, and turned round. */
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
#define FRAME_TTL 64

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

/* The UDP checksum from scratch: the sender may have left it to a device that never saw it. */
static __always_inline void frame_checksum(struct frame *f)
{
	const __u32 len = sizeof(*f->udp) + sizeof(*f->wire);
	__u32 sum = bpf_htonl(FRAME_UDP) + bpf_htonl(len);
	__s64 s;

	f->udp->check = 0;
	if (f->is6)
		s = bpf_csum_diff(NULL, 0, (__be32 *)&f->ip6->saddr, 32, sum);
	else
		s = bpf_csum_diff(NULL, 0, (__be32 *)&f->ip4->saddr, 8, sum);
	s = bpf_csum_diff(NULL, 0, (__be32 *)f->udp, len, s);
	sum = (__u32)s;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	f->udp->check = (__u16)~sum ?: 0xffff; /* 0 would say "no checksum" */
}

/* Sends it back where it came from; the payload must be final. */
static __always_inline void frame_turn(struct frame *f)
{
	__u16 *mac = (__u16 *)f->eth;
	__be16 port = f->udp->source;

	for (int i = 0; i < 3; i++) {
		__u16 half = mac[i];

		mac[i] = mac[3 + i];
		mac[3 + i] = half;
	}
	f->udp->source = f->udp->dest;
	f->udp->dest = port;
	if (f->is6) {
		struct in6_addr address = f->ip6->saddr;

		f->ip6->saddr = f->ip6->daddr;
		f->ip6->daddr = address;
		f->ip6->hop_limit = FRAME_TTL;
	} else {
		__be32 address = f->ip4->saddr;
		__u32 sum;

		f->ip4->saddr = f->ip4->daddr;
		f->ip4->daddr = address;
		/* RFC 1624: HC' = ~(~HC + ~m + m') over the word that holds TTL and protocol */
		sum = (__u16)~f->ip4->check + (__u16)~bpf_htons(f->ip4->ttl << 8 | FRAME_UDP) +
			bpf_htons(FRAME_TTL << 8 | FRAME_UDP);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		f->ip4->check = ~sum;
		f->ip4->ttl = FRAME_TTL;
	}
	frame_checksum(f);
}

#endif
