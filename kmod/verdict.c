// SPDX-License-Identifier: GPL-2.0-or-later
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "verdict.h"

#include <linux/kobject.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/workqueue.h>

#include <picket/lease.h>

#include "door.h"

static struct work_struct poweroff_work, warn_work;

static void verdict_poweroff(struct work_struct *work)
{
	kernel_power_off();
}

static void verdict_tell(struct work_struct *work)
{
	char *text[] = { "PICKET=lease-running-out", NULL };

	kobject_uevent_env(door_kobject(), KOBJ_CHANGE, text);
}

/*
 * Power off has to sleep on its way, so it is asked for here, and may not come: the restart that
 * follows is what the promise rests upon. The other two end the machine where they are called.
 */
void verdict_execute(u32 verdict, const struct verdict_reason *r)
{
	static const char *const words[] = {
		[PICKET_VERDICT_REBOOT] = "restart",
		[PICKET_VERDICT_PANIC] = "panic",
		[PICKET_VERDICT_POWEROFF] = "power off",
		[PICKET_VERDICT_ISOLATE] = "isolate",
	};

	/* one record: what the next boot finds of a full log is its end */
	pr_emerg("lease has run out: %s: %s (incarnation %llu, deadline %llu, now %llu, "
		 "agent %llu ms ago, seq %llu, renewals %llu, torn %llu, clamped %llu)\n",
		words[verdict], r->text, r->incarnation, r->deadline_ns, r->now_ns,
		(r->now_ns - r->alive_ns) / NSEC_PER_MSEC, r->seen, r->renewals, r->torn,
		r->clamped);
	switch (verdict) {
	case PICKET_VERDICT_PANIC:
		panic("picket: lease has run out: %s", r->text);
	case PICKET_VERDICT_POWEROFF:
		queue_work(system_highpri_wq, &poweroff_work);
		break;
	case PICKET_VERDICT_ISOLATE:
		break; /* BPF's: who reads the page knows whether it was done */
	default:
		emergency_restart();
	}
}

void verdict_harsher(void)
{
	emergency_restart();
}

void verdict_last(u32 verdict, bool first)
{
	pr_emerg("lease has run out, and no CPU takes interrupts\n");
	if (first && verdict == PICKET_VERDICT_PANIC)
		nmi_panic(NULL, "picket: lease has run out, and no CPU takes interrupts");
	emergency_restart();
}

void verdict_warn(u64 incarnation, u64 left_ns, const char *why)
{
	pr_crit("lease running out: %llu ms left: %s (incarnation %llu)\n",
		left_ns / NSEC_PER_MSEC, why, incarnation);
	queue_work(system_highpri_wq, &warn_work);
}

void verdict_init(void)
{
	INIT_WORK(&poweroff_work, verdict_poweroff);
	INIT_WORK(&warn_work, verdict_tell);
}

void verdict_done(void)
{
	cancel_work_sync(&warn_work);
	cancel_work_sync(&poweroff_work);
}
