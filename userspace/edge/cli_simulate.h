/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cli, simulate: a cluster as it is told, what would be done, and how it looks afterwards. */
#ifndef EDGE_CLI_SIMULATE_H
#define EDGE_CLI_SIMULATE_H

#include "core/policy/engine.h"
#include "edge/cli.h"

/* One run of the engine on one tree. */
struct simulation {
	struct element_tree *tree;
	struct engine *engine;
	struct plan *plan;
	int64_t now;
};

void simulation_done(struct simulation *s);

/* What would be done, as a document; then, after the engine has looked again, where everything is.
 */
json_t *simulate_json(const struct simulation *s);
void simulate_json_after(const struct simulation *s, json_t *document);
/* Each writes one form of the answer. */
void simulate_text(const struct cli *cli, const struct simulation *s);
void simulate_dot(const struct cli *cli, const struct simulation *s);
/* Where everything is. */
void simulate_now(const struct cli *cli, const struct simulation *s, const char *title);
void simulate_explain(const struct cli *cli, const struct simulation *s, const char *resource);

#endif
