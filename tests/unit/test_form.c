/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/model/form.h"

static const struct form_key *key(const struct form *form, const char *name)
{
	const struct form_key *k = form->keys;

	while (k->key && strcmp(k->key, name))
		k++;
	cr_assert(k->key, "%s", name);
	return k;
}

Test(form, each_kind_says_what_it_wants)
{
	cr_assert_null(form_wants(key(&form_operation, "interval"), "10s"));
	cr_assert_null(form_wants(key(&form_operation, "interval"), "PT1M"));
	cr_assert(form_wants(key(&form_operation, "interval"), "soon"));
	cr_assert_null(form_wants(key(&form_operation, "on-fail"), "stop"));
	cr_assert_str_eq(
		form_wants(key(&form_ticket, "loss-policy"), "st"), "stop|demote|fence|freeze");
	cr_assert_null(form_wants(key(&form_order, "symmetrical"), "off"));
	cr_assert(form_wants(key(&form_order, "symmetrical"), "perhaps"));
	cr_assert_null(form_wants(key(&form_set, "score"), "-INFINITY"));
	cr_assert(form_wants(key(&form_set, "score"), "much"));
	cr_assert_null(form_wants(key(&form_date, "start"), "2026-11-30T08:00:00Z"));
	cr_assert(form_wants(key(&form_date, "start"), "tomorrow"));
	cr_assert(form_wants(key(&form_location, "location-pattern"), "a("));
	cr_assert(form_wants(key(&form_duration, "days"), "3d"));
}

Test(form, a_key_may_be_called_otherwise_than_its_attribute)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *e = element_add(tree, NULL, "rsc_colocation");
	json_t *object = json_object();

	element_set(tree, e, "id", "x");
	element_set(tree, e, "with-rsc-role", "Promoted");
	element_set(tree, e, "score", "-INFINITY");
	element_set(tree, e, "influence", "false");
	cr_assert(form_adopt(&form_colocation, e, object));
	cr_assert_str_eq(json_string_value(json_object_get(object, "with-role")), "Promoted");
	cr_assert_str_eq(json_string_value(json_object_get(object, "score")), "-INFINITY");
	cr_assert(json_is_false(json_object_get(object, "influence")));
	element_set(tree, e, "odd", "1");
	cr_assert_not(form_adopt(&form_colocation, e, object));
	json_decref(object);
}
