/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Net: hosts in network namespaces of one process, joined by switches that can be cut. */
#ifndef TESTS_BPF_NET_H
#define TESTS_BPF_NET_H

#include <uv.h>

#include "edge/heartbeat.h"
#include "edge/lease.h"

/*
 *   host h ---- s<h>l<link> [ bridge br<link> in the switch namespace ] ---- other hosts
 *     hb<link>: 10.9.<link>.<h + 1>/24 and fd09:<link>::<h + 1>/64
 *
 * The switch's ports carry an XDP program that passes, as a real switch would not need: frames sent
 * by XDP_TX into a veth vanish without one. Cuts are tc filters on the switch's ports, so one
 * direction can go alone. One thread turns every host's loop, each inside its namespace.
 */
#define NET_HOSTS_MAX 5
#define NET_EVENTS_MAX 4096
#define NET_MS 1000000ULL

struct host {
	struct net *net;
	unsigned id;
	int ns;
	uv_loop_t loop;
	struct heartbeat *hb;
	struct lease *lease;
	struct picket_event events[NET_EVENTS_MAX];
	unsigned n_events;
	char warning[256]; /* the last */
};

struct net {
	int ns; /* of the switch */
	unsigned n_hosts, n_links;
	void (*turn)(struct net *net); /* what the daemons would do now and then */
	struct host hosts[NET_HOSTS_MAX];
};

uint64_t net_now(void);
__attribute__((format(printf, 1, 2))) void net_sh(const char *format, ...);
void net_enter(int ns);

/* A port of the switch passes frames on only if somebody looks at them: see above. */
void net_xdp_pass(const char *iface);

/* Puts a link's cable (back) in. */
void net_wire(struct net *net, unsigned h, unsigned link);
/* Leaves the caller in a mount namespace of its own, with a bpffs. Needs root. */
void net_up(struct net *net, unsigned n_hosts, unsigned n_links);

/* to_host: frames towards the host vanish; from_host: those it sends. */
void net_cut(struct net *net, unsigned h, unsigned link, bool to_host, bool from_host);
void net_mend(struct net *net, unsigned h, unsigned link);

/* One turn of every host. */
void net_turn(struct net *net);

/* Turns until the condition holds; false after ten seconds. */
#define net_until(net, condition)                                                                  \
	__extension__({                                                                            \
		uint64_t net_end = net_now() + 10000 * NET_MS;                                     \
		while (!(condition) && net_now() < net_end)                                        \
			net_turn(net);                                                             \
		(condition);                                                                       \
	})

void net_for(struct net *net, uint64_t ms);

/* A host's pin prefix. */
void net_prefix(const struct host *host, char path[128]);

void net_down(struct net *net);

/* For the edges' configurations; ctx is the host. */
void net_on_event(void *ctx, const struct picket_event *event);
void net_on_warn(void *ctx, const char *text);

/* How many events of a kind a host had; link -1: on any. */
unsigned net_events(const struct host *host, uint32_t kind, int link);
const struct picket_event *net_last(const struct host *host, uint32_t kind);

#endif
