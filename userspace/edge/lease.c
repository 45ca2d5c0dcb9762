/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/lease.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <picket/maps.h>

#include "base/own.h"
#include "edge/ear.h"
#include "edge/lease_sender.h"
#include "node.skel.h"

#define LEASE_TEND_MS 1000
#define LEASE_LATE_NS 100000000ULL /* an expiry this much overdue means a lost timer */
#define LEASE_READ_TRIES 1000

struct lease {
	uv_poll_t poll;
	uv_timer_t tend;
	int handles; /* not closed yet */
	struct ear *ear;
	struct node_bpf *skel;
	struct ring_buffer *ring;
	struct lease_sender *sender; /* NULL: quiet */
	void (*on_event)(void *ctx, const struct picket_event *event);
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	char **ifaces, **data_ifaces;
	int *iface_state, *data_state; /* last outcome of attaching: a change is told once */
	size_t n_ifaces, n_data_ifaces;
	size_t n_controllers;
	struct picket_lease_page *page;
	struct picket_sent *sent;
	struct picket_node_settings settings; /* we alone write it */
};

static const uint32_t lease_zero = 0, lease_one = 1;

__attribute__((format(printf, 2, 3))) static void lease_warn(
	const struct lease *lease, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!lease->warn)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lease->warn(lease->ctx, text);
}

/* ---- the kernel part ----------------------------------------------------------------------- */

static int lease_settings_put(struct lease *lease)
{
	int fd = bpf_map__fd(lease->skel->maps.settings);

	return bpf_map_update_elem(fd, &lease_zero, &lease->settings, BPF_ANY) < 0 ? -errno : 0;
}

/* Makes the page follow the settings, and the timer ours. */
static int lease_begin(struct lease *lease)
{
	int rc = ear_run(bpf_program__fd(lease->skel->progs.lease_begin));

	return rc > 0 ? -EIO : rc;
}

static int lease_settings_apply(struct lease *lease)
{
	int rc = lease_settings_put(lease);

	return rc < 0 ? rc : lease_begin(lease);
}

