/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/heartbeat.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>

#include <picket/maps.h>

#include "base/lines.h"
#include "base/own.h"
#include "controller.skel.h"
#include "edge/ear.h"

#define HEARTBEAT_TEND_MS 1000
#define HEARTBEAT_SWEEP_LATE_NS 1000000000ULL

struct heartbeat {
	uv_poll_t poll;
	uv_timer_t tend;
	int handles; /* not closed yet */
	struct ear *ear;
	struct controller_bpf *skel;
	struct ring_buffer *ring;
	void (*on_event)(void *ctx, const struct picket_event *event);
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	char **ifaces;
	int *iface_state; /* last outcome of attaching, so that a change is told once */
	size_t n_ifaces;
	uint64_t lease_ns;
	uint64_t lost_events;
	bool rescan;      /* report every link's state at the next turn */
	struct picket_controller_settings settings; /* we alone write it */
	uint32_t *promise_us; /* by node id, 0 = not configured */
};

static const uint32_t heartbeat_zero = 0;

__attribute__((format(printf, 2, 3))) static void heartbeat_warn(
	const struct heartbeat *hb, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!hb->warn)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hb->warn(hb->ctx, text);
}

/* ---- the kernel part ----------------------------------------------------------------------- */

static int heartbeat_settings_put(struct heartbeat *hb)
{
	int fd = bpf_map__fd(hb->skel->maps.settings);

	return bpf_map_update_elem(fd, &heartbeat_zero, &hb->settings, BPF_ANY) < 0 ? -errno : 0;
}

static int heartbeat_peer_clear(struct heartbeat *hb, uint32_t node)
{
	const struct picket_peer_config config = { 0 };
	const struct picket_peer peer = { 0 };

	if (bpf_map_update_elem(bpf_map__fd(hb->skel->maps.configs), &node, &config, BPF_ANY) < 0 ||
		bpf_map_update_elem(bpf_map__fd(hb->skel->maps.peers), &node, &peer, BPF_F_LOCK) <
			0)
		return -errno;
	hb->promise_us[node] = 0;
	return 0;
}

static int heartbeat_config_get(const struct heartbeat *hb, uint32_t node,
	struct picket_peer_config *ret)
{
	int fd = bpf_map__fd(hb->skel->maps.configs);

	return bpf_map_lookup_elem(fd, &node, ret) < 0 ? -errno : 0;
}

static int heartbeat_sweep_start(struct heartbeat *hb)
{
	int rc = ear_run(bpf_program__fd(hb->skel->progs.sweep_start));

	return rc > 0 ? -EIO : rc;
}

/* The sweeper sleeps at most this long; 0 while there is nobody. */
static void heartbeat_promise_min(struct heartbeat *hb)
{
	uint32_t min = 0, end = 1;

	for (uint32_t node = 1; node < PICKET_NODES_MAX; node++) {
		uint32_t promise = hb->promise_us[node];

		if (!promise)
			continue;
		end = node + 1;
		if (!min || promise < min)
			min = promise;
	}
	hb->settings.promise_min_ns = (uint64_t)min * 1000;
	hb->settings.nodes_end = end;
}

/* A sweeper that sleeps longer than a new promise is woken, so that it looks in time. */
static int heartbeat_promise_changed(struct heartbeat *hb, uint32_t node, uint32_t before)
{
	uint64_t min_ns = hb->settings.promise_min_ns, own_ns = hb->promise_us[node] * 1000ULL;
	int rc;

	if (before) {
		heartbeat_promise_min(hb);
	} else { /* the common case, when thousands are set one after the other */
		if (!min_ns || own_ns < min_ns)
			hb->settings.promise_min_ns = own_ns;
		if (hb->settings.nodes_end <= node)
			hb->settings.nodes_end = node + 1;
	}
	rc = heartbeat_settings_put(hb);
	if (rc == 0 && (!min_ns || hb->settings.promise_min_ns < min_ns))
		rc = heartbeat_sweep_start(hb);
	return rc;
}

