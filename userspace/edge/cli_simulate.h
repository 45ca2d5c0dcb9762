/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cli, simulate: a cluster as it is told, what would be done, and how it looks afterwards. */
#ifndef EDGE_CLI_SIMULATE_H
#define EDGE_CLI_SIMULATE_H

#include "core/policy/engine.h"
#include "core/policy/execution.h"
#include "edge/cli.h"

/* One run of the engine on one tree. */
struct simulation {
	const char *name; /* where the tree came from */
	struct element_tree *tree;
	struct engine *engine;
	struct plan *plan;
	int64_t now;
};

void simulation_done(struct simulation *s); /* the tree stays */
/* Decides. */
int simulation_decide(struct simulation *s, bool explain);

/* Operations that are to end otherwise. */
struct whatif {
	struct execution_failure failures[COMMAND_OPTIONS_MAX];
	char *texts[COMMAND_OPTIONS_MAX]; /* what the failures point into */
	unsigned n;
};

void whatif_done(struct whatif *w);
/* The tree becomes what the command's options suppose. */
int whatif_suppose(const struct command *command, struct simulation *s, struct whatif *w);
/* The tree becomes what it is once the plan has been carried out; the engine has looked at it. */
int simulation_carry_out(struct simulation *s, const struct whatif *w);

/* What would be done, as a document; then, after the engine has looked again, where everything is.
 */
json_t *simulate_json(const struct simulation *s);
void simulate_json_after(const struct simulation *s, json_t *document);
json_t *simulate_placement(const struct simulation *s);
/* Each writes one form of the answer. */
void simulate_text(const struct cli *cli, const struct simulation *s);
void simulate_change(const struct cli *cli, const struct plan_change *change, const char *end);
int simulate_draw(const struct cli *cli, const struct simulation *s, bool svg);
/* Where everything is. */
void simulate_now(const struct cli *cli, const struct simulation *s, const char *title);
void simulate_explain(const struct cli *cli, const struct simulation *s, const char *resource);
/* The next instants at which a rule's answer changes by time alone. */
int simulate_calendar(const struct cli *cli, const struct simulation *s, unsigned n);
/* Every state in a folder (*.xml), planned in one process: how much, and how long it took. */
int simulate_replay(const struct cli *cli, const char *folder);
/* What applying the configuration in a file would do; CLI_CHANGES: something. */
int simulate_diff(const struct cli *cli, struct simulation *s, const struct whatif *w,
	const char *path, bool of_pacemaker);

#endif
