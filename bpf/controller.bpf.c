// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Controller: hears probes, answers them in place, and notices silence.
 *
 * Silence is found by one timer that sweeps an array of deadlines: a deadline set after a sweep
 * is at least one shortest promise away from it, so sleeping until the earliest deadline, and
 * never longer than that promise, misses none.
 */
#include "vmlinux.h"

#include "frame.h"
#include "siphash.h"
#include "turn.h"

#include <picket/count.h>
#include <picket/event.h>
#include <picket/maps.h>

#define TC_ACT_SHOT 2
#define EBUSY 16
#define CLOCK_BOOTTIME 7
#define SWEEP_GAP_NS 400000ULL      /* two sweeps are at least this far apart */
#define SWEEP_IDLE_NS 1000000000ULL /* with nobody to watch */

struct sweeper {
	struct bpf_timer timer;
	__u64 swept_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct picket_controller_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PICKET_NODES_MAX);
	__type(key, __u32);
	__type(value, struct picket_peer_config);
} configs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PICKET_NODES_MAX);
	__type(key, __u32);
	__type(value, struct picket_peer);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sweeper);
} sweepers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PICKET_RING_SIZE);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PICKET_COUNT_END);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static const __u32 zero = 0;

static __always_inline void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &which);

	if (n)
		(*n)++;
}

static __always_inline int event_send(struct picket_event *event)
{
	int rc = bpf_ringbuf_output(&events, event, sizeof(*event), 0);

	if (rc)
		count(PICKET_COUNT_LOST_EVENTS);
	return rc;
}

/* ---- hearing ------------------------------------------------------------------------------- */

/* What one probe changed, to be told once the lock is free. */
struct heard {
	__u64 last_ns; /* before this probe */
	bool old, replayed, again, agent_old, agent_back;
};

static __always_inline void peer_heard(struct picket_peer *peer,
	const struct picket_peer_config *config, const struct picket_wire *w, __u64 now,
	struct heard *ret)
{
	struct picket_peer_link *link = &peer->link[w->link & (PICKET_LINKS_MAX - 1)];
	__u64 *deadline = &peer->deadline_ns[w->link & (PICKET_LINKS_MAX - 1)];
	__u32 interval_us = w->interval_us, age = w->agent_age_ms, age_max;
	__u64 incarnation = w->incarnation, seq = w->seq, promise;

	/* A node may promise less than it was asked for (its new interval is still on the way),
	 * never more than an interval may be. */
	if (interval_us < config->interval_us)
		interval_us = config->interval_us;
	if (interval_us > PICKET_INTERVAL_MAX_US)
		interval_us = PICKET_INTERVAL_MAX_US;
	promise = (__u64)interval_us * config->misses * 1000;
	age_max = config->agent_age_max_ms;

	bpf_spin_lock(&peer->lock);
	if (incarnation < peer->incarnation) {
		ret->old = true;
	} else if (link->last_ns && incarnation == link->incarnation && seq <= link->seq) {
		ret->replayed = true;
	} else {
		ret->last_ns = link->last_ns;
		ret->again = *deadline == 0 || incarnation != link->incarnation;
		ret->agent_old = age_max && age > age_max && !peer->agent_old;
		ret->agent_back = peer->agent_old && (!age_max || age <= age_max);
		if (ret->agent_old)
			peer->agent_old = 1;
		else if (ret->agent_back)
			peer->agent_old = 0;
		peer->incarnation = incarnation;
		link->incarnation = incarnation;
		link->seq = seq;
		link->last_ns = now;
		link->agent_age_ms = age;
		link->beats++;
		*deadline = now + promise;
	}
	bpf_spin_unlock(&peer->lock);
}

static __always_inline void probe_tell(
	__u32 kind, const struct picket_wire *w, __u64 now, __u64 last_ns)
{
	struct picket_event event = {
		.kind = kind,
		.node = w->node,
		.link = w->link,
		.controller = w->controller,
		.agent_age_ms = w->agent_age_ms,
		.incarnation = w->incarnation,
		.t_event_ns = now,
		.t_last_ns = last_ns,
		.seq = w->seq,
	};

	event_send(&event);
}

/* Returns the counter of the reason to drop it, or RECEIVED: it is a node's and carries its MAC. */
static __always_inline enum picket_count probe_check(const struct picket_wire *w,
	const struct picket_controller_settings *set, const struct picket_peer_config *config,
	struct picket_key **ret_key)
{
	struct picket_key *key;

