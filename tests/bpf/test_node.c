/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node's program: what a grant must be to count, the m-th largest, expiry, isolation. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>
#include <unistd.h>

#include <picket/count.h>
#include <picket/event.h>
#include <picket/lease.h>

#include "node.skel.h"
#include "packet.h"

#define CLUSTER 0x1122334455667788ULL
#define NODE 5
#define INCARNATION 70
#define EPOCH 3
#define SECOND 1000000000ULL
#define LENGTH (5 * SECOND)

struct rig {
	struct node_bpf *skel;
	struct ring_buffer *ring;
	unsigned of_kind[8];
	struct picket_event last;
	struct picket_node_settings settings;
	struct picket_lease_page *page;
};

static const uint32_t zero = 0;

static int on_event(void *ctx, void *data, size_t size)
{
	struct rig *r = ctx;

	cr_assert_eq(size, sizeof(struct picket_event));
	memcpy(&r->last, data, size);
	cr_assert_lt(r->last.kind, 8);
	r->of_kind[r->last.kind]++;
	return 0;
}

static void rig_begin(struct rig *r)
{
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 1);

	cr_assert_eq(bpf_map_update_elem(
			     bpf_map__fd(r->skel->maps.settings), &zero, &r->settings, BPF_ANY),
		0);
	cr_assert_eq(
		bpf_prog_test_run_opts(bpf_program__fd(r->skel->progs.lease_begin), &options), 0);
	cr_assert_eq(options.retval, 0);
}

static void rig_up(struct rig *r, unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->skel = node_bpf__open_and_load();
	cr_assert_not_null(r->skel);
	r->settings.cluster = CLUSTER;
	r->settings.node = NODE;
	r->settings.length_ns = LENGTH;
	r->settings.incarnation = INCARNATION;
	r->settings.voters[0] = (1u << n) - 1;
	r->settings.udp_ports[0] = PICKET_PORT_HEARTBEAT;
	r->settings.tcp_ports[0] = PICKET_PORT_LINK;
	r->settings.tcp_ports[1] = PICKET_PORT_RAFT;
	for (uint32_t i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		struct picket_key key = { .epoch = EPOCH, .set = 1 };
		uint32_t slot = 2 * i + (EPOCH & 1);

		memcpy(&key.k0, PACKET_KEY, 16);
		cr_assert_eq(
			bpf_map_update_elem(bpf_map__fd(r->skel->maps.keys), &slot, &key, BPF_ANY),
			0);
	}
	r->page = mmap(NULL, sizeof(*r->page), PROT_READ | PROT_WRITE, MAP_SHARED,
		bpf_map__fd(r->skel->maps.page), 0);
	cr_assert_neq(r->page, MAP_FAILED);
	r->ring = ring_buffer__new(bpf_map__fd(r->skel->maps.events), on_event, r, NULL);
	cr_assert_not_null(r->ring);
	rig_begin(r);
}

static void rig_down(struct rig *r)
{
	munmap(r->page, sizeof(*r->page));
	ring_buffer__free(r->ring);
	node_bpf__destroy(r->skel);
}

/* As the sender does before a probe leaves. */
static void remember(struct rig *r, uint64_t seq, uint64_t t_send)
{
	struct picket_sent sent = { .seq = seq, .t_send_ns = t_send };
	uint32_t slot = seq & (PICKET_SENT_MAX - 1);

	cr_assert_eq(
		bpf_map_update_elem(bpf_map__fd(r->skel->maps.sent), &slot, &sent, BPF_ANY), 0);
}

static struct picket_wire answer(uint8_t type, uint8_t controller, uint64_t seq, uint64_t t_send)
{
	struct picket_wire w = {
		.magic = PICKET_WIRE_MAGIC,
		.version = 1,
		.type = type,
		.controller = controller,
		.cluster = CLUSTER,
		.node = NODE,
		.key_epoch = EPOCH,
		.incarnation = INCARNATION,
		.seq = seq,
		.t_send_ns = t_send,
		.interval_us = 10000,
	};

	packet_mac(&w, PACKET_KEY);
	return w;
}

