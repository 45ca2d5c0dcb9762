/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turn: sends a frame back where it came from. */
#ifndef BPF_TURN_H
#define BPF_TURN_H

#include "frame.h"

#define TURN_TTL 64

/* The UDP checksum from scratch: the sender may have left it to a device that never saw it. */
static __always_inline void turn_checksum(struct frame *f)
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
		f->ip6->hop_limit = TURN_TTL;
	} else {
		__be32 address = f->ip4->saddr;
		__u32 sum;

		f->ip4->saddr = f->ip4->daddr;
		f->ip4->daddr = address;
		/* RFC 1624: HC' = ~(~HC + ~m + m') over the word that holds TTL and protocol */
		sum = (__u16)~f->ip4->check + (__u16)~bpf_htons(f->ip4->ttl << 8 | FRAME_UDP) +
			bpf_htons(TURN_TTL << 8 | FRAME_UDP);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		f->ip4->check = ~sum;
		f->ip4->ttl = TURN_TTL;
	}
	turn_checksum(f);
}

#endif