	if (w->type != PICKET_WIRE_PROBE)
		return PICKET_COUNT_TYPE;
	if (w->cluster != set->cluster)
		return PICKET_COUNT_CLUSTER;
	if (w->controller != set->controller)
		return PICKET_COUNT_CONTROLLER;
	if (!config->known)
		return PICKET_COUNT_NODE;
	if (w->link >= PICKET_LINKS_MAX || !(config->links_mask & 1 << w->link))
		return PICKET_COUNT_LINK;
	key = (struct picket_key *)&config->key[w->key_epoch & 1];
	if (!key->set || key->epoch != w->key_epoch)
		return PICKET_COUNT_EPOCH;
	if (siphash_wire(siphash_head(w), w, key) != w->mac)
		return PICKET_COUNT_MAC;
	*ret_key = key;
	return PICKET_COUNT_RECEIVED;
}

/* Whether to grant, or why not. */
static __always_inline enum picket_count probe_decide(const struct picket_wire *w,
	const struct picket_controller_settings *set, const struct picket_peer_config *config,
	__u64 now)
{
	if (!w->incarnation || w->incarnation != config->admitted)
		return PICKET_COUNT_NOT_ADMITTED;
	if (now >= set->grant_until_ns)
		return PICKET_COUNT_NOT_GRANTING;
	return PICKET_COUNT_GRANTED;
}

static __always_inline void probe_tell_all(
	const struct picket_wire *w, const struct heard *heard, __u64 now)
{
	if (heard->again)
		probe_tell(PICKET_EVENT_HEARD, w, now, heard->last_ns);
	if (heard->agent_old)
		probe_tell(PICKET_EVENT_AGENT_OLD, w, now, heard->last_ns);
	if (heard->agent_back)
		probe_tell(PICKET_EVENT_AGENT_BACK, w, now, heard->last_ns);
}

/* True: the frame has become the answer. False: drop it. */
static __always_inline bool probe_answer(struct frame *f)
{
	struct picket_wire *w = f->wire;
	struct picket_controller_settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct picket_key *key = NULL;
	struct picket_peer_config *config;
	struct picket_peer *peer;
	struct heard heard = {};
	__u32 node = w->node, why, decision;
	__u64 now, head, mac;

	why = PICKET_COUNT_VERSION;
	if (w->version < PICKET_WIRE_VERSION_MIN || w->version > PICKET_WIRE_VERSION_MAX)
		goto drop;
	why = PICKET_COUNT_MALFORMED;
	if (f->eth->h_dest[0] & 1 || f->eth->h_source[0] & 1) /* never answer to a group */
		goto drop;
	config = bpf_map_lookup_elem(&configs, &node);
	peer = bpf_map_lookup_elem(&peers, &node);
	why = PICKET_COUNT_NODE;
	if (!set || !config || !peer)
		goto drop;
	why = probe_check(w, set, config, &key);
	if (why != PICKET_COUNT_RECEIVED || !key)
		goto drop;
	/* The answer's MAC right after the probe's: the CPU computes them side by side, which the
	 * lock in between would forbid. */
	now = bpf_ktime_get_boot_ns();
	decision = probe_decide(w, set, config, now);
	head = siphash_head_as(siphash_head(w), decision == PICKET_COUNT_GRANTED
			? PICKET_WIRE_GRANT : PICKET_WIRE_HEARD);
	mac = siphash_wire(head, w, key);

	peer_heard(peer, config, w, now, &heard);
	why = heard.old ? PICKET_COUNT_INCARNATION : PICKET_COUNT_REPLAYED;
	if (heard.old || heard.replayed)
		goto drop;
	probe_tell_all(w, &heard, now);
	count(decision);
	if (decision != PICKET_COUNT_GRANTED)
		count(PICKET_COUNT_HEARD);
	*(__u64 *)w = head;
	w->mac = mac;
	frame_turn(f);
	return true;
drop:
	count(why);
	return false;
}

SEC("xdp")
int controller(struct xdp_md *ctx)
{
	struct frame f;

	switch (frame_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, 0, &f)) {
	case FRAME_FOREIGN:
		return XDP_PASS;
	case FRAME_MALFORMED:
		count(PICKET_COUNT_MALFORMED);
		return XDP_DROP;
	case FRAME_OURS:
		break;
	}
	return probe_answer(&f) ? XDP_TX : XDP_DROP;
}

