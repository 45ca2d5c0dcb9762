/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agentcfg: the file agent.yaml: who this node is, whom it listens to, what it does when cut off.
 */
#ifndef EDGE_AGENTCFG_H
#define EDGE_AGENTCFG_H

#include <stdio.h>

#include <picket/limits.h>

#include "base/own.h"

#define AGENTCFG_IFACES_MAX 64

enum agentcfg_verdict { AGENTCFG_ISOLATE, AGENTCFG_REBOOT, AGENTCFG_NONE };
enum agentcfg_left { AGENTCFG_LEFT_KILL, AGENTCFG_LEFT_FAIL, AGENTCFG_LEFT_REPORT };

struct agentcfg_list {
	char *items[AGENTCFG_IFACES_MAX + 1]; /* ends with NULL */
	unsigned n;
};

struct agentcfg_controller {
	char *name, *link;
	struct agentcfg_list addresses; /* by heartbeat link */
};

struct agentcfg {
	char *node, *state_dir, *socket, *pki, *pin_prefix, *bind, *helpers, *ocf_root, *init_dir;
	char *cgroup, *log_level;
	struct agentcfg_list interfaces, data_interfaces;
	struct agentcfg_controller controllers[PICKET_CONTROLLERS_MAX];
	unsigned n_controllers;
	unsigned heartbeat_port, link_port, raft_port, jobs, monitors;
	unsigned verdict, leftovers; /* enum agentcfg_verdict, agentcfg_left */
};

/* Reads and checks. -EINVAL and others: *why has one line per problem, with file, line and column;
 * the caller frees it. */
int agentcfg_read(const char *path, struct agentcfg **ret, char **why);
void agentcfg_free(struct agentcfg *config);
own_define(agentcfg, struct agentcfg, agentcfg_free)

	/* Every key, its default and what it means: for --help. */
	void agentcfg_help(FILE *out);

#endif
