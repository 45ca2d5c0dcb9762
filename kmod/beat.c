// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Beats are sent in the softirq of a timer, on the way out of an interrupt: whatever thread is
 * running, of whatever priority, waits for it. A CPU that is stuck with interrupts off sends
 * nothing; so several CPUs have a timer, each a little later than the one before, and whoever
 * comes first to a beat that is due sends it.
 *
 * Softirqs may also have been left to ksoftirqd, which a real-time thread starves: half an interval
 * later a second timer, in hard interrupt context, wakes a SCHED_DEADLINE thread, which outranks
 * every other. Between them a beat is late by half an interval at most, unless every CPU is stuck.
 */
#include "beat.h"

#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/panic_notifier.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <uapi/linux/sched/types.h>

#include <picket/wire.h>

#include "compat.h"
#include "deadline.h"
#include "probe.h"

#define BEAT_CPUS 4              /* that many at once must be stuck before beats stop */
#define BEAT_REST_NS NSEC_PER_SEC /* the others look this often whether they are needed now */

struct beat_key {
	siphash_key_t key;
	u32 epoch;
	bool set;
};

struct beat_plan {
	u64 cluster, incarnation, interval_ns;
	u32 node, n;
	struct picket_door_channel channel[PICKET_DOOR_CHANNELS_MAX];
	struct beat_key key[PICKET_CONTROLLERS_MAX];
	struct rcu_head rcu;
};

static struct beat_plan __rcu *beat_plan; /* changed under the door's mutex */
static DEFINE_PER_CPU(struct hrtimer, beat_timer); /* sends */
static DEFINE_PER_CPU(struct hrtimer, beat_guard); /* sees that it was sent */
static struct task_struct *beat_thread;
static enum cpuhp_state beat_hotplug;
static bool beat_stopped; /* by a panic, or for good */
static atomic64_t beat_due_ns, beat_seq;
static struct {
	atomic64_t beats, probes, failed, skipped, relayed, late_max_ns;
} count;

/* ---- one beat ------------------------------------------------------------------------------ */

static u32 beat_agent_age_ms(u64 now)
{
	u64 alive = deadline_alive_ns(), age;

	if (!alive)
		return PICKET_AGENT_AGE_NONE;
	age = now > alive ? (now - alive) / NSEC_PER_MSEC : 0;
	return min_t(u64, age, PICKET_AGENT_AGE_NONE - 1);
}

static void beat_send(const struct beat_plan *plan, u64 now)
{
	struct picket_wire w = {
		.magic = PICKET_WIRE_MAGIC,
		.version = PICKET_WIRE_VERSION_MAX,
		.type = PICKET_WIRE_PROBE,
		.cluster = plan->cluster,
		.node = plan->node,
		.incarnation = plan->incarnation,
		.seq = atomic64_inc_return(&beat_seq),
		.t_send_ns = now,
		.interval_us = plan->interval_ns / NSEC_PER_USEC,
		.agent_age_ms = beat_agent_age_ms(now),
	};

	BUILD_BUG_ON(offsetof(struct picket_wire, mac) != PICKET_WIRE_MACED);
	for (u32 i = 0; i < plan->n; i++) {
		const struct picket_door_channel *c = &plan->channel[i];
		const struct beat_key *key = &plan->key[c->controller];

		if (!key->set)
			continue;
		w.controller = c->controller;
		w.link = c->link;
		w.key_epoch = key->epoch;
		w.mac = siphash(&w, PICKET_WIRE_MACED, &key->key);
		atomic64_inc(probe_send(c, &w) ? &count.failed : &count.probes);
	}
	atomic64_inc(&count.beats);
}

/* True for the one CPU that may send the beat that is due. What was slept through is not made up
 * for: a late probe helps nobody. */
static bool beat_claim(u64 now, u64 interval)
{
	s64 due = atomic64_read(&beat_due_ns);
	u64 late, missed;

	if (now < (u64)due)
		return false;
	late = now - due;
	missed = late / interval;
	if (!atomic64_try_cmpxchg(&beat_due_ns, &due, due + (missed + 1) * interval))
		return false;
	atomic64_add(missed, &count.skipped);
	if (late > (u64)atomic64_read(&count.late_max_ns))
		atomic64_set(&count.late_max_ns, late);
	return true;
}

/* This CPU's place among those online; BEAT_CPUS: not needed. */
static unsigned int beat_rank(void)
{
	unsigned int cpu, rank = 0, self = smp_processor_id();

	for_each_online_cpu(cpu) {
		if (cpu == self || ++rank == BEAT_CPUS)
			break;
	}
	return rank;
}

