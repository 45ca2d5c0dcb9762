/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Daemoncfg: the file picketd.yaml: who this controller is, and where it keeps and hears things. */
#ifndef EDGE_DAEMONCFG_H
#define EDGE_DAEMONCFG_H

#include <jansson.h>
#include <picket/limits.h>

#include "base/own.h"

#define DAEMONCFG_DEFAULT "/etc/picket/picketd.yaml"
#define DAEMONCFG_LIST_MAX 16

/* One of the controllers, ourselves included; its place in the list is its index. */
struct daemoncfg_controller {
	char *name, *link, *raft;
	char *addresses[PICKET_LINKS_MAX]; /* by heartbeat link */
	size_t n_addresses;
};

struct daemoncfg {
	char *name, *node, *state_dir, *socket, *group, *pki, *pin_prefix, *link, *raft, *api;
	char *log_level;
	unsigned index;
	unsigned id;  /* in the log; 0: index + 1 */
	bool join;    /* an empty log waits to be added to a cluster, and begins none */
	struct daemoncfg_controller controllers[PICKET_CONTROLLERS_MAX];
	size_t n_controllers; /* 0: this one alone */
	char *interfaces[DAEMONCFG_LIST_MAX + 1];
	size_t n_interfaces;
	char *fence_path[DAEMONCFG_LIST_MAX + 1];
	size_t n_fence_path;
};

/* -EINVAL and others: *why has one line per problem, with file, line and column; free() it. */
int daemoncfg_read(const char *path, struct daemoncfg **ret, char **why);
void daemoncfg_free(struct daemoncfg *config);
own_define(daemoncfg, struct daemoncfg, daemoncfg_free)

	/* The controllers by index, as this file has them: [{id, name, link, raft, addresses}]. */
	json_t *daemoncfg_controllers(const struct daemoncfg *config);

	/* The program's arguments, and the file they name. 0: go on with *ret; else the exit status
	 * + 1: all that was asked for has been done, or what is wrong has been said. */
	int daemoncfg_begin(int argc, char **argv, const char *version, struct daemoncfg **ret);

#endif
