// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CPU that spins with interrupts off runs no timer, but it takes NMIs. Two kinds of them help:
 * those that come anyway (the kernel's hard lockup detector, a BMC's "diagnostic interrupt"), and
 * those of a cycle counter of our own, which only runs while its CPU does: a CPU at rest is not
 * woken, and costs nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "nmi.h"

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/printk.h>
#ifdef CONFIG_X86
#include <asm/nmi.h>
#endif

#include "deadline.h"

#define NMI_CYCLES 2000000000ULL /* 0.4 to 2 s at 5 to 1 GHz; counters have 31 bits and more */

static bool nmi_counting, nmi_listens;
static atomic_t nmi_count;

/* ---- those that come anyway ---------------------------------------------------------------- */

#ifdef CONFIG_X86
static int nmi_any(unsigned int type, struct pt_regs *regs)
{
	deadline_nmi();
	return NMI_DONE; /* never ours alone */
}

static void nmi_listen(void)
{
	nmi_listens = !register_nmi_handler(NMI_LOCAL, nmi_any, 0, "picket");
}

static void nmi_leave(void)
{
	if (nmi_listens)
		unregister_nmi_handler(NMI_LOCAL, "picket");
}
#else
static void nmi_listen(void) {}
static void nmi_leave(void) {}
#endif

/* ---- our own ------------------------------------------------------------------------------- */

#ifdef CONFIG_PERF_EVENTS
static DEFINE_PER_CPU(struct perf_event *, nmi_counter);
static enum cpuhp_state nmi_hotplug;

static void nmi_overflow(
	struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	deadline_nmi();
}

/* A CPU without such a counter is no reason not to arm: virtual machines have none. */
static int nmi_online(unsigned int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attr),
		.pinned = 1,
		.sample_period = NMI_CYCLES,
	};
	struct perf_event *event =
		perf_event_create_kernel_counter(&attr, cpu, NULL, nmi_overflow, NULL);

	if (IS_ERR(event))
		return 0;
	per_cpu(nmi_counter, cpu) = event;
	atomic_inc(&nmi_count);
	return 0;
}

static int nmi_offline(unsigned int cpu)
{
	struct perf_event *event = per_cpu(nmi_counter, cpu);

	if (!event)
		return 0;
	per_cpu(nmi_counter, cpu) = NULL;
	atomic_dec(&nmi_count);
	perf_event_disable(event);
	perf_event_release_kernel(event);
	return 0;
}

void nmi_start(void)
{
	int rc;

	if (!nmi_counting || nmi_hotplug)
		return;
	rc = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "picket:nmi", nmi_online, nmi_offline);
	if (rc < 0)
		return;
	nmi_hotplug = rc;
	pr_info("%u CPUs have a counter to look at the deadline with interrupts off\n",
		nmi_cpus());
}

void nmi_stop(void)
{
	if (nmi_hotplug)
		cpuhp_remove_state(nmi_hotplug);
	nmi_hotplug = 0;
}
#else
void nmi_start(void) {}
void nmi_stop(void) {}
#endif

/* ---- life ---------------------------------------------------------------------------------- */

unsigned int nmi_cpus(void)
{
	return atomic_read(&nmi_count);
}

void nmi_init(bool counters)
{
	nmi_counting = counters;
	nmi_listen();
}

void nmi_done(void)
{
	nmi_stop();
	nmi_leave();
}
