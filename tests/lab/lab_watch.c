/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness inside a machine of the lab: which of these addresses are configured here, as the
 * kernel tells of each change, and asked every 100 ms besides.
 *
 *   lab_watch ADDRESS LOG [ADDRESS LOG]...
 *
 * With VOICE=INTERFACE in the environment, as long as the first is configured, a datagram is
 * broadcast from it every 2 ms: what lab_ear hears is not what a node believes but what it says.
 *
 * Each LOG gets "hold NS" and "drop NS" (CLOCK_BOOTTIME). A hold without a drop ends when the
 * machine is known to be dead; the judge takes that time from the power log, which is later.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VOICE_MS 2
#define LOOK_MS 100
#define VOICE_PORT 9

#define WATCHED_MAX 8

struct watched {
	in_addr_t address;
	int log;
	bool before, now;
};

static void mark(struct watched *w, int n, const struct nlmsghdr *h, bool now)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(h);
	int len = IFA_PAYLOAD(h);

	for (struct rtattr *a = IFA_RTA(ifa); RTA_OK(a, len); a = RTA_NEXT(a, len))
		for (int i = 0; i < n; i++)
			if (a->rta_type == IFA_LOCAL &&
				!memcmp(RTA_DATA(a), &w[i].address, sizeof(w[i].address)))
				w[i].now = now;
}

/* Marks those that are held. False: the kernel did not answer. */
static bool look(int fd, struct watched *w, int n)
{
	static char buffer[32768];
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg ifa;
	} ask = { { sizeof(ask), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ .ifa_family = AF_INET } };

	for (int i = 0; i < n; i++)
		w[i].now = false;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return false;
	for (;;) {
		int got = recv(fd, buffer, sizeof(buffer), 0);

		if (got <= 0)
			return false;
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, got);
			h = NLMSG_NEXT(h, got)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return true;
			if (h->nlmsg_type == NLMSG_ERROR)
				return false;
			if (h->nlmsg_type == RTM_NEWADDR)
				mark(w, n, h, true);
		}
	}
}

static bool note(struct watched *w)
{
	struct timespec now;
	char line[64];

	if (w->now == w->before)
		return true;
	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(line, sizeof(line), "%s %lld\n", w->now ? "hold" : "drop",
		now.tv_sec * 1000000000LL + now.tv_nsec);
	w->before = w->now;
	return write(w->log, line, strlen(line)) > 0;
}

/* Notes what the kernel told since; false: some of it is lost, and has to be asked for. */
static bool listen_to(int fd, struct watched *w, int n)
{
	static char buffer[32768];
	int got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, got);
			h = NLMSG_NEXT(h, got)) {
			if (h->nlmsg_type != RTM_NEWADDR && h->nlmsg_type != RTM_DELADDR)
				continue;
			mark(w, n, h, h->nlmsg_type == RTM_NEWADDR);
			for (int i = 0; i < n; i++)
				if (!note(&w[i]))
					exit(1);
		}
	return got < 0 && errno == EAGAIN;
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

static int netlink(unsigned groups)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror("lab_watch");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct watched watched[WATCHED_MAX] = { 0 };
	const char *iface = getenv("VOICE");
	int voice = -1, n = 0, asked, since = LOOK_MS;
	struct pollfd told;

	for (int i = 1; i + 1 < argc && n < WATCHED_MAX; i += 2, n++) {
		watched[n].log = open(argv[i + 1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (inet_pton(AF_INET, argv[i], &watched[n].address) != 1 || watched[n].log < 0)
			break;
	}
	if (!n || argc != 2 * n + 1) {
		fprintf(stderr, "usage: lab_watch IPV4-ADDRESS LOG [IPV4-ADDRESS LOG]...\n");
		return 2;
	}
	asked = netlink(0);
	told = (struct pollfd){ .fd = netlink(RTMGRP_IPV4_IFADDR), .events = POLLIN };
	for (;;) {
		bool lost = !listen_to(told.fd, watched, n), speaks;
		int ms;

		if (lost || since >= LOOK_MS) {
			since = LOOK_MS;
			if (!look(asked, watched, n)) {
				poll(NULL, 0, VOICE_MS);
				continue;
			}
			since = 0;
		}
		for (int i = 0; i < n; i++)
			if (!note(&watched[i]))
				return 1;
		speaks = watched[0].now && iface && *iface;
		if (speaks)
			voice_say(&voice, watched[0].address, iface);
		ms = speaks ? VOICE_MS : LOOK_MS;
		since += poll(&told, 1, ms) ? 0 : ms;
	}
}
