// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: the plan as a drawing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/child.h"
#include "base/own.h"
#include "core/graph.h"
#include "edge/cli_simulate.h"

#define DRAW_MAX_MS 120000
#define DRAW_MAX (256U << 20) /* bytes of a drawing */

static void quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

/* What interrupts something is drawn so that it is seen. */
static const char *colour(const struct plan_action *a)
{
	if (a->kind == PLAN_FENCE)
		return "#e8b0a0";
	if (a->op && (!strcmp(a->op, "stop") || !strcmp(a->op, "demote")))
		return "#f2dcb0";
	if (a->op && (!strcmp(a->op, "start") || !strcmp(a->op, "promote")))
		return "#c4e0c4";
	return "#ffffff";
}

static void dot(const struct simulation *s, FILE *out)
{
	owned(graph) struct graph *g = graph_new(s->plan);

	fprintf(out, "digraph plan {\n\trankdir=LR;\n"
		     "\tnode [shape=box, style=filled, fontname=\"sans-serif\"];\n");
	for (unsigned i = 0; i < g->n; i++) {
		fputc('\t', out);
		quoted(out, g->labels[i]);
		fprintf(out, " [fillcolor=\"%s\"];\n", colour(s->plan->actions[g->ids[i]]));
		for (unsigned k = 0; k < g->n_before[i]; k++) {
			fputc('\t', out);
			quoted(out, g->labels[g->before[i][k]]);
			fprintf(out, " -> ");
			quoted(out, g->labels[i]);
			fprintf(out, ";\n");
		}
	}
	fprintf(out, "}\n");
}

/* Where PATH has it; NULL: nowhere. */
static char *program_find(const char *name)
{
	owned(free) char *path = own_string(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	char *rest = path;

	for (char *dir = strsep(&rest, ":"); dir; dir = strsep(&rest, ":")) {
		char *file = own_printf("%s/%s", dir, name);

		if (*dir == '/' && !access(file, X_OK))
			return file;
		free(file);
	}
	return NULL;
}

struct drawing {
	const struct cli *cli;
	int r;
};

static void drawn(void *ctx, const struct child_result *result)
{
	struct drawing *d = ctx;

	if (result->error)
		d->r = cli_fail(CLI_FAILURE, "dot: %s: %s", result->step, strerror(-result->error));
	else if (result->timed_out)
		d->r = cli_fail(CLI_TIMEOUT,
			"dot took longer than %d s for this plan; --graph dot "
			"prints what it was given",
			DRAW_MAX_MS / 1000);
	else if (result->code || result->out_dropped)
		d->r = cli_fail(CLI_FAILURE, "dot: exit status %d: %s", result->code, result->err);
	else
		fwrite(result->out, 1, result->out_size, d->cli->out);
}

int simulate_draw(const struct cli *cli, const struct simulation *s, bool svg)
{
	owned(free) char *program = svg ? program_find("dot") : NULL, *text = NULL;
	const char *argv[] = { program, "-Tsvg", NULL };
	struct child_spec spec = {
		.argv = argv, .timeout_ms = DRAW_MAX_MS, .output_max = DRAW_MAX
	};
	struct drawing d = { cli, CLI_OK };
	struct child *child;
	uv_loop_t loop;
	size_t len = 0;
	FILE *out;
	int r;

	if (!svg) {
		dot(s, cli->out);
		return CLI_OK;
	}
	if (!program)
		return cli_fail(CLI_FAILURE, "there is no program dot: install graphviz, or take "
					     "--graph dot elsewhere to be drawn");
	out = open_memstream(&text, &len);
	dot(s, out);
	fclose(out);
	spec.input = text;
	spec.input_size = len;
	uv_loop_init(&loop);
	r = child_start(&loop, &spec, drawn, &d, &child);
	if (r)
		d.r = cli_fail(CLI_FAILURE, "%s: %s", program, strerror(-r));
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return d.r;
}
