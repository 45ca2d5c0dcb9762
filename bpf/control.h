/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control: is this packet the control plane's? What isolation lets through; unclear is "no". */
#ifndef BPF_CONTROL_H
#define BPF_CONTROL_H

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <picket/maps.h>

#define CONTROL_ETH_IP4 0x0800
#define CONTROL_ETH_ARP 0x0806
#define CONTROL_ETH_VLAN 0x8100
#define CONTROL_ETH_VLAN_AD 0x88a8
#define CONTROL_ETH_IP6 0x86dd
#define CONTROL_TCP 6
#define CONTROL_UDP 17
#define CONTROL_ICMP6 58
#define CONTROL_IP4_FRAGMENT 0x3fff
#define CONTROL_ND_ROUTER_ADVERTISEMENT 134
#define CONTROL_ND_SOLICIT 135
#define CONTROL_ND_ADVERTISE 136

struct control_arp {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender[4];
	__u8 target_mac[6];
	__u8 target[4];
} __attribute__((packed));

struct control_nd {
	__u8 type, code;
	__be16 checksum;
	__u32 reserved;
	struct in6_addr target;
};

/* Addresses of ours that the control plane uses: others may be a service's, which we lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PICKET_LOCAL_MAX);
	__type(key, struct picket_address);
	__type(value, __u32);
} local SEC(".maps");

static __always_inline bool control_local6(const struct in6_addr *address)
{
	struct picket_address key;

	__builtin_memcpy(&key, address, sizeof(key));
	return bpf_map_lookup_elem(&local, &key);
}

static __always_inline bool control_local4(const __u8 *address)
{
	struct picket_address key = { .bytes = { [10] = 0xff, [11] = 0xff } };

	__builtin_memcpy(key.bytes + 12, address, 4);
	return bpf_map_lookup_elem(&local, &key);
}

static __always_inline bool control_port(const __u16 *ports, __be16 source, __be16 dest)
{
	for (int i = 0; i < PICKET_PORTS_MAX; i++)
		if (ports[i] && (source == bpf_htons(ports[i]) || dest == bpf_htons(ports[i])))
			return true;
	return false;
}

static __always_inline bool control_ports(struct __sk_buff *skb, __u32 at, __u8 protocol,
	const struct picket_node_settings *set)
{
	__be16 port[2];

	if (bpf_skb_load_bytes(skb, at, port, sizeof(port)))
		return false;
	if (protocol == CONTROL_UDP)
		return control_port(set->udp_ports, port[0], port[1]);
	return protocol == CONTROL_TCP && control_port(set->tcp_ports, port[0], port[1]);
}

/* Who has a service's address asks and answers with it: only our control plane's may. */
static __always_inline bool control_arp(struct __sk_buff *skb, __u32 at, bool out)
{
	struct control_arp arp;

	if (bpf_skb_load_bytes(skb, at, &arp, sizeof(arp)) ||
		arp.protocol != bpf_htons(CONTROL_ETH_IP4) || arp.protocol_len != 4 ||
		arp.hardware_len != 6)
		return false;
	return control_local4(out ? arp.sender : arp.target);
}

static __always_inline bool control_nd(
	struct __sk_buff *skb, __u32 at, const struct ipv6hdr *ip, bool out)
{
	struct in6_addr source = ip->saddr;
	struct control_nd nd;

	if (bpf_skb_load_bytes(skb, at, &nd, sizeof(nd)))
		return false;
	if (out ? nd.type == CONTROL_ND_ADVERTISE : nd.type == CONTROL_ND_SOLICIT)
		return control_local6(&nd.target);
	if (out && nd.type == CONTROL_ND_SOLICIT)
		return control_local6(&source) ||
			(source.in6_u.u6_addr16[0] & bpf_htons(0xffc0)) == bpf_htons(0xfe80);
	return !out && (nd.type == CONTROL_ND_ADVERTISE ||
			nd.type == CONTROL_ND_ROUTER_ADVERTISEMENT);
}

static __always_inline bool control_is(
	struct __sk_buff *skb, const struct picket_node_settings *set, bool out)
{
	struct ipv6hdr ip6;
	struct iphdr ip4;
	__u32 at = 12;
	__be16 proto;

	if (bpf_skb_load_bytes(skb, at, &proto, sizeof(proto)))
		return false;
	at += 2;
	if (proto == bpf_htons(CONTROL_ETH_VLAN) || proto == bpf_htons(CONTROL_ETH_VLAN_AD)) {
		if (bpf_skb_load_bytes(skb, at + 2, &proto, sizeof(proto)))
			return false;
		at += 4;
	}
	switch (proto) {
	case bpf_htons(CONTROL_ETH_ARP):
		return control_arp(skb, at, out);
	case bpf_htons(CONTROL_ETH_IP4):
		if (bpf_skb_load_bytes(skb, at, &ip4, sizeof(ip4)) || ip4.version != 4 ||
			ip4.ihl != 5 || ip4.frag_off & bpf_htons(CONTROL_IP4_FRAGMENT))
			return false;
		return control_ports(skb, at + sizeof(ip4), ip4.protocol, set);
	case bpf_htons(CONTROL_ETH_IP6):
		if (bpf_skb_load_bytes(skb, at, &ip6, sizeof(ip6)) || ip6.version != 6)
			return false;
		if (ip6.nexthdr == CONTROL_ICMP6)
			return control_nd(skb, at + sizeof(ip6), &ip6, out);
		return control_ports(skb, at + sizeof(ip6), ip6.nexthdr, set);
	}
	return false;
}

#endif
