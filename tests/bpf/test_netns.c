/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeat and lease, the real edges, on hosts in namespaces with links that can be cut. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "net.h"

#define CLUSTER 4711
#define NODE 9
#define INTERVAL_US 10000
#define MISSES 4
#define INCARNATION 33

/* Three controllers (hosts 0-2) and a node (host 3), or one host that is both. */
enum { NODE_HOST = 3 };

static const uint8_t key[16] = "namespace test k";
static uint64_t length_ns = 400 * NET_MS; /* a test has its process, so it may have its own */
static const char *ifaces[] = { "hb0", "hb1" };

static struct heartbeat_node node_config(void)
{
	struct heartbeat_node config = { .key_epoch = 1, .incarnation = INCARNATION,
		.admitted = true, .interval_us = INTERVAL_US, .misses = MISSES, .links_mask = 3 };

	memcpy(config.key, key, sizeof(key));
	return config;
}

static int controller_try(struct host *host)
{
	char prefix[128];
	struct heartbeat_config config = { .pin_prefix = prefix, .cluster = CLUSTER,
		.ifaces = ifaces, .n_ifaces = host->net->n_links, .controller = host->id,
		.lease_ns = length_ns, .warn = net_on_warn };

	net_prefix(host, prefix);
	net_enter(host->ns);
	return heartbeat_new(&host->loop, &config, net_on_event, host, &host->hb);
}

static void controller_up(struct host *host)
{
	struct heartbeat_node config = node_config();

	cr_assert_eq(controller_try(host), 0, "%s", host->warning);
	cr_assert_eq(heartbeat_node_set(host->hb, NODE, &config), 0);
}

static void host_close(struct host *host)
{
	heartbeat_free(host->hb);
	lease_free(host->lease);
	host->hb = NULL;
	host->lease = NULL;
	uv_run(&host->loop, UV_RUN_DEFAULT);
}

static void node_up(struct host *host, unsigned n, bool is6, const char *data)
{
	char prefix[128], text[PICKET_CONTROLLERS_MAX][2][32];
	struct lease_controller controllers[PICKET_CONTROLLERS_MAX] = { 0 };
	struct lease_config config = { .pin_prefix = prefix, .cluster = CLUSTER, .node = NODE,
		.controllers = controllers, .n_controllers = n, .ifaces = ifaces,
		.n_ifaces = host->net->n_links, .data_ifaces = &data, .n_data_ifaces = data != NULL,
		.interval_us = INTERVAL_US, .lease_ns = length_ns, .warn = net_on_warn };
	int rc;

	net_prefix(host, prefix);
	for (unsigned i = 0; i < n; i++)
		for (unsigned link = 0; link < host->net->n_links; link++) {
			if (is6)
				snprintf(text[i][link], 32, "fd09:%u::%u", link + 1, i + 1);
			else
				snprintf(text[i][link], 32, "10.9.%u.%u", link, i + 1);
			controllers[i].address[link] = text[i][link];
		}
	net_enter(host->ns);
	rc = lease_new(&host->loop, &config, net_on_event, host, &host->lease);
	cr_assert_eq(rc, 0, "%d: %s", rc, host->warning);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(lease_key_set(host->lease, i, key, 1), 0);
	cr_assert_eq(lease_incarnation_set(host->lease, INCARNATION), 0);
}

/* Each daemon that is alive promises to be so. */
static void push_grants(struct net *net)
{
	for (unsigned h = 0; h < net->n_hosts; h++)
		if (net->hosts[h].hb)
			heartbeat_grant_until(net->hosts[h].hb, net_now() + length_ns / 2);
	if (net->hosts[NODE_HOST].lease)
		lease_alive(net->hosts[NODE_HOST].lease);
}