static int run_wire(struct rig *r, const struct picket_wire *w)
{
	struct packet p = packet_plain(w);
	int rc = packet_run(bpf_program__fd(r->skel->progs.node), &p);

	ring_buffer__consume(r->ring);
	return rc;
}

static uint64_t counted(struct rig *r, uint32_t which)
{
	uint64_t value[256] = { 0 }, sum = 0;

	cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.counts), &which, value), 0);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += value[i];
	return sum;
}

/* However it ended, it was counted once. */
static uint64_t received(struct rig *r)
{
	uint64_t n = 0;

	for (uint32_t which = PICKET_COUNT_GRANTED; which <= PICKET_COUNT_OUTCOME_LAST; which++)
		n += counted(r, which);
	return n;
}

/* A grant that counts: for a probe sent `ago` before now. Returns its expiry. */
static uint64_t grant(struct rig *r, uint8_t controller, uint64_t seq, uint64_t ago)
{
	uint64_t t = packet_now() - ago;
	struct picket_wire w = answer(PICKET_WIRE_GRANT, controller, seq, t);

	remember(r, seq, t);
	cr_assert_eq(run_wire(r, &w), XDP_DROP);
	return t + LENGTH;
}

static void refused(struct rig *r, const struct picket_wire *w, uint32_t why)
{
	struct picket_lease_page before = *r->page;
	uint64_t n = counted(r, why), all = received(r);

	cr_assert_eq(run_wire(r, w), XDP_DROP);
	cr_assert_eq(counted(r, why), n + 1, "not counted as %u", why);
	cr_assert_eq(received(r), all + 1);
	cr_assert_eq(memcmp(&before, r->page, sizeof(before)), 0, "page changed (%u)", why);
}

static int descending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Every order of arrival is random but seeded; the oracle sorts. */
Test(node, lease_is_the_mth_largest)
{
	const unsigned sizes[] = { 1, 3, 5, 7 };
	uint64_t random = 88172645463325252ULL, seq = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned n = sizes[i], m = n / 2 + 1;
		uint64_t expiry[PICKET_CONTROLLERS_MAX] = { 0 }, sorted[PICKET_CONTROLLERS_MAX];
		struct rig r;

		rig_up(&r, n);
		cr_assert_eq(r.page->controllers, n);
		cr_assert_eq(r.page->majority, m);
		for (unsigned round = 0; round < 60; round++) {
			uint64_t until;
			unsigned from;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			from = (unsigned)(random % n);
			until = grant(&r, (uint8_t)from, ++seq, random / 8 % (2 * SECOND));
			if (until > expiry[from])
				expiry[from] = until;
			cr_assert_eq(r.page->expiry_ns[from], expiry[from]);
			memcpy(sorted, expiry, sizeof(sorted));
			qsort(sorted, n, sizeof(*sorted), descending);
			cr_assert_eq(r.page->deadline_ns, sorted[m - 1], "n %u round %u", n, round);
			cr_assert_eq(r.page->seq & 1, 0);
		}
		cr_assert_eq(r.of_kind[PICKET_EVENT_RENEWED], 1);
		rig_down(&r);
	}
}

Test(node, fewer_than_a_majority_hold_nothing)
{
	struct rig r;

	rig_up(&r, 5);
	for (uint64_t seq = 1; seq < 20; seq++)
		grant(&r, seq & 1, seq, 0);
	cr_assert_eq(r.page->deadline_ns, 0);
	cr_assert_eq(r.of_kind[PICKET_EVENT_RENEWED], 0);
	grant(&r, 4, 20, 0);
	cr_assert_neq(r.page->deadline_ns, 0);
	cr_assert_eq(r.of_kind[PICKET_EVENT_RENEWED], 1);
	rig_down(&r);
}

