// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: when rules change by time alone. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "core/model/index.h"
#include "core/model/rule.h"
#include "core/model/when.h"
#include "edge/cli_simulate.h"
#include "edge/zone.h"

struct turn {
	const struct element *rule;
	int64_t at;
	bool holds;
	unsigned nth; /* what stands first in the file comes first */
};

struct almanac {
	struct turn *turns;
	size_t n, cap;
	struct index *ids;
	struct element_tree *copies; /* of rules, without what does not depend on time */
	struct rule_input in;
	unsigned most;
};

static void index_all(struct index *ids, const struct element *e)
{
	if (element_get(e, "id"))
		index_set(ids, INDEX_ELEMENT, element_get(e, "id"), (void *)e);
	for (const struct element *c = e->first; c; c = c->next)
		index_all(ids, c);
}

static bool is_dated(const struct element *rule)
{
	for (const struct element *c = rule->first; c; c = c->next)
		if (element_is(c, "date_expression") || (element_is(c, "rule") && is_dated(c)))
			return true;
	return false;
}

static void rule_add(struct almanac *a, const struct element *rule, const struct element *dates)
{
	int64_t *at = own_alloc(a->most * sizeof(*at));
	bool *holds = own_alloc(a->most * sizeof(*holds));
	unsigned n = rule_preview(a->ids, dates, &a->in, a->most, at, holds);

	for (unsigned i = 0; i < n; i++) {
		own_grow(a->turns, a->n, a->cap);
		a->turns[a->n] = (struct turn){ rule, at[i], holds[i], (unsigned)a->n };
		a->n++;
	}
	free(at);
	free(holds);
}

/* Only time passes here: what a rule says of anything else is left out of it. */
static const struct element *dates_only(struct almanac *a, const struct element *rule)
{
	struct element *copy = element_copy(a->copies, a->copies->root, rule), *next;

	for (struct element *c = copy->first; c; c = next) {
		next = c->next;
		if (!element_is(c, "date_expression") && !(element_is(c, "rule") && is_dated(c)))
			element_remove(c);
	}
	return copy;
}

static void walk(struct almanac *a, const struct element *e)
{
	if (element_is(e, "rule") && is_dated(e)) {
		rule_add(a, e, dates_only(a, e));
		return;
	}
	for (const struct element *c = e->first; c; c = c->next)
		walk(a, c);
}

static int compare(const void *x, const void *y)
{
	const struct turn *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->nth < b->nth ? -1 : 1;
}

/* What a rule decides about: the constraint, or whatever its set of attributes belongs to. */
static const char *subject(const struct element *rule)
{
	const struct element *e = rule->parent;

	if (e && strstr(e->name, "_attributes") && e->parent && element_get(e->parent, "id"))
		return element_get(e->parent, "id");
	return e && element_get(e, "id") ? element_get(e, "id") : "?";
}

/* The zone's clock as well, where the rule names one. */
static const char *zone_in(const struct element *e)
{
	const char *zone = element_get(e, "timezone");

	for (const struct element *c = e->first; c && !zone; c = c->next)
		zone = zone_in(c);
	return zone;
}

static void turn_text(const struct cli *cli, const struct turn *t)
{
	const char *zone = zone_in(t->rule), *id = element_get(t->rule, "id");
	struct when when = { .seconds = t->at };
	char utc[WHEN_TEXT_MAX], there[WHEN_TEXT_MAX] = "";

	when_format(&when, utc);
	if (zone && !zone_offset(NULL, zone, t->at, &when.offset_s))
		when_format(&when, there);
	fprintf(cli->out, "%s  %-16s rule %s %s%s%s%s%s%s\n", utc, subject(t->rule), id ? id : "?",
		t->holds ? "begins to hold" : "holds no longer", *there ? "  (" : "", there,
		*there ? " in " : "", *there ? zone : "", *there ? ")" : "");
}

static json_t *turn_json(const struct turn *t)
{
	struct when when = { .seconds = t->at };
	char utc[WHEN_TEXT_MAX];

	when_format(&when, utc);
	return json_pack("{s:s, s:s, s:s*, s:b, s:s*}", "at", utc, "of", subject(t->rule), "rule",
		element_get(t->rule, "id"), "holds", t->holds, "timezone", zone_in(t->rule));
}

int simulate_calendar(const struct cli *cli, const struct simulation *s, unsigned n)
{
	struct almanac a = { .ids = index_new(),
		.copies = element_tree_new(),
		.most = n,
		.in = { .now = { .seconds = s->now }, .zone = zone_offset } };
	json_t *list = json_array();

	element_add(a.copies, NULL, "rules");
	index_all(a.ids, s->tree->root);
	walk(&a, s->tree->root);
	if (a.n)
		qsort(a.turns, a.n, sizeof(*a.turns), compare);
	for (size_t i = 0; i < a.n && i < n; i++) {
		if (cli_json(cli))
			json_array_append_new(list, turn_json(&a.turns[i]));
		else
			turn_text(cli, &a.turns[i]);
	}
	if (cli_json(cli)) {
		json_t *document = json_pack("{s:o}", "calendar", list);

		cli_print(cli, document);
		json_decref(document);
	} else {
		json_decref(list);
		if (!a.n)
			fprintf(cli->out, "no rule changes by time alone, as far as is known\n");
	}
	free(a.turns);
	index_free(a.ids);
	element_tree_free(a.copies);
	return CLI_OK;
}
