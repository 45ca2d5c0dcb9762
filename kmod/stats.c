// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats.h"

#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "door.h"
#include "nmi.h"

static struct dentry *stats_folder;

static int state_show(struct seq_file *out, void *unused)
{
	static const char *const phases[] = { "idle", "armed", "fallen" };
	static const char *const verdicts[] = { "none", "reboot", "panic", "poweroff", "isolate" };
	struct picket_door_state s;
	u64 now = ktime_get_boottime_ns();

	door_state(&s);
	seq_printf(out, "phase %s\nverdict %s\n", phases[s.phase], verdicts[s.verdict]);
	seq_printf(out, "node %u\ncluster %llu\nincarnation %llu\n", s.node, s.cluster,
		s.incarnation);
	seq_printf(out, "left_ms %lld\nagent_age_ms %lld\n",
		s.deadline_ns ? ((s64)s.deadline_ns - (s64)now) / (s64)NSEC_PER_MSEC : 0,
		s.alive_ns ? ((s64)now - (s64)s.alive_ns) / (s64)NSEC_PER_MSEC : -1);
	seq_printf(out, "lease_max_ms %llu\nagent_max_ms %llu\nwarn_ms %llu\nkill_ms %llu\n",
		s.lease_max_ns / NSEC_PER_MSEC, s.agent_max_ns / NSEC_PER_MSEC,
		s.warn_ns / NSEC_PER_MSEC, s.kill_ns / NSEC_PER_MSEC);
	seq_printf(out, "page %u\nrenewals %llu\ntorn %llu\nclamped %llu\nwarnings %llu\n", s.paged,
		s.renewals, s.torn, s.clamped, s.warnings);
	seq_printf(out, "seq %llu\nbeats %llu\nprobes %llu\nfailed %llu\nskipped %llu\n", s.seq,
		s.beats, s.probes, s.failed, s.skipped);
	seq_printf(out, "relayed %llu\nlate_max_us %llu\nnmi_cpus %u\n", s.relayed,
		s.late_max_ns / NSEC_PER_USEC, nmi_cpus());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* debugfs says nothing about failure: without it, the module works as well. */
void stats_init(void)
{
	stats_folder = debugfs_create_dir("picket", NULL);
	debugfs_create_file("state", 0400, stats_folder, NULL, &state_fops);
}

void stats_done(void)
{
	debugfs_remove_recursive(stats_folder);
}
