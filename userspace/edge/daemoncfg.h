/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Daemoncfg: the file picketd.yaml: who this controller is, and where it keeps and hears things. */
#ifndef EDGE_DAEMONCFG_H
#define EDGE_DAEMONCFG_H

#include <stdio.h>

#include <picket/limits.h>

#include "base/own.h"

#define DAEMONCFG_LIST_MAX 16

struct daemoncfg {
	char *name, *state_dir, *socket, *group, *pki, *pin_prefix, *link, *raft, *api, *log_level;
	unsigned index;
	char *interfaces[DAEMONCFG_LIST_MAX + 1];
	size_t n_interfaces;
	char *fence_path[DAEMONCFG_LIST_MAX + 1];
	size_t n_fence_path;
};

/* -EINVAL and others: *why has one line per problem, with file, line and column; free() it. */
int daemoncfg_read(const char *path, struct daemoncfg **ret, char **why);
void daemoncfg_free(struct daemoncfg *config);
own_define(daemoncfg, struct daemoncfg, daemoncfg_free)

	/* Every key, its default and what it means. */
	void daemoncfg_help(FILE *out);

#endif
