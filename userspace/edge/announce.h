/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announce: tells a network that an address is at this interface from now on. */
#ifndef EDGE_ANNOUNCE_H
#define EDGE_ANNOUNCE_H

/*
 * IPv4: an ARP announcement (RFC 5227 3), as request and as reply, for those that learn from one
 * only. IPv6: an unsolicited neighbour advertisement (RFC 4861 7.2.6); the address must not be
 * tentative any more. Interfaces without link-layer addresses of 6 bytes have nobody to be told.
 * 0, or -errno.
 */
int announce_address(int family, const void *ip, unsigned ifindex);

#endif
