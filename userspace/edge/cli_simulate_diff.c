// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate --diff: what applying a configuration would do, before it is applied. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/yaml.h"
#include "core/compare.h"
#include "core/graph.h"
#include "core/model/adopt.h"
#include "edge/cli_simulate.h"
#include "edge/cli_simulate_source.h"

#define AROUND 2 /* lines that are the same, beside one that is not */

/* The two futures: as it is configured, and as the file has it. */
struct futures {
	struct simulation *is, then;
	json_t *lines, *is_after, *then_after;
	json_t *is_acts, *then_acts; /* sets of labels */
};

static char *as_yaml(const struct element *cib, const char *name)
{
	struct problems report = { 0 };
	json_t *document = NULL;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!adopt_cib(cib, name, false, &report, &document)) {
		out = open_memstream(&text, &len);
		yaml_print(document, out);
		fclose(out);
		json_decref(document);
	}
	problems_done(&report);
	return text ? text : own_string("");
}

static json_t *lines_of(const struct futures *f)
{
	owned(free) char *is = as_yaml(f->is->tree->root, f->is->name);
	owned(free) char *then = as_yaml(f->then.tree->root, f->then.name);

	return compare_lines(is, then, AROUND);
}

/* The same status under the other configuration. */
static struct element_tree *other(const struct element *is, const struct element *fresh)
{
	struct element_tree *tree = element_tree_new();
	struct element *root = element_add(tree, NULL, "cib");

	for (unsigned i = 0; i < is->names->n; i++)
		element_set(tree, root, is->names->all[i].text, is->values[i]);
	element_copy(tree, root, element_child(fresh, "configuration"));
	if (element_child(is, "status"))
		element_copy(tree, root, element_child(is, "status"));
	return tree;
}

static json_t *labels(const struct plan *plan)
{
	owned(graph) struct graph *g = graph_new(plan);
	json_t *all = json_object();

	for (unsigned i = 0; i < g->n; i++)
		json_object_set_new(all, g->labels[i], json_true());
	return all;
}

static int compute(struct futures *f, const struct whatif *w)
{
	int r = simulation_decide(f->is, false);

	if (r == CLI_OK)
		r = simulation_decide(&f->then, false);
	if (r)
		return r;
	f->lines = lines_of(f);
	f->is_acts = labels(f->is->plan);
	f->then_acts = labels(f->then.plan);
	return CLI_OK;
}

