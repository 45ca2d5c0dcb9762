/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locations, colocations, orders and tickets. */
#include <stdio.h>
#include <string.h>

#include "core/model/translate_inside.h"

static bool resource_known(struct translate *t, const json_t *v, const char *pointer)
{
	const char *name = json_string_value(v);

	if (name && json_object_get(t->names, name))
		return true;
	translate_wrong(t, pointer, "no resource '%s'", name ? name : "?");
	return false;
}

/* ---- sets --------------------------------------------------------------------------------------
 */

static void set(struct translate *t, json_t *v, const char *pointer, struct element *parent)
{
	owned(free) char *at = translate_at(pointer, "resources");
	json_t *list = json_object_get(v, "resources"), *one;
	const char *own = json_string_value(json_object_get(v, "id"));
	struct element *e = element_add(t->tree, parent, "resource_set");
	size_t i;

	if (own)
		translate_id(t, e, "%s", own);
	else
		translate_id(t, e, "%s-set", element_get(parent, "id"));
	translate_form(t, &form_set, v, pointer, e);
	if (list && !json_array_size(list))
		translate_wrong(t, at, "a set has a list of resources");
	json_array_foreach (list, i, one) {
		owned(free) char *where = translate_at_index(at, i);

		if (resource_known(t, one, where))
			element_set(t->tree, element_add(t->tree, e, "resource_ref"), "id",
				json_string_value(one));
	}
}

static void sets(struct translate *t, json_t *list, const char *pointer, struct element *parent)
{
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		owned(free) char *at = translate_at_index(pointer, i);

		if (translate_is_mapping(t, v, at))
			set(t, v, at, parent);
	}
}

/* Two names; or sets, each a mapping. */
static void pair_or_sets(struct translate *t, json_t *v, const char *pointer, struct element *e,
	const char *first, const char *second)
{
	owned(free) char *at_first = translate_at_index(pointer, 0);
	owned(free) char *at_second = translate_at_index(pointer, 1);

	if (json_is_object(json_array_get(v, 0))) {
		sets(t, v, pointer, e);
		return;
	}
	if (json_array_size(v) != 2) {
		translate_wrong(t, pointer,
			"two resources are wanted, as in [vip, web], or sets, "
			"as in [{resources: [a, b]}, {resources: [c]}]");
		return;
	}
	if (resource_known(t, json_array_get(v, 0), at_first))
		element_set(t->tree, e, first, json_string_value(json_array_get(v, 0)));
	if (resource_known(t, json_array_get(v, 1), at_second))
		element_set(t->tree, e, second, json_string_value(json_array_get(v, 1)));
}

/* ---- location ----------------------------------------------------------------------------------
 */

/* A preference that ends by itself is a rule: this node, and only before then. */
static void expiring(struct translate *t, struct element *e, const char *until)
{
	struct element *rule = element_add(t->tree, e, "rule"), *x;
	const char *id = element_get(e, "id");

	translate_id(t, rule, "%s-until", id);
	element_set(t->tree, rule, "boolean-op", "and");
	element_set(t->tree, rule, "score", element_get(e, "score"));
	x = element_add(t->tree, rule, "expression");
	translate_id(t, x, "%s-node", id);
	element_set(t->tree, x, "attribute", "#uname");
	element_set(t->tree, x, "operation", "eq");
	element_set(t->tree, x, "value", element_get(e, "node"));
	x = element_add(t->tree, rule, "date_expression");
	translate_id(t, x, "%s-before", id);
	element_set(t->tree, x, "operation", "lt");
	element_set(t->tree, x, "end", until);
	element_unset(t->tree, e, "node");
	element_unset(t->tree, e, "score");
}

static void location_rules(struct translate *t, json_t *v, const char *pointer, struct element *e)
{
	owned(free) char *at = translate_at(pointer, "rule");
	owned(free) char *at_rules = translate_at(pointer, "rules");
	json_t *rule = json_object_get(v, "rule"), *rules = json_object_get(v, "rules"), *r;
	size_t i;

	if (rule)
		translate_rule(t, rule, at, e, element_get(e, "id"));
	if (rules && translate_is_list(t, rules, at_rules))
		json_array_foreach (rules, i, r) {
			owned(free) char *where = translate_at_index(at_rules, i);

			translate_rule(t, r, where, e, element_get(e, "id"));
		}
	for (struct element *x = element_child(e, "rule"); x; x = element_sibling(x, "rule"))
		if (!element_get(x, "score") && !element_get(x, "score-attribute"))
			element_set(t->tree, x, "score",
				element_get(e, "score") ? element_get(e, "score") : "INFINITY");
	element_unset(t->tree, e, "score");
	if (element_get(e, "node"))
		translate_wrong(t, pointer, "a node or a rule, not both");
}

