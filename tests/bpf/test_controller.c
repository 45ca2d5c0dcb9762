/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller's program and the dispatcher before it, packet by packet (BPF_PROG_TEST_RUN). */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include <picket/count.h>
#include <picket/event.h>

#include "controller.skel.h"
#include "ear.skel.h"
#include "packet.h"

#define CLUSTER 0x1122334455667788ULL
#define NODE 5
#define INCARNATION 70
#define EPOCH 3

struct events {
	unsigned n;
	struct picket_event last, by_kind[8];
	unsigned of_kind[8];
};

struct rig {
	struct controller_bpf *skel;
	struct ring_buffer *ring;
	struct events events;
	struct picket_controller_settings settings;
	struct picket_peer_config config;
};

static const uint32_t zero = 0;

static int on_event(void *ctx, void *data, size_t size)
{
	struct events *events = ctx;

	cr_assert_eq(size, sizeof(struct picket_event));
	memcpy(&events->last, data, size);
	cr_assert_lt(events->last.kind, 8);
	events->by_kind[events->last.kind] = events->last;
	events->of_kind[events->last.kind]++;
	events->n++;
	return 0;
}

static void rig_put(struct rig *r)
{
	const uint32_t node = NODE;

	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(r->skel->maps.settings), &zero, &r->settings,
			     BPF_ANY), 0);
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(r->skel->maps.configs), &node, &r->config,
			     BPF_ANY), 0);
}

static void rig_up(struct rig *r)
{
	struct picket_key *key = &r->config.key[EPOCH & 1];

	memset(r, 0, sizeof(*r));
	r->skel = controller_bpf__open_and_load();
	cr_assert_not_null(r->skel);
	r->settings.cluster = CLUSTER;
	r->settings.controller = 2;
	r->settings.grant_until_ns = UINT64_MAX;
	r->settings.promise_min_ns = 30000000;
	r->settings.nodes_end = NODE + 1;
	memcpy(&key->k0, PACKET_KEY, 16);
	key->epoch = EPOCH;
	key->set = 1;
	r->config.admitted = INCARNATION;
	r->config.interval_us = 10000;
	r->config.misses = 3;
	r->config.links_mask = 3;
	r->config.known = 1;
	rig_put(r);
	r->ring = ring_buffer__new(
		bpf_map__fd(r->skel->maps.events), on_event, &r->events, NULL);
	cr_assert_not_null(r->ring);
}

static void rig_down(struct rig *r)
{
	ring_buffer__free(r->ring);
	controller_bpf__destroy(r->skel);
}

static struct picket_wire probe(uint64_t seq)
{
	struct picket_wire w = {
		.magic = PICKET_WIRE_MAGIC,
		.version = 1,
		.type = PICKET_WIRE_PROBE,
		.controller = 2,
		.link = 1,
		.cluster = CLUSTER,
		.node = NODE,
		.key_epoch = EPOCH,
		.incarnation = INCARNATION,
		.seq = seq,
		.t_send_ns = 123456789,
		.interval_us = 10000,
	};

	packet_mac(&w, PACKET_KEY);
	return w;
}

static int run(struct rig *r, struct packet *p)
{
	int rc = packet_run(bpf_program__fd(r->skel->progs.controller), p);

	ring_buffer__consume(r->ring);
	return rc;
}

static int run_wire(struct rig *r, const struct picket_wire *w)
{
	struct packet p = packet_plain(w);

	return run(r, &p);
}

