/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ear at the switch: which machines still say that they have ADDRESS, in the order of one
 * queue and by one clock. A cut cable ends here, so a node that is cut off is heard as well.
 *
 *   lab_ear ADDRESS SUFFIX LOG
 *
 * It listens on every interface NAME-SUFFIX. LOG gets "voice NAME NS" with the first datagram of a
 * machine, and "quiet NAME NS" with the time of its last, once none has come for 40 ms.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define QUIET_NS 40000000LL
#define MACHINES_MAX 64

struct machine {
	char name[IF_NAMESIZE];
	long long last;
	int speaks;
};

struct ear {
	struct machine machines[MACHINES_MAX];
	int n;
	const char *suffix;
	in_addr_t address;
	FILE *log;
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static struct machine *machine_of(struct ear *e, int index)
{
	char name[IF_NAMESIZE];
	size_t len, tail = strlen(e->suffix);

	if (!if_indextoname((unsigned)index, name))
		return NULL;
	len = strlen(name);
	if (len <= tail + 1 || strcmp(name + len - tail, e->suffix) || name[len - tail - 1] != '-')
		return NULL;
	name[len - tail - 1] = '\0';
	for (int i = 0; i < e->n; i++)
		if (!strcmp(e->machines[i].name, name))
			return &e->machines[i];
	if (e->n == MACHINES_MAX)
		return NULL;
	strcpy(e->machines[e->n].name, name);
	return &e->machines[e->n++];
}

static void hush(struct ear *e, long long now)
{
	for (int i = 0; i < e->n; i++) {
		struct machine *m = &e->machines[i];

		if (!m->speaks || now - m->last < QUIET_NS)
			continue;
		fprintf(e->log, "quiet %s %lld\n", m->name, m->last);
		m->speaks = 0;
	}
}

static void take(struct ear *e, int fd)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	struct iphdr ip;
	ssize_t n = recvfrom(fd, &ip, sizeof(ip), MSG_TRUNC, (struct sockaddr *)&from, &size);
	struct machine *m;

	if (n < (ssize_t)sizeof(ip) || from.sll_pkttype == PACKET_OUTGOING ||
		from.sll_protocol != htons(ETH_P_IP) ||
		ip.saddr != e->address || ip.protocol != IPPROTO_UDP)
		return;
	m = machine_of(e, from.sll_ifindex);
	if (!m)
		return;
	m->last = now_ns();
	if (!m->speaks)
		fprintf(e->log, "voice %s %lld\n", m->name, m->last);
	m->speaks = 1;
}

int main(int argc, char **argv)
{
	struct ear e = { .suffix = argc == 4 ? argv[2] : "" };
	/* All protocols: a port's frames go to the bridge before anybody asks for one of them. */
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)), room = 4 << 20;
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	if (argc != 4 || inet_pton(AF_INET, argv[1], &e.address) != 1) {
		fprintf(stderr, "usage: lab_ear IPV4-ADDRESS SUFFIX LOG\n");
		return 2;
	}
	e.log = fopen(argv[3], "ae");
	if (fd < 0 || !e.log) {
		perror("lab_ear");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setlinebuf(e.log);
	for (;;) {
		if (poll(&ready, 1, 10) > 0)
			take(&e, fd);
		hush(&e, now_ns());
	}
}
