// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: the forms of its answer. */
#include <ctype.h>
#include <string.h>

#include "base/lines.h"
#include "base/own.h"
#include "core/graph.h"
#include "core/model/when.h"
#include "edge/cli_simulate.h"

#define FIRST_COLUMN 10

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

	for (unsigned i = 0; i < g->n; i++)
		json_array_append_new(actions, json_string(g->labels[i]));
	/* There may be a million edges: each label is there once. */
	for (unsigned i = 0; i < g->n; i++) {
		for (unsigned k = 0; k < g->n_before[i]; k++) {
			json_t *edge = json_array();

			json_array_append(edge, json_array_get(actions, g->before[i][k]));
			json_array_append(edge, json_array_get(actions, i));
			json_array_append_new(before, edge);
		}
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

json_t *simulate_placement(const struct simulation *s)
{
	json_t *placement = json_object();

	engine_running(s->engine, place, placement);
	return placement;
}

void simulate_json_after(const struct simulation *s, json_t *document)
{
	json_object_set_new(document, "placement", simulate_placement(s));
}

/* ---- for people -------------------------------------------------------------------------------
 */

void simulate_change(const struct cli *cli, const struct plan_change *c, const char *end)
{
	fprintf(cli->out, "  * %-*s %s", FIRST_COLUMN, c->action,
		c->resource ? c->resource : c->node);
	if (c->resource && c->node)
		fprintf(cli->out, " (%s%s%s)", c->role ? c->role : "", c->role ? " " : "", c->node);
	else if (c->source && c->dest)
		fprintf(cli->out, " (%s -> %s)", c->source, c->dest);
	else if (c->source || c->dest)
		fprintf(cli->out, " (%s)", c->source ? c->source : c->dest);
	if (c->next_role)
		fprintf(cli->out, " %s -> %s", c->role ? c->role : "?", c->next_role);
	if (c->blocked)
		fprintf(cli->out, "  blocked");
	if (c->reason)
		fprintf(cli->out, "  due to %s", c->reason);
	fprintf(cli->out, "%s\n", end);
}

static void place_text(void *ctx, const char *resource, const char *node, const char *role)
{
	fprintf(ctx, "  * %s\t%s %s\n", resource, role, node);
}

void simulate_now(const struct cli *cli, const struct simulation *s, const char *title)
{
	fprintf(cli->out, "%s:\n", title);
	engine_running(s->engine, place_text, cli->out);
}

static void line(struct lines *out, const char *before, const char *text)
{
	lines_put(out, before, strlen(before));
	lines_put(out, text, strlen(text));
	lines_put(out, "\n", 1);
}

/* There may be a million lines: those of one action are put out at once. */
static void actions(FILE *out, const struct graph *g)
{
	struct lines text = { 0 };

	for (unsigned i = 0; i < g->n; i++) {
		line(&text, "  * ", g->labels[i]);
		for (unsigned k = 0; k < g->n_before[i]; k++)
			line(&text, "      after ", g->labels[g->before[i][k]]);
		fwrite(text.data, 1, text.len, out);
		text.len = 0;
	}
	lines_done(&text);
}

void simulate_text(const struct cli *cli, const struct simulation *s)
{
	owned(graph) struct graph *g = graph_new(s->plan);

	fprintf(cli->out, "Transition Summary:\n");
	for (size_t i = 0; i < s->plan->n_changes; i++)
		simulate_change(cli, &s->plan->changes[i], "");
	fprintf(cli->out, "\nActions:\n");
	actions(cli->out, g);
	if (engine_recheck(s->engine)) {
		struct when when = { .seconds = engine_recheck(s->engine) };
		char text[WHEN_TEXT_MAX];

		when_format(&when, text);
		fprintf(cli->out, "\nTime alone may change this at %s\n", text);
	}
}

/* ---- why ----------------------------------------------------------------------------------------
 */

static void reason_text(void *ctx, const struct engine_reason *reason)
{
	char score[16];

	if (reason->score >= 1000000 || reason->score <= -1000000)
		snprintf(score, sizeof(score), "%sINFINITY", reason->score < 0 ? "-" : "+");
	else
		snprintf(score, sizeof(score), "%+d", reason->score);
	fprintf(ctx, "  %-16s %10s  %s%s%s\n", reason->node ? reason->node : "everywhere", score,
		reason->what, reason->by ? " " : "", reason->by ? reason->by : "");
}

void simulate_explain(const struct cli *cli, const struct simulation *s, const char *resource)
{
	fprintf(cli->out, "%s: what speaks for each node, and against it\n", resource);
	engine_explain(s->engine, resource, reason_text, cli->out);
	for (size_t i = 0; i < s->plan->n_changes; i++)
		if (s->plan->changes[i].resource && !strcmp(s->plan->changes[i].resource, resource))
			simulate_change(cli, &s->plan->changes[i], "");
}
