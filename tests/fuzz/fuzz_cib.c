/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CIB of any shape: an error or a plan, and the same plan again; never a crash. */
#include <stdlib.h>

#include "base/xml.h"
#include "core/graph.h"
#include "core/policy/engine.h"
#include "core/policy/execution.h"

#define NOW 1700000000

static struct plan *plan_of(const struct element_tree *tree)
{
	owned(free) char *why = NULL;
	owned(engine) struct engine *e = engine_new(tree->root, NOW, NULL);

	return engine_run(e, &why) ? NULL : engine_plan(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned(element_tree) struct element_tree *tree = NULL;
	owned(plan) struct plan *plan = NULL, *again = NULL;
	owned(free) char *why = NULL;
	unsigned line;

	if (size > 20000 || xml_parse((const char *)data, size, &tree, &line, &why))
		return 0;
	plan = plan_of(tree);
	again = plan_of(tree);
	if (!plan != !again ||
		(plan && (plan->n != again->n || plan->n_changes != again->n_changes)))
		abort();
	if (plan) {
		graph_free(graph_new(plan));
		execution_run(tree, plan, NULL, 0, 0);
	}
	return 0;
}
