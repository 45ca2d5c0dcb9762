/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Execution: a plan carried out on a model: the cluster as it is told, after its actions. */
#ifndef CORE_POLICY_EXECUTION_H
#define CORE_POLICY_EXECUTION_H

#include "base/element.h"
#include "core/plan.h"

/* What an operation is to end with instead of what is expected of it. */
struct execution_failure {
	const char *resource, *op, *node;
	unsigned interval_ms;
	int exit;
};

/* Does every action whose predecessors are done, in their order, and writes down in the tree what
 * it leaves behind. An action that fails ends those that wait for it. now_s: when it was planned,
 * seconds since 1970. Returns how many were done.
 */
unsigned execution_run(struct element_tree *tree, const struct plan *plan,
	const struct execution_failure *failures, unsigned n_failures, int64_t now_s);
/* Writes down one more operation of a resource on a node, as if it had just ended. 0, or -ENOENT:
 * there is no such node. */
int execution_record(
	struct element_tree *tree, const struct plan_action *a, int exit, int64_t now_s);
/* The <node_state> of a node, made if there is none; NULL: there is no such node. */
struct element *execution_state(struct element_tree *tree, const char *node);
/* What the cluster sees of a node: it is a member, or it is not; expected: it should be. */
void execution_node(struct element_tree *tree, const char *node, bool up, bool expected);
/* It was fenced: nothing is left of what it ran. */
void execution_fence(struct element_tree *tree, const char *node);

#endif
