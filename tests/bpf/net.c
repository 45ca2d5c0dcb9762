/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define NET_BPFFS "/sys/fs/bpf"

uint64_t net_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void net_sh(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	cr_assert_eq(system(line), 0, "%s", line);
}

static int net_ns_new(void)
{
	int fd;

	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	net_sh("ip link set lo up");
	return fd;
}

void net_enter(int ns)
{
	cr_assert_eq(setns(ns, CLONE_NEWNET), 0);
}

void net_xdp_pass(const char *iface)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, 2, NULL);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_xdp_attach((int)if_nametoindex(iface), fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	close(fd);
}

void net_wire(struct net *net, unsigned h, unsigned link)
{
	char port[16];

	snprintf(port, sizeof(port), "s%ul%u", h, link);
	net_enter(net->ns);
	net_sh("ip link add %s type veth peer name hb%u netns /proc/%d/fd/%d", port, link,
		getpid(), net->hosts[h].ns);
	net_sh("ip link set %s master br%u up && tc qdisc add dev %s clsact", port, link, port);
	net_xdp_pass(port);
	net_enter(net->hosts[h].ns);
	net_sh("ip addr add 10.9.%u.%u/24 dev hb%u && ip addr add fd09:%u::%u/64 dev hb%u nodad && "
	       "ip link set hb%u up",
		link, h + 1, link, link + 1, h + 1, link, link);
}

void net_up(struct net *net, unsigned n_hosts, unsigned n_links)
{
	memset(net, 0, sizeof(*net));
	net->n_hosts = n_hosts;
	net->n_links = n_links;
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "root?");
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("bpf", NET_BPFFS, "bpf", 0, NULL), 0);
	net->ns = net_ns_new();
	for (unsigned link = 0; link < n_links; link++)
		net_sh("ip link add br%u type bridge && ip link set br%u up", link, link);
	for (unsigned h = 0; h < n_hosts; h++) {
		struct host *host = &net->hosts[h];

		host->net = net;
		host->id = h;
		host->ns = net_ns_new();
		cr_assert_eq(uv_loop_init(&host->loop), 0);
		for (unsigned link = 0; link < n_links; link++)
			net_wire(net, h, link);
	}
}

void net_cut(struct net *net, unsigned h, unsigned link, bool to_host, bool from_host)
{
	net_enter(net->ns);
	if (to_host)
		net_sh("tc filter add dev s%ul%u egress bpf da bytecode '1,6 0 0 2'", h, link);
	if (from_host)
		net_sh("tc filter add dev s%ul%u ingress bpf da bytecode '1,6 0 0 2'", h, link);
}

void net_mend(struct net *net, unsigned h, unsigned link)
{
	net_enter(net->ns);
	net_sh("tc filter del dev s%ul%u egress && tc filter del dev s%ul%u ingress", h, link, h,
		link);
}

void net_turn(struct net *net)
{
	for (unsigned h = 0; h < net->n_hosts; h++) {
		net_enter(net->hosts[h].ns);
		uv_run(&net->hosts[h].loop, UV_RUN_NOWAIT);
	}
	if (net->turn)
		net->turn(net);
	usleep(500); /* the pace of turning, not a wait for anything */
}

void net_for(struct net *net, uint64_t ms)
{
	uint64_t end = net_now() + ms * NET_MS;

	while (net_now() < end)
		net_turn(net);
}

void net_prefix(const struct host *host, char path[128])
{
	snprintf(path, 128, NET_BPFFS "/host%u", host->id);
}

void net_down(struct net *net)
{
	for (unsigned h = 0; h < net->n_hosts; h++) {
		struct host *host = &net->hosts[h];

		net_enter(host->ns);
		heartbeat_free(host->hb);
		lease_free(host->lease);
		uv_run(&host->loop, UV_RUN_DEFAULT);
		cr_assert_eq(uv_loop_close(&host->loop), 0);
		close(host->ns);
	}
	net_enter(net->ns);
	close(net->ns);
	umount2(NET_BPFFS, MNT_DETACH);
}

void net_on_event(void *ctx, const struct picket_event *event)
{
	struct host *host = ctx;

	cr_assert_lt(host->n_events, NET_EVENTS_MAX);
	host->events[host->n_events++] = *event;
}

void net_on_warn(void *ctx, const char *text)
{
	struct host *host = ctx;

	snprintf(host->warning, sizeof(host->warning), "%s", text);
}

unsigned net_events(const struct host *host, uint32_t kind, int link)
{
	unsigned n = 0;

	for (unsigned i = 0; i < host->n_events; i++)
		n += host->events[i].kind == kind && (link < 0 || host->events[i].link == link);
	return n;
}

const struct picket_event *net_last(const struct host *host, uint32_t kind)
{
	for (unsigned i = host->n_events; i-- > 0;)
		if (host->events[i].kind == kind)
			return &host->events[i];
	cr_assert(false, "no event of kind %u", kind);
	return NULL;
}