/* Takes over what a former daemon left, or clears it if it belonged to another cluster. */
static int heartbeat_inherit(struct heartbeat *hb, const struct heartbeat_config *config)
{
	int fd = bpf_map__fd(hb->skel->maps.settings);
	bool same;

	if (bpf_map_lookup_elem(fd, &heartbeat_zero, &hb->settings) < 0)
		return -errno;
	same = hb->settings.cluster == config->cluster &&
		hb->settings.controller == config->controller;
	for (uint32_t node = 1; node < PICKET_NODES_MAX && node < hb->settings.nodes_end; node++) {
		struct picket_peer_config c;
		int rc = same ? heartbeat_config_get(hb, node, &c) : heartbeat_peer_clear(hb, node);

		if (rc < 0)
			return rc;
		if (same && c.known)
			hb->promise_us[node] = c.interval_us * c.misses;
	}
	if (!same)
		hb->settings.grant_until_ns = 0;
	hb->settings.cluster = config->cluster;
	hb->settings.controller = config->controller;
	heartbeat_promise_min(hb);
	return heartbeat_settings_put(hb);
}

static int heartbeat_load(struct heartbeat *hb, const struct heartbeat_config *config)
{
	bool fresh = false;
	int rc = ear_open(config->pin_prefix, config->port, &hb->ear);

	if (rc < 0)
		return rc;
	hb->skel = controller_bpf__open();
	if (!hb->skel)
		return -errno;
	rc = ear_pins_set(hb->ear, "controller", hb->skel->obj, &fresh);
	if (rc == 0)
		rc = controller_bpf__load(hb->skel);
	if (rc == 0)
		rc = heartbeat_inherit(hb, config);
	if (rc == 0)
		rc = heartbeat_sweep_start(hb);
	if (rc == 0)
		rc = ear_room_set(hb->ear, PICKET_ROOM_CONTROLLER,
			bpf_program__fd(hb->skel->progs.controller),
			bpf_program__fd(hb->skel->progs.controller_lo));
	if (rc == 0)
		rc = ear_count(hb->skel->maps.counts, PICKET_COUNT_LOST_EVENTS, &hb->lost_events);
	hb->rescan = !fresh;
	return rc;
}

/* Interfaces may come late or be made anew: what is missing is tried again every second. */
static int heartbeat_attach(struct heartbeat *hb, bool take_over)
{
	int attached = 0, worst = -ENODEV;

	if ((take_over || !ear_filter_there("lo", false)) && ear_attach_lo(hb->ear) < 0 &&
		take_over)
		heartbeat_warn(hb, "loopback: the node on this host cannot be heard");
	for (size_t i = 0; i < hb->n_ifaces; i++) {
		int rc = ear_attach(hb->ear, hb->ifaces[i], take_over);

		if (rc < 0 && hb->iface_state[i] != rc)
			heartbeat_warn(hb, "%s: cannot listen: %s", hb->ifaces[i], strerror(-rc));
		if (rc > 0)
			heartbeat_warn(hb, "%s: no native XDP, generic is slower", hb->ifaces[i]);
		hb->iface_state[i] = rc;
		if (rc >= 0)
			attached++;
		else
			worst = rc;
	}
	return attached || !hb->n_ifaces ? 0 : worst;
}

/* ---- events -------------------------------------------------------------------------------- */

static int heartbeat_on_ring(void *ctx, void *data, size_t size)
{
	struct heartbeat *hb = ctx;

	assert(size == sizeof(struct picket_event));
	hb->on_event(hb->ctx, data);
	return 0;
}

static void heartbeat_on_poll(uv_poll_t *poll, int status, int events)
{
	struct heartbeat *hb = poll->data;

	ring_buffer__consume(hb->ring);
}

