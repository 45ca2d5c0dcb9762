// SPDX-License-Identifier: GPL-2.0-or-later
/* picket.ko: a host whose lease has run out is gone, whatever state it is in. Wire-up only. */
#include <linux/module.h>

#include "beat.h"
#include "deadline.h"
#include "door.h"
#include "kfunc.h"
#include "nmi.h"
#include "stats.h"

static bool nowayout;
module_param(nowayout, bool, 0444);
MODULE_PARM_DESC(nowayout, "an armed deadline cannot be released, not even in good order");

static bool nmi = true;
module_param(nmi, bool, 0444);
MODULE_PARM_DESC(nmi, "a cycle counter of each CPU looks at the deadline with interrupts off");

static int __init picket_init(void)
{
	int rc = deadline_init(nowayout);

	if (rc)
		return rc;
	rc = beat_init();
	if (rc)
		goto undo_deadline;
	rc = kfunc_init();
	if (rc)
		goto undo_beat;
	nmi_init(nmi);
	rc = door_init();
	if (rc)
		goto undo_nmi;
	stats_init();
	return 0;

undo_nmi:
	nmi_done();
undo_beat:
	beat_done();
undo_deadline:
	deadline_done();
	return rc;
}

/* The deadline first: while it is armed, everything stays. */
static void __exit picket_exit(void)
{
	deadline_wait();
	stats_done();
	door_done();
	nmi_done();
	beat_done();
	deadline_done();
}

module_init(picket_init);
module_exit(picket_exit);

MODULE_DESCRIPTION("picket: the dead man's hand: lease deadline and heartbeat transmitter");
MODULE_LICENSE("GPL");
