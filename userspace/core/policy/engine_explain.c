// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a resource thinks of a node what it does: what made its scores, noted while it was decided. */
#include "core/policy/engine_stage.h"

void score_note(struct engine *e, struct resource *r, const struct node *node, int score,
	const char *what, const char *by)
{
	struct score_note *n;

	if (!e->options.explain || !score)
		return;
	n = engine_alloc(e, sizeof(*n));
	*n = (struct score_note){ r, node, score, what, by, NULL };
	if (e->last_note)
		e->last_note->next = n;
	else
		e->notes = n;
	e->last_note = n;
}

/* What another's wishes changed: before may be NULL, for nothing. */
void score_note_changes(struct engine *e, struct resource *r, const struct slots *before,
	const struct slots *after, const char *what, const char *by)
{
	for (unsigned i = 0; e->options.explain && after && i < after->n; i++) {
		int was = before && i < before->n ? before->at[i].score : 0;

		if (!after->at[i].allowed || after->at[i].score == was)
			continue;
		/* An infinite score is no sum: it is what it was set to. */
		score_note(e, r, e->nodes[i],
			after->at[i].score <= -SCORE_INFINITY || was <= -SCORE_INFINITY
				? after->at[i].score
				: after->at[i].score - was,
			what, by);
	}
}

/* Why nothing can run on a node at all, whatever a resource thinks of it. */
static const char *unfit(const struct node *node)
{
	if (node->unclean)
		return "unclean";
	if (!node->online)
		return "offline";
	if (node->shutdown)
		return "shutdown";
	if (node->maintenance)
		return "maintenance";
	if (node->standby)
		return node->standby_onfail ? "standby by a failure" : "standby";
	return node->pending ? "pending" : NULL;
}

static bool is_about(const struct resource *r, const char *id)
{
	for (; r; r = r->parent)
		if (!strcmp(r->id, id) || !strcmp(r->base_id, id))
			return true;
	return false;
}

static void explain_nodes(const struct engine *e, const struct resource *r, const char *id,
	engine_reason_fn *fn, void *ctx)
{
	for (unsigned i = 0; i < e->n_nodes; i++) {
		const struct node *node = e->by_name[i];
		struct engine_reason reason = { .resource = r->id, .node = node->name,
			.score = -SCORE_INFINITY, .by = node->name };

		reason.what = unfit(node);
		if (!reason.what && !resource_sees(r, node).allowed && !node->discovery_never) {
			reason.what = "symmetric-cluster";
			reason.by = "symmetric-cluster=false";
		}
		if (reason.what)
			fn(ctx, &reason);
	}
}

void engine_explain(const struct engine *e, const char *resource, engine_reason_fn *fn, void *ctx)
{
	for (const struct score_note *n = e->notes; n; n = n->next) {
		struct engine_reason reason = { .resource = n->resource->id, .score = n->score,
			.node = n->node ? n->node->name : NULL, .what = n->what, .by = n->by };

		if (is_about(n->resource, resource))
			fn(ctx, &reason);
	}
	for (unsigned i = 0; e->options.explain && i < e->n_all; i++)
		if (e->all[i]->kind == PRIMITIVE && is_about(e->all[i], resource))
			explain_nodes(e, e->all[i], resource, fn, ctx);
}
