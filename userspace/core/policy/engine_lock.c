// SPDX-License-Identifier: GPL-2.0-or-later
/* Shutdown lock: what ran on a node that is shut down waits for it, for a while. */
#include "core/model/value.h"
#include "core/policy/engine_stage.h"

/* When the shutdown was asked for. */
static int64_t shutdown_time(const struct engine *e, const struct node *node)
{
	long long when = value_number(node_attribute(node, "shutdown"), 0);

	return when > 0 ? when : e->now;
}

static void find_lock(struct engine *e, struct resource *r)
{
	struct node *node = r->running.n == 1 ? r->running.items[0] : NULL;

	if (r->lock_node && r->running.n) {
		/* It was started elsewhere all the same: leave it alone. */
		act_get(e, r, TASK_LRM_DELETE, 0, r->lock_node, false)->runnable = true;
		r->lock_node = NULL;
	} else if (!r->lock_node && node && node->shutdown && !node->unclean) {
		r->lock_node = node;
		r->lock_time = shutdown_time(e, node);
	}
}

static void lock_resource(struct engine *e, struct resource *r)
{
	if (r->kind == GROUP)
		for (unsigned i = 0; i < r->children.n; i++)
			lock_resource(e, r->children.items[i]);
	if (r->kind != PRIMITIVE || r->is_fence_device || r->is_connection)
		return;
	find_lock(e, r);
	if (!r->lock_node)
		return;
	if (e->set.shutdown_lock_limit_s > 0)
		engine_recheck_at(e, r->lock_time + e->set.shutdown_lock_limit_s + 1);
	for (unsigned i = 0; i < e->n_nodes; i++)
		if (e->nodes[i] != r->lock_node)
			score_node(e, r, e->nodes[i], -SCORE_INFINITY, "shutdown-lock",
				r->lock_node->name);
}

void locks_apply(struct engine *e)
{
	for (unsigned i = 0; e->set.shutdown_lock && i < e->top.n; i++)
		lock_resource(e, e->top.items[i]);
}
