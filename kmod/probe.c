// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket would have to be locked, and its send buffer could be full. A datagram needs neither: it
 * is routed, given its headers, and put out. Answers are BPF's; there is nothing to receive.
 */
#include "probe.h"

#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_sched.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "compat.h"

#define PROBE_TTL 64
#define PROBE_TOS 0xc0 /* network control */
#define PROBE_ROOM (LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))
#define PROBE_LENGTH (sizeof(struct udphdr) + sizeof(struct picket_wire))

/* The datagram with a UDP header that has no checksum yet. */
static struct sk_buff *probe_skb(const struct picket_door_channel *c, const struct picket_wire *w)
{
	struct sk_buff *skb = alloc_skb(PROBE_ROOM + sizeof(*w), GFP_ATOMIC | __GFP_NOWARN);
	struct udphdr *udp;

	if (!skb)
		return NULL;
	skb_reserve(skb, PROBE_ROOM);
	skb_put_data(skb, w, sizeof(*w));
	udp = skb_push(skb, sizeof(*udp));
	skb_reset_transport_header(skb);
	udp->source = htons(c->port);
	udp->dest = htons(c->port);
	udp->len = htons(PROBE_LENGTH);
	udp->check = 0;
	skb->priority = TC_PRIO_CONTROL;
	return skb;
}

static __sum16 probe_checked(__sum16 sum)
{
	return sum ? sum : CSUM_MANGLED_0;
}

static int probe_send4(
	const struct picket_door_channel *c, const struct picket_wire *w, __be32 to)
{
	struct flowi4 flow = {
		.flowi4_oif = c->ifindex,
		.flowi4_proto = IPPROTO_UDP,
		.daddr = to,
		.fl4_sport = htons(c->port),
		.fl4_dport = htons(c->port),
	};
	struct rtable *route = ip_route_output_key(&init_net, &flow);
	struct sk_buff *skb;
	struct iphdr *ip;
	int rc;

	if (IS_ERR(route))
		return PTR_ERR(route);
	skb = probe_skb(c, w);
	if (!skb) {
		ip_rt_put(route);
		return -ENOMEM;
	}
	udp_hdr(skb)->check = probe_checked(csum_tcpudp_magic(flow.saddr, flow.daddr, PROBE_LENGTH,
		IPPROTO_UDP, csum_partial(udp_hdr(skb), PROBE_LENGTH, 0)));
	ip = skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tos = PROBE_TOS,
		.frag_off = htons(IP_DF),
		.ttl = PROBE_TTL,
		.protocol = IPPROTO_UDP,
		.saddr = flow.saddr,
		.daddr = flow.daddr,
	};
	skb->protocol = htons(ETH_P_IP);
	skb_dst_set(skb, &route->dst);
	rc = ip_local_out(&init_net, NULL, skb);
	return net_xmit_eval(rc); /* a macro that takes its argument twice */
}

#if IS_ENABLED(CONFIG_IPV6)
static int probe_send6(const struct picket_door_channel *c, const struct picket_wire *w)
{
	struct flowi6 flow = {
		.flowi6_oif = c->ifindex,
		.flowi6_proto = IPPROTO_UDP,
		.fl6_sport = htons(c->port),
		.fl6_dport = htons(c->port),
	};
	struct dst_entry *route;
	struct sk_buff *skb;
	struct ipv6hdr *ip;
	int rc;

	memcpy(&flow.daddr, c->address, sizeof(flow.daddr));
	route = compat_ip6_lookup(&init_net, &flow);
	if (IS_ERR(route))
		return PTR_ERR(route);
	skb = probe_skb(c, w);
	if (!skb) {
		dst_release(route);
		return -ENOMEM;
	}
	udp_hdr(skb)->check = probe_checked(csum_ipv6_magic(&flow.saddr, &flow.daddr, PROBE_LENGTH,
		IPPROTO_UDP, csum_partial(udp_hdr(skb), PROBE_LENGTH, 0)));
	ip = skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, PROBE_TOS, 0);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = PROBE_TTL;
	ip->saddr = flow.saddr;
	ip->daddr = flow.daddr;
	skb->protocol = htons(ETH_P_IPV6);
	skb_dst_set(skb, route);
	rc = ip6_local_out(&init_net, NULL, skb);
	return net_xmit_eval(rc);
}
#else
static int probe_send6(const struct picket_door_channel *c, const struct picket_wire *w)
{
	return -EAFNOSUPPORT;
}
#endif

int probe_send(const struct picket_door_channel *c, const struct picket_wire *w)
{
	struct in6_addr address;

	memcpy(&address, c->address, sizeof(address));
	if (ipv6_addr_v4mapped(&address))
		return probe_send4(c, w, address.s6_addr32[3]);
	return probe_send6(c, w);
}