static uint64_t counted(struct rig *r, uint32_t which)
{
	uint64_t value[256] = { 0 }, sum = 0;

	cr_assert_leq(libbpf_num_possible_cpus(), 256);
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

static struct picket_peer peer(struct rig *r)
{
	const uint32_t node = NODE;
	struct picket_peer p;

	cr_assert_eq(bpf_map_lookup_elem_flags(
			     bpf_map__fd(r->skel->maps.peers), &node, &p, BPF_F_LOCK), 0);
	return p;
}

/* The packet must be dropped for this reason, and nothing may have changed. */
static void refused(struct rig *r, const struct picket_wire *w, uint32_t why)
{
	struct picket_peer before = peer(r), after;
	unsigned events = r->events.n;
	uint64_t n = counted(r, why), all = received(r);

	cr_assert_eq(run_wire(r, w), XDP_DROP, "not dropped (%u)", why);
	cr_assert_eq(counted(r, why), n + 1, "not counted as %u", why);
	cr_assert_eq(received(r), all + 1);
	after = peer(r);
	cr_assert_eq(memcmp(&before, &after, sizeof(before)), 0, "state changed (%u)", why);
	cr_assert_eq(r->events.n, events, "an event came (%u)", why);
}

/* An answer that a node's stack and NIC would take: right way round, right checksums, right MAC. */
static void answered(const struct packet *asked, const struct packet *got, uint8_t type)
{
	uint32_t from = asked->is6 ? asked->ip + 8 : asked->ip + 12, n = asked->is6 ? 16 : 4;
	struct picket_wire was = packet_wire(asked), w = packet_wire(got), expected = was;

	cr_assert_eq(got->size, asked->size);
	cr_assert_eq(memcmp(got->data, asked->data + 6, 6), 0);
	cr_assert_eq(memcmp(got->data + 6, asked->data, 6), 0);
	cr_assert_eq(memcmp(got->data + from, asked->data + from + n, n), 0);
	cr_assert_eq(memcmp(got->data + from + n, asked->data + from, n), 0);
	cr_assert_eq(memcmp(got->data + got->udp, asked->data + asked->udp + 2, 2), 0);
	cr_assert_eq(memcmp(got->data + got->udp + 2, asked->data + asked->udp, 2), 0);
	if (got->is6) {
		cr_assert_eq(got->data[got->ip + 7], 64);
	} else {
		cr_assert_eq(got->data[got->ip + 8], 64);
		cr_assert_eq(packet_sum(0, got->data + got->ip, 20), 0);
	}
	cr_assert_eq(packet_udp_sum(got), 0);
	expected.type = type;
	packet_mac(&expected, PACKET_KEY);
	cr_assert_eq(memcmp(&w, &expected, sizeof(w)), 0);
}

Test(controller, good_probe_is_granted_in_place)
{
	const struct packet_shape shapes[] = { { 0 }, { .vlan = true }, { .is6 = true },
		{ .is6 = true, .vlan = true } };
	struct rig r;

	rig_up(&r);
	for (unsigned i = 0; i < 4; i++) {
		struct picket_wire w = probe(10 + i);
		struct packet asked = packet_shaped(&w, &shapes[i]), got = asked;

		cr_assert_eq(run(&r, &got), XDP_TX, "shape %u", i);
		answered(&asked, &got, PICKET_WIRE_GRANT);
	}
	cr_assert_eq(counted(&r, PICKET_COUNT_GRANTED), 4);
	cr_assert_eq(r.events.n, 1);
	cr_assert_eq(r.events.last.kind, PICKET_EVENT_HEARD);
	cr_assert_eq(r.events.last.node, NODE);
	cr_assert_eq(r.events.last.link, 1);
	cr_assert_eq(r.events.last.incarnation, INCARNATION);
	cr_assert_eq(peer(&r).link[1].seq, 13);
	cr_assert_eq(peer(&r).link[0].last_ns, 0);
	rig_down(&r);
}

Test(controller, forged_changes_nothing)
{
	struct picket_wire w = probe(10);
	struct rig r;

	rig_up(&r);
	for (unsigned byte = 8; byte < sizeof(w); byte++) {
		struct picket_wire forged = w;

		if (byte >= offsetof(struct picket_wire, cluster) &&
			byte < offsetof(struct picket_wire, incarnation))
			continue; /* refused for other reasons before the MAC is looked at */
		((uint8_t *)&forged)[byte] ^= 0x40;
		refused(&r, &forged, PICKET_COUNT_MAC);
	}
	packet_mac(&w, (const uint8_t *)"another key ....");
	refused(&r, &w, PICKET_COUNT_MAC);
	rig_down(&r);
}

Test(controller, each_wrong_field_is_refused_for_its_reason)
{
	struct picket_wire w;
	struct rig r;

	rig_up(&r);
#define REFUSED(change, why)                                                                       \
	w = probe(10);                                                                             \
	w.change;                                                                                  \
	packet_mac(&w, PACKET_KEY);                                                                \
	refused(&r, &w, PICKET_COUNT_##why)
	REFUSED(version = 0, VERSION);
	REFUSED(version = 2, VERSION);
	REFUSED(type = PICKET_WIRE_GRANT, TYPE);
	REFUSED(type = 9, TYPE);
	REFUSED(cluster++, CLUSTER);
	REFUSED(controller = 1, CONTROLLER);
	REFUSED(controller = 255, CONTROLLER);
	REFUSED(node = NODE + 1, NODE);
	REFUSED(node = 0, NODE);
	REFUSED(node = PICKET_NODES_MAX, NODE);
	REFUSED(node = UINT32_MAX, NODE);
	REFUSED(link = 2, LINK);
	REFUSED(link = 8, LINK);
	REFUSED(link = 255, LINK);
	REFUSED(key_epoch = EPOCH + 1, EPOCH);
	REFUSED(key_epoch = EPOCH + 2, EPOCH);
	rig_down(&r);
}

Test(controller, replayed_is_refused_per_link)
{
	struct picket_wire w = probe(10), other;
	struct rig r;

	rig_up(&r);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	refused(&r, &w, PICKET_COUNT_REPLAYED);
	w = probe(9);
	refused(&r, &w, PICKET_COUNT_REPLAYED);
	other = probe(10); /* one beat may share its number over links */
	other.link = 0;
	packet_mac(&other, PACKET_KEY);
	cr_assert_eq(run_wire(&r, &other), XDP_TX);
	w = probe(11);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	rig_down(&r);
}

Test(controller, newer_incarnation_begins_anew_older_is_refused)
{
	struct picket_wire w = probe(1000), old;
	struct packet p;
	struct rig r;

	rig_up(&r);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	w = probe(1);
	w.incarnation = INCARNATION + 1;
	packet_mac(&w, PACKET_KEY);
	p = packet_plain(&w);
	cr_assert_eq(run(&r, &p), XDP_TX);
	cr_assert_eq(packet_wire(&p).type, PICKET_WIRE_HEARD, "the new one is not admitted");
	cr_assert_eq(r.events.n, 2, "the new incarnation is news");
	cr_assert_eq(r.events.last.kind, PICKET_EVENT_HEARD);
	cr_assert_eq(r.events.last.incarnation, INCARNATION + 1);
	old = probe(2000);
	refused(&r, &old, PICKET_COUNT_INCARNATION);
	old.link = 0; /* also on a link that never heard the newer one */
	packet_mac(&old, PACKET_KEY);
	refused(&r, &old, PICKET_COUNT_INCARNATION);
	rig_down(&r);
}

Test(controller, heard_without_grant)
{
	struct picket_wire w = probe(10);
	struct packet asked, got;
	struct rig r;

	rig_up(&r);
	r.config.admitted = 0;
	rig_put(&r);
	asked = got = packet_plain(&w);
	cr_assert_eq(run(&r, &got), XDP_TX);
	answered(&asked, &got, PICKET_WIRE_HEARD);
	cr_assert_eq(counted(&r, PICKET_COUNT_NOT_ADMITTED), 1);

	r.config.admitted = INCARNATION;
	r.settings.grant_until_ns = packet_now() - 1;
	rig_put(&r);
	w = probe(11);
	asked = got = packet_plain(&w);
	cr_assert_eq(run(&r, &got), XDP_TX);
	answered(&asked, &got, PICKET_WIRE_HEARD);
	cr_assert_eq(counted(&r, PICKET_COUNT_NOT_GRANTING), 1);

	rig_down(&r);
}

Test(controller, incarnation_zero_is_nobodys)
{
	struct picket_wire w = probe(10);
	struct packet asked, got;
	struct rig r;

	rig_up(&r);
	r.config.admitted = 0;
	rig_put(&r);
	w.incarnation = 0;
	packet_mac(&w, PACKET_KEY);
	asked = got = packet_plain(&w);
	cr_assert_eq(run(&r, &got), XDP_TX);
	answered(&asked, &got, PICKET_WIRE_HEARD);
	cr_assert_eq(counted(&r, PICKET_COUNT_GRANTED), 0);
	rig_down(&r);
}

Test(controller, truncated_and_wrong_lengths)
{
	struct picket_wire w = probe(10);
	struct packet whole = packet_plain(&w), p;
	struct rig r;

	rig_up(&r);
	for (uint32_t size = 14; size < whole.size; size++) {
		p = whole;
		p.size = size;
		cr_assert_eq(run(&r, &p), size < whole.wire + 4 ? XDP_PASS : XDP_DROP, "%u", size);
	}
	cr_assert_eq(counted(&r, PICKET_COUNT_MALFORMED), whole.size - whole.wire - 4);
	p = whole;
	packet_put16(p.data + p.udp + 4, 8 + 63);
	cr_assert_eq(run(&r, &p), XDP_DROP);
	p = whole;
	packet_put16(p.data + p.ip + 2, 20 + 8 + 65);
	cr_assert_eq(run(&r, &p), XDP_DROP);
	cr_assert_eq(counted(&r, PICKET_COUNT_MALFORMED), whole.size - whole.wire - 2);
	cr_assert_eq(peer(&r).link[1].last_ns, 0);
	p = whole; /* padding behind is the link's business */
	p.size += 6;
	cr_assert_eq(run(&r, &p), XDP_TX);
	rig_down(&r);
}

Test(controller, group_addresses_are_never_answered)
{
	struct picket_wire w = probe(10);
	struct packet p = packet_plain(&w);
	struct rig r;

	rig_up(&r);
	p.data[0] |= 1;
	cr_assert_eq(run(&r, &p), XDP_DROP);
	p = packet_plain(&w);
	p.data[6] |= 1;
	cr_assert_eq(run(&r, &p), XDP_DROP);
	cr_assert_eq(counted(&r, PICKET_COUNT_MALFORMED), 2);
	rig_down(&r);
}

Test(controller, key_of_the_other_parity_keeps_working)
{
	struct picket_key *key;
	struct picket_wire w;
	struct rig r;

	rig_up(&r);
	key = &r.config.key[(EPOCH + 1) & 1];
	memcpy(&key->k0, "the next key ...", 16);
	key->epoch = EPOCH + 1;
	key->set = 1;
	rig_put(&r);
	w = probe(10);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	w = probe(11);
	w.key_epoch = EPOCH + 1;
	packet_mac(&w, (const uint8_t *)"the next key ...");
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	w = probe(12); /* the new epoch with the old key */
	w.key_epoch = EPOCH + 1;
	packet_mac(&w, PACKET_KEY);
	refused(&r, &w, PICKET_COUNT_MAC);
	rig_down(&r);
}

Test(controller, old_agent_is_told_once_and_taken_back)
{
	struct picket_wire w = probe(10);
	struct rig r;

	rig_up(&r);
	r.config.agent_age_max_ms = 500;
	rig_put(&r);
	for (uint64_t seq = 10; seq < 13; seq++) {
		w = probe(seq);
		w.agent_age_ms = 501;
		packet_mac(&w, PACKET_KEY);
		cr_assert_eq(run_wire(&r, &w), XDP_TX);
	}
	cr_assert_eq(r.events.of_kind[PICKET_EVENT_AGENT_OLD], 1);
	cr_assert_eq(r.events.by_kind[PICKET_EVENT_AGENT_OLD].agent_age_ms, 501);
	w = probe(20);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	cr_assert_eq(r.events.of_kind[PICKET_EVENT_AGENT_BACK], 1);
	rig_down(&r);
}

/* Waits on the ring, so that a slow machine only makes it slower. */
static void wait_events(struct rig *r, uint32_t kind, unsigned n)
{
	uint64_t end = packet_now() + 10000000000ULL;

	while (r->events.of_kind[kind] < n && packet_now() < end)
		ring_buffer__poll(r->ring, 100);
	cr_assert_eq(r->events.of_kind[kind], n);
}

Test(controller, silence_is_told_once_at_its_deadline_and_return_as_well)
{
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 1);
	struct picket_wire w = probe(10);
	struct picket_event silent;
	struct rig r;

	rig_up(&r);
	cr_assert_eq(bpf_prog_test_run_opts(
			     bpf_program__fd(r.skel->progs.sweep_start), &options), 0);
	cr_assert_eq(options.retval, 0);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	w.link = 0; /* promises to come much later, and does */
	w.interval_us = 1000000;
	packet_mac(&w, PACKET_KEY);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	wait_events(&r, PICKET_EVENT_SILENT, 1);
	silent = r.events.by_kind[PICKET_EVENT_SILENT];
	cr_assert_eq(silent.link, 1);
	cr_assert_eq(silent.node, NODE);
	cr_assert_eq(silent.controller, 2);
	cr_assert_eq(silent.seq, 10);
	cr_assert_eq(silent.incarnation, INCARNATION);
	cr_assert_geq(silent.t_event_ns, silent.t_last_ns + 30000000);
	cr_assert_eq(peer(&r).deadline_ns[1], 0);
	cr_assert_neq(peer(&r).deadline_ns[0], 0);
	w = probe(11);
	cr_assert_eq(run_wire(&r, &w), XDP_TX);
	cr_assert_eq(r.events.of_kind[PICKET_EVENT_HEARD], 3);
	cr_assert_eq(r.events.by_kind[PICKET_EVENT_HEARD].t_last_ns, silent.t_last_ns);
	wait_events(&r, PICKET_EVENT_SILENT, 2);
	rig_down(&r);
}

/* More silences than the ring holds: those that found no room come with the next sweeps. */
Test(controller, no_silence_is_lost_in_a_full_ring)
{
	const unsigned n = PICKET_RING_SIZE / 64 + 2000;
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 1);
	uint64_t end;
	struct rig r;

	rig_up(&r);
	r.settings.nodes_end = n + 1;
	rig_put(&r);
	for (uint32_t node = 1; node <= n; node++) {
		struct picket_peer p = { .incarnation = 1, .deadline_ns = { [3] = 1 },
			.link = { [3] = { .last_ns = 1 } } };

		cr_assert_eq(bpf_map_update_elem(
				     bpf_map__fd(r.skel->maps.peers), &node, &p, BPF_ANY), 0);
	}
	cr_assert_eq(bpf_prog_test_run_opts(
			     bpf_program__fd(r.skel->progs.sweep_start), &options), 0);
	end = packet_now() + 10000000000ULL;
	while (!counted(&r, PICKET_COUNT_LOST_EVENTS) && packet_now() < end)
		;
	cr_assert_gt(counted(&r, PICKET_COUNT_LOST_EVENTS), 0, "the ring was to overflow");
	wait_events(&r, PICKET_EVENT_SILENT, n);
	cr_assert_eq(counted(&r, PICKET_COUNT_SILENT), n);
	rig_down(&r);
}