/* On loopback the answer goes out of, and so back into, the same device. */
SEC("tc")
int controller_lo(struct __sk_buff *skb)
{
	struct frame f;

	if (frame_parse((void *)(long)skb->data, (void *)(long)skb->data_end, 0, &f) !=
		FRAME_OURS) {
		count(PICKET_COUNT_MALFORMED);
		return TC_ACT_SHOT;
	}
	return probe_answer(&f) ? bpf_redirect(skb->ifindex, 0) : TC_ACT_SHOT;
}

/* ---- silence ------------------------------------------------------------------------------- */

struct sweep {
	__u64 now, next;
	__u32 end; /* highest node id + 1 */
};

static __always_inline void link_silent(__u32 node, __u32 link, __u64 deadline, __u64 now)
{
	/* Looked up again: before 6.2 a value handed to a callback cannot be locked. */
	struct picket_peer *peer = bpf_map_lookup_elem(&peers, &node);
	struct picket_peer_link *l;
	struct picket_event event = {
		.kind = PICKET_EVENT_SILENT,
		.node = node,
		.link = link,
		.t_event_ns = now,
	};
	struct picket_controller_settings *set = bpf_map_lookup_elem(&settings, &zero);
	bool still;

	if (!peer)
		return;
	l = &peer->link[link];
	if (set)
		event.controller = set->controller;
	bpf_spin_lock(&peer->lock);
	still = peer->deadline_ns[link] == deadline;
	if (still) {
		peer->deadline_ns[link] = 0;
		event.agent_age_ms = l->agent_age_ms;
		event.incarnation = l->incarnation;
		event.t_last_ns = l->last_ns;
		event.seq = l->seq;
	}
	bpf_spin_unlock(&peer->lock);
	if (!still)
		return;
	if (!event_send(&event)) {
		count(PICKET_COUNT_SILENT);
		return;
	}
	/* The ring is full: leave the silence for the next sweep, unless a probe came in. */
	bpf_spin_lock(&peer->lock);
	if (!peer->deadline_ns[link] && l->last_ns == event.t_last_ns)
		peer->deadline_ns[link] = deadline;
	bpf_spin_unlock(&peer->lock);
}

static long sweep_peer(struct bpf_map *map, __u32 *key, struct picket_peer *peer, struct sweep *s)
{
	__u32 node = *key;

	if (node >= s->end)
		return 1;
	for (__u32 link = 0; link < PICKET_LINKS_MAX; link++) {
		__u64 deadline = *(volatile __u64 *)&peer->deadline_ns[link];

		if (!deadline)
			continue;
		if (deadline <= s->now)
			link_silent(node, link, deadline, s->now);
		else if (deadline < s->next)
			s->next = deadline;
	}
	return 0;
}

static int sweep(void *map, __u32 *key, struct sweeper *sweeper)
{
	struct picket_controller_settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct sweep s = { .now = bpf_ktime_get_boot_ns() };
	__u64 promise, delay, now;

	if (!set)
		return 0;
	promise = set->promise_min_ns ?: SWEEP_IDLE_NS;
	s.next = s.now + promise;
	s.end = set->nodes_end;
	bpf_for_each_map_elem(&peers, sweep_peer, &s, 0);
	sweeper->swept_ns = s.now;
	count(PICKET_COUNT_SWEEPS);

	now = bpf_ktime_get_boot_ns();
	delay = s.next > now ? s.next - now : 0;
	if (delay < SWEEP_GAP_NS)
		delay = SWEEP_GAP_NS;
	if (bpf_timer_start(&sweeper->timer, delay, 0))
		count(PICKET_COUNT_TIMER_FAILED);
	return 0;
}

/* Run once by userspace after loading, and whenever promises changed. XDP and not syscall: older
 * kernels refuse spin locks in sleepable programs. */
SEC("xdp")
int sweep_start(struct xdp_md *ctx)
{
	struct sweeper *sweeper = bpf_map_lookup_elem(&sweepers, &zero);
	long rc;

	if (!sweeper)
		return 1;
	rc = bpf_timer_init(&sweeper->timer, &sweepers, CLOCK_BOOTTIME);
	if (rc && rc != -EBUSY) /* busy: a former daemon's, whose callback we replace */
		return 2;
	if (bpf_timer_set_callback(&sweeper->timer, sweep))
		return 3;
	if (bpf_timer_start(&sweeper->timer, 0, 0))
		return 4;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
