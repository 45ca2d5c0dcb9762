/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"

static int address_number(const char *text, unsigned *ret)
{
	unsigned n = 0;

	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = 10 * n + (unsigned)(*text - '0');
	}
	if (n > 65535)
		return -EINVAL;
	*ret = n;
	return 0;
}

int address_split(
	const char *text, unsigned port, char ret_host[ADDRESS_HOST_MAX], unsigned *ret_port)
{
	const char *host = text, *end, *colon;
	struct in6_addr bare;

	if (*text == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strrchr(text, ':');
		/* more than one colon without brackets: an IPv6 address without a port */
		if (colon && strchr(text, ':') != colon) {
			if (inet_pton(AF_INET6, text, &bare) != 1)
				return -EINVAL;
			colon = NULL;
		}
		end = colon ? colon : text + strlen(text);
	}
	if (colon ? address_number(colon + 1, &port) : !port)
		return -EINVAL;
	if (end - host >= ADDRESS_HOST_MAX)
		return -ENAMETOOLONG;
	memcpy(ret_host, host, (size_t)(end - host));
	ret_host[end - host] = '\0';
	*ret_port = port;
	return 0;
}

int address_parse(const char *text, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	char host[ADDRESS_HOST_MAX];
	int r;

	r = address_split(text, port, host, &port);
	if (r)
		return r;
	v4.sin_port = htons((uint16_t)port);
	v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memset(ret, 0, sizeof(*ret));
		memcpy(ret, &v4, sizeof(v4));
		return 0;
	}
	if (*host && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &v6, sizeof(v6));
	return 0;
}

void address_format(const struct sockaddr *address, char ret[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	char host[INET6_ADDRSTRLEN];

	if (address->sa_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)))
		snprintf(ret, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(v4->sin_port));
	else if (address->sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)))
		snprintf(ret, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
	else
		snprintf(ret, ADDRESS_TEXT_MAX, "?");
}

unsigned address_port(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
	if (address->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
	return 0;
}