/* Sends the beat that is due, if nobody else did. Softirqs are off. */
static void beat_try(const struct beat_plan *plan, u64 now, bool relayed)
{
	if (deadline_silent() || !beat_claim(now, plan->interval_ns))
		return;
	beat_send(plan, now);
	if (relayed)
		atomic64_inc(&count.relayed);
}

static const struct beat_plan *beat_plan_running(void)
{
	const struct beat_plan *plan = rcu_dereference(beat_plan);

	return plan && plan->n && !READ_ONCE(beat_stopped) ? plan : NULL;
}

static enum hrtimer_restart beat_fire(struct hrtimer *timer)
{
	unsigned int rank = beat_rank();
	u64 now = ktime_get_boottime_ns(), next = now + BEAT_REST_NS;
	const struct beat_plan *plan;

	rcu_read_lock();
	plan = beat_plan_running();
	if (plan && rank < BEAT_CPUS) {
		deadline_look(now);
		beat_try(plan, now, rank);
		next = atomic64_read(&beat_due_ns) + rank * (plan->interval_ns / 8);
	}
	rcu_read_unlock();
	hrtimer_set_expires(timer, ns_to_ktime(max(next, now + 1)));
	return plan ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

static enum hrtimer_restart beat_watch(struct hrtimer *timer)
{
	unsigned int rank = beat_rank();
	u64 now = ktime_get_boottime_ns(), next = now + BEAT_REST_NS, patience;
	const struct beat_plan *plan;

	rcu_read_lock();
	plan = beat_plan_running();
	if (plan && rank < BEAT_CPUS) {
		patience = plan->interval_ns / 2 + rank * (plan->interval_ns / 8);
		next = atomic64_read(&beat_due_ns) + patience;
		if (now >= next) {
			wake_up_process(beat_thread);
			next = now + plan->interval_ns;
		}
	}
	rcu_read_unlock();
	hrtimer_set_expires(timer, ns_to_ktime(next));
	return plan ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

static void beat_rescue(void)
{
	const struct beat_plan *plan;

	local_bh_disable();
	rcu_read_lock();
	plan = beat_plan_running();
	if (plan)
		beat_try(plan, ktime_get_boottime_ns(), true);
	rcu_read_unlock();
	local_bh_enable();
}

static int beat_run(void *unused)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
		beat_rescue();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* ---- every CPU ----------------------------------------------------------------------------- */

static void beat_start(void *unused)
{
	ktime_t now = ns_to_ktime(ktime_get_boottime_ns());

	hrtimer_start(this_cpu_ptr(&beat_timer), now, HRTIMER_MODE_ABS_PINNED_SOFT);
	hrtimer_start(this_cpu_ptr(&beat_guard), now, HRTIMER_MODE_ABS_PINNED_HARD);
}

static int beat_online(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	beat_start(NULL);
	local_irq_restore(flags);
	return 0;
}

static int beat_offline(unsigned int cpu)
{
	hrtimer_cancel(&per_cpu(beat_timer, cpu));
	hrtimer_cancel(&per_cpu(beat_guard, cpu));
	return 0;
}

static int beat_panic(struct notifier_block *block, unsigned long event, void *data)
{
	WRITE_ONCE(beat_stopped, true);
	return NOTIFY_DONE;
}

static struct notifier_block beat_panic_block = { .notifier_call = beat_panic };

/* ---- orders -------------------------------------------------------------------------------- */

static struct beat_plan *beat_plan_now(void)
{
	return rcu_dereference_protected(beat_plan, true);
}

static struct beat_plan *beat_plan_copy(void)
{
	struct beat_plan *now = beat_plan_now();

	return now ? kmemdup(now, sizeof(*now), GFP_KERNEL)
		   : kzalloc(sizeof(struct beat_plan), GFP_KERNEL);
}

static void beat_plan_free(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct beat_plan, rcu));
}

static void beat_plan_set(struct beat_plan *plan)
{
	struct beat_plan *old = rcu_replace_pointer(beat_plan, plan, true);

	if (plan && (!old || !old->n || old->interval_ns != plan->interval_ns))
		atomic64_set(&beat_due_ns, ktime_get_boottime_ns());
	if (old)
		call_rcu(&old->rcu, beat_plan_free);
	if (plan)
		on_each_cpu(beat_start, NULL, 0);
}