static void heartbeat_report(struct heartbeat *hb, uint32_t node, const struct picket_peer *peer)
{
	for (unsigned link = 0; link < PICKET_LINKS_MAX; link++) {
		const struct picket_peer_link *l = &peer->link[link];
		struct picket_event event = {
			.kind = peer->deadline_ns[link] ? PICKET_EVENT_HEARD
							: PICKET_EVENT_SILENT,
			.node = node,
			.link = (uint8_t)link,
			.controller = (uint8_t)hb->settings.controller,
			.agent_age_ms = l->agent_age_ms,
			.incarnation = l->incarnation,
			.t_event_ns = ear_now_ns(),
			.t_last_ns = l->last_ns,
			.seq = l->seq,
		};

		if (l->last_ns)
			hb->on_event(hb->ctx, &event);
	}
}

static int heartbeat_peer_get(const struct heartbeat *hb, uint32_t node, struct picket_peer *ret)
{
	int fd = bpf_map__fd(hb->skel->maps.peers);

	return bpf_map_lookup_elem_flags(fd, &node, ret, BPF_F_LOCK) < 0 ? -errno : 0;
}

static void heartbeat_rescan(struct heartbeat *hb)
{
	hb->rescan = false;
	for (uint32_t node = 1; node < hb->settings.nodes_end; node++) {
		struct picket_peer peer;

		if (hb->promise_us[node] && heartbeat_peer_get(hb, node, &peer) == 0)
			heartbeat_report(hb, node, &peer);
	}
}

/* The sweeper re-arms itself; should that ever fail, no silence would be noticed again. */
static void heartbeat_sweep_check(struct heartbeat *hb)
{
	struct {
		uint64_t timer[2];
		uint64_t swept_ns;
	} sweeper = { 0 };
	uint64_t late = hb->settings.promise_min_ns + HEARTBEAT_SWEEP_LATE_NS;

	static_assert(sizeof(sweeper) == sizeof(struct bpf_timer) + sizeof(uint64_t), "sweeper");
	if (bpf_map_lookup_elem(
		    bpf_map__fd(hb->skel->maps.sweepers), &heartbeat_zero, &sweeper) < 0)
		return;
	if (ear_now_ns() <= sweeper.swept_ns + late)
		return;
	heartbeat_warn(hb, "the silence timer stood still, starting it again");
	if (heartbeat_sweep_start(hb) < 0)
		heartbeat_warn(hb, "the silence timer does not start");
}

