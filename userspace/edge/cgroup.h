/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroup: who still runs: a cgroup v2 folder per name, and one below it for each call. */
#ifndef EDGE_CGROUP_H
#define EDGE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/own.h"

struct cgroup;

/*
 * Finds the cgroup v2 mount in /proc/self/mountinfo and makes a folder `leaf` in our own cgroup
 * there, or takes `path` when given. Controllers are not needed. On failure *why is a sentence, the
 * caller frees it. -EOPNOTSUPP: no cgroup v2 here; else as mkdir().
 */
int cgroup_open(const char *path, const char *leaf, struct cgroup **ret, char **why);
void cgroup_free(struct cgroup *cgroup); /* the folders stay: daemons live in them */
const char *cgroup_path(const struct cgroup *cgroup);

/* A new folder for one call, below the one of name. */
int cgroup_make(struct cgroup *cgroup, const char *name, const char *call, char **ret_path);
/* Removes what is empty of name. */
void cgroup_sweep(struct cgroup *cgroup, const char *name);

/* Does anything live below name? No folder: no. Zombies do not live. */
bool cgroup_populated(struct cgroup *cgroup, const char *name);
/* SIGKILL to all of it, at once and without a race against fork(). */
int cgroup_kill(struct cgroup *cgroup, const char *name);
void cgroup_term(struct cgroup *cgroup, const char *name); /* SIGTERM, best effort */
/* "812 (nginx), 911 (dd, D: asleep in the kernel)", at most eight; NULL: nobody. */
char *cgroup_people(struct cgroup *cgroup, const char *name);

#endif
