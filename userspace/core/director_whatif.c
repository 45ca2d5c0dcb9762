/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would be: the policy is asked again and again with a copy of what is seen, until it has no
 * wish left; each of its actions is taken to succeed. */
#include <string.h>

#include "core/director_inside.h"

#define WHATIF_ROUNDS_MAX 64

static json_t *placement(const struct view *view)
{
	const struct site *site = view->site;
	json_t *all = json_object();

	for (size_t r = 0; r < site->n_resources; r++) {
		json_t *on = json_array();

		for (size_t i = 0; i < site->n_nodes; i++) {
			enum view_state s = view_cell(view, i, r)->state;

			if (s == VIEW_STARTED || s == VIEW_FAILED || s == VIEW_STOP_FAILED)
				json_array_append_new(
					on, json_pack("{s:s, s:s}", "node", site->nodes[i].name,
						    "state", view_state_name(s)));
		}
		if (site->resources[r].type)
			json_object_set_new(all, site->resources[r].name, on);
		else
			json_decref(on);
	}
	return all;
}

static size_t node_index(const struct view *view, const char *name)
{
	size_t i = 0;

	while (name && i < view->site->n_nodes && strcmp(view->site->nodes[i].name, name))
		i++;
	return name ? i : view->site->n_nodes;
}

static void gone(struct view *view, size_t node)
{
	view->nodes[node].usable = view->nodes[node].unclean = false;
	for (size_t r = 0; r < view->site->n_resources; r++)
		*view_cell(view, node, r) = (struct view_cell){ .state = VIEW_STOPPED };
}

static void add(
	json_t *actions, const char *op, const char *resource, const char *node, const char *reason)
{
	json_array_append_new(actions, json_pack("{s:s, s:s*, s:s*, s:s*}", "op", op, "resource",
					       resource, "node", node, "reason", reason));
}

/* NULL, or why a wish cannot be. */
static const char *wish_take(struct view *view, const char *name, const char *wish, json_t *actions)
{
	size_t i = node_index(view, name);
	struct view_node *n;

	if (i == view->site->n_nodes)
		return "No such node";
	n = &view->nodes[i];
	if (!wish || (strcmp(wish, "down") && strcmp(wish, "standby") && strcmp(wish, "online")))
		return "A node can be down, standby or online";
	if (!strcmp(wish, "down")) {
		add(actions, "off", NULL, name, "it is lost: its death is proven first");
		gone(view, i);
	} else if (!strcmp(wish, "standby")) {
		n->standby = true;
	} else {
		if (!n->usable)
			gone(view, i);
		n->usable = true;
		n->standby = n->maintenance = n->stopping = false;
	}
	return NULL;
}

static void carry_out(struct view *view, const struct plan_action *a, json_t *actions)
{
	size_t i = node_index(view, a->node), r = 0;
	struct view_cell *c;

	if (i == view->site->n_nodes)
		return;
	if (a->kind == PLAN_FENCE) {
		add(actions, a->op, NULL, a->node, a->reason);
		gone(view, i);
		return;
	}
	while (a->resource && r < view->site->n_resources &&
		strcmp(view->site->resources[r].name, a->resource))
		r++;
	if (!a->resource || r == view->site->n_resources)
		return;
	c = view_cell(view, i, r);
	view_cell_note(c, a->op, a->interval_ms,
		!strcmp(a->op, "monitor") && !a->interval_ms ? 7 : 0, "done");
	if (!strcmp(a->op, "start")) {
		view_digest(&view->site->resources[r], c->digest);
		c->fails = 0;
	}
	if (a->interval_ms)
		c->recurring = true;
	if (strcmp(a->op, "monitor"))
		add(actions, a->op, a->resource, a->node, a->reason);
}

static json_t *settle(struct view *view, json_t *actions)
{
	json_t *why = NULL;
	size_t before = 0;

	for (unsigned round = 0; round < WHATIF_ROUNDS_MAX; round++) {
		owned(plan) struct plan *plan = NULL;

		json_decref(why);
		why = NULL;
		policy_plan(view, &plan, &why);
		for (size_t k = 0; k < plan->n; k++)
			carry_out(view, plan->actions[k], actions);
		if (!plan->n || (round && json_array_size(actions) == before))
			break;
		before = json_array_size(actions);
	}
	return why;
}

unsigned director_whatif(struct director *d, json_t *wishes, json_t **ret)
{
	struct view *view = d->site ? director_view(d, d->site) : NULL;
	json_t *actions = json_array(), *before, *wish, *why;
	const char *name, *wrong = NULL;

	if (!view) {
		json_decref(actions);
		*ret = json_pack("{s:s, s:s}", "title", "There is no configuration yet", "detail",
			"Apply one first: picket apply FILE.");
		return 409;
	}
	before = placement(view);
	json_object_foreach (wishes, name, wish) {
		wrong = wish_take(view, name, json_string_value(wish), actions);
		if (wrong)
			break;
	}
	if (wrong) {
		*ret = json_pack("{s:s, s:s}", "title", wrong, "detail", name);
		json_decref(before);
		json_decref(actions);
		view_free(view);
		return 422;
	}
	why = settle(view, actions);
	*ret = json_pack("{s:o, s:o, s:o, s:o*}", "before", before, "after", placement(view),
		"actions", actions, "why", why);
	view_free(view);
	return 200;
}
