/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netaddr: the IP addresses of this host's interfaces, through rtnetlink (RFC 3549, rtnetlink(7)).
 */
#ifndef EDGE_NETADDR_H
#define EDGE_NETADDR_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netaddr {
	int family; /* AF_INET, AF_INET6 */
	unsigned char ip[16];
	unsigned prefix, ifindex;
	uint32_t born;           /* when it was added, in 10 ms since boot */
	uint32_t flags;          /* IFA_F_TENTATIVE, IFA_F_DADFAILED, ... */
	char label[IF_NAMESIZE]; /* IPv4's; may be empty */
};

#define NETADDR_FOREVER UINT32_MAX

/* Bytes of an address. */
static inline size_t netaddr_size(int family)
{
	return family == 2 /* AF_INET */ ? 4 : 16;
}

/* Every interface that has this address; the array is the caller's to free. 0, or -errno. */
int netaddr_find(int family, const void *ip, struct netaddr **ret_found, size_t *ret_n);
/* preferred_s: seconds until IPv6 does not choose it as a source any more (RFC 4862 5.5.4).
 * -EEXIST. */
int netaddr_add(const struct netaddr *address, uint32_t preferred_s);
/* -EADDRNOTAVAIL: was not there. */
int netaddr_remove(const struct netaddr *address);
/* The interface, and the length of the network, that address is in by a route without a gateway.
 * -ENETUNREACH: none. */
int netaddr_network(int family, const void *ip, unsigned *ret_ifindex, unsigned *ret_prefix);
/* Sets the interface up. */
int netaddr_link_up(unsigned ifindex);
/* -ENODEV: no such interface. */
int netaddr_link_is_up(unsigned ifindex, bool *ret_up);

#endif