Test(node, while_voters_change_both_sets_must_grant)
{
	uint64_t until[2];
	struct rig r;

	rig_up(&r, 3);
	r.settings.voters[0] = 7;      /* 0, 1, 2 */
	r.settings.voters[1] = 7 << 2; /* 2, 3, 4 */
	rig_begin(&r);
	grant(&r, 0, 1, 0);
	grant(&r, 1, 2, 0);
	cr_assert_eq(r.page->deadline_ns, 0, "only the old set");
	until[0] = grant(&r, 3, 3, SECOND);
	cr_assert_eq(r.page->deadline_ns, 0);
	until[1] = grant(&r, 4, 4, SECOND / 2);
	cr_assert_eq(r.page->deadline_ns, until[0] < until[1] ? until[0] : until[1]);
	rig_down(&r);
}

Test(node, each_wrong_field_is_refused_for_its_reason)
{
	uint64_t t = packet_now();
	struct picket_wire w;
	struct rig r;

	rig_up(&r, 1);
	remember(&r, 10, t);
#define REFUSED(change, why)                                                                       \
	w = answer(PICKET_WIRE_GRANT, 0, 10, t);                                                   \
	w.change;                                                                                  \
	packet_mac(&w, PACKET_KEY);                                                                \
	refused(&r, &w, PICKET_COUNT_##why)
	REFUSED(version = 0, VERSION);
	REFUSED(version = 2, VERSION);
	REFUSED(type = PICKET_WIRE_PROBE, TYPE);
	REFUSED(type = 0, TYPE);
	REFUSED(cluster = 1, CLUSTER);
	REFUSED(node = NODE + 1, NODE);
	REFUSED(link = 8, LINK);
	REFUSED(controller = 1, CONTROLLER); /* no voter */
	REFUSED(controller = 7, CONTROLLER);
	REFUSED(controller = 255, CONTROLLER);
	REFUSED(key_epoch = EPOCH + 1, EPOCH);
	REFUSED(key_epoch = EPOCH + 2, EPOCH);
	REFUSED(incarnation = INCARNATION - 1, INCARNATION);
	REFUSED(incarnation = INCARNATION + 1, INCARNATION);
	REFUSED(incarnation = 0, INCARNATION);
	REFUSED(seq = 9, UNSENT);
	REFUSED(seq = 10 + PICKET_SENT_MAX, UNSENT);
	REFUSED(t_send_ns = t - 1, UNSENT);
	REFUSED(t_send_ns = packet_now() + SECOND, FUTURE);
	REFUSED(t_send_ns = UINT64_MAX, FUTURE);
	REFUSED(t_send_ns = packet_now() - LENGTH, STALE);
	REFUSED(t_send_ns = 0, STALE);
	w = answer(PICKET_WIRE_GRANT, 0, 10, t);
	packet_mac(&w, (const uint8_t *)"another key ....");
	refused(&r, &w, PICKET_COUNT_MAC);
	w = answer(PICKET_WIRE_GRANT, 0, 10, t);
	w.interval_us++;
	refused(&r, &w, PICKET_COUNT_MAC);
	cr_assert_eq(r.page->deadline_ns, 0);

	w = answer(PICKET_WIRE_GRANT, 0, 10, t); /* and the right one counts, once */
	cr_assert_eq(run_wire(&r, &w), XDP_DROP);
	cr_assert_eq(r.page->deadline_ns, t + LENGTH);
	refused(&r, &w, PICKET_COUNT_NOT_NEWER);
	rig_down(&r);
}

/* A probe of the future that we "remember" is still not believed. */
Test(node, future_and_stale_do_not_depend_on_the_memory)
{
	uint64_t future = packet_now() + 10 * SECOND, old = packet_now() - LENGTH;
	struct picket_wire w;
	struct rig r;

	rig_up(&r, 1);
	remember(&r, 1, future);
	w = answer(PICKET_WIRE_GRANT, 0, 1, future);
	refused(&r, &w, PICKET_COUNT_FUTURE);
	remember(&r, 2, old);
	w = answer(PICKET_WIRE_GRANT, 0, 2, old);
	refused(&r, &w, PICKET_COUNT_STALE);
	rig_down(&r);
}

Test(node, forgetful_takes_grants_for_the_modules_probes)
{
	uint64_t t = packet_now();
	struct picket_wire w = answer(PICKET_WIRE_GRANT, 0, 77, t);
	struct rig r;

	rig_up(&r, 1);
	refused(&r, &w, PICKET_COUNT_UNSENT);
	r.settings.forgetful = 1;
	rig_begin(&r);
	cr_assert_eq(run_wire(&r, &w), XDP_DROP);
	cr_assert_eq(r.page->deadline_ns, t + LENGTH);
	rig_down(&r);
}

Test(node, heard_without_grant_renews_nothing_and_is_told_once)
{
	uint64_t t = packet_now();
	struct picket_wire w;
	struct rig r;

	rig_up(&r, 1);
	for (uint64_t seq = 1; seq < 5; seq++) {
		remember(&r, seq, t);
		w = answer(PICKET_WIRE_HEARD, 0, seq, t);
		cr_assert_eq(run_wire(&r, &w), XDP_DROP);
	}
	cr_assert_eq(r.page->deadline_ns, 0);
	cr_assert_eq(r.of_kind[PICKET_EVENT_REFUSED], 1);
	grant(&r, 0, 10, 0);
	remember(&r, 11, t);
	w = answer(PICKET_WIRE_HEARD, 0, 11, t);
	cr_assert_eq(run_wire(&r, &w), XDP_DROP);
	cr_assert_eq(r.of_kind[PICKET_EVENT_REFUSED], 2, "refused again after a grant");
	rig_down(&r);
}

static void wait_expired(struct rig *r, unsigned n)
{
	uint64_t end = packet_now() + 10 * SECOND;

	while (r->of_kind[PICKET_EVENT_EXPIRED] < n && packet_now() < end)
		ring_buffer__poll(r->ring, 100);
	cr_assert_eq(r->of_kind[PICKET_EVENT_EXPIRED], n);
}

static uint32_t isolated(struct rig *r)
{
	uint32_t value = 9;

	cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.isolation), &zero, &value), 0);
	return value;
}

