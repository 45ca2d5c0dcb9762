/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: the cluster's properties, as the engine goes by them. */
#ifndef CORE_POLICY_ENGINE_SETTINGS_H
#define CORE_POLICY_ENGINE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum no_quorum { QUORUM_FREEZE, QUORUM_STOP, QUORUM_IGNORE, QUORUM_SUICIDE, QUORUM_DEMOTE };

struct settings { /* cluster properties */
	bool stonith_enabled, symmetric, enable_startup_probes, startup_fencing;
	bool stop_all_resources, stop_orphans, stop_orphan_actions, remove_after_stop;
	bool start_failure_fatal, maintenance_mode, concurrent_fencing, shutdown_lock;
	bool is_managed_default, have_quorum, have_fence_device, have_unfencing, have_remote;
	enum { PLACE_DEFAULT, PLACE_UTILIZATION, PLACE_MINIMAL, PLACE_BALANCED } placement;
	const char *fence_action, *health_strategy;
	enum no_quorum no_quorum;
	int64_t fence_timeout_ms, priority_fencing_delay_s, shutdown_lock_limit_s;
	int64_t node_pending_timeout_s;
	bool failures_age_each; /* each operation's by themselves */
	int health_red, health_yellow, health_green, health_base;
};

#endif
