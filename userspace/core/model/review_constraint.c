/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constraints that contradict each other, or go in circles. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lines.h"
#include "core/model/review_inside.h"
#include "core/model/value.h"

#define NAMES_MAX 8 /* that a warning names */

static int score_of(const struct element *e, int otherwise)
{
	const char *text = element_get(e, "score");

	return text ? value_score(text, NULL) : otherwise;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* ---- pairs
 * ------------------------------------------------------------------------------------------ */

static bool starts(const struct element *e, const char *attribute)
{
	const char *action = element_get(e, attribute);

	return !action || !strcmp(action, "start");
}

static bool is_mandatory(const struct element *e)
{
	const char *kind = element_get(e, "kind");

	return kind ? !strcasecmp(kind, "Mandatory") : score_of(e, VALUE_INFINITY) > 0;
}

static void pair_add(struct review_pair **list, unsigned *n, unsigned *cap,
	const struct element *xml, const char *first, const char *then, int score)
{
	own_grow(*list, *n, *cap);
	(*list)[(*n)++] = (struct review_pair){ xml, first, then, score };
}

static int by_first(const void *x, const void *y)
{
	const struct review_pair *a = x, *b = y;

	return strcmp(a->first, b->first);
}

static int by_resource(const void *x, const void *y)
{
	const struct element *const *a = x, *const *b = y;

	return strcmp(element_get(*a, "rsc"), element_get(*b, "rsc"));
}

const struct element *const *review_locations(
	const struct review *r, const char *resource, unsigned *ret_n)
{
	unsigned low = 0, high = r->n_locations, n = 0;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (strcmp(element_get(r->locations[middle], "rsc"), resource) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < r->n_locations &&
		!strcmp(element_get(r->locations[low + n], "rsc"), resource))
		n++;
	*ret_n = n;
	return n ? r->locations + low : NULL;
}

/* The first of the pairs that begin with this one. */
static unsigned pairs_of(const struct review_pair *pairs, unsigned n, const char *first)
{
	unsigned low = 0, high = n;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (strcmp(pairs[middle].first, first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void review_pairs(struct review *r)
{
	const struct element *e;

	for (e = element_child(r->constraints, "rsc_location"); e;
		e = element_sibling(e, "rsc_location")) {
		if (!element_get(e, "rsc")) {
			r->any_pattern = true;
			continue;
		}
		own_grow(r->locations, r->n_locations, r->cap_locations);
		r->locations[r->n_locations++] = e;
	}
	if (r->n_locations)
		qsort(r->locations, r->n_locations, sizeof(*r->locations), by_resource);

	for (e = element_child(r->constraints, "rsc_order"); e; e = element_sibling(e, "rsc_order"))
		if (element_get(e, "first") && element_get(e, "then") && is_mandatory(e) &&
			starts(e, "first-action") && starts(e, "then-action"))
			pair_add(&r->orders, &r->n_orders, &r->cap_orders, e,
				element_get(e, "first"), element_get(e, "then"), VALUE_INFINITY);
	for (e = element_child(r->constraints, "rsc_colocation"); e;
		e = element_sibling(e, "rsc_colocation"))
		if (element_get(e, "rsc") && element_get(e, "with-rsc"))
			pair_add(&r->colocations, &r->n_colocations, &r->cap_colocations, e,
				element_get(e, "with-rsc"), element_get(e, "rsc"),
				score_of(e, VALUE_INFINITY));
	if (r->n_orders)
		qsort(r->orders, r->n_orders, sizeof(*r->orders), by_first);
	if (r->n_colocations)
		qsort(r->colocations, r->n_colocations, sizeof(*r->colocations), by_first);
}

/* ---- circles
 * ---------------------------------------------------------------------------------------- */

struct circle {
	struct review *r;
	const struct review_pair *pairs;
	unsigned n;
	unsigned char *state; /* of each pair: 1: on the way, 2: done */
	const char *path[32];
	unsigned depth;
	bool orders;
};

static void circle_say(struct circle *c, const struct review_pair *last)
{
	struct lines way = { 0 };
	unsigned from = c->depth;

	while (from && strcmp(c->path[from - 1], last->then))
		from--;
	for (unsigned i = from ? from - 1 : 0; i < c->depth; i++)
		lines_add(&way, "%s, ", c->path[i]);
	lines_add(&way, "%s", last->then);
	if (c->orders)
		review_warn(c->r, last->xml,
			"these orders go in a circle: %s; each waits for the one before, and none "
			"can ever be started",
			way.data);
	else
		review_warn(c->r, last->xml,
			"these colocations go in a circle: %s; where they run depends on which is "
			"placed first, and that one's own wishes count alone",
			way.data);
	free(way.data);
}

static void circle_walk(struct circle *c, const char *at)
{
	if (c->depth == sizeof(c->path) / sizeof(*c->path))
		return;
	c->path[c->depth++] = at;
	for (unsigned i = pairs_of(c->pairs, c->n, at); i < c->n && !strcmp(c->pairs[i].first, at);
		i++) {
		const struct review_pair *p = &c->pairs[i];

		if ((!c->orders && p->score < VALUE_INFINITY) || c->state[i] == 2)
			continue;
		c->state[i] = 1;
		for (unsigned k = 0; k < c->depth; k++)
			if (!strcmp(c->path[k], p->then)) {
				circle_say(c, p);
				c->state[i] = 2;
				break;
			}
		if (c->state[i] == 1)
			circle_walk(c, p->then);
		c->state[i] = 2;
	}
	c->depth--;
}

static void circles(struct review *r, const struct review_pair *pairs, unsigned n, bool orders)
{
	struct circle c = { .r = r, .pairs = pairs, .n = n, .orders = orders };

	c.state = own_alloc(n + 1);
	for (unsigned i = 0; i < n; i++)
		if (!c.state[i])
			circle_walk(&c, pairs[i].first);
	free(c.state);
}

char *review_behind(struct review *r, const char *resource, unsigned *ret_n)
{
	const char **names = own_alloc((r->n_orders + 1) * sizeof(*names));
	owned(index) struct index *seen = index_new();
	struct lines text = { 0 };
	unsigned n = 1;

	names[0] = resource;
	index_set(seen, 0, resource, (void *)resource);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = pairs_of(r->orders, r->n_orders, names[i]);
			k < r->n_orders && !strcmp(r->orders[k].first, names[i]); k++) {
			const char *then = r->orders[k].then;

			if (!index_get(seen, 0, then))
				names[n++] = then;
			index_set(seen, 0, then, (void *)then);
		}
	for (unsigned i = 1; i < n && i <= NAMES_MAX; i++)
		lines_add(&text, "%s%s", i > 1 ? ", " : "", names[i]);
	if (n > NAMES_MAX + 1)
		lines_add(&text, " and %u more", n - 1 - NAMES_MAX);
	free(names);
	*ret_n = n - 1;
	return text.data ? text.data : own_string("");
}

/* ---- contradictions
 * --------------------------------------------------------------------------------- */

static void locations(struct review *r)
{
	for (unsigned i = 0; i < r->n_locations; i++) {
		const struct element *a = r->locations[i], *const * all;
		unsigned n;

		if (!element_get(a, "node") || score_of(a, 0) < VALUE_INFINITY)
			continue;
		all = review_locations(r, element_get(a, "rsc"), &n);
		for (unsigned k = 0; k < n; k++)
			if (same(element_get(a, "node"), element_get(all[k], "node")) &&
				score_of(all[k], 0) <= -VALUE_INFINITY)
				review_warn(r, all[k],
					"'%s' says that '%s' must run on %s, and this that it must "
					"not: it will not",
					element_get(a, "id"), element_get(a, "rsc"),
					element_get(a, "node"));
	}
}

/* A role makes of one resource two that may well be apart. */
static bool has_role(const struct review_pair *p)
{
	return element_get(p->xml, "rsc-role") || element_get(p->xml, "with-rsc-role");
}

static void colocation(struct review *r, const struct review_pair *a, const char *first)
{
	for (unsigned k = pairs_of(r->colocations, r->n_colocations, first);
		k < r->n_colocations && !strcmp(r->colocations[k].first, first); k++) {
		const struct review_pair *b = &r->colocations[k];

		if (b->score <= -VALUE_INFINITY && !has_role(b) &&
			(same(b->then, a->then) || same(b->then, a->first)))
			review_warn(r, b->xml,
				"'%s' says the opposite about '%s' and '%s': they must be together "
				"and must not, so that one of them runs nowhere",
				element_get(a->xml, "id"), b->then, b->first);
	}
}

static void colocations(struct review *r)
{
	for (unsigned i = 0; i < r->n_colocations; i++) {
		const struct review_pair *a = &r->colocations[i];

		if (a->score < VALUE_INFINITY || has_role(a) || same(a->first, a->then))
			continue;
		colocation(r, a, a->first);
		colocation(r, a, a->then);
	}
}

/* The only node that a resource may be on, by one constraint; NULL: several. */
static const struct element *bound_to(const struct review *r, const char *resource)
{
	const struct element *const *all;
	unsigned n;

	all = review_locations(r, resource, &n);
	for (unsigned i = 0; i < n; i++)
		if (element_get(all[i], "node") && score_of(all[i], 0) >= VALUE_INFINITY)
			return all[i];
	return NULL;
}

static void torn(struct review *r)
{
	for (unsigned i = 0; i < r->n_colocations; i++) {
		const struct review_pair *c = &r->colocations[i];
		const struct element *a = bound_to(r, c->then), *b = bound_to(r, c->first);

		if (c->score >= VALUE_INFINITY && a && b &&
			strcmp(element_get(a, "node"), element_get(b, "node")))
			review_warn(r, c->xml,
				"'%s' must be with '%s', but '%s' wants %s and '%s' wants %s",
				c->then, c->first, element_get(a, "id"), element_get(a, "node"),
				element_get(b, "id"), element_get(b, "node"));
	}
}

static void doubles(struct review *r)
{
	for (unsigned i = 0; i < r->n_orders; i++)
		if (!strcmp(r->orders[i].first, r->orders[i].then))
			review_warn(r, r->orders[i].xml, "'%s' would wait for itself",
				r->orders[i].first);
	for (const struct element *l = element_child(r->constraints, "rsc_location"); l;
		l = element_sibling(l, "rsc_location")) {
		const char *id = element_get(l, "id");

		if (id && element_get(l, "node") &&
			(!strncmp(id, "cli-prefer-", 11) || !strncmp(id, "cli-ban-", 8)))
			review_warn(r, l,
				"'%s' is what is left of a move or a ban, and stays for ever: "
				"clear it, or let it end by itself (picket resource move --for 2h)",
				id);
	}
}

void review_constraints(struct review *r)
{
	locations(r);
	colocations(r);
	torn(r);
	doubles(r);
	circles(r, r->orders, r->n_orders, true);
	circles(r, r->colocations, r->n_colocations, false);
}
