// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Node: holds the lease that grants renew, lets it run out, and isolates.
 *
 * The lease ends at the m-th largest of (send time of the probe that a controller granted) + T.
 * Counting from the send time, needing a majority, and believing only echoes of our own probes are
 * each necessary: without one of them two nodes can hold the same promise.
 */
#include "vmlinux.h"

#include "control.h"
#include "frame.h"
#include "siphash.h"

#include <picket/count.h>
#include <picket/event.h>
#include <picket/lease.h>
#include <picket/maps.h>

#define TC_ACT_UNSPEC (-1)
#define TC_ACT_SHOT 2
#define EBUSY 16
#define CLOCK_BOOTTIME 7
#define BPF_F_MMAPABLE_ (1U << 10)

struct expiry {
	struct bpf_timer timer;
};

#define ARRAY_OF(name, n, what)                                                                    \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, n);                                                            \
		__type(key, __u32);                                                                \
		__type(value, what);                                                               \
	} name SEC(".maps")

ARRAY_OF(settings, 1, struct picket_node_settings);
ARRAY_OF(keys, 2 * PICKET_CONTROLLERS_MAX, struct picket_key); /* 2 * controller + parity */
ARRAY_OF(granters, PICKET_CONTROLLERS_MAX, struct picket_granter);
ARRAY_OF(locks, 1, struct picket_node_lock);
ARRAY_OF(expiries, 1, struct expiry);
ARRAY_OF(isolation, 2, __u32); /* [0] by the verdict, [1] by order: either is enough */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE_);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct picket_lease_page);
} page SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE_);
	__uint(max_entries, PICKET_SENT_MAX);
	__type(key, __u32);
	__type(value, struct picket_sent);
} sent SEC(".maps");

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

static const __u32 zero = 0, one = 1;

static __always_inline void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &which);

	if (n)
		(*n)++;
}

static __always_inline void event_send(struct picket_event *event)
{
	if (bpf_ringbuf_output(&events, event, sizeof(*event), 0))
		count(PICKET_COUNT_LOST_EVENTS);
}

/* ---- the page ------------------------------------------------------------------------------ */

/* A fetching atomic is a full barrier in the kernel's memory model: the page is never seen with a
 * new sequence and old words, or the other way round. The caller holds the lock. */
static __always_inline void page_write(struct picket_lease_page *p)
{
	__u64 was = __sync_fetch_and_add(&p->seq, 1);

	asm volatile("" : : "r"(was) : "memory");
}

/* 1 if a >= b, else 0, for times (below 2^63). Without a branch: the verifier walks every path, and
 * seven voters compared with each other have too many. */
static __always_inline __u64 page_reaches(__u64 a, __u64 b)
{
	__u64 r = ~(a - b) >> 63;

	asm volatile("" : "+r"(r));
	return r;
}