static int look(struct simulation *s, const struct whatif *w, json_t **ret)
{
	int r = simulation_carry_out(s, w);

	if (r == CLI_OK)
		*ret = simulate_placement(s);
	return r;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool has_change(const struct plan *plan, const struct plan_change *c)
{
	for (size_t i = 0; i < plan->n_changes; i++) {
		const struct plan_change *o = &plan->changes[i];

		if (same_text(o->action, c->action) && same_text(o->resource, c->resource) &&
			same_text(o->node, c->node) && same_text(o->source, c->source) &&
			same_text(o->dest, c->dest) && same_text(o->next_role, c->next_role))
			return true;
	}
	return false;
}

/* ---- for people
 * ------------------------------------------------------------------------------------- */

static size_t changes_text(const struct cli *cli, const struct futures *f)
{
	size_t n = 0, less = 0, i;

	fprintf(cli->out, "\nApplying it would:\n");
	for (i = 0; i < f->then.plan->n_changes; i++) {
		const struct plan_change *c = &f->then.plan->changes[i];
		bool anyway = has_change(f->is->plan, c);

		n += !anyway;
		simulate_change(cli, c, anyway ? "  (anyway)" : "");
	}
	if (!i)
		fprintf(cli->out, "  * nothing\n");
	for (i = 0; i < f->is->plan->n_changes; i++) {
		const struct plan_change *c = &f->is->plan->changes[i];

		if (has_change(f->then.plan, c))
			continue;
		if (!less++)
			fprintf(cli->out, "\nand no longer:\n");
		simulate_change(cli, c, "");
	}
	return n + less;
}

static size_t acts_text(const struct cli *cli, json_t *acts, json_t *without, const char *mark)
{
	const char *label;
	size_t n = 0;
	json_t *v;

	json_object_foreach (acts, label, v)
		if (!json_object_get(without, label)) {
			fprintf(cli->out, "  %s %s\n", mark, label);
			n++;
		}
	return n;
}

static void where_text(FILE *out, json_t *nodes)
{
	const char *node, *sep = "";
	json_t *role;

	if (!json_object_size(nodes))
		fprintf(out, "nowhere");
	json_object_foreach (nodes, node, role) {
		fprintf(out, "%s%s %s", sep, node, json_string_value(role));
		sep = ", ";
	}
}

static void places_text(const struct cli *cli, const struct futures *f)
{
	json_t *all = json_copy(f->is_after), *v;
	const char *name;

	json_object_update_missing(all, f->then_after);
	fprintf(cli->out, "\nWhere things are then, if not where they would be without it:\n");
	json_object_foreach (all, name, v) {
		json_t *is = json_object_get(f->is_after, name);
		json_t *then = json_object_get(f->then_after, name);

		if (is && then && json_equal(is, then))
			continue;
		fprintf(cli->out, "  * %s: ", name);
		where_text(cli->out, is);
		fprintf(cli->out, " -> ");
		where_text(cli->out, then);
		fputc('\n', cli->out);
	}
	json_decref(all);
}

static size_t text(const struct cli *cli, const struct futures *f)
{
	json_t *line;
	size_t i, n;

	fprintf(cli->out, "Configuration:\n");
	json_array_foreach (f->lines, i, line)
		fprintf(cli->out, "  %s %s\n", json_string_value(json_array_get(line, 0)),
			json_string_value(json_array_get(line, 1)));
	if (!i)
		fprintf(cli->out, "  nothing that decides anything differs\n");
	n = changes_text(cli, f);
	fprintf(cli->out, "\nActions (+ only with it, - only without it):\n");
	n += acts_text(cli, f->then_acts, f->is_acts, "+");
	n += acts_text(cli, f->is_acts, f->then_acts, "-");
	places_text(cli, f);
	return n;
}

/* ---- for programs
 * ----------------------------------------------------------------------------------- */

static json_t *only(json_t *acts, json_t *without)
{
	json_t *list = json_array(), *v;
	const char *label;

	json_object_foreach (acts, label, v)
		if (!json_object_get(without, label))
			json_array_append_new(list, json_string(label));
	return list;
}

static size_t document(
	const struct cli *cli, const struct futures *f, json_t *with, json_t *without)
{
	json_t *more = only(f->then_acts, f->is_acts), *less = only(f->is_acts, f->then_acts);
	size_t n = json_array_size(more) + json_array_size(less);
	json_t *all = json_pack("{s:O, s:O, s:O, s:o, s:o}", "configuration", f->lines, "with",
		with, "without", without, "added", more, "dropped", less);

	json_object_set(with, "placement", f->then_after);
	json_object_set(without, "placement", f->is_after);
	cli_print(cli, all);
	json_decref(all);
	return n;
}

static int tell(const struct cli *cli, struct futures *f, const struct whatif *w)
{
	json_t *with = cli_json(cli) ? simulate_json(&f->then) : NULL;
	json_t *without = cli_json(cli) ? simulate_json(f->is) : NULL;
	size_t n = 0;
	int r = look(f->is, w, &f->is_after);

	if (r == CLI_OK)
		r = look(&f->then, w, &f->then_after);
	if (r == CLI_OK)
		n = with ? document(cli, f, with, without) : text(cli, f);
	json_decref(with);
	json_decref(without);
	return r == CLI_OK && n ? CLI_CHANGES : r;
}

int simulate_diff(const struct cli *cli, struct simulation *s, const struct whatif *w,
	const char *path, bool of_pacemaker)
{
	owned(element_tree) struct element_tree *fresh = NULL;
	owned(element_tree) struct element_tree *tree = NULL;
	struct futures f = { .is = s };
	int r = source_configuration(path, of_pacemaker, &fresh);

	if (r)
		return r;
	tree = other(s->tree->root, fresh->root);
	f.then = (struct simulation){ .name = path, .tree = tree, .now = s->now };
	r = compute(&f, w);
	if (r == CLI_OK)
		r = tell(cli, &f, w);
	json_decref(f.lines);
	json_decref(f.is_acts);
	json_decref(f.then_acts);
	json_decref(f.is_after);
	json_decref(f.then_after);
	simulation_done(&f.then);
	return r;
}
