/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cli, simulate, source: the cluster that a simulation begins with, out of files or a running one.
 */
#ifndef EDGE_CLI_SIMULATE_SOURCE_H
#define EDGE_CLI_SIMULATE_SOURCE_H

#include "base/element.h"
#include "core/model/problem.h"
#include "edge/cli.h"

struct source {
	char *name;                /* for people: the file's, or the controller's socket */
	struct element_tree *tree; /* <cib> with configuration and status */
	bool of_pacemaker;         /* its fence devices are resources */
};

void source_done(struct source *source);

/* --cib, --configuration and --status; none of them: the running cluster. CLI_OK, or it has been
 * said. */
int source_load(const struct command *command, const struct cli *cli, struct source *ret);

/* A CIB alone. */
int source_cib(const char *path, struct source *ret);

/* A configuration in a file of either kind, as <cib> with <configuration>; what is suspicious about
 * it is said. of_pacemaker: its fence devices are to be resources. */
int source_configuration(const char *path, bool of_pacemaker, struct element_tree **ret);

/* What is wrong with a configuration in a file of either kind, or may be. CLI_OK: it could be read.
 */
int source_check(const char *path, struct problems *problems);

/* Prints what is wrong, or may be. */
void source_say(const struct problems *problems);

#endif
