// SPDX-License-Identifier: GPL-2.0-or-later
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "deadline.h"

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/panic_notifier.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "compat.h"
#include "page.h"
#include "verdict.h"

/* A torn page is looked at again this soon: its writer is done by then. */
#define DEADLINE_TORN_NS 20000

static struct {
	struct picket_door_config config; /* while armed, words change one by one and only shrink */
	u32 phase;
	bool nowayout;
	atomic64_t deadline_ns;
	atomic64_t seen;      /* seq of the page, or of the renewal, that was believed last */
	atomic64_t alive_ns;
	atomic64_t warned_ns; /* the deadline that was warned of */
	atomic64_t fallen_ns; /* when the verdict fell; who writes it carries it out */
	atomic64_t renewals, torn, clamped, warnings;
} hand;

static DEFINE_PER_CPU(struct hrtimer, deadline_timer);
static DECLARE_WAIT_QUEUE_HEAD(deadline_released);
static enum cpuhp_state deadline_hotplug;

static u32 deadline_phase(void)
{
	return smp_load_acquire(&hand.phase);
}

static bool deadline_raise(atomic64_t *at, u64 value)
{
	s64 was = atomic64_read(at);

	while ((u64)was < value)
		if (atomic64_try_cmpxchg(at, &was, value))
			return true;
	return false;
}

/* ---- renewals ------------------------------------------------------------------------------ */

/* A renewal after the deadline comes too late, whether or not a timer was there first. */
static void deadline_extend(u64 want, u64 now)
{
	u64 agent_max = READ_ONCE(hand.config.agent_max_ns);
	u64 limit = now + READ_ONCE(hand.config.lease_max_ns);

	if (deadline_phase() == PICKET_DOOR_ARMED && now >= atomic64_read(&hand.deadline_ns))
		return;
	if (want > limit) {
		want = limit;
		atomic64_inc(&hand.clamped);
	}
	limit = atomic64_read(&hand.alive_ns) + agent_max;
	if (agent_max && want > limit)
		want = limit;
	if (deadline_raise(&hand.deadline_ns, want))
		atomic64_inc(&hand.renewals);
}

/* Extends first and remembers the seq afterwards: a second CPU that finds nothing new then also
 * finds the deadline moved. */
static int deadline_take(u64 seq, u64 want, u64 now)
{
	if (seq <= (u64)atomic64_read(&hand.seen))
		return -ESTALE;
	deadline_extend(want, now);
	deadline_raise(&hand.seen, seq);
	return 0;
}

void deadline_look(u64 now)
{
	struct picket_lease_page page;
	int rc = page_read(&page);

	if (rc == -EAGAIN)
		atomic64_inc(&hand.torn);
	if (rc || !page.deadline_ns || page.expired_ns ||
		page.incarnation != READ_ONCE(hand.config.incarnation))
		return;
	deadline_take(page.seq, page.deadline_ns, now);
}

int deadline_renew(const struct picket_door_renewal *renewal)
{
	u64 now = ktime_get_boottime_ns();

	if (!renewal->incarnation || renewal->incarnation != hand.config.incarnation)
		return -EINVAL;
	if (deadline_phase() != PICKET_DOOR_IDLE && now >= atomic64_read(&hand.deadline_ns))
		return -ENODATA;
	return deadline_take(renewal->seq, renewal->deadline_ns, now);
}

void deadline_alive(void)
{
	deadline_raise(&hand.alive_ns, ktime_get_boottime_ns());
}

u64 deadline_alive_ns(void)
{
	return atomic64_read(&hand.alive_ns);
}

/* ---- the verdict --------------------------------------------------------------------------- */

bool deadline_silent(void)
{
	return atomic64_read(&hand.fallen_ns) && hand.config.verdict != PICKET_VERDICT_ISOLATE;
}

/* What did not move it. */
static const char *deadline_why(u64 deadline)
{
	struct picket_lease_page page;
	u64 agent_max = READ_ONCE(hand.config.agent_max_ns);

	if (agent_max && atomic64_read(&hand.alive_ns) + agent_max <= deadline)
		return "the agent shows no sign of life";
	switch (page_read(&page)) {
	case 0:
		if (page.incarnation != READ_ONCE(hand.config.incarnation))
			return "the lease page is another incarnation's";
		return page.seq == (u64)atomic64_read(&hand.seen)
			? "no majority of controllers granted it"
			: "what the lease page says does not reach further";
	case -EAGAIN:
		return "the lease page is torn";
	default:
		return "nobody renewed it";
	}
}

static bool deadline_isolated(void)
{
	struct picket_lease_page page;

	return hand.config.verdict == PICKET_VERDICT_ISOLATE && !page_read(&page) &&
		page.expired_ns && page.incarnation == hand.config.incarnation;
}

