/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values, and the rules that say when they hold. */
#include <string.h>

#include "core/model/translate_inside.h"

static void values(struct translate *t, json_t *v, const char *pointer, struct element *set)
{
	const char *name;
	json_t *value;

	json_object_foreach (v, name, value) {
		struct element *e = element_add(t->tree, set, "nvpair");
		owned(free) char *at = translate_at(pointer, name);
		const char *text = translate_text(t, value);

		if (!text && !json_is_null(value))
			translate_wrong(t, at, "%s: one value is wanted, a text or a number", name);
		translate_id(t, e, "%s-%s", element_get(set, "id"), name);
		element_set(t->tree, e, "name", element_string(t->tree, name, strlen(name)));
		element_set(t->tree, e, "value", text);
	}
}

static void block_known(struct translate *t, json_t *v, const char *pointer)
{
	static const char *const keys[] = { "id", "score", "rule", "values" };
	const char *key;
	json_t *value;

	json_object_foreach (v, key, value) {
		owned(free) char *at = translate_at(pointer, key);
		bool known = false;

		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			known |= !strcmp(keys[i], key);
		if (!known)
			translate_wrong(t, at,
				"unknown key '%s'; known here: id, score, rule, values", key);
	}
}

static void block(struct translate *t, json_t *v, const char *pointer, struct element *parent,
	const char *element, const char *id)
{
	static const struct form_key score_key = { "score", NULL, FORM_SCORE };
	owned(free) char *at_rule = translate_at(pointer, "rule");
	owned(free) char *at_values = translate_at(pointer, "values");
	owned(free) char *at_score = translate_at(pointer, "score");
	struct element *set = element_add(t->tree, parent, element);
	const char *own = json_string_value(json_object_get(v, "id"));
	const char *score = translate_text(t, json_object_get(v, "score"));

	block_known(t, v, pointer);
	translate_id(t, set, "%s", own ? own : id);
	if (score && form_wants(&score_key, score))
		translate_wrong(t, at_score, "score '%s' is wrong; wanted is %s", score,
			form_wants(&score_key, score));
	element_set(t->tree, set, "score", score);
	if (json_object_get(v, "rule"))
		translate_rule(t, json_object_get(v, "rule"), at_rule, set, element_get(set, "id"));
	if (!json_is_object(json_object_get(v, "values")))
		translate_wrong(t, at_values, "values: a mapping is wanted, names and values");
	else
		values(t, json_object_get(v, "values"), at_values, set);
}

void translate_block(struct translate *t, json_t *v, const char *pointer, struct element *parent,
	const char *element, const char *id)
{
	struct element *set;
	json_t *item;
	size_t i;

	if (!v || json_is_null(v))
		return;
	if (json_is_object(v)) {
		set = element_add(t->tree, parent, element);
		translate_id(t, set, "%s", id);
		values(t, v, pointer, set);
		return;
	}
	if (!json_is_array(v)) {
		translate_wrong(t, pointer,
			"a mapping of names and values is wanted, or a list of {rule, values}");
		return;
	}
	json_array_foreach (v, i, item) {
		owned(free) char *at = translate_at_index(pointer, i);

		if (translate_is_mapping(t, item, at))
			block(t, item, at, parent, element, id);
	}
}

/* ---- rules -------------------------------------------------------------------------------------
 */