static void cluster_up(struct net *net, bool is6, const char *data)
{
	net_up(net, 4, 2);
	net->turn = push_grants;
	if (data) {
		net_enter(net->hosts[NODE_HOST].ns);
		net_sh("ip link add %s type veth peer name client netns /proc/%d/fd/%d", data,
			getpid(), net->ns);
		net_sh("ip addr add 10.99.0.1/24 dev %s && ip link set %s up", data, data);
		net_enter(net->ns);
		net_sh("ip addr add 10.99.0.2/24 dev client && ip link set client up");
	}
	for (unsigned h = 0; h < 3; h++)
		controller_up(&net->hosts[h]);
	node_up(&net->hosts[NODE_HOST], 3, is6, data);
	for (unsigned h = 0; h < 3; h++)
		for (int link = 0; link < 2; link++)
			cr_assert(net_until(net, net_events(&net->hosts[h], PICKET_EVENT_HEARD,
							 link) >= 1), "host %u link %d", h, link);
	cr_assert(net_until(net, net_events(&net->hosts[NODE_HOST], PICKET_EVENT_RENEWED, -1)));
}

static void cluster_forget(struct net *net)
{
	for (unsigned h = 0; h < net->n_hosts; h++)
		net->hosts[h].n_events = 0;
}

static unsigned silences(struct net *net)
{
	unsigned n = 0;

	for (unsigned h = 0; h < 3; h++)
		n += net_events(&net->hosts[h], PICKET_EVENT_SILENT, -1);
	return n;
}

/* The lease must go on: a deadline later than any that exists now. */
static bool lease_goes_on(struct net *net)
{
	struct lease *lease = net->hosts[NODE_HOST].lease;
	uint64_t now = net_now();

	return net_until(net, lease_deadline(lease) > now + length_ns) && !lease_expired(lease);
}

static void lease_holds(struct net *net, bool is6)
{
	struct host *node = &net->hosts[NODE_HOST];
	uint64_t n = 0;

	cluster_up(net, is6, NULL);
	cr_assert(lease_goes_on(net));
	net_for(net, 3 * length_ns / NET_MS);
	cr_assert_not(lease_expired(node->lease));
	cr_assert_eq(net_events(node, PICKET_EVENT_RENEWED, -1), 1);
	for (unsigned h = 0; h < 3; h++) {
		struct heartbeat_link l;

		for (unsigned link = 0; link < 2; link++) {
			cr_assert_eq(heartbeat_link_get(net->hosts[h].hb, NODE, link, &l), 0);
			cr_assert_eq(l.incarnation, INCARNATION);
			cr_assert_gt(l.beats, 10);
			cr_assert_lt(l.agent_age_ms, 5000);
		}
		cr_assert_eq(heartbeat_count(net->hosts[h].hb, PICKET_COUNT_GRANTED, &n), 0);
		cr_assert_gt(n, 10);
		cr_assert_eq(heartbeat_count(net->hosts[h].hb, PICKET_COUNT_MAC, &n), 0);
		cr_assert_eq(n, 0);
	}
	cr_assert_eq(lease_count(node->lease, PICKET_COUNT_GRANTED, &n), 0);
	cr_assert_gt(n, 10);
	net_down(net);
}

Test(netns, lease_holds_over_ip4)
{
	static struct net net;

	lease_holds(&net, false);
}

Test(netns, lease_holds_over_ip6)
{
	static struct net net;

	lease_holds(&net, true);
}

Test(netns, one_link_lost_is_told_and_costs_nothing)
{
	static struct net net;
	const struct picket_event *silent;

	cluster_up(&net, false, NULL);
	cluster_forget(&net);
	net_cut(&net, NODE_HOST, 1, true, true);
	for (unsigned h = 0; h < 3; h++) {
		cr_assert(net_until(&net, net_events(&net.hosts[h], PICKET_EVENT_SILENT, 1) == 1));
		silent = net_last(&net.hosts[h], PICKET_EVENT_SILENT);
		cr_assert_eq(silent->node, NODE);
		cr_assert_geq(silent->t_event_ns,
			silent->t_last_ns + INTERVAL_US * MISSES * 1000ULL);
	}
	cr_assert(lease_goes_on(&net));
	for (unsigned h = 0; h < 3; h++)
		cr_assert_eq(net_events(&net.hosts[h], PICKET_EVENT_SILENT, 0), 0);
	cluster_forget(&net);
	net_mend(&net, NODE_HOST, 1);
	for (unsigned h = 0; h < 3; h++)
		cr_assert(net_until(&net, net_events(&net.hosts[h], PICKET_EVENT_HEARD, 1) == 1));
	net_down(&net);
}

