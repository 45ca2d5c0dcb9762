/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address: "host:port" and "[2001:db8::1]:port", taken apart and put together. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_HOST_MAX 256
#define ADDRESS_TEXT_MAX 64 /* of a numeric address with its port */

/* port: what to take when text has none; 0: a port is required. host may be empty (":7407").
 * -EINVAL: no address; -ENAMETOOLONG. */
int address_split(
	const char *text, unsigned port, char ret_host[ADDRESS_HOST_MAX], unsigned *ret_port);
/* Numeric only; an empty host is the IPv6 wildcard. -EINVAL: not numeric, or no address. */
int address_parse(const char *text, unsigned port, struct sockaddr_storage *ret);
/* "192.0.2.1:80" or "[::1]:80"; "?" for what is no internet address. */
void address_format(const struct sockaddr *address, char ret[ADDRESS_TEXT_MAX]);
unsigned address_port(const struct sockaddr *address);

#endif