Test(node, without_a_verdict_a_lease_runs_out_and_is_granted_again)
{
	struct rig r;
	uint64_t until;

	rig_up(&r, 1);
	r.settings.goes_on = 1;
	rig_begin(&r);
	grant(&r, 0, 1, LENGTH - SECOND / 5);
	wait_expired(&r, 1);
	cr_assert_eq(isolated(&r), 0);
	cr_assert_eq(r.page->expired_ns, 0);
	cr_assert_eq(r.page->deadline_ns, 0);
	until = grant(&r, 0, 2, LENGTH - SECOND / 5);
	cr_assert_eq(r.page->deadline_ns, until);
	wait_expired(&r, 2); /* its timer runs again */
	rig_down(&r);
}

Test(node, expiry_is_kept_on_time_latched_and_lifted_by_a_new_incarnation)
{
	uint64_t until, t;
	struct picket_wire w;
	struct rig r;

	rig_up(&r, 1);
	grant(&r, 0, 1, LENGTH - SECOND / 5);
	until = grant(&r, 0, 2, LENGTH - SECOND / 2); /* renewed: the timer must go along */
	cr_assert_eq(isolated(&r), 0);
	wait_expired(&r, 1);
	cr_assert_geq(r.last.t_event_ns, until);
	cr_assert_lt(r.last.t_event_ns, until + SECOND);
	cr_assert_eq(r.last.t_last_ns, until);
	cr_assert_eq(r.last.incarnation, INCARNATION);
	cr_assert_eq(r.page->expired_ns, r.last.t_event_ns);
	cr_assert_eq(r.page->deadline_ns, until);
	cr_assert_eq(isolated(&r), 1);

	t = packet_now();
	remember(&r, 3, t);
	w = answer(PICKET_WIRE_GRANT, 0, 3, t);
	refused(&r, &w, PICKET_COUNT_TOO_LATE);
	rig_begin(&r); /* a restart of the agent lifts nothing */
	cr_assert_eq(isolated(&r), 1);
	cr_assert_neq(r.page->expired_ns, 0);

	r.settings.incarnation = INCARNATION + 1;
	rig_begin(&r);
	cr_assert_eq(isolated(&r), 0);
	cr_assert_eq(r.page->expired_ns, 0);
	cr_assert_eq(r.page->deadline_ns, 0);
	refused(&r, &w, PICKET_COUNT_INCARNATION);
	w.incarnation++;
	packet_mac(&w, PACKET_KEY);
	cr_assert_eq(run_wire(&r, &w), XDP_DROP);
	cr_assert_eq(r.page->deadline_ns, t + LENGTH);
	cr_assert_eq(r.of_kind[PICKET_EVENT_RENEWED], 2);
	rig_down(&r);
}

