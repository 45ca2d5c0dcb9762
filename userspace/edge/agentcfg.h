/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agentcfg: the file agent.yaml: who this node is, whom it listens to, what it does when cut off.
 */
#ifndef EDGE_AGENTCFG_H
#define EDGE_AGENTCFG_H

#include <jansson.h>
#include <stdbool.h>

#include <picket/limits.h>

#include "base/own.h"

#define AGENTCFG_DEFAULT "/etc/picket/agent.yaml"
#define AGENTCFG_IFACES_MAX 64

enum agentcfg_verdict {
	AGENTCFG_ISOLATE,
	AGENTCFG_REBOOT,
	AGENTCFG_NONE,
	AGENTCFG_PANIC,
	AGENTCFG_POWEROFF
};
enum agentcfg_module { AGENTCFG_MODULE_AUTO, AGENTCFG_MODULE_REQUIRE, AGENTCFG_MODULE_OFF };
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
	char *cgroup, *log_level, *watchdog;
	struct agentcfg_list interfaces, data_interfaces;
	struct agentcfg_controller controllers[PICKET_CONTROLLERS_MAX];
	unsigned n_controllers;
	unsigned heartbeat_port, link_port, raft_port, jobs, monitors;
	unsigned verdict, leftovers, module; /* enum agentcfg_verdict, _left, _module */
};

/* Reads and checks. -EINVAL and others: *why has one line per problem, with file, line and column;
 * the caller frees it. */
int agentcfg_read(const char *path, struct agentcfg **ret, char **why);
void agentcfg_free(struct agentcfg *config);
/* The controllers by index, {INDEX: {name, link, addresses}}, as the cluster tells: they take the
 * place of the file's. False: it is no such list, and nothing has changed. */
bool agentcfg_controllers(struct agentcfg *config, json_t *list);

/* The program's arguments, and the file they name. 0: go on with *ret; else the exit status + 1:
 * all that was asked for has been done, or what is wrong has been said. */
int agentcfg_begin(int argc, char **argv, const char *version, struct agentcfg **ret);
own_define(agentcfg, struct agentcfg, agentcfg_free)

#endif