/* Controllers still hear it, so nobody tells it that it is lost: its own lease must. */
Test(netns, answers_lost_one_way_let_the_lease_run_out)
{
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];
	const struct picket_event *expired;

	cluster_up(&net, false, NULL);
	cluster_forget(&net);
	net_cut(&net, NODE_HOST, 0, true, false);
	net_cut(&net, NODE_HOST, 1, true, false);
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1)));
	expired = net_last(node, PICKET_EVENT_EXPIRED);
	cr_assert_geq(expired->t_event_ns, expired->t_last_ns);
	cr_assert_lt(expired->t_event_ns, expired->t_last_ns + 100 * NET_MS);
	cr_assert_eq(silences(&net), 0);
	cr_assert(lease_isolated(node->lease));
	net_down(&net);
}

Test(netns, a_majority_is_needed_and_enough)
{
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];

	cluster_up(&net, false, NULL);
	cluster_forget(&net);
	for (unsigned link = 0; link < 2; link++)
		net_cut(&net, 0, link, true, true);
	for (int link = 0; link < 2; link++)
		cr_assert(net_until(
			&net, net_events(&net.hosts[0], PICKET_EVENT_SILENT, link) == 1));
	cr_assert(lease_goes_on(&net), "two of three");
	for (unsigned link = 0; link < 2; link++)
		net_cut(&net, 1, link, true, true);
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1)), "one of three");
	cr_assert_eq(net_events(&net.hosts[2], PICKET_EVENT_SILENT, -1), 0);
	net_down(&net);
}

static void push_grants_of_one(struct net *net)
{
	heartbeat_grant_until(net->hosts[2].hb, net_now() + length_ns / 2);
}

/* The kernel goes on answering; only the daemon's word is missing. */
Test(netns, hung_daemons_stop_granting_but_hear)
{
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];
	uint64_t n = 0;

	cluster_up(&net, false, NULL);
	cluster_forget(&net);
	net.turn = push_grants_of_one;
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_REFUSED, -1)));
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1)));
	cr_assert_eq(silences(&net), 0);
	cr_assert_eq(heartbeat_count(net.hosts[0].hb, PICKET_COUNT_NOT_GRANTING, &n), 0);
	cr_assert_gt(n, 0);
	net_down(&net);
}

Test(netns, a_blocked_incarnation_gets_no_grant)
{
	struct heartbeat_node config = node_config();
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];
	uint64_t blocked;

	cluster_up(&net, false, NULL);
	cluster_forget(&net);
	config.admitted = false;
	for (unsigned h = 0; h < 2; h++)
		cr_assert_eq(heartbeat_node_set(net.hosts[h].hb, NODE, &config), 0);
	blocked = net_now();
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1)));
	cr_assert_leq(net_last(node, PICKET_EVENT_EXPIRED)->t_last_ns, blocked + length_ns);

	config.admitted = true; /* it comes back only as a new one */
	config.incarnation = INCARNATION + 1;
	cluster_forget(&net);
	for (unsigned h = 0; h < 3; h++)
		cr_assert_eq(heartbeat_node_set(net.hosts[h].hb, NODE, &config), 0);
	net_for(&net, 100);
	cr_assert_eq(net_events(node, PICKET_EVENT_RENEWED, -1), 0);
	cr_assert_eq(lease_incarnation_set(node->lease, INCARNATION + 1), 0);
	cr_assert_not(lease_isolated(node->lease));
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_RENEWED, -1) == 1));
	cr_assert(lease_goes_on(&net));
	net_down(&net);
}

