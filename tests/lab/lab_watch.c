/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness inside a machine of the lab: is ADDRESS configured here, asked every 2 ms.
 *
 *   lab_watch ADDRESS LOG [VOICE-INTERFACE]
 *
 * With an interface, as long as it is configured, a datagram is broadcast from it every 2 ms: what
 * lab_ear hears is not what a node believes but what it still says.
 *
 * LOG gets "hold NS" and "drop NS" (CLOCK_BOOTTIME). A hold without a drop ends when the machine
 * is known to be dead; the judge takes that time from the power log, which is the later one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 2000000L
#define VOICE_PORT 9

static bool matches(const struct nlmsghdr *h, in_addr_t address)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(h);
	int len = IFA_PAYLOAD(h);

	for (struct rtattr *a = IFA_RTA(ifa); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == IFA_LOCAL && !memcmp(RTA_DATA(a), &address, sizeof(address)))
			return true;
	return false;
}

/* 1 held, 0 not, -1 the kernel did not answer */
static int held(int fd, in_addr_t address)
{
	static char buffer[32768];
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg ifa;
	} ask = { { sizeof(ask), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ .ifa_family = AF_INET } };
	int found = 0;

	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -1;
	for (;;) {
		int n = recv(fd, buffer, sizeof(buffer), 0);

		if (n <= 0)
			return -1;
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return found;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -1;
			if (h->nlmsg_type == RTM_NEWADDR && matches(h, address))
				found = 1;
		}
	}
}

/* A socket that speaks from ADDRESS; -1: not (yet). */
static int voice_open(in_addr_t address, const char *iface)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { address } };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(VOICE_PORT),
		.sin_addr = { address | htonl(0xff) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) &&
		!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, strlen(iface)) &&
		!bind(fd, (struct sockaddr *)&from, sizeof(from)) &&
		!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

/* Says once more that the address is here. */
static void voice_say(int *fd, in_addr_t address, const char *iface)
{
	if (*fd < 0)
		*fd = voice_open(address, iface);
	if (*fd >= 0 && send(*fd, "here", 4, 0) < 0 && errno != EPERM && errno != EAGAIN &&
		errno != ENOBUFS) {
		close(*fd);
		*fd = -1;
	}
}

int main(int argc, char **argv)
{
	struct timespec period = { 0, PERIOD_NS }, now;
	int fd, log, voice = -1, before = 0, is;
	in_addr_t address;
	char line[64];

	if (argc < 3 || argc > 4 || inet_pton(AF_INET, argv[1], &address) != 1) {
		fprintf(stderr, "usage: lab_watch IPV4-ADDRESS LOG [INTERFACE]\n");
		return 2;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || log < 0) {
		perror("lab_watch");
		return 1;
	}
	for (;; nanosleep(&period, NULL)) {
		is = held(fd, address);
		if (is > 0 && argc == 4)
			voice_say(&voice, address, argv[3]);
		if (is < 0 || is == before)
			continue;
		clock_gettime(CLOCK_BOOTTIME, &now);
		snprintf(line, sizeof(line), "%s %lld\n", is ? "hold" : "drop",
			now.tv_sec * 1000000000LL + now.tv_nsec);
		if (write(log, line, strlen(line)) < 0)
			return 1;
		before = is;
	}
}
