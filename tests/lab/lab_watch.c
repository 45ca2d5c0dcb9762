/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness inside a machine of the lab: which of these addresses are configured here, asked
 * every 2 ms.
 *
 *   lab_watch ADDRESS LOG [ADDRESS LOG]...
 *
 * Each LOG gets "hold NS" and "drop NS" (CLOCK_BOOTTIME). A hold without a drop ends when the
 * machine is known to be dead; the judge takes that time from the power log, which is the later one.
 */
#include <arpa/inet.h>
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

#define WATCHED_MAX 8

struct watched {
	in_addr_t address;
	int log;
	bool before, now;
};

static void mark(struct watched *w, int n, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(h);
	int len = IFA_PAYLOAD(h);

	for (struct rtattr *a = IFA_RTA(ifa); RTA_OK(a, len); a = RTA_NEXT(a, len))
		for (int i = 0; i < n; i++)
			if (a->rta_type == IFA_LOCAL &&
				!memcmp(RTA_DATA(a), &w[i].address, sizeof(w[i].address)))
				w[i].now = true;
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
				mark(w, n, h);
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

int main(int argc, char **argv)
{
	struct timespec period = { 0, PERIOD_NS };
	struct watched watched[WATCHED_MAX] = { 0 };
	int fd, n = 0;

	for (int i = 1; i + 1 < argc && n < WATCHED_MAX; i += 2, n++) {
		watched[n].log = open(argv[i + 1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (inet_pton(AF_INET, argv[i], &watched[n].address) != 1 || watched[n].log < 0)
			break;
	}
	if (!n || argc != 2 * n + 1) {
		fprintf(stderr, "usage: lab_watch IPV4-ADDRESS LOG [IPV4-ADDRESS LOG]...\n");
		return 2;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0) {
		perror("lab_watch");
		return 1;
	}
	for (;; nanosleep(&period, NULL)) {
		if (!look(fd, watched, n))
			continue;
		for (int i = 0; i < n; i++)
			if (!note(&watched[i]))
				return 1;
	}
}