/* Returns when to look again, 0: never. Half of the time to die is the first step's. */
static u64 deadline_fall(u64 now, u64 deadline)
{
	struct verdict_reason reason = {
		.incarnation = hand.config.incarnation,
		.deadline_ns = deadline,
		.now_ns = now,
		.alive_ns = atomic64_read(&hand.alive_ns),
		.seen = atomic64_read(&hand.seen),
		.renewals = atomic64_read(&hand.renewals),
		.torn = atomic64_read(&hand.torn),
		.clamped = atomic64_read(&hand.clamped),
	};
	u64 patience = READ_ONCE(hand.config.kill_ns) / 2, fallen;

	if (!atomic64_cmpxchg(&hand.fallen_ns, 0, now)) {
		reason.text = deadline_why(deadline);
		verdict_execute(hand.config.verdict, &reason);
		return now + patience;
	}
	fallen = atomic64_read(&hand.fallen_ns);
	if (now < fallen + patience)
		return fallen + patience;
	if (deadline_isolated()) {
		smp_store_release(&hand.phase, PICKET_DOOR_FALLEN);
		return 0;
	}
	verdict_harsher();
	return now + patience;
}

/* Timers on every CPU have had half of the time to die. They take no lock and wait for nobody, so
 * no interrupt has come through since, anywhere. A renewal would have come too late as well. */
void deadline_nmi(void)
{
	u64 now = ktime_get_boot_fast_ns(), deadline = atomic64_read(&hand.deadline_ns);

	if (deadline_phase() != PICKET_DOOR_ARMED ||
		now < deadline + READ_ONCE(hand.config.kill_ns) / 2 || deadline_isolated())
		return;
	verdict_last(hand.config.verdict, !atomic64_cmpxchg(&hand.fallen_ns, 0, now));
}

static void deadline_warn(u64 now, u64 deadline)
{
	if (!deadline_raise(&hand.warned_ns, deadline))
		return;
	atomic64_inc(&hand.warnings);
	verdict_warn(hand.config.incarnation, deadline - now, deadline_why(deadline));
}

/* Returns when to look again, 0: never. */
static u64 deadline_check(void)
{
	u64 now = ktime_get_boottime_ns(), torn = atomic64_read(&hand.torn), deadline, warn;

	if (deadline_phase() != PICKET_DOOR_ARMED)
		return 0;
	if (!atomic64_read(&hand.fallen_ns))
		deadline_look(now);
	deadline = atomic64_read(&hand.deadline_ns);
	if (now >= deadline)
		return deadline_fall(now, deadline);
	warn = READ_ONCE(hand.config.warn_ns);
	if (now + warn < deadline)
		return deadline - warn;
	if (torn != atomic64_read(&hand.torn))
		return min(now + DEADLINE_TORN_NS, deadline);
	deadline_warn(now, deadline);
	return deadline;
}

/* Hard interrupt context: whatever else this CPU was doing has to wait. */
static enum hrtimer_restart deadline_fire(struct hrtimer *timer)
{
	u64 next = deadline_check();

	if (!next)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(timer, ns_to_ktime(next));
	return HRTIMER_RESTART;
}

/* ---- every CPU ----------------------------------------------------------------------------- */

static void deadline_start(void *unused)
{
	u64 first = atomic64_read(&hand.deadline_ns) - READ_ONCE(hand.config.warn_ns);

	if (deadline_phase() == PICKET_DOOR_ARMED)
		hrtimer_start(this_cpu_ptr(&deadline_timer), ns_to_ktime(first),
			HRTIMER_MODE_ABS_PINNED_HARD);
}

static int deadline_online(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags); /* as an interrupt does, so that arming does not come between */
	deadline_start(NULL);
	local_irq_restore(flags);
	return 0;
}

static int deadline_offline(unsigned int cpu)
{
	hrtimer_cancel(&per_cpu(deadline_timer, cpu));
	return 0;
}

/* After the clocks and before any device: nothing has left this machine yet. Power off would have
 * to wait for the devices, so it becomes a restart. */
static void deadline_resume(void)
{
	u64 now = ktime_get_boottime_ns();

	if (deadline_phase() != PICKET_DOOR_ARMED || now < atomic64_read(&hand.deadline_ns))
		return;
	if (hand.config.verdict == PICKET_VERDICT_POWEROFF)
		WRITE_ONCE(hand.config.verdict, PICKET_VERDICT_REBOOT);
	deadline_check();
}

COMPAT_SYSCORE(deadline_syscore, deadline_resume);

/* A machine that panicked and waits for somebody to read its screen still answers ARP. While a
 * lease is at stake it restarts; a crash kernel, where there is one, has taken over before. */
static int deadline_panic(struct notifier_block *block, unsigned long event, void *data)
{
	if (deadline_phase() == PICKET_DOOR_ARMED &&
		(!panic_timeout || atomic64_read(&hand.fallen_ns)))
		panic_timeout = -1;
	return NOTIFY_DONE;
}

static struct notifier_block deadline_panic_block = { .notifier_call = deadline_panic };

/* ---- orders -------------------------------------------------------------------------------- */

int deadline_allows(const struct picket_door_config *config)
{
	const struct picket_door_config *now = &hand.config;

	if (deadline_phase() != PICKET_DOOR_ARMED)
		return 0;
	if (config->cluster != now->cluster || config->node != now->node ||
		config->incarnation != now->incarnation || config->verdict != now->verdict ||
		config->lease_max_ns > now->lease_max_ns || config->kill_ns > now->kill_ns)
		return -EBUSY;
	if (now->agent_max_ns &&
		(!config->agent_max_ns || config->agent_max_ns > now->agent_max_ns))
		return -EBUSY;
	return 0;
}