static void location(struct translate *t, json_t *v, const char *pointer, struct element *e)
{
	static const struct form_key moment = { "expires", NULL, FORM_MOMENT };
	owned(free) char *at = translate_at(pointer, "location");
	owned(free) char *at_expires = translate_at(pointer, "expires");
	const char *expires = json_string_value(json_object_get(v, "expires"));
	json_t *what = json_object_get(v, "location");
	bool ruled = json_object_get(v, "rule") || json_object_get(v, "rules");

	if (json_is_array(what))
		sets(t, what, at, e);
	else if (what && resource_known(t, what, at))
		element_set(t->tree, e, "rsc", json_string_value(what));
	if (ruled) {
		location_rules(t, v, pointer, e);
	} else if (!element_get(e, "node")) {
		translate_wrong(t, pointer, "a node or a rule is missing");
	} else if (!element_get(e, "score")) {
		element_set(t->tree, e, "score", "INFINITY");
	}
	if (json_object_get(v, "expires") && (!expires || form_wants(&moment, expires)))
		translate_wrong(t, at_expires, "expires: %s is wanted",
			form_wants(&moment, "") ? form_wants(&moment, "") : "a date");
	else if (expires && !ruled && element_get(e, "node"))
		expiring(t, e, expires);
	else if (expires)
		translate_wrong(t, at_expires,
			"expires goes with a node; a rule says by itself "
			"until when it holds");
}

/* ---- the others --------------------------------------------------------------------------------
 */

static void colocation(struct translate *t, json_t *v, const char *pointer, struct element *e)
{
	owned(free) char *at = translate_at(pointer, "colocation");

	pair_or_sets(t, json_object_get(v, "colocation"), at, e, "rsc", "with-rsc");
	if (!element_get(e, "score"))
		element_set(t->tree, e, "score", "INFINITY");
}

static void order(struct translate *t, json_t *v, const char *pointer, struct element *e)
{
	owned(free) char *at = translate_at(pointer, "order");

	pair_or_sets(t, json_object_get(v, "order"), at, e, "first", "then");
}

static void ticket(struct translate *t, json_t *v, const char *pointer, struct element *e)
{
	owned(free) char *at = translate_at(pointer, "resources");
	json_t *list = json_object_get(v, "resources");

	if (list && translate_is_list(t, list, at))
		sets(t, list, at, e);
	if (!list && !element_get(e, "rsc"))
		translate_wrong(t, pointer, "ticket: which resource, or resources: [sets]");
}

static const struct {
	const char *key;
	const struct form *form;
	void (*fill)(struct translate *t, json_t *v, const char *pointer, struct element *e);
} kinds[] = {
	{ "location", &form_location, location },
	{ "location-pattern", &form_location, location },
	{ "colocation", &form_colocation, colocation },
	{ "order", &form_order, order },
	{ "ticket", &form_ticket, ticket },
};

static void name_it(struct translate *t, json_t *v, const char *key, size_t i, struct element *e)
{
	json_t *what = json_object_get(v, key);
	const char *id = json_string_value(json_object_get(v, "id"));
	const char *a = json_string_value(what);

	if (!a)
		a = json_string_value(json_array_get(what, 0));
	if (id)
		translate_id(t, e, "%s", id);
	else
		translate_id(t, e, "%s-%s-%zu", key, a ? a : "set", i);
}

static void constraint(
	struct translate *t, json_t *v, const char *pointer, size_t i, struct element *parent)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct element *e;

		if (!json_object_get(v, kinds[k].key))
			continue;
		e = element_add(t->tree, parent, kinds[k].form->element);
		name_it(t, v, kinds[k].key, i, e);
		translate_place(t, e, pointer);
		translate_form(t, kinds[k].form, v, pointer, e);
		kinds[k].fill(t, v, pointer, e);
		return;
	}
	translate_wrong(
		t, pointer, "a constraint is a location, a colocation, an order or a ticket");
}

void translate_constraints(struct translate *t, struct element *parent)
{
	json_t *list = json_object_get(t->root, "constraints"), *v;
	size_t i;

	if (!list || !translate_is_list(t, list, "/constraints"))
		return;
	json_array_foreach (list, i, v) {
		owned(free) char *at = translate_at_index("/constraints", i);

		if (translate_is_mapping(t, v, at))
			constraint(t, v, at, i, parent);
	}
}
