// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stuck: what may be wrong with a kernel, on purpose. For guests of the tests only.
 *   cpus=N   that many CPUs spin with interrupts off, for ever, beginning with the first
 *   trap=1   whoever writes its last words panics on the way
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/kmsg_dump.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

static uint cpus;
module_param(cpus, uint, 0400);
static bool trap;
module_param(trap, bool, 0400);

static void stuck_spin(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static void stuck_last_words(struct kmsg_dumper *dumper, struct kmsg_dump_detail *detail)
#else
static void stuck_last_words(struct kmsg_dumper *dumper, enum kmsg_dump_reason reason)
#endif
{
	static bool once;

	if (!xchg(&once, true))
		panic("stuck: a trap in the last words");
}

static struct kmsg_dumper stuck_dumper = {
	.dump = stuck_last_words,
	.max_reason = KMSG_DUMP_MAX - 1,
};

static int __init stuck_init(void)
{
	uint cpu, n = cpus;

	if (trap)
		return kmsg_dump_register(&stuck_dumper);
	for_each_online_cpu(cpu) {
		if (!n)
			break;
		n--;
		if (cpu != raw_smp_processor_id())
			smp_call_function_single(cpu, stuck_spin, NULL, 0);
	}
	/* last: from here on nobody can be asked any more */
	if (cpus && cpumask_first(cpu_online_mask) == raw_smp_processor_id())
		stuck_spin(NULL);
	if (cpus >= num_online_cpus())
		stuck_spin(NULL);
	return 0;
}

module_init(stuck_init);
MODULE_DESCRIPTION("picket: faults on purpose");
MODULE_LICENSE("GPL");
