/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/xml.h"
#include "core/model/nvset.h"

static const char text[] =
	"<x><meta_attributes id='one' score='5'><nvpair name='a' value='1'/>"
	"<nvpair name='b' value='1'/></meta_attributes>"
	"<meta_attributes id='two' score='9'><nvpair name='a' value='2'/></meta_attributes>"
	"<meta_attributes id='three'><nvpair name='c' value='3'/></meta_attributes>"
	"<meta_attributes id='four'><nvpair name='c' value='4'/><nvpair id-ref='p'/>"
	"</meta_attributes><meta_attributes id-ref='shared'/><other>"
	"<meta_attributes id='shared' score='-1'><attributes><nvpair name='d' value='5'/>"
	"</attributes></meta_attributes><nvpair id='p' name='e' value='6'/></other></x>";

static struct element_tree *tree;
static struct index *ids;
static struct rule_input in;

static void add(const struct element *e)
{
	if (element_get(e, "id"))
		index_set(ids, INDEX_ELEMENT, element_get(e, "id"), (void *)e);
	for (const struct element *c = e->first; c; c = c->next)
		add(c);
}

static void setup(void)
{
	char *why = NULL;
	unsigned line;

	cr_assert_eq(xml_parse(text, strlen(text), &tree, &line, &why), 0);
	ids = index_new();
	add(tree->root);
}

static void teardown(void)
{
	index_free(ids);
	element_tree_free(tree);
}

TestSuite(nvset, .init = setup, .fini = teardown);

Test(nvset, the_highest_score_wins_and_references_are_followed)
{
	struct table t = { 0 };

	nvset_read(tree, ids, tree->root, "meta_attributes", &in, NULL, false, &t, NULL);
	cr_assert_str_eq(table_get(&t, "a"), "2");
	cr_assert_str_eq(table_get(&t, "b"), "1");
	cr_assert_str_eq(table_get(&t, "c"), "4", "of equals the later one");
	cr_assert_str_eq(table_get(&t, "d"), "5");
	cr_assert_str_eq(table_get(&t, "e"), "6");
}

Test(nvset, one_may_be_first)
{
	struct table t = { 0 };

	nvset_read(tree, ids, tree->root, "meta_attributes", &in, "one", false, &t, NULL);
	cr_assert_str_eq(table_get(&t, "a"), "1");
}

Test(nvset, what_is_there_stays_unless_overwritten)
{
	struct table t = { 0 };

	table_set(tree, &t, "a", "old");
	nvset_read(tree, ids, tree->root, "meta_attributes", &in, NULL, false, &t, NULL);
	cr_assert_str_eq(table_get(&t, "a"), "old");
	nvset_read(tree, ids, tree->root, "meta_attributes", &in, NULL, true, &t, NULL);
	cr_assert_str_neq(table_get(&t, "a"), "old");
}

Test(nvset, default_takes_a_value_out)
{
	struct element *set = element_add(tree, tree->root, "meta_attributes");
	struct element *pair = element_add(tree, set, "nvpair");
	struct table t = { 0 };

	element_set(tree, set, "score", "-9");
	element_set(tree, pair, "name", "a");
	element_set(tree, pair, "value", "#default");
	nvset_read(tree, ids, tree->root, "meta_attributes", &in, NULL, false, &t, NULL);
	cr_assert_null(table_get(&t, "a"));
}

Test(nvset, a_rule_decides_about_a_set)
{
	struct element *set = element_child(tree->root, "meta_attributes");
	struct element *rule = element_add(tree, set, "rule");
	struct table t = { 0 };

	element_set(tree, rule, "boolean-op", "or");
	nvset_read(tree, ids, tree->root, "meta_attributes", &in, NULL, false, &t, NULL);
	cr_assert_null(table_get(&t, "b"));
}

Test(nvset, one_value_without_rules)
{
	const struct element *set = element_child(tree->root, "meta_attributes");

	cr_assert_str_eq(nvset_get(ids, set, "b"), "1");
	cr_assert_null(nvset_get(ids, set, "z"));
	cr_assert_null(nvset_get(ids, NULL, "b"));
}
