/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values, and the rules that say when they hold. */
#include <string.h>

#include "core/model/adopt_inside.h"

/* As people write it: what is a whole number or a truth stands without quotes. */
static json_t *plain(const char *value)
{
	char *end;
	long long n;
	owned(free) char *again = NULL;

	if (!value)
		return json_null();
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return json_boolean(!strcmp(value, "true"));
	n = strtoll(value, &end, 10);
	again = own_printf("%lld", n);
	return end != value && !*end && !strcmp(again, value) ? json_integer(n)
							      : json_string(value);
}

static json_t *values(struct adopt *a, const struct element *set)
{
	json_t *object = json_object();

	for (const struct element *nv = element_child(set, "nvpair"); nv;
		nv = element_sibling(nv, "nvpair")) {
		const struct element *of = adopt_find(a, nv);
		const char *name = element_get(nv, "name");

		if (!name)
			name = element_get(of, "name");
		if (!name)
			adopt_tell(a, nv, "a value without a name");
		else if (!json_object_get(object, name)) /* the first one counts */
			json_object_set_new(object, name, plain(element_get(of, "value")));
	}
	return object;
}

static json_t *set(struct adopt *a, const struct element *e)
{
	const struct element *rule = element_child(e, "rule");
	json_t *object = json_object();

	if (element_get(e, "score"))
		json_object_set_new(object, "score", plain(element_get(e, "score")));
	if (rule)
		json_object_set_new(object, "rule", adopt_rule(a, rule, false));
	if (rule && element_sibling(rule, "rule"))
		adopt_tell(a, rule, "a second rule of one set: only the first is looked at");
	json_object_set_new(object, "values", values(a, e));
	return object;
}

json_t *adopt_block(struct adopt *a, const struct element *parent, const char *kind)
{
	json_t *list = json_array(), *only;
	const char *id;

	for (const struct element *e = element_child(parent, kind); e;
		e = element_sibling(e, kind)) {
		const struct element *of = adopt_find(a, e);
		json_t *one = set(a, of);

		id = element_get(of, "id");
		if (id && !strcmp(id, "cib-bootstrap-options"))
			json_array_insert_new(list, 0, one);
		else
			json_array_append_new(list, one);
	}
	if (!json_array_size(list)) {
		json_decref(list);
		return NULL;
	}
	only = json_array_get(list, 0);
	if (json_array_size(list) > 1 || json_object_get(only, "rule"))
		return list;
	only = json_incref(json_object_get(only, "values"));
	json_decref(list);
	return only;
}

void adopt_block_set(struct adopt *a, json_t *object, const char *key, const struct element *parent,
	const char *kind)
{
	json_t *block = adopt_block(a, parent, kind);

	if (block)
		json_object_set_new(object, key, block);
}

/* ---- rules -------------------------------------------------------------------------------------
 */

static json_t *form_object(struct adopt *a, const struct form *form, const struct element *e)
{
	json_t *object = json_object();

	adopt_form(a, form, e, object);
	return object;
}

static json_t *date(struct adopt *a, const struct element *e)
{
	json_t *object = form_object(a, &form_date, e);
	const struct element *duration = element_child(e, "duration"),
			     *spec = element_child(e, "date_spec");

	if (!json_object_get(object, "operation"))
		json_object_set_new(object, "operation", json_string("in_range"));
	if (duration)
		json_object_set_new(object, "duration",
			form_object(a, &form_duration, adopt_find(a, duration)));
	if (spec)
		json_object_set_new(
			object, "spec", form_object(a, &form_spec, adopt_find(a, spec)));
	return json_pack("{s:o}", "date", object);
}

static json_t *expression(struct adopt *a, const struct element *e)
{
	if (element_is(e, "expression"))
		return form_object(a, &form_expression, e);
	if (element_is(e, "date_expression"))
		return date(a, e);
	if (element_is(e, "rsc_expression"))
		return json_pack("{s:o}", "resource", form_object(a, &form_agent, e));
	if (element_is(e, "op_expression"))
		return json_pack("{s:o}", "action", form_object(a, &form_action, e));
	if (element_is(e, "rule"))
		return adopt_rule(a, e, false);
	adopt_tell(a, e, "<%s> is no expression that is known", e->name);
	return NULL;
}

json_t *adopt_rule(struct adopt *a, const struct element *ref, bool scored)
{
	const struct element *e = adopt_find(a, ref);
	const char *op = element_get(e, "boolean-op");
	json_t *rule = json_object(), *list = json_array();

	form_adopt(&form_rule, e, rule);
	if (!scored) {
		json_object_del(rule, "score");
		json_object_del(rule, "score-attribute");
	} else if (!json_object_get(rule, "score") && !json_object_get(rule, "score-attribute")) {
		json_object_set_new(rule, "score", json_integer(0));
	}
	for (const struct element *x = e->first; x; x = x->next) {
		json_t *one = expression(a, x);

		if (one)
			json_array_append_new(list, one);
	}
	json_object_set_new(rule, op && !strcmp(op, "or") ? "any" : "all", list);
	return rule;
}