/* The door has checked the bounds and asked whether it is allowed. */
int deadline_configure(const struct picket_door_config *config)
{
	struct picket_door_config *now = &hand.config;

	if (deadline_phase() == PICKET_DOOR_ARMED) {
		WRITE_ONCE(now->lease_max_ns, config->lease_max_ns);
		WRITE_ONCE(now->agent_max_ns, config->agent_max_ns);
		WRITE_ONCE(now->warn_ns, config->warn_ns);
		WRITE_ONCE(now->kill_ns, config->kill_ns);
		return 0;
	}
	if (deadline_phase() == PICKET_DOOR_FALLEN) {
		if (config->incarnation == now->incarnation)
			return -EBUSY; /* what fell does not rise again */
		smp_store_release(&hand.phase, PICKET_DOOR_IDLE);
		module_put(THIS_MODULE);
	}
	if (config->incarnation != now->incarnation || config->node != now->node ||
		config->cluster != now->cluster) {
		atomic64_set(&hand.deadline_ns, 0);
		atomic64_set(&hand.seen, 0);
		atomic64_set(&hand.fallen_ns, 0);
		atomic64_set(&hand.warned_ns, 0);
	}
	*now = *config;
	return 0;
}

int deadline_arm(void)
{
	u64 now = ktime_get_boottime_ns();

	if (!hand.config.incarnation)
		return -EINVAL;
	if (deadline_phase() == PICKET_DOOR_ARMED)
		return 0;
	deadline_alive();
	deadline_look(now);
	if (deadline_phase() != PICKET_DOOR_IDLE || atomic64_read(&hand.deadline_ns) <= now)
		return -ENODATA;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	smp_store_release(&hand.phase, PICKET_DOOR_ARMED);
	on_each_cpu(deadline_start, NULL, 0);
	pr_notice("armed: incarnation %llu, lease %llu ms\n", hand.config.incarnation,
		hand.config.lease_max_ns / NSEC_PER_MSEC);
	return 0;
}

int deadline_release(u64 incarnation)
{
	if (deadline_phase() != PICKET_DOOR_ARMED || incarnation != hand.config.incarnation)
		return -EINVAL;
	if (hand.nowayout || atomic64_read(&hand.fallen_ns) ||
		ktime_get_boottime_ns() >= atomic64_read(&hand.deadline_ns))
		return -EPERM;
	smp_store_release(&hand.phase, PICKET_DOOR_IDLE);
	atomic64_set(&hand.deadline_ns, 0);
	pr_notice("released: incarnation %llu\n", incarnation);
	wake_up_all(&deadline_released);
	module_put(THIS_MODULE);
	return 0;
}

void deadline_state(struct picket_door_state *s)
{
	const struct picket_door_config *c = &hand.config;

	s->phase = deadline_phase();
	s->verdict = c->verdict;
	s->cluster = c->cluster;
	s->incarnation = c->incarnation;
	s->node = c->node;
	s->paged = page_there();
	s->deadline_ns = atomic64_read(&hand.deadline_ns);
	s->alive_ns = atomic64_read(&hand.alive_ns);
	s->lease_max_ns = c->lease_max_ns;
	s->agent_max_ns = c->agent_max_ns;
	s->warn_ns = c->warn_ns;
	s->kill_ns = c->kill_ns;
	s->renewals = atomic64_read(&hand.renewals);
	s->torn = atomic64_read(&hand.torn);
	s->clamped = atomic64_read(&hand.clamped);
	s->warnings = atomic64_read(&hand.warnings);
}

/* ---- life ---------------------------------------------------------------------------------- */

int deadline_init(bool nowayout)
{
	int cpu, rc;

	hand.nowayout = nowayout;
	verdict_init();
	for_each_possible_cpu(cpu)
		compat_hrtimer_setup(&per_cpu(deadline_timer, cpu), deadline_fire, CLOCK_BOOTTIME,
			HRTIMER_MODE_ABS_PINNED_HARD);
	rc = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "picket:deadline", deadline_online,
		deadline_offline);
	if (rc < 0)
		return rc;
	deadline_hotplug = rc;
	compat_syscore_register(&deadline_syscore);
	atomic_notifier_chain_register(&panic_notifier_list, &deadline_panic_block);
	return 0;
}

/* Forced unloading does not ask for the reference that arming took: it waits here, for ever if
 * need be, and the timers go on. */
void deadline_wait(void)
{
	wait_event(deadline_released, deadline_phase() != PICKET_DOOR_ARMED);
}

void deadline_done(void)
{
	int cpu;

	atomic_notifier_chain_unregister(&panic_notifier_list, &deadline_panic_block);
	compat_syscore_unregister(&deadline_syscore);
	cpuhp_remove_state(deadline_hotplug);
	for_each_possible_cpu(cpu)
		hrtimer_cancel(&per_cpu(deadline_timer, cpu));
	verdict_done();
	page_drop();
}