int beat_configure(const struct picket_door_config *config)
{
	struct beat_plan *plan = beat_plan_copy();

	if (!plan)
		return -ENOMEM;
	plan->cluster = config->cluster;
	plan->node = config->node;
	plan->incarnation = config->incarnation;
	plan->interval_ns = (u64)config->interval_us * NSEC_PER_USEC;
	beat_plan_set(plan);
	return 0;
}

/* The agent may have sent beats of its own until now, numbered from the time since boot. */
static void beat_seq_rise(void)
{
	s64 now = ktime_get_boottime_ns(), was = atomic64_read(&beat_seq);

	while (was < now && !atomic64_try_cmpxchg(&beat_seq, &was, now))
		;
}

int beat_links(const struct picket_door_links *links)
{
	struct beat_plan *plan;

	if (links->n > PICKET_DOOR_CHANNELS_MAX || links->reserved)
		return -EINVAL;
	for (u32 i = 0; i < links->n; i++)
		if (links->channel[i].controller >= PICKET_CONTROLLERS_MAX ||
			links->channel[i].link >= PICKET_LINKS_MAX || !links->channel[i].port)
			return -EINVAL;
	plan = beat_plan_copy();
	if (!plan)
		return -ENOMEM;
	if (!plan->interval_ns && links->n) {
		kfree_sensitive(plan);
		return -EINVAL;
	}
	plan->n = links->n;
	memcpy(plan->channel, links->channel, links->n * sizeof(links->channel[0]));
	beat_seq_rise();
	beat_plan_set(plan);
	return 0;
}

int beat_key(const struct picket_door_key *key)
{
	struct beat_plan *plan;
	__le64 words[2];

	if (key->controller >= PICKET_CONTROLLERS_MAX)
		return -EINVAL;
	plan = beat_plan_copy();
	if (!plan)
		return -ENOMEM;
	memcpy(words, key->key, sizeof(words));
	plan->key[key->controller] = (struct beat_key){
		.key.key = { le64_to_cpu(words[0]), le64_to_cpu(words[1]) },
		.epoch = key->epoch,
		.set = true,
	};
	memzero_explicit(words, sizeof(words));
	beat_plan_set(plan);
	return 0;
}

void beat_state(struct picket_door_state *s)
{
	s->seq = atomic64_read(&beat_seq);
	s->beats = atomic64_read(&count.beats);
	s->probes = atomic64_read(&count.probes);
	s->failed = atomic64_read(&count.failed);
	s->skipped = atomic64_read(&count.skipped);
	s->relayed = atomic64_read(&count.relayed);
	s->late_max_ns = atomic64_read(&count.late_max_ns);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* A fifth of one CPU at most, and only while softirqs starve. Where no bandwidth is left it is at
 * least real-time. */
static int beat_thread_start(void)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_DEADLINE,
		.sched_runtime = 2 * NSEC_PER_MSEC,
		.sched_deadline = 10 * NSEC_PER_MSEC,
		.sched_period = 10 * NSEC_PER_MSEC,
	};

	beat_thread = kthread_create(beat_run, NULL, "picket_beat");
	if (IS_ERR(beat_thread))
		return PTR_ERR(beat_thread);
	if (sched_setattr_nocheck(beat_thread, &attr))
		sched_set_fifo(beat_thread);
	wake_up_process(beat_thread);
	return 0;
}

int beat_init(void)
{
	int cpu, rc = beat_thread_start();

	if (rc)
		return rc;
	for_each_possible_cpu(cpu) {
		compat_hrtimer_setup(&per_cpu(beat_timer, cpu), beat_fire, CLOCK_BOOTTIME,
			HRTIMER_MODE_ABS_PINNED_SOFT);
		compat_hrtimer_setup(&per_cpu(beat_guard, cpu), beat_watch, CLOCK_BOOTTIME,
			HRTIMER_MODE_ABS_PINNED_HARD);
	}
	rc = cpuhp_setup_state(
		CPUHP_AP_ONLINE_DYN, "picket:beat", beat_online, beat_offline);
	if (rc < 0) {
		kthread_stop(beat_thread);
		return rc;
	}
	beat_hotplug = rc;
	atomic_notifier_chain_register(&panic_notifier_list, &beat_panic_block);
	return 0;
}

void beat_done(void)
{
	int cpu;

	WRITE_ONCE(beat_stopped, true);
	atomic_notifier_chain_unregister(&panic_notifier_list, &beat_panic_block);
	cpuhp_remove_state(beat_hotplug);
	for_each_possible_cpu(cpu)
		beat_offline(cpu);
	kthread_stop(beat_thread);
	beat_plan_set(NULL);
	rcu_barrier();
}