/* ---- the dispatcher ------------------------------------------------------------------------ */

static struct ear_bpf *ear_with(struct rig *r)
{
	int fd = bpf_program__fd(r->skel->progs.controller);
	uint32_t room = PICKET_ROOM_CONTROLLER;
	struct ear_bpf *ear = ear_bpf__open_and_load();

	cr_assert_not_null(ear);
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(ear->maps.rooms), &room, &fd, BPF_ANY), 0);
	return ear;
}

Test(ear, hands_probes_on_and_passes_everything_else_untouched)
{
	const struct packet_shape foreign[] = { { .port = 53 }, { .ip_options = 1 },
		{ .ip_options = 10 }, { .fragment = 0x2000 }, { .fragment = 1 },
		{ .fragment = 0x1fff }, { .is6 = true, .next_header = 44 },
		{ .is6 = true, .next_header = 60 }, { .is6 = true, .next_header = 43 },
		{ .is6 = true, .port = 7407 }, { .vlan = true, .port = 80 } };
	struct picket_wire w = probe(10);
	struct ear_bpf *ear;
	struct packet p;
	struct rig r;
	int fd;

	rig_up(&r);
	ear = ear_with(&r);
	fd = bpf_program__fd(ear->progs.ear);
	for (unsigned i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		struct packet before = packet_shaped(&w, &foreign[i]);

		p = before;
		cr_assert_eq(packet_run(fd, &p), XDP_PASS, "%u", i);
		cr_assert_eq(memcmp(&p, &before, sizeof(p)), 0, "%u", i);
	}
	p = packet_plain(&w);
	p.data[p.ip + 9] = 6; /* TCP with our bytes */
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	p = packet_plain(&w); /* options that would read as a heartbeat */
	p.data[p.ip] = 0x46;
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	p = packet_plain(&w);
	p.data[p.ip] = 0x65;
	cr_assert_eq(packet_run(fd, &p), XDP_PASS, "version 6 in an IPv4 frame");
	p = packet_shaped(&w, &(struct packet_shape){ .is6 = true });
	p.data[p.ip + 6] = 60; /* an extension header that would */
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	p = packet_plain(&w);
	p.data[p.wire]++; /* not our magic */
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	p = packet_plain(&w);
	packet_put16(p.data + 12, 0x0806);
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	cr_assert_eq(received(&r), 0);

	p = packet_plain(&w);
	cr_assert_eq(packet_run(fd, &p), XDP_TX);
	p = packet_plain(&w);
	p.size -= 1;
	cr_assert_eq(packet_run(fd, &p), XDP_DROP, "truncated, so counted");
	w.type = PICKET_WIRE_GRANT; /* nobody lives in the node's room */
	p = packet_plain(&w);
	cr_assert_eq(packet_run(fd, &p), XDP_PASS);
	ear_bpf__destroy(ear);
	rig_down(&r);
}

/* Any prefix of any packet, any byte flipped: never anything but a clean verdict. */
Test(ear, survives_every_truncation_and_flip)
{
	const struct packet_shape shapes[] = { { 0 }, { .vlan = true }, { .is6 = true } };
	struct picket_wire w = probe(10);
	struct ear_bpf *ear;
	struct rig r;
	int fd;

	rig_up(&r);
	ear = ear_with(&r);
	fd = bpf_program__fd(ear->progs.ear);
	for (unsigned i = 0; i < 3; i++) {
		struct packet whole = packet_shaped(&w, &shapes[i]);

		for (uint32_t n = 14; n < whole.size; n++) {
			struct packet p = whole;
			int rc;

			p.size = n;
			rc = packet_run(fd, &p);
			cr_assert(rc == XDP_PASS || rc == XDP_DROP, "%u: size %u", i, n);
		}
		for (uint32_t n = 12; n < whole.size; n++) {
			struct packet p = whole;
			int rc;

			p.data[n] ^= 0x80;
			rc = packet_run(fd, &p);
			cr_assert(rc == XDP_PASS || rc == XDP_DROP || n < whole.wire, "%u: byte %u",
				i, n);
		}
	}
	ear_bpf__destroy(ear);
	rig_down(&r);
}
