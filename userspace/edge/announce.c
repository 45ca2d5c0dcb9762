/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "edge/announce.h"

struct advert {
	struct nd_neighbor_advert head;
	struct nd_opt_hdr option;
	unsigned char mac[ETH_ALEN];
} __attribute__((packed));

/* The interface's own link-layer address; ret_any: it has one of the usual kind. */
static int mac_of(int packet, unsigned ifindex, unsigned char ret_mac[ETH_ALEN], bool *ret_any)
{
	struct sockaddr_ll self = { .sll_family = AF_PACKET, .sll_ifindex = (int)ifindex };
	socklen_t size = sizeof(self);

	if (bind(packet, (struct sockaddr *)&self, sizeof(self)) ||
		getsockname(packet, (struct sockaddr *)&self, &size))
		return -errno;
	*ret_any = self.sll_hatype == ARPHRD_ETHER && self.sll_halen == ETH_ALEN;
	memcpy(ret_mac, self.sll_addr, ETH_ALEN);
	return 0;
}

static int arp_send(int packet, const void *ip, unsigned ifindex, const unsigned char *mac)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = (int)ifindex,
		.sll_halen = ETH_ALEN };
	struct ether_arp arp = { .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
					 .ar_pro = htons(ETH_P_IP),
					 .ar_hln = ETH_ALEN,
					 .ar_pln = 4 } };

	memset(all.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_sha, mac, ETH_ALEN);
	memcpy(arp.arp_spa, ip, 4);
	memcpy(arp.arp_tpa, ip, 4);
	arp.arp_op = htons(ARPOP_REQUEST);
	if (sendto(packet, &arp, sizeof(arp), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	arp.arp_op = htons(ARPOP_REPLY);
	memset(arp.arp_tha, 0xff, ETH_ALEN);
	if (sendto(packet, &arp, sizeof(arp), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return 0;
}

static int advert_send(const void *ip, unsigned ifindex, const unsigned char *mac)
{
	owned(fd) int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	struct sockaddr_in6 self = { .sin6_family = AF_INET6, .sin6_scope_id = ifindex };
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_scope_id = ifindex };
	struct advert advert = { .option = {
					 .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 } };
	int hops = 255, index = (int)ifindex;

	memcpy(&self.sin6_addr, ip, 16);
	inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
	advert.head.nd_na_type = ND_NEIGHBOR_ADVERT;
	advert.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(&advert.head.nd_na_target, ip, 16);
	memcpy(advert.mac, mac, ETH_ALEN);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) ||
		bind(fd, (struct sockaddr *)&self, sizeof(self)) ||
		sendto(fd, &advert, sizeof(advert), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return 0;
}

int announce_address(int family, const void *ip, unsigned ifindex)
{
	owned(fd) int packet = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned char mac[ETH_ALEN];
	bool any = false;
	int r;

	if (packet < 0)
		return -errno;
	r = mac_of(packet, ifindex, mac, &any);
	if (r < 0 || !any)
		return r;
	return family == AF_INET ? arp_send(packet, ip, ifindex, mac)
				 : advert_send(ip, ifindex, mac);
}