static void *lease_map(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

static int lease_local_add(struct lease *lease, const struct picket_address *address)
{
	int fd = bpf_map__fd(lease->skel->maps.local);

	return bpf_map_update_elem(fd, address, &lease_one, BPF_ANY) < 0 ? -errno : 0;
}

static int lease_keep(struct lease *lease, const struct lease_config *config)
{
	for (size_t i = 0; i < config->n_keep; i++) {
		struct picket_address address;
		int rc = lease_address(config->keep[i], &address);

		if (rc == 0)
			rc = lease_local_add(lease, &address);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Takes over the lease that a former agent of this node held; another node's is no lease. */
static int lease_inherit(struct lease *lease, const struct lease_config *config)
{
	int fd = bpf_map__fd(lease->skel->maps.settings);
	struct picket_node_settings *s = &lease->settings;

	if (bpf_map_lookup_elem(fd, &lease_zero, s) < 0)
		return -errno;
	if (s->cluster != config->cluster || s->node != config->node)
		*s = (struct picket_node_settings){ 0 };
	s->cluster = config->cluster;
	s->node = config->node;
	s->length_ns = config->lease_ns;
	s->forgetful = config->quiet;
	s->goes_on = config->goes_on;
	if (config->voters[0])
		memcpy(s->voters, config->voters, sizeof(s->voters));
	else if (!s->voters[1]) /* while the voters change, what the leader said last stands */
		s->voters[0] = (1u << config->n_controllers) - 1;
	memset(s->udp_ports, 0, sizeof(s->udp_ports));
	memset(s->tcp_ports, 0, sizeof(s->tcp_ports));
	s->udp_ports[0] = (uint16_t)(config->port ? config->port : PICKET_PORT_HEARTBEAT);
	s->tcp_ports[0] = (uint16_t)(config->link_port ? config->link_port : PICKET_PORT_LINK);
	s->tcp_ports[1] = (uint16_t)(config->raft_port ? config->raft_port : PICKET_PORT_RAFT);
	return lease_settings_apply(lease);
}

static int lease_load(struct lease *lease, const struct lease_config *config)
{
	bool fresh;
	int rc = ear_open(config->pin_prefix, config->port, &lease->ear);

	if (rc < 0)
		return rc;
	lease->skel = node_bpf__open();
	if (!lease->skel)
		return -errno;
	rc = ear_pins_set(lease->ear, "node", lease->skel->obj, &fresh);
	if (rc == 0)
		rc = node_bpf__load(lease->skel);
	if (rc < 0)
		return rc;
	lease->page = lease_map(lease->skel->maps.page, sizeof(*lease->page));
	lease->sent = lease_map(lease->skel->maps.sent, PICKET_SENT_MAX * sizeof(*lease->sent));
	if (!lease->page || !lease->sent)
		return -errno;
	rc = lease_keep(lease, config);
	if (rc == 0)
		rc = lease_inherit(lease, config);
	if (rc == 0)
		rc = ear_room_set(lease->ear, PICKET_ROOM_NODE,
			bpf_program__fd(lease->skel->progs.node),
			bpf_program__fd(lease->skel->progs.node_lo));
	return rc;
}

/* ---- interfaces ---------------------------------------------------------------------------- */

static int lease_attach(struct lease *lease, bool take_over)
{
	int attached = 0, worst = -ENODEV;

	if ((take_over || !ear_filter_there("lo", false)) && ear_attach_lo(lease->ear) < 0 &&
		take_over)
		lease_warn(lease, "loopback: a controller on this host cannot be heard");
	for (size_t i = 0; i < lease->n_ifaces; i++) {
		int rc = ear_attach(lease->ear, lease->ifaces[i], take_over);

		if (rc < 0 && lease->iface_state[i] != rc)
			lease_warn(
				lease, "%s: cannot listen: %s", lease->ifaces[i], strerror(-rc));
		if (rc > 0)
			lease_warn(lease, "%s: no native XDP, generic is slower", lease->ifaces[i]);
		lease->iface_state[i] = rc;
		if (rc >= 0)
			attached++;
		else
			worst = rc;
	}
	return attached ? 0 : worst;
}

static int lease_guard_one(struct lease *lease, const char *iface, bool take_over)
{
	const int fds[2] = { bpf_program__fd(lease->skel->progs.isolate_in),
		bpf_program__fd(lease->skel->progs.isolate_out) };

	for (int out = 0; out < 2; out++) {
		int rc = 0;

		if (take_over || !ear_filter_there(iface, out))
			rc = ear_filter_set(iface, out, fds[out]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Puts the filters that isolate on the data interfaces; they let everything pass until then. */
static void lease_guard(struct lease *lease, bool take_over)
{
	for (size_t i = 0; i < lease->n_data_ifaces; i++) {
		int rc = lease_guard_one(lease, lease->data_ifaces[i], take_over);

		if (rc < 0 && rc != lease->data_state[i])
			lease_warn(lease, "%s: could not be isolated: %s", lease->data_ifaces[i],
				strerror(-rc));
		lease->data_state[i] = rc;
	}
}

/* ---- events -------------------------------------------------------------------------------- */

static int lease_on_ring(void *ctx, void *data, size_t size)
{
	struct lease *lease = ctx;

	assert(size == sizeof(struct picket_event));
	lease->on_event(lease->ctx, data);
	return 0;
}

static void lease_on_poll(uv_poll_t *poll, int status, int events)
{
	struct lease *lease = poll->data;

	ring_buffer__consume(lease->ring);
}

/* The addresses from which probes leave are the control plane's. */
static void lease_learn_local(struct lease *lease)
{
	struct picket_address address;
	int rc = 0;

	for (size_t i = 0; lease->sender && rc != -ENOENT; i++) {
		rc = lease_sender_local(lease->sender, i, &address);
		if (rc == 0)
			lease_local_add(lease, &address);
	}
}

static void lease_on_tend(uv_timer_t *timer)
{
	struct lease *lease = timer->data;
	uint64_t deadline = lease_deadline(lease);

	lease_attach(lease, false);
	lease_guard(lease, false);
	lease_learn_local(lease);
	if (deadline && !lease_expired(lease) && ear_now_ns() > deadline + LEASE_LATE_NS) {
		lease_warn(lease, "the expiry timer stood still, starting it again");
		lease_begin(lease);
	}
	ring_buffer__consume(lease->ring);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void lease_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void lease_destroy(struct lease *lease)
{
	lease_sender_free(lease->sender);
	ring_buffer__free(lease->ring);
	if (lease->page)
		munmap(lease->page, sizeof(*lease->page));
	if (lease->sent)
		munmap(lease->sent, PICKET_SENT_MAX * sizeof(*lease->sent));
	node_bpf__destroy(lease->skel);
	ear_close(lease->ear);
	lease_names_free(lease->ifaces, lease->n_ifaces);
	lease_names_free(lease->data_ifaces, lease->n_data_ifaces);
	free(lease->iface_state);
	free(lease->data_state);
	free(lease);
}

own_define(lease, struct lease, lease_destroy)

static void lease_on_close(uv_handle_t *handle)
{
	struct lease *lease = handle->data;

	if (--lease->handles == 0)
		lease_destroy(lease);
}

static int lease_check(const struct lease_config *config)
{
	if (!config->cluster || !config->node || config->node >= PICKET_NODES_MAX ||
		!config->n_controllers || config->n_controllers > PICKET_CONTROLLERS_MAX ||
		!config->n_ifaces || config->n_ifaces > PICKET_LINKS_MAX ||
		config->n_keep > PICKET_LOCAL_MAX / 2 || !config->lease_ns ||
		config->lease_ns > PICKET_LEASE_MAX_NS ||
		config->interval_us < PICKET_INTERVAL_MIN_US ||
		config->interval_us > PICKET_INTERVAL_MAX_US)
		return -EINVAL;
	if (config->majority && config->majority != config->n_controllers / 2 + 1)
		return -EINVAL;
	return 0;
}

static char **lease_names(const char **names, size_t n)
{
	char **copy = own_alloc((n + 1) * sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = own_string(names[i]);
	return copy;
}

static int lease_sender_begin(struct lease *lease, const struct lease_config *config)
{
	struct lease_stats stats;
	int rc = lease_sender_new(config, lease->sent, &lease->sender);

	if (rc < 0)
		return rc;
	lease_sender_incarnation(lease->sender, lease->settings.incarnation);
	rc = lease_sender_start(lease->sender);
	if (rc < 0)
		return rc;
	lease_sender_stats(lease->sender, &stats);
	if (!stats.realtime)
		lease_warn(lease, "no real-time priority (CAP_SYS_NICE): beats may come late");
	if (!stats.locked)
		lease_warn(lease, "memory is not locked (CAP_IPC_LOCK): beats may come late");
	return 0;
}

static int lease_loop_start(struct lease *lease, uv_loop_t *loop)
{
	int rc = uv_poll_init(loop, &lease->poll, ring_buffer__epoll_fd(lease->ring));

	if (rc < 0)
		return rc;
	uv_timer_init(loop, &lease->tend);
	lease->poll.data = lease;
	lease->tend.data = lease;
	lease->handles = 2;
	uv_poll_start(&lease->poll, UV_READABLE, lease_on_poll);
	uv_timer_start(&lease->tend, lease_on_tend, 0, LEASE_TEND_MS);
	return 0;
}

int lease_new(uv_loop_t *loop, const struct lease_config *config,
	void (*on_event)(void *ctx, const struct picket_event *event), void *ctx,
	struct lease **ret)
{
	owned(lease) struct lease *lease = NULL;
	int rc = lease_check(config);

	if (rc < 0)
		return rc;
	lease = own_new(struct lease);
	lease->on_event = on_event;
	lease->warn = config->warn;
	lease->ctx = ctx;
	lease->n_controllers = config->n_controllers;
	lease->ifaces = lease_names(config->ifaces, config->n_ifaces);
	lease->n_ifaces = config->n_ifaces;
	lease->iface_state = own_alloc(config->n_ifaces * sizeof(*lease->iface_state));
	lease->data_ifaces = lease_names(config->data_ifaces, config->n_data_ifaces);
	lease->n_data_ifaces = config->n_data_ifaces;
	lease->data_state = own_alloc((config->n_data_ifaces + 1) * sizeof(*lease->data_state));
	rc = lease_load(lease, config);
	if (rc == 0)
		rc = lease_attach(lease, true);
	if (rc < 0)
		return rc;
	lease_guard(lease, true);
	if (config->verdict == PICKET_VERDICT_ISOLATE && !config->n_data_ifaces)
		lease_warn(lease, "verdict isolate, but no data interface to isolate");
	lease->ring = ring_buffer__new(
		bpf_map__fd(lease->skel->maps.events), lease_on_ring, lease, NULL);
	if (!lease->ring)
		return -errno;
	if (!config->quiet)
		rc = lease_sender_begin(lease, config);
	if (rc == 0)
		rc = lease_loop_start(lease, loop);
	if (rc < 0)
		return rc;
	*ret = give(lease);
	return 0;
}

void lease_free(struct lease *lease)
{
	if (!lease)
		return;
	/* the probes stop now, not when the loop gets round to closing */
	lease_sender_free(lease->sender);
	lease->sender = NULL;
	uv_close((uv_handle_t *)&lease->poll, lease_on_close);
	uv_close((uv_handle_t *)&lease->tend, lease_on_close);
}

void lease_uninstall(const struct lease_config *config)
{
	for (size_t i = 0; i < config->n_data_ifaces; i++) {
		ear_filter_remove(config->data_ifaces[i], false);
		ear_filter_remove(config->data_ifaces[i], true);
	}
	ear_room_remove(config->pin_prefix, PICKET_ROOM_NODE);
}

/* ---- orders -------------------------------------------------------------------------------- */

int lease_key_set(struct lease *lease, unsigned controller, const uint8_t key[16], uint32_t epoch)
{
	struct picket_key slot = { .epoch = epoch, .set = 1 };
	uint32_t index = 2 * controller + (epoch & 1);

	if (controller >= lease->n_controllers)
		return -EINVAL;
	memcpy(&slot.k0, key, 8);
	memcpy(&slot.k1, key + 8, 8);
	/* first understand the answers, then ask */
	if (bpf_map_update_elem(bpf_map__fd(lease->skel->maps.keys), &index, &slot, BPF_ANY) < 0)
		return -errno;
	return lease->sender ? lease_sender_key(lease->sender, controller, key, epoch) : 0;
}

int lease_incarnation_set(struct lease *lease, uint64_t incarnation)
{
	uint64_t before = lease->settings.incarnation;
	int rc;

	if (before == incarnation)
		return 0;
	lease->settings.incarnation = incarnation;
	rc = lease_settings_apply(lease);
	if (rc < 0)
		lease->settings.incarnation = before; /* so that it can be tried again */
	else if (lease->sender)
		lease_sender_incarnation(lease->sender, incarnation);
	return rc;
}

uint64_t lease_incarnation(const struct lease *lease)
{
	return lease->settings.incarnation;
}

int lease_interval_set(struct lease *lease, uint32_t interval_us)
{
	if (interval_us < PICKET_INTERVAL_MIN_US || interval_us > PICKET_INTERVAL_MAX_US)
		return -EINVAL;
	return lease->sender ? lease_sender_interval(lease->sender, interval_us) : 0;
}

int lease_length_set(struct lease *lease, uint64_t lease_ns)
{
	if (!lease_ns || lease_ns > PICKET_LEASE_MAX_NS)
		return -EINVAL;
	lease->settings.length_ns = lease_ns;
	return lease_settings_apply(lease);
}

int lease_goes_on_set(struct lease *lease, bool goes_on)
{
	lease->settings.goes_on = goes_on;
	return lease_settings_apply(lease);
}

int lease_controllers_set(struct lease *lease, const struct lease_controller *controllers, size_t n)
{
	int rc = 0;

	if (n > PICKET_CONTROLLERS_MAX)
		return -EINVAL;
	for (unsigned i = 0; !rc && lease->sender && i < PICKET_CONTROLLERS_MAX; i++)
		rc = lease_sender_controller(lease->sender, i, i < n ? &controllers[i] : NULL,
			(const char *const *)lease->ifaces, lease->n_ifaces);
	if (!rc)
		lease->n_controllers = n;
	return rc;
}

int lease_voters_set(struct lease *lease, uint32_t now, uint32_t next)
{
	const uint32_t all = (1u << lease->n_controllers) - 1;

	if (!now || (now | next) & ~all)
		return -EINVAL;
	lease->settings.voters[0] = now;
	lease->settings.voters[1] = next;
	return lease_settings_apply(lease);
}

int lease_voters_learn(struct lease *lease, json_t *welcome, uint64_t known_term)
{
	json_int_t now = json_integer_value(json_object_get(welcome, "voters"));
	json_int_t next = json_integer_value(json_object_get(welcome, "voters_next"));

	if (now <= 0 ||
		(uint64_t)json_integer_value(json_object_get(welcome, "term")) < known_term)
		return 0;
	return lease_voters_set(lease, (uint32_t)now, (uint32_t)next);
}

void lease_alive(struct lease *lease)
{
	if (lease->sender)
		lease_sender_alive(lease->sender);
}

int lease_hush(struct lease *lease, bool silent)
{
	if (!lease->sender)
		return 0;
	lease_sender_hush(lease->sender, silent);
	lease->settings.forgetful = silent;
	return lease_settings_put(lease);
}

int lease_isolate(struct lease *lease, bool isolated)
{
	const uint32_t value = isolated;

	if (bpf_map_update_elem(bpf_map__fd(lease->skel->maps.isolation), &lease_one, &value,
		    BPF_ANY) < 0)
		return -errno;
	return 0;
}

bool lease_isolated(const struct lease *lease)
{
	int fd = bpf_map__fd(lease->skel->maps.isolation);
	uint32_t verdict = 0, order = 0;

	bpf_map_lookup_elem(fd, &lease_zero, &verdict);
	bpf_map_lookup_elem(fd, &lease_one, &order);
	return verdict || order;
}

/* ---- what there is ------------------------------------------------------------------------- */

static bool lease_read(const struct lease *lease, struct picket_lease_page *ret)
{
	const struct picket_lease_page *p = lease->page;

	for (int i = 0; i < LEASE_READ_TRIES; i++) {
		uint64_t before = __atomic_load_n(&p->seq, __ATOMIC_ACQUIRE);

		ret->deadline_ns = __atomic_load_n(&p->deadline_ns, __ATOMIC_RELAXED);
		ret->incarnation = __atomic_load_n(&p->incarnation, __ATOMIC_RELAXED);
		ret->expired_ns = __atomic_load_n(&p->expired_ns, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && before == __atomic_load_n(&p->seq, __ATOMIC_RELAXED))
			return true;
	}
	return false; /* not renewed, as far as anybody can tell */
}

uint64_t lease_deadline(const struct lease *lease)
{
	struct picket_lease_page p;

	return lease_read(lease, &p) ? p.deadline_ns : 0;
}

bool lease_expired(const struct lease *lease)
{
	struct picket_lease_page p;

	return lease_read(lease, &p) && p.expired_ns;
}

struct picket_lease_page *lease_page(const struct lease *lease)
{
	return lease->page;
}

int lease_count(const struct lease *lease, enum picket_count which, uint64_t *ret)
{
	if (which >= PICKET_COUNT_END)
		return -EINVAL;
	return ear_count(lease->skel->maps.counts, which, ret);
}

void lease_stats_get(const struct lease *lease, struct lease_stats *ret)
{
	if (lease->sender)
		lease_sender_stats(lease->sender, ret);
	else
		*ret = (struct lease_stats){ 0 };
}
