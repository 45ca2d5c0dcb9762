/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locations, colocations, orders and tickets. */
#include <string.h>

#include "core/model/adopt_inside.h"

static json_t *sets(struct adopt *a, const struct element *e)
{
	json_t *list = json_array();

	for (const struct element *s = element_child(e, "resource_set"); s;
		s = element_sibling(s, "resource_set")) {
		const struct element *of = adopt_find(a, s);
		json_t *one = json_object(), *names = json_array();

		for (const struct element *r = element_child(of, "resource_ref"); r;
			r = element_sibling(r, "resource_ref"))
			json_array_append_new(names, json_string(element_get(r, "id")));
		json_object_set_new(one, "resources", names);
		if (element_get(of, "id"))
			json_object_set_new(one, "id", json_string(element_get(of, "id")));
		adopt_form(a, &form_set, of, one);
		json_array_append_new(list, one);
	}
	return list;
}

static void pair_or_sets(struct adopt *a, const struct element *e, json_t *object, const char *key,
	const char *first, const char *second)
{
	if (element_child(e, "resource_set"))
		json_object_set_new(object, key, sets(a, e));
	else
		json_object_set_new(object, key,
			json_pack("[s, s]", element_get(e, first) ? element_get(e, first) : "",
				element_get(e, second) ? element_get(e, second) : ""));
}

/* What is not said is 0 in a CIB, and INFINITY in the document. */
static void score(json_t *object)
{
	if (!json_object_get(object, "score"))
		json_object_set_new(object, "score", json_integer(0));
}

static void location(struct adopt *a, const struct element *e, json_t *object)
{
	const struct element *rule = element_child(e, "rule");
	json_t *rules = json_array();

	if (element_child(e, "resource_set"))
		json_object_set_new(object, "location", sets(a, e));
	adopt_form(a, &form_location, e, object);
	for (; rule; rule = element_sibling(rule, "rule"))
		json_array_append_new(rules, adopt_rule(a, rule, true));
	if (json_array_size(rules) == 1)
		json_object_set(object, "rule", json_array_get(rules, 0));
	else if (json_array_size(rules))
		json_object_set(object, "rules", rules);
	if (json_array_size(rules)) {
		json_object_del(object, "score");
		json_object_del(object, "node");
	} else {
		score(object);
	}
	json_decref(rules);
}

static void colocation(struct adopt *a, const struct element *e, json_t *object)
{
	pair_or_sets(a, e, object, "colocation", "rsc", "with-rsc");
	adopt_form(a, &form_colocation, e, object);
	score(object);
}

static void order(struct adopt *a, const struct element *e, json_t *object)
{
	pair_or_sets(a, e, object, "order", "first", "then");
	adopt_form(a, &form_order, e, object);
}

static void ticket(struct adopt *a, const struct element *e, json_t *object)
{
	adopt_form(a, &form_ticket, e, object);
	if (element_child(e, "resource_set"))
		json_object_set_new(object, "resources", sets(a, e));
}

static bool is_there(struct adopt *a, const struct element *e, const char *id)
{
	bool found = !id || json_object_get(a->resources, id) ||
		     json_object_get(json_object_get(a->root, "templates"), id) ||
		     json_object_get(json_object_get(a->root, "tags"), id);

	if (!found && json_object_get(a->devices, id))
		adopt_tell(
			a, e, "<%s>: '%s' is a fence device; no node has to start it", e->name, id);
	else if (!found)
		adopt_tell(a, e, "<%s> names '%s', which is not there", e->name, id);
	return found;
}

static bool is_node(struct adopt *a, const char *node)
{
	const char *name;
	json_t *r;

	if (json_object_get(json_object_get(a->root, "nodes"), node))
		return true;
	json_object_foreach (a->resources, name, r) {
		const char *guest = json_string_value(
			json_object_get(json_object_get(r, "meta"), "remote-node"));
		const char *type = json_string_value(json_object_get(r, "type"));

		if (guest && !strcmp(guest, node))
			return true;
		if (type && !strcmp(type, "ocf:pacemaker:remote") && !strcmp(name, node))
			return true;
	}
	return false;
}

/* One that speaks of what is not there decides nothing in a CIB, and is refused in a document. */
static bool resolves(struct adopt *a, const struct element *e)
{
	static const char *const refs[] = { "rsc", "with-rsc", "first", "then" };

	for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++)
		if (!is_there(a, e, element_get(e, refs[i])))
			return false;
	if (element_get(e, "node") && !is_node(a, element_get(e, "node"))) {
		adopt_tell(a, e, "<%s> names node '%s', which is not there", e->name,
			element_get(e, "node"));
		return false;
	}
	for (const struct element *s = element_child(e, "resource_set"); s;
		s = element_sibling(s, "resource_set"))
		for (const struct element *r = element_child(adopt_find(a, s), "resource_ref"); r;
			r = element_sibling(r, "resource_ref"))
			if (!is_there(a, e, element_get(r, "id")))
				return false;
	return true;
}

json_t *adopt_constraints(struct adopt *a)
{
	static const struct {
		const char *element;
		void (*fill)(struct adopt *a, const struct element *e, json_t *object);
	} kinds[] = { { "rsc_location", location }, { "rsc_colocation", colocation },
		{ "rsc_order", order }, { "rsc_ticket", ticket } };
	const struct element *section = element_child(a->configuration, "constraints");
	json_t *list = json_array();

	for (const struct element *e = section ? section->first : NULL; e; e = e->next) {
		json_t *object = json_object();
		size_t i = 0;

		if (element_get(e, "id"))
			json_object_set_new(object, "id", json_string(element_get(e, "id")));
		while (i < 4 && !element_is(e, kinds[i].element))
			i++;
		if (i < 4 && !resolves(a, e)) {
			json_decref(object);
		} else if (i < 4) {
			kinds[i].fill(a, e, object);
			json_array_append_new(list, object);
		} else {
			adopt_tell(a, e, "<%s> is no constraint that is known", e->name);
			json_decref(object);
		}
	}
	return list;
}