Test(node, passes_what_is_not_ours)
{
	const struct packet_shape foreign[] = { { .ip_options = 2 }, { .fragment = 0x2000 },
		{ .fragment = 3 }, { .is6 = true, .next_header = 44 } };
	struct picket_wire w = answer(PICKET_WIRE_GRANT, 0, 1, packet_now());
	struct packet p;
	struct rig r;

	rig_up(&r, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct packet before = packet_shaped(&w, &foreign[i]);

		p = before;
		cr_assert_eq(packet_run(bpf_program__fd(r.skel->progs.node), &p), XDP_PASS);
		cr_assert_eq(memcmp(&p, &before, sizeof(p)), 0);
	}
	w.magic++;
	p = packet_plain(&w);
	cr_assert_eq(packet_run(bpf_program__fd(r.skel->progs.node), &p), XDP_PASS);
	cr_assert_eq(received(&r), 0);
	rig_down(&r);
}

/* ---- isolation ----------------------------------------------------------------------------- */

static void isolation(struct rig *r, uint32_t which, uint32_t value)
{
	cr_assert_eq(
		bpf_map_update_elem(bpf_map__fd(r->skel->maps.isolation), &which, &value, BPF_ANY),
		0);
}

static bool through(struct rig *r, bool out, const struct packet *packet)
{
	struct packet p = *packet;
	int rc = packet_run(
		bpf_program__fd(out ? r->skel->progs.isolate_out : r->skel->progs.isolate_in), &p);

	cr_assert(rc == TC_ACT_UNSPEC || rc == TC_ACT_SHOT, "%d", rc);
	return rc == TC_ACT_UNSPEC;
}

static struct packet shaped(struct packet_shape shape)
{
	struct picket_wire w = { 0 };

	return packet_shaped(&w, &shape);
}

static struct packet tcp(bool is6, uint16_t port)
{
	struct packet p = shaped((struct packet_shape){ .is6 = is6, .port = port });

	p.data[p.ip + (is6 ? 6 : 9)] = 6;
	return p;
}

/* sender and target as last byte of 10.1.0.x */
static struct packet arp(uint8_t sender, uint8_t target)
{
	struct packet p = shaped((struct packet_shape){ 0 });
	uint8_t body[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 1, 0, sender, 0, 0, 0, 0,
		0, 0, 10, 1, 0, target };

	packet_put16(p.data + 12, 0x0806);
	memcpy(p.data + 14, body, sizeof(body));
	p.size = 60;
	return p;
}

static struct packet neighbour(uint8_t type, uint8_t source, uint8_t target)
{
	struct packet p = shaped((struct packet_shape){ .is6 = true });

	p.data[p.ip + 6] = 58;
	p.data[p.ip + 23] = source;
	memset(p.data + p.udp, 0, 24);
	p.data[p.udp] = type;
	p.data[p.udp + 8] = 0xfd;
	p.data[p.udp + 23] = target;
	return p;
}

static void keep(struct rig *r, struct picket_address address)
{
	const uint32_t one = 1;

	cr_assert_eq(
		bpf_map_update_elem(bpf_map__fd(r->skel->maps.local), &address, &one, BPF_ANY), 0);
}