static void date(struct translate *t, json_t *v, const char *pointer, struct element *rule)
{
	static const struct {
		const char *key;
		const struct form *form;
	} parts[] = { { "duration", &form_duration }, { "spec", &form_spec } };
	const char *operation = json_string_value(json_object_get(v, "operation"));
	struct element *e = element_add(t->tree, rule, "date_expression");

	translate_id(t, e, "%s-date", element_get(rule, "id"));
	translate_form(t, &form_date, v, pointer, e);
	for (size_t i = 0; i < 2; i++) {
		owned(free) char *at = translate_at(pointer, parts[i].key);
		json_t *part = json_object_get(v, parts[i].key);
		struct element *p;

		if (!part || !translate_is_mapping(t, part, at))
			continue;
		p = element_add(t->tree, e, parts[i].form->element);
		translate_id(t, p, "%s-%s", element_get(e, "id"), parts[i].key);
		translate_form(t, parts[i].form, part, at, p);
	}
	if (operation && !strcmp(operation, "date_spec") && !json_object_get(v, "spec"))
		translate_wrong(t, pointer,
			"operation date_spec needs a spec, as in spec: {hours: "
			"\"8-16\"}");
	if (operation && !strcmp(operation, "lt") && !json_object_get(v, "end"))
		translate_wrong(t, pointer, "operation lt needs an end");
	if (operation && !strcmp(operation, "gt") && !json_object_get(v, "start"))
		translate_wrong(t, pointer, "operation gt needs a start");
	if (operation && !strcmp(operation, "in_range") && !json_object_get(v, "start") &&
		!json_object_get(v, "end"))
		translate_wrong(t, pointer, "operation in_range needs a start or an end");
}

static void simple(struct translate *t, const struct form *form, json_t *v, const char *pointer,
	struct element *rule)
{
	struct element *e = element_add(t->tree, rule, form->element);
	const char *operation = json_string_value(json_object_get(v, "operation"));

	translate_id(t, e, "%s-expression", element_get(rule, "id"));
	translate_form(t, form, v, pointer, e);
	if (form == &form_expression && operation && !strstr(operation, "defined") &&
		!json_object_get(v, "value"))
		translate_wrong(t, pointer, "operation %s needs a value", operation);
}

static void expression(struct translate *t, json_t *v, const char *pointer, struct element *rule)
{
	static const struct {
		const char *key;
		const struct form *form;
	} kinds[] = { { "date", NULL }, { "resource", &form_agent }, { "action", &form_action } };

	if (!translate_is_mapping(t, v, pointer))
		return;
	if (json_object_get(v, "attribute")) {
		simple(t, &form_expression, v, pointer, rule);
		return;
	}
	if (json_object_get(v, "all") || json_object_get(v, "any")) {
		translate_rule(t, v, pointer, rule, element_get(rule, "id"));
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		owned(free) char *at = translate_at(pointer, kinds[i].key);
		json_t *part = json_object_get(v, kinds[i].key);

		if (!part)
			continue;
		if (json_object_size(v) > 1)
			translate_wrong(
				t, pointer, "'%s' stands alone in an expression", kinds[i].key);
		if (translate_is_mapping(t, part, at) && kinds[i].form)
			simple(t, kinds[i].form, part, at, rule);
		else if (json_is_object(part))
			date(t, part, at, rule);
		return;
	}
	translate_wrong(t, pointer,
		"an expression is {attribute, operation, value}, {date: ...}, "
		"{resource: ...}, {action: ...}, {all: [...]} or {any: [...]}");
}

void translate_rule(
	struct translate *t, json_t *v, const char *pointer, struct element *parent, const char *id)
{
	json_t *any = json_object_get(v, "any"), *list = any ? any : json_object_get(v, "all"), *x;
	const char *own = json_string_value(json_object_get(v, "id"));
	owned(free) char *at = translate_at(pointer, any ? "any" : "all");
	struct element *e;
	size_t i;

	if (!json_is_object(v) || !json_array_size(list) || (any && json_object_get(v, "all"))) {
		translate_wrong(t, pointer,
			"a rule has a list of expressions that all must hold, or one of any: "
			"rule: {all: [{attribute: x, operation: eq, value: y}]}");
		return;
	}
	e = element_add(t->tree, parent, "rule");
	translate_id(t, e, "%s", own ? own : element_printf(t->tree, "%s-rule", id));
	element_set(t->tree, e, "boolean-op", any ? "or" : "and");
	translate_form(t, &form_rule, v, pointer, e);
	/* Every rule has a score there, even where nothing asks for it. */
	if (!element_get(e, "score") && !element_get(e, "score-attribute") &&
		!element_is(parent, "rsc_location"))
		element_set(t->tree, e, "score", "INFINITY");
	json_array_foreach (list, i, x) {
		owned(free) char *where = translate_at_index(at, i);

		expression(t, x, where, e);
	}
}