Test(netns, a_restarted_controller_knows_what_happened_meanwhile)
{
	static struct net net;
	struct host *c = &net.hosts[0];
	uint64_t before = 0, after = 0;

	cluster_up(&net, false, NULL);
	cr_assert_eq(heartbeat_link_age(c->hb, NODE, 0, &before), 0);
	net_enter(c->ns);
	host_close(c);
	cluster_forget(&net);
	cr_assert(lease_goes_on(&net), "without this daemon");
	net_cut(&net, NODE_HOST, 1, false, true);
	cr_assert(net_until(&net, net_events(&net.hosts[1], PICKET_EVENT_SILENT, 1)));
	net_for(&net, 2 * INTERVAL_US * MISSES / 1000);

	cr_assert_eq(controller_try(c), 0);
	cr_assert_eq(heartbeat_node_next(c->hb, 0), NODE, "still configured");
	cr_assert_eq(heartbeat_node_next(c->hb, NODE), 0);
	cr_assert_eq(heartbeat_link_age(c->hb, NODE, 0, &after), 0);
	cr_assert_gt(after, before, "heard on without the daemon");
	cr_assert(net_until(&net, net_events(c, PICKET_EVENT_SILENT, 1)));
	cr_assert(net_until(&net, net_events(c, PICKET_EVENT_HEARD, 0)));
	cr_assert_eq(net_events(c, PICKET_EVENT_SILENT, 0), 0);
	cluster_forget(&net); /* and its own timer notices from now on */
	net_cut(&net, NODE_HOST, 0, false, true);
	cr_assert(net_until(&net, net_events(c, PICKET_EVENT_SILENT, 0) == 1));
	net_down(&net);
}

Test(netns, a_restarted_agent_goes_on_with_its_lease)
{
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];
	uint64_t deadline;

	length_ns = 3000 * NET_MS; /* longer than a slow machine takes to load the programs */
	cluster_up(&net, false, NULL);
	net_enter(node->ns);
	deadline = lease_deadline(node->lease);
	host_close(node);
	cluster_forget(&net);
	node_up(node, 3, false, NULL);
	cr_assert_eq(lease_incarnation(node->lease), INCARNATION);
	cr_assert_geq(lease_deadline(node->lease), deadline);
	cr_assert(lease_goes_on(&net));
	cr_assert_eq(net_events(node, PICKET_EVENT_RENEWED, -1), 0);
	cr_assert_eq(net_events(node, PICKET_EVENT_EXPIRED, -1), 0);

	cluster_forget(&net); /* gone for good, it still expires, in the kernel alone */
	net_enter(node->ns);
	host_close(node);
	net_for(&net, 2 * length_ns / NET_MS);
	node_up(node, 3, false, NULL);
	cr_assert(lease_expired(node->lease));
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1) == 1));
	net_down(&net);
}

static int udp_socket(const char *address, unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &in.sin_addr);
	cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

/* One datagram over the data link: did it arrive? */
static bool data_passes(struct net *net, int from, int to, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(5555) };
	uint64_t end = net_now() + 300 * NET_MS;
	char byte;

	inet_pton(AF_INET, address, &in.sin_addr);
	sendto(from, "x", 1, 0, (struct sockaddr *)&in, sizeof(in));
	while (net_now() < end) {
		if (recv(to, &byte, 1, 0) == 1)
			return true;
		net_turn(net);
	}
	return false;
}

Test(netns, isolation_cuts_the_data_link_both_ways)
{
	static struct net net;
	struct host *node = &net.hosts[NODE_HOST];
	int inside, outside;

	cluster_up(&net, false, "data0");
	net_enter(node->ns);
	inside = udp_socket("10.99.0.1", 5555);
	net_enter(net.ns);
	outside = udp_socket("10.99.0.2", 5555);
	cr_assert(data_passes(&net, inside, outside, "10.99.0.2"));
	cr_assert(data_passes(&net, outside, inside, "10.99.0.1"));
	cr_assert_eq(lease_isolate(node->lease, true), 0);
	cr_assert(lease_isolated(node->lease));
	cr_assert_not(data_passes(&net, inside, outside, "10.99.0.2"));
	cr_assert_not(data_passes(&net, outside, inside, "10.99.0.1"));
	cr_assert(lease_goes_on(&net), "the heartbeat links are not cut");
	cr_assert_eq(lease_isolate(node->lease, false), 0);
	cr_assert(data_passes(&net, inside, outside, "10.99.0.2"));
	cr_assert(data_passes(&net, outside, inside, "10.99.0.1"));

	net.turn = NULL; /* no daemon promises anything: the verdict falls by itself */
	cr_assert(net_until(&net, net_events(node, PICKET_EVENT_EXPIRED, -1)));
	cr_assert_not(data_passes(&net, inside, outside, "10.99.0.2"));
	cr_assert_not(data_passes(&net, outside, inside, "10.99.0.1"));
	close(inside);
	close(outside);
	net_down(&net);
}