/* The m-th largest expiry among the voters: the largest that a majority of them reaches. */
static __always_inline __u64 page_majority(const struct picket_lease_page *p, __u64 voters)
{
	__u64 best = 0, n = 0;

	for (int i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		n += voters >> i & 1;
	for (int i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		__u64 candidate = p->expiry_ns[i], reach = 0, better;

		for (int j = 0; j < PICKET_CONTROLLERS_MAX; j++)
			reach += (voters >> j & 1) & page_reaches(p->expiry_ns[j], candidate);
		better = (voters >> i & 1) & page_reaches(reach, n / 2 + 1) &
			page_reaches(candidate, best);
		best ^= (best ^ candidate) & -better;
	}
	return best;
}

/* While the set of voters changes, a majority of both sets must have granted. A deadline once
 * promised stands: it was granted before any block of it could have been acknowledged. */
static __always_inline __u64 page_deadline(
	const struct picket_lease_page *p, const struct picket_node_settings *set)
{
	__u64 deadline = page_majority(p, set->voters[0]);

	if (set->voters[1]) {
		__u64 next = page_majority(p, set->voters[1]);

		if (next < deadline)
			deadline = next;
	}
	return deadline > p->deadline_ns ? deadline : p->deadline_ns;
}

/* ---- grants -------------------------------------------------------------------------------- */

static __always_inline void answer_tell(
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

/* Returns the counter of the reason to ignore it, or RECEIVED: it is a controller's answer. */
static __always_inline enum picket_count answer_check(
	const struct picket_wire *w, const struct picket_node_settings *set)
{
	struct picket_key *key;
	__u32 slot;

	if (w->version < PICKET_WIRE_VERSION_MIN || w->version > PICKET_WIRE_VERSION_MAX)
		return PICKET_COUNT_VERSION;
	if (w->type != PICKET_WIRE_GRANT && w->type != PICKET_WIRE_HEARD)
		return PICKET_COUNT_TYPE;
	if (w->cluster != set->cluster)
		return PICKET_COUNT_CLUSTER;
	if (w->node != set->node)
		return PICKET_COUNT_NODE;
	if (w->link >= PICKET_LINKS_MAX)
		return PICKET_COUNT_LINK;
	if (w->controller >= PICKET_CONTROLLERS_MAX ||
		!((set->voters[0] | set->voters[1]) >> w->controller & 1))
		return PICKET_COUNT_CONTROLLER;
	slot = 2 * w->controller + (w->key_epoch & 1);
	key = bpf_map_lookup_elem(&keys, &slot);
	if (!key || !key->set || key->epoch != w->key_epoch)
		return PICKET_COUNT_EPOCH;
	if (siphash_wire(siphash_head(w), w, key) != w->mac)
		return PICKET_COUNT_MAC;
	if (!w->incarnation || w->incarnation != set->incarnation)
		return w->type == PICKET_WIRE_GRANT ? PICKET_COUNT_INCARNATION
						    : PICKET_COUNT_RECEIVED;
	return PICKET_COUNT_RECEIVED;
}

/* A grant must echo a probe that we sent, lately. */
static __always_inline enum picket_count grant_check(
	const struct picket_wire *w, const struct picket_node_settings *set, __u64 now)
{
	__u32 slot = w->seq & (PICKET_SENT_MAX - 1);
	struct picket_sent *probe = bpf_map_lookup_elem(&sent, &slot);

	if (w->t_send_ns > now)
		return PICKET_COUNT_FUTURE;
	if (now - w->t_send_ns >= set->length_ns)
		return PICKET_COUNT_STALE;
	if (!set->forgetful &&
		(!probe || probe->seq != w->seq || probe->t_send_ns != w->t_send_ns))
		return PICKET_COUNT_UNSENT;
	return PICKET_COUNT_RECEIVED;
}

static __always_inline enum picket_count grant_take(
	const struct picket_wire *w, const struct picket_node_settings *set, __u64 now)
{
	struct picket_lease_page *p = bpf_map_lookup_elem(&page, &zero);
	struct picket_node_lock *lock = bpf_map_lookup_elem(&locks, &zero);
	struct expiry *x = bpf_map_lookup_elem(&expiries, &zero);
	__u64 until = w->t_send_ns + set->length_ns, incarnation = w->incarnation;
	__u64 before = 0, deadline = 0;
	__u32 from = w->controller & 7;
	bool ours, newer = false;

	if (!p || !lock || !x)
		return PICKET_COUNT_NODE;
	bpf_spin_lock(&lock->lock);
	ours = p->incarnation == incarnation && !p->expired_ns;
	if (ours && until > p->expiry_ns[from]) {
		newer = true;
		before = p->deadline_ns;
		page_write(p);
		p->expiry_ns[from] = until;
		deadline = page_deadline(p, set);
		p->deadline_ns = deadline;
		p->length_ns = set->length_ns;
		page_write(p);
	}
	bpf_spin_unlock(&lock->lock);
	if (!ours)
		return PICKET_COUNT_TOO_LATE;
	if (!newer)
		return PICKET_COUNT_NOT_NEWER;
	if (!before && deadline) {
		if (bpf_timer_start(&x->timer, deadline > now ? deadline - now : 0, 0))
			count(PICKET_COUNT_TIMER_FAILED);
		answer_tell(PICKET_EVENT_RENEWED, w, now, deadline);
	}
	return PICKET_COUNT_GRANTED;
}

static __always_inline void answer_take(struct frame *f)
{
	struct picket_node_settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct picket_wire *w = f->wire;
	__u64 now = bpf_ktime_get_boot_ns();
	struct picket_granter *granter;
	__u32 from, why;

	if (!set)
		return;
	why = answer_check(w, set);
	if (why != PICKET_COUNT_RECEIVED)
		goto ignore;
	from = w->controller;
	granter = bpf_map_lookup_elem(&granters, &from);
	why = PICKET_COUNT_CONTROLLER;
	if (!granter)
		goto ignore;
	why = grant_check(w, set, now);
	if (why != PICKET_COUNT_RECEIVED)
		goto ignore;
	granter->link = w->link;
	if (w->type == PICKET_WIRE_HEARD) {
		__u64 last = granter->last_grant_ns;

		granter->last_heard_ns = now;
		count(PICKET_COUNT_HEARD);
		if (granter->refused)
			return;
		granter->refused = 1;
		answer_tell(PICKET_EVENT_REFUSED, w, now, last);
		return;
	}
	why = grant_take(w, set, now);
	if (why == PICKET_COUNT_GRANTED) {
		granter->last_grant_ns = now;
		granter->refused = 0;
	}
ignore:
	count(why);
}

SEC("xdp")
int node(struct xdp_md *ctx)
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
	answer_take(&f);
	return XDP_DROP;
}

SEC("tc")
int node_lo(struct __sk_buff *skb)
{
	struct frame f;

	switch (frame_parse((void *)(long)skb->data, (void *)(long)skb->data_end, 0, &f)) {
	case FRAME_FOREIGN:
		return TC_ACT_UNSPEC;
	case FRAME_MALFORMED:
		count(PICKET_COUNT_MALFORMED);
		return TC_ACT_SHOT;
	case FRAME_OURS:
		break;
	}
	answer_take(&f);
	return TC_ACT_SHOT;
}

/* ---- expiry -------------------------------------------------------------------------------- */

static int expire(void *map, __u32 *key, struct expiry *x)
{
	struct picket_node_settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct picket_lease_page *p = bpf_map_lookup_elem(&page, &zero);
	struct picket_node_lock *lock = bpf_map_lookup_elem(&locks, &zero);
	__u32 *isolated = bpf_map_lookup_elem(&isolation, &zero);
	struct picket_event event = { .kind = PICKET_EVENT_EXPIRED };
	__u64 now = bpf_ktime_get_boot_ns(), deadline;
	bool fell = false, held;

	if (!set || !p || !lock || !isolated)
		return 0;
	bpf_spin_lock(&lock->lock);
	deadline = p->deadline_ns;
	held = deadline && !p->expired_ns;
	if (held && now >= deadline) {
		fell = true;
		page_write(p);
		if (set->goes_on) {
			p->deadline_ns = 0;
		} else {
			*isolated = 1;
			p->expired_ns = now;
		}
		page_write(p);
		event.incarnation = p->incarnation;
	}
	bpf_spin_unlock(&lock->lock);
	if (held && !fell && bpf_timer_start(&x->timer, deadline - now, 0))
		count(PICKET_COUNT_TIMER_FAILED);
	if (fell) {
		event.node = set->node;
		event.t_event_ns = now;
		event.t_last_ns = deadline;
		count(PICKET_COUNT_EXPIRED);
		event_send(&event);
	}
	return 0;
}

/*
 * Run by userspace after loading and after changing the incarnation: begins a new incarnation
 * without a lease and without the verdict of the old one; otherwise the lease goes on. Either way
 * the timer is this program's from now on, and looks at the deadline at once.
 */
SEC("xdp")
int lease_begin(struct xdp_md *ctx)
{
	struct picket_node_settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct picket_lease_page *p = bpf_map_lookup_elem(&page, &zero);
	struct picket_node_lock *lock = bpf_map_lookup_elem(&locks, &zero);
	struct expiry *x = bpf_map_lookup_elem(&expiries, &zero);
	__u32 *isolated = bpf_map_lookup_elem(&isolation, &zero);
	long rc;

	if (!set || !p || !lock || !x || !isolated)
		return 1;
	bpf_spin_lock(&lock->lock);
	page_write(p);
	if (p->incarnation != set->incarnation) {
		p->incarnation = set->incarnation;
		p->deadline_ns = 0;
		p->expired_ns = 0;
		for (int i = 0; i <= PICKET_CONTROLLERS_MAX; i++)
			p->expiry_ns[i] = 0;
		*isolated = 0;
	}
	p->length_ns = set->length_ns;
	p->controllers = 0;
	for (int i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		p->controllers += set->voters[0] >> i & 1;
	p->majority = p->controllers / 2 + 1;
	page_write(p);
	bpf_spin_unlock(&lock->lock);

	rc = bpf_timer_init(&x->timer, &expiries, CLOCK_BOOTTIME);
	if (rc && rc != -EBUSY)
		return 2;
	if (bpf_timer_set_callback(&x->timer, expire))
		return 3;
	if (bpf_timer_start(&x->timer, 0, 0))
		return 4;
	return 0;
}

/* ---- isolation ----------------------------------------------------------------------------- */

static __always_inline int isolate(struct __sk_buff *skb, bool out)
{
	__u32 *verdict = bpf_map_lookup_elem(&isolation, &zero);
	__u32 *order = bpf_map_lookup_elem(&isolation, &one);
	struct picket_node_settings *set;

	if (verdict && !*verdict && order && !*order)
		return TC_ACT_UNSPEC;
	set = bpf_map_lookup_elem(&settings, &zero);
	if (set && control_is(skb, set, out))
		return TC_ACT_UNSPEC;
	count(PICKET_COUNT_ISOLATED);
	return TC_ACT_SHOT;
}

SEC("tc")
int isolate_in(struct __sk_buff *skb)
{
	return isolate(skb, false);
}

SEC("tc")
int isolate_out(struct __sk_buff *skb)
{
	return isolate(skb, true);
}

char LICENSE[] SEC("license") = "GPL";
