/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bonds: location and colocation constraints as they are applied. */
#ifndef CORE_POLICY_ENGINE_BOND_H
#define CORE_POLICY_ENGINE_BOND_H

#include <stdbool.h>

#include "core/policy/engine_node.h"
#include "core/policy/engine_resource.h"

struct location_score {
	struct node *node;
	int score;
};

struct location {
	const char *id;
	struct resource *resource;
	enum role role; /* ROLE_UNKNOWN: any */
	enum node_discovery discovery;
	struct location_score *scores;
	unsigned n, cap;
};

struct colocation {
	const char *id, *attribute; /* attribute NULL: the node itself, "#uname" */
	struct resource *dependent, *primary;
	enum role dependent_role, primary_role;
	int score;
	bool influence;
};

struct location *location_new(struct engine *e, const char *id, struct resource *r, int score,
	struct node *node, enum node_discovery discovery);
void location_add(struct engine *e, struct location *l, struct node *node, int score);
struct colocation *colocation_new(struct engine *e, const char *id, const char *attribute,
	int score, struct resource *dependent, struct resource *primary, enum role dependent_role,
	enum role primary_role, bool influence);

#endif