/* ---- one host that is controller and node ---------------------------------------------------- */

static void push_grants_on_one(struct net *net)
{
	heartbeat_grant_until(net->hosts[0].hb, net_now() + length_ns / 2);
}

static void on_loopback(bool is6)
{
	static struct net net;
	struct host *host = &net.hosts[0];
	uint64_t n = 0;

	net_up(&net, 1, 1);
	net.turn = push_grants_on_one;
	controller_up(host);
	node_up(host, 1, is6, NULL);
	cr_assert(net_until(&net, net_events(host, PICKET_EVENT_HEARD, 0)));
	cr_assert(net_until(&net, net_events(host, PICKET_EVENT_RENEWED, -1)));
	net_for(&net, 2 * length_ns / NET_MS);
	cr_assert_not(lease_expired(host->lease));
	cr_assert_eq(lease_count(host->lease, PICKET_COUNT_GRANTED, &n), 0);
	cr_assert_gt(n, 10);
	net_enter(host->ns);
	lease_free(host->lease);
	host->lease = NULL;
	cr_assert(net_until(&net, net_events(host, PICKET_EVENT_SILENT, 0) == 1));
	net_down(&net);
}

Test(loopback, probes_are_granted_over_ip4)
{
	on_loopback(false);
}

Test(loopback, probes_are_granted_over_ip6)
{
	on_loopback(true);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static uint32_t xdp_on(const char *iface)
{
	uint32_t id = 0;

	bpf_xdp_query_id((int)if_nametoindex(iface), 0, &id);
	return id;
}

Test(netns, an_interface_made_anew_is_heard_again)
{
	static struct net net;
	struct host *c = &net.hosts[0];

	cluster_up(&net, false, NULL);
	net_enter(c->ns);
	net_sh("ip link del hb1");
	cr_assert(net_until(&net, net_events(c, PICKET_EVENT_SILENT, 1) == 1));
	cr_assert(net_until(&net, strstr(c->warning, "hb1")));
	cluster_forget(&net);
	net_wire(&net, 0, 1);
	cr_assert(net_until(&net, net_events(c, PICKET_EVENT_HEARD, 1) == 1));
	net_down(&net);
}

Test(netns, both_daemons_leave_nothing_behind)
{
	char prefix[128];
	static struct net net;
	struct host *host = &net.hosts[0];
	struct heartbeat_config hb = { .pin_prefix = prefix };
	struct lease_config lease = { .pin_prefix = prefix };

	net_up(&net, 1, 1);
	net_prefix(host, prefix);
	controller_up(host);
	node_up(host, 1, false, NULL);
	net_turn(&net);
	net_enter(host->ns);
	cr_assert_neq(xdp_on("hb0"), 0);
	host_close(host);
	cr_assert_neq(xdp_on("hb0"), 0, "a daemon that goes leaves the ear");
	heartbeat_uninstall(&hb);
	cr_assert_neq(xdp_on("hb0"), 0, "the node still needs it");
	lease_uninstall(&lease);
	cr_assert(net_until(&net, xdp_on("hb0") == 0), "let go");
	cr_assert_eq(access(prefix, F_OK), -1);
	net_down(&net);
}

Test(netns, a_prefix_outside_any_bpffs_gets_one)
{
	char dir[] = "/tmp/picket-netns-XXXXXX";
	static struct net net;
	struct host *host = &net.hosts[0];
	struct heartbeat_config config = { .cluster = CLUSTER, .ifaces = ifaces, .n_ifaces = 1,
		.lease_ns = length_ns };
	char *prefix, *rooms;

	net_up(&net, 1, 1);
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_geq(asprintf(&prefix, "%s/deeper", dir), 0);
	cr_assert_geq(asprintf(&rooms, "%s/ear/rooms", prefix), 0);
	config.pin_prefix = prefix;
	net_enter(host->ns);
	cr_assert_eq(heartbeat_new(&host->loop, &config, net_on_event, host, &host->hb), 0);
	cr_assert_eq(access(rooms, F_OK), 0);
	host_close(host);
	heartbeat_uninstall(&config);
	cr_assert_eq(access(rooms, F_OK), -1);
	cr_assert_eq(umount2(prefix, MNT_DETACH), 0);
	cr_assert_eq(rmdir(prefix), 0);
	cr_assert_eq(rmdir(dir), 0);
	free(prefix);
	free(rooms);
	net_down(&net);
}

Test(netns, both_daemons_must_mean_the_same_port)
{
	char prefix[128];
	static struct net net;
	struct host *host = &net.hosts[0];
	struct heartbeat_config config = { .pin_prefix = prefix, .cluster = CLUSTER,
		.ifaces = ifaces, .n_ifaces = 1, .lease_ns = length_ns, .port = 9999 };
	struct heartbeat *other = NULL;

	net_up(&net, 1, 1);
	net_prefix(host, prefix);
	controller_up(host);
	cr_assert_eq(heartbeat_new(&host->loop, &config, net_on_event, host, &other), -EADDRINUSE);
	cr_assert_null(other);
	net_down(&net);
}

/* Maps of another version of picket are of no use; those that fit are kept. */
Test(netns, a_former_layout_is_thrown_away)
{
	char prefix[128], path[192];
	static struct net net;
	struct host *host = &net.hosts[0];
	int fd;

	net_up(&net, 1, 1);
	net_prefix(host, prefix);
	controller_up(host);
	host_close(host);
	cr_assert_eq(controller_try(host), 0);
	cr_assert_eq(heartbeat_node_next(host->hb, 0), NODE);
	host_close(host);
	snprintf(path, sizeof(path), "%s/controller/peers", prefix);
	cr_assert_eq(unlink(path), 0);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "peers", 4, 8, 1, NULL);
	cr_assert_eq(bpf_obj_pin(fd, path), 0);
	close(fd);
	cr_assert_eq(controller_try(host), 0);
	cr_assert_eq(heartbeat_node_next(host->hb, 0), 0);
	net_down(&net);
}

