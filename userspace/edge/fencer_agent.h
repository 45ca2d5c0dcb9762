/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fencer agent: one installed fence agent, and what its metadata say about its parameters. */
#ifndef EDGE_FENCER_AGENT_H
#define EDGE_FENCER_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct fencer_agent {
	char *name, *path;
	ino_t inode; /* with mtime: a package upgrade makes the metadata stale */
	struct timespec mtime;
	bool known;              /* the metadata have been read */
	bool plug, port;         /* takes such a parameter */
	bool evidence, deadline; /* ours do */
	bool rehearse;           /* knows this action */
	struct fencer_agent *next;
};

/* Finds an executable of this name; looks in the list of known ones first. *list grows.
 * -EINVAL: not a plain file name; -ENOENT: nowhere in paths. */
int fencer_agent_find(struct fencer_agent **list, const char *const *paths, const char *name,
	struct fencer_agent **ret_agent);
void fencer_agent_free_all(struct fencer_agent *list);

/* -EPROTO: not the XML of a fence agent; the agent then stays unknown. */
int fencer_agent_learn(struct fencer_agent *agent, const char *xml, size_t size);

/* The value of a parameter in a name, value list, or NULL. */
const char *fencer_agent_param(const char *const *params, const char *name);

/*
 * What to write to the agent's standard input, wiped and freed by the caller: the parameters, the
 * target, the plug by the name that the agent takes, and the action, each as a fencer of old would.
 * evidence: ask for it if the agent knows how. left_ms: the agent's own deadline, if it has one.
 */
char *fencer_agent_input(const struct fencer_agent *agent, const char *const *params,
	const char *target, const char *plug, const char *action, bool evidence,
	unsigned long left_ms);

/* The configured substitute for an action (pcmk_off_action …), or the action itself. */
const char *fencer_agent_action(const char *const *params, const char *action);

/* Replaces the values of secret parameters in text by "***", in place. */
void fencer_agent_scrub(const char *const *params, char *text);

#endif
