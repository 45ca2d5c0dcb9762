// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: the forms of its answer. */
#include <ctype.h>
#include <string.h>

#include "base/own.h"
#include "core/graph.h"
#include "core/model/when.h"
#include "edge/cli_simulate.h"

static void set(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *change_json(const struct plan_change *c)
{
	owned(free) char *action = own_string(c->action);
	json_t *o = json_object();

	set(o, "kind", c->kind);
	if (!strcmp(c->kind, "node_action")) {
		set(o, "task", c->action);
	} else {
		for (char *p = action; p && *p; p++)
			*p = (char)tolower((unsigned char)*p);
		set(o, "action", action);
	}
	set(o, "resource", c->resource);
	set(o, "role", c->role);
	set(o, "next-role", c->next_role);
	set(o, "node", c->node);
	set(o, "source", c->source);
	set(o, "dest", c->dest);
	if (c->blocked)
		json_object_set_new(o, "blocked", json_true());
	return o;
}

static json_t *graph_json(const struct plan *plan)
{
	owned(graph) struct graph *g = graph_new(plan);
	json_t *actions = json_array(), *before = json_array();

	for (unsigned i = 0; i < g->n; i++) {
		json_array_append_new(actions, json_string(g->labels[i]));
		for (unsigned k = 0; k < g->n_before[i]; k++)
			json_array_append_new(before,
				json_pack("[ss]", g->labels[g->before[i][k]], g->labels[i]));
	}
	return json_pack("{s:o, s:o}", "actions", actions, "before", before);
}

static void place(void *ctx, const char *resource, const char *node, const char *role)
{
	json_t *all = ctx, *nodes = json_object_get(all, resource);

	if (!nodes) {
		nodes = json_object();
		json_object_set_new(all, resource, nodes);
	}
	json_object_set_new(nodes, node, json_string(role));
}

json_t *simulate_json(const struct simulation *s)
{
	json_t *answer = json_object(), *summary = json_array();
	struct when when = { .seconds = s->now };
	char text[WHEN_TEXT_MAX];

	for (size_t i = 0; i < s->plan->n_changes; i++)
		json_array_append_new(summary, change_json(&s->plan->changes[i]));
	when_format(&when, text);
	set(answer, "at", text);
	if (engine_recheck(s->engine)) {
		when.seconds = engine_recheck(s->engine);
		when_format(&when, text);
		set(answer, "recheck", text);
	}
	json_object_set_new(answer, "summary", summary);
	json_object_set_new(answer, "graph", graph_json(s->plan));
	return answer;
}

void simulate_json_after(const struct simulation *s, json_t *document)
{
	json_t *placement = json_object();

	engine_running(s->engine, place, placement);
	json_object_set_new(document, "placement", placement);
}