Test(netns, another_clusters_state_is_not_taken_over)
{
	char prefix[128];
	static struct net net;
	struct host *host = &net.hosts[0];
	struct heartbeat_config config = { .pin_prefix = prefix, .cluster = CLUSTER + 1,
		.ifaces = ifaces, .n_ifaces = 1, .lease_ns = length_ns };
	uint64_t n;

	net_up(&net, 1, 1);
	net_prefix(host, prefix);
	controller_up(host);
	node_up(host, 1, false, NULL);
	cr_assert(net_until(&net, net_events(host, PICKET_EVENT_HEARD, 0)));
	host_close(host);
	cr_assert_eq(heartbeat_new(&host->loop, &config, net_on_event, host, &host->hb), 0);
	cr_assert_eq(heartbeat_node_next(host->hb, 0), 0);
	cr_assert_eq(heartbeat_link_age(host->hb, NODE, 0, &n), -ENOENT);
	net_down(&net);
}

Test(netns, a_foreign_program_is_not_displaced)
{
	static struct net net;
	struct host *host = &net.hosts[0];

	net_up(&net, 1, 1);
	net_enter(host->ns);
	net_xdp_pass("hb0");
	cr_assert_eq(controller_try(host), -EBUSY);
	cr_assert_null(host->hb);
	cr_assert_not_null(strstr(host->warning, "hb0"));
	net_down(&net);
}

Test(netns, a_missing_interface_is_an_error)
{
	static struct net net;
	struct host *host = &net.hosts[0];

	net_up(&net, 1, 1);
	net_enter(host->ns);
	net_sh("ip link del hb0");
	cr_assert_eq(controller_try(host), -ENODEV);
	net_down(&net);
}