Test(isolate, lets_everything_pass_until_ordered_or_due)
{
	struct packet web = tcp(false, 80);
	struct rig r;

	rig_up(&r, 1);
	cr_assert(through(&r, true, &web));
	cr_assert(through(&r, false, &web));
	isolation(&r, 1, 1);
	cr_assert_not(through(&r, true, &web));
	cr_assert_not(through(&r, false, &web));
	isolation(&r, 1, 0);
	cr_assert(through(&r, true, &web));
	isolation(&r, 0, 1);
	cr_assert_not(through(&r, true, &web));
	cr_assert_eq(counted(&r, PICKET_COUNT_ISOLATED), 3);
	rig_down(&r);
}

Test(isolate, drops_all_but_the_control_plane)
{
	struct rig r;

	rig_up(&r, 1);
	isolation(&r, 0, 1);
#define PASSES(...)                                                                                \
	do {                                                                                       \
		struct packet p = __VA_ARGS__;                                                     \
		cr_assert(through(&r, true, &p) && through(&r, false, &p), #__VA_ARGS__);          \
	} while (0)
#define DROPS(...)                                                                                 \
	do {                                                                                       \
		struct packet p = __VA_ARGS__;                                                     \
		cr_assert(!through(&r, true, &p) && !through(&r, false, &p), #__VA_ARGS__);        \
	} while (0)
	for (int is6 = 0; is6 < 2; is6++) {
		PASSES(shaped((struct packet_shape){ .is6 = is6 }));
		PASSES(shaped((struct packet_shape){ .is6 = is6, .vlan = true }));
		PASSES(tcp(is6, PICKET_PORT_LINK));
		PASSES(tcp(is6, PICKET_PORT_RAFT));
		DROPS(tcp(is6, PICKET_PORT_HEARTBEAT));
		DROPS(tcp(is6, 443));
		DROPS(shaped((struct packet_shape){ .is6 = is6, .port = PICKET_PORT_LINK }));
		DROPS(shaped((struct packet_shape){ .is6 = is6, .port = 53, .vlan = true }));
	}
	DROPS(shaped((struct packet_shape){ .ip_options = 1 }));
	DROPS(shaped((struct packet_shape){ .fragment = 0x2000 }));
	DROPS(shaped((struct packet_shape){ .fragment = 4 }));
	DROPS(shaped((struct packet_shape){ .is6 = true, .next_header = 44 }));
	rig_down(&r);
}

/* A lost node that still answers for a service's address would draw its clients. */
Test(isolate, answers_for_no_address_but_the_control_planes)
{
	struct picket_address own6 = { .bytes = { [0] = 0xfd, [15] = 2 } };
	struct packet p;
	struct rig r;

	rig_up(&r, 1);
	isolation(&r, 0, 1);
	p = arp(2, 9);
	cr_assert_not(through(&r, true, &p), "no address is the control plane's yet");
	keep(&r, (struct picket_address){
			 .bytes = { [10] = 0xff, [11] = 0xff, [12] = 10, [13] = 1, [15] = 2 } });
	keep(&r, own6);
	cr_assert(through(&r, true, &p), "asks or answers as itself");
	cr_assert_not(through(&r, false, &p), "asked for another's address");
	p = arp(9, 2);
	cr_assert(through(&r, false, &p));
	cr_assert_not(through(&r, true, &p), "speaks for a service's address");

	p = neighbour(136, 2, 2); /* advertisement of its own */
	cr_assert(through(&r, true, &p));
	p = neighbour(136, 2, 77); /* of a service's */
	cr_assert_not(through(&r, true, &p));
	cr_assert(through(&r, false, &p));
	p = neighbour(135, 9, 77); /* solicitation for a service's */
	cr_assert_not(through(&r, false, &p));
	p = neighbour(135, 9, 2);
	cr_assert(through(&r, false, &p));
	cr_assert_not(through(&r, true, &p), "asks with a service's address");
	p = neighbour(135, 2, 9);
	cr_assert(through(&r, true, &p));
	p = neighbour(134, 9, 0); /* router advertisement */
	cr_assert(through(&r, false, &p));
	cr_assert_not(through(&r, true, &p));
	p = neighbour(128, 2, 2); /* echo request */
	cr_assert_not(through(&r, true, &p));
	cr_assert_not(through(&r, false, &p));
	rig_down(&r);
}