static void heartbeat_on_tend(uv_timer_t *timer)
{
	struct heartbeat *hb = timer->data;
	uint64_t lost = hb->lost_events;

	heartbeat_sweep_check(hb);
	heartbeat_attach(hb, false);
	if (ear_count(hb->skel->maps.counts, PICKET_COUNT_LOST_EVENTS, &lost) == 0 &&
		lost != hb->lost_events) {
		heartbeat_warn(hb, "events were lost, reporting every link again");
		hb->lost_events = lost;
		hb->rescan = true;
	}
	if (hb->rescan)
		heartbeat_rescan(hb);
	ring_buffer__consume(hb->ring);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void heartbeat_destroy(struct heartbeat *hb)
{
	ring_buffer__free(hb->ring);
	controller_bpf__destroy(hb->skel);
	ear_close(hb->ear);
	for (size_t i = 0; i < hb->n_ifaces; i++)
		free(hb->ifaces[i]);
	free(hb->ifaces);
	free(hb->iface_state);
	free(hb->promise_us);
	free(hb);
}

own_define(heartbeat, struct heartbeat, heartbeat_destroy)

static void heartbeat_on_close(uv_handle_t *handle)
{
	struct heartbeat *hb = handle->data;

	if (--hb->handles == 0)
		heartbeat_destroy(hb);
}

static int heartbeat_loop_start(struct heartbeat *hb, uv_loop_t *loop)
{
	int rc = uv_poll_init(loop, &hb->poll, ring_buffer__epoll_fd(hb->ring));

	if (rc < 0)
		return rc;
	uv_timer_init(loop, &hb->tend);
	hb->poll.data = hb;
	hb->tend.data = hb;
	hb->handles = 2;
	uv_poll_start(&hb->poll, UV_READABLE, heartbeat_on_poll);
	uv_timer_start(&hb->tend, heartbeat_on_tend, 0, HEARTBEAT_TEND_MS);
	return 0;
}

int heartbeat_new(uv_loop_t *loop, const struct heartbeat_config *config,
	void (*on_event)(void *ctx, const struct picket_event *event), void *ctx,
	struct heartbeat **ret)
{
	owned(heartbeat) struct heartbeat *hb = NULL;
	int rc;

	if (!config->cluster || config->controller >= PICKET_CONTROLLERS_MAX ||
		config->n_ifaces > PICKET_LINKS_MAX || !config->lease_ns ||
		config->lease_ns > PICKET_LEASE_MAX_NS)
		return -EINVAL;
	hb = own_new(struct heartbeat);
	hb->on_event = on_event;
	hb->warn = config->warn;
	hb->ctx = ctx;
	hb->lease_ns = config->lease_ns;
	hb->promise_us = own_alloc(PICKET_NODES_MAX * sizeof(*hb->promise_us));
	hb->iface_state = own_alloc((config->n_ifaces + 1) * sizeof(*hb->iface_state));
	hb->ifaces = own_alloc((config->n_ifaces + 1) * sizeof(*hb->ifaces));
	for (; hb->n_ifaces < config->n_ifaces; hb->n_ifaces++)
		hb->ifaces[hb->n_ifaces] = own_string(config->ifaces[hb->n_ifaces]);
	rc = heartbeat_load(hb, config);
	if (rc == 0)
		rc = heartbeat_attach(hb, true);
	if (rc < 0)
		return rc;
	hb->ring = ring_buffer__new(
		bpf_map__fd(hb->skel->maps.events), heartbeat_on_ring, hb, NULL);
	if (!hb->ring)
		return -errno;
	rc = heartbeat_loop_start(hb, loop);
	if (rc < 0)
		return rc;
	*ret = give(hb);
	return 0;
}

void heartbeat_free(struct heartbeat *hb)
{
	if (!hb)
		return;
	uv_close((uv_handle_t *)&hb->poll, heartbeat_on_close);
	uv_close((uv_handle_t *)&hb->tend, heartbeat_on_close);
}

void heartbeat_uninstall(const struct heartbeat_config *config)
{
	ear_room_remove(config->pin_prefix, PICKET_ROOM_CONTROLLER);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static int heartbeat_node_check(uint32_t node, const struct heartbeat_node *config)
{
	if (!node || node >= PICKET_NODES_MAX || !config->misses || config->misses > UINT16_MAX ||
		config->interval_us < PICKET_INTERVAL_MIN_US ||
		config->interval_us > PICKET_INTERVAL_MAX_US || !config->links_mask ||
		(uint64_t)config->interval_us * config->misses > UINT32_MAX)
		return -EINVAL;
	return 0;
}

int heartbeat_node_set(struct heartbeat *hb, uint32_t node, const struct heartbeat_node *config)
{
	uint32_t promise = config->interval_us * config->misses, before;
	struct picket_peer_config c;
	struct picket_key *key;
	int rc = heartbeat_node_check(node, config);

	if (rc == 0)
		rc = heartbeat_config_get(hb, node, &c);
	if (rc < 0)
		return rc;
	key = &c.key[config->key_epoch & 1];
	memcpy(&key->k0, config->key, 8);
	memcpy(&key->k1, config->key + 8, 8);
	key->epoch = config->key_epoch;
	key->set = 1;
	c.admitted = config->admitted ? config->incarnation : 0;
	c.interval_us = config->interval_us;
	c.misses = (uint16_t)config->misses;
	c.links_mask = config->links_mask;
	c.agent_age_max_ms = config->agent_age_max_ms;
	c.known = 1;
	/* The sweeper must know how far to look before the node can be heard. */
	before = hb->promise_us[node];
	hb->promise_us[node] = promise;
	if (before != promise)
		rc = heartbeat_promise_changed(hb, node, before);
	if (rc == 0 && bpf_map_update_elem(bpf_map__fd(hb->skel->maps.configs), &node, &c,
			       BPF_ANY) < 0)
		rc = -errno;
	if (rc < 0)
		hb->promise_us[node] = before;
	return rc;
}

int heartbeat_node_remove(struct heartbeat *hb, uint32_t node)
{
	int rc;

	if (!node || node >= PICKET_NODES_MAX || !hb->promise_us[node])
		return -ENOENT;
	rc = heartbeat_peer_clear(hb, node);
	if (rc < 0)
		return rc;
	heartbeat_promise_min(hb);
	return heartbeat_settings_put(hb);
}

uint32_t heartbeat_node_next(const struct heartbeat *hb, uint32_t after)
{
	for (uint32_t node = after + 1; node < hb->settings.nodes_end; node++)
		if (hb->promise_us[node])
			return node;
	return 0;
}

int heartbeat_grant_until(struct heartbeat *hb, uint64_t boot_ns)
{
	uint64_t furthest = ear_now_ns() + hb->lease_ns;

	hb->settings.grant_until_ns = boot_ns < furthest ? boot_ns : furthest;
	return heartbeat_settings_put(hb);
}

int heartbeat_link_get(const struct heartbeat *hb, uint32_t node, unsigned link,
	struct heartbeat_link *ret)
{
	struct picket_peer peer;
	int rc;

	if (!node || node >= PICKET_NODES_MAX || link >= PICKET_LINKS_MAX)
		return -EINVAL;
	rc = heartbeat_peer_get(hb, node, &peer);
	if (rc < 0)
		return rc;
	if (!peer.link[link].last_ns)
		return -ENOENT;
	*ret = (struct heartbeat_link){
		.last_ns = peer.link[link].last_ns,
		.incarnation = peer.link[link].incarnation,
		.seq = peer.link[link].seq,
		.agent_age_ms = peer.link[link].agent_age_ms,
		.beats = peer.link[link].beats,
		.silent = !peer.deadline_ns[link],
	};
	return 0;
}

void heartbeat_link_tell(const struct heartbeat *hb, uint32_t node, unsigned link,
	uint64_t now_ns, json_t *cell)
{
	struct heartbeat_link l;

	if (heartbeat_link_get(hb, node, link, &l))
		return;
	json_object_set_new(cell, "age_ms",
		json_real(now_ns > l.last_ns ? (double)(now_ns - l.last_ns) / 1e6 : 0));
	json_object_set_new(cell, "beats", json_integer(l.beats));
	json_object_set_new(cell, "agent_age_ms", json_integer(l.agent_age_ms));
}

int heartbeat_link_age(const struct heartbeat *hb, uint32_t node, unsigned link,
	uint64_t *ret_last_ns)
{
	struct heartbeat_link l;
	int rc = heartbeat_link_get(hb, node, link, &l);

	if (rc == 0)
		*ret_last_ns = l.last_ns;
	return rc;
}

int heartbeat_count(const struct heartbeat *hb, enum picket_count which, uint64_t *ret)
{
	if (which >= PICKET_COUNT_END)
		return -EINVAL;
	return ear_count(hb->skel->maps.counts, which, ret);
}

void heartbeat_figures(const struct heartbeat *hb, struct lines *lines)
{
	static const char *const names[] = {
#define HEARTBEAT_NAME(name, text) [PICKET_COUNT_##name] = text,
		PICKET_COUNTS(HEARTBEAT_NAME)
#undef HEARTBEAT_NAME
	};
	uint64_t n = 0;

	lines_add(lines, "# HELP picket_heartbeat_packets_total Heartbeats that came in, by what "
			 "became of them.\n# TYPE picket_heartbeat_packets_total counter\n");
	for (unsigned which = PICKET_COUNT_GRANTED; which <= PICKET_COUNT_REPLAYED; which++)
		if (heartbeat_count(hb, which, &n) == 0)
			lines_add(lines, "picket_heartbeat_packets_total{outcome=\"%s\"} %llu\n",
				names[which], (unsigned long long)n);
}
