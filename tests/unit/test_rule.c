/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/xml.h"
#include "core/model/rule.h"

struct world {
	struct element_tree *tree;
	struct index *ids;
	struct table attributes, params;
	struct rule_input in;
};

static const struct when utc = { 0 };

static struct world world(const char *xml, const char *at)
{
	struct world w = { .ids = index_new() };
	char *why = NULL;
	unsigned line;

	cr_assert_eq(xml_parse(xml, strlen(xml), &w.tree, &line, &why), 0, "%s", why);
	for (const struct element *e = w.tree->root->first; e; e = e->next)
		if (element_get(e, "id"))
			index_set(w.ids, INDEX_ELEMENT, element_get(e, "id"), (void *)e);
	cr_assert_eq(when_parse(at, &utc, &w.in.now), 0);
	return w;
}

static void done(struct world *w)
{
	index_free(w->ids);
	element_tree_free(w->tree);
}

/* body: what is inside one <rule>; attributes of the node: pairs until NULL. */
static bool holds(const char *rule, const char *at, int64_t *next, const char *const pairs[])
{
	char *xml = own_printf("<x>%s</x>", rule);
	struct world w = world(xml, at);
	int64_t change = 0;
	bool passes;

	for (; pairs && *pairs; pairs += 2)
		table_set(w.tree, &w.attributes, pairs[0], pairs[1]);
	w.in.node_attributes = &w.attributes;
	passes = rule_passes(w.ids, w.tree->root->first, &w.in, &change);
	if (next)
		*next = change;
	done(&w);
	free(xml);
	return passes;
}

#define NOW "2026-11-29T17:00:00Z"
#define EXPR(rest) "<rule><expression id='e' " rest "/></rule>"

Test(rule, attributes_are_compared_by_type)
{
	static const char *const attrs[] = { "a", "10", "v", "1.10", "s", "Red", NULL };
	static const struct {
		const char *rule;
		bool holds;
	} cases[] = {
		{ EXPR("attribute='a' operation='eq' value='10'"), true },
		{ EXPR("attribute='a' operation='ne' value='10'"), false },
		{ EXPR("attribute='a' operation='lt' value='9'"), false },
		{ EXPR("attribute='a' operation='lt' value='9' type='string'"), true },
		{ EXPR("attribute='a' operation='gte' value='10'"), true },
		{ EXPR("attribute='a' operation='lt' value='10.5'"), true },
		{ EXPR("attribute='v' operation='gt' value='1.9' type='version'"), true },
		{ EXPR("attribute='v' operation='gt' value='1.9' type='number'"), false },
		{ EXPR("attribute='s' operation='eq' value='red'"), true },
		{ EXPR("attribute='s' operation='defined'"), true },
		{ EXPR("attribute='none' operation='defined'"), false },
		{ EXPR("attribute='none' operation='not_defined'"), true },
		{ EXPR("attribute='none' operation='ne' value='1'"), true },
		{ EXPR("attribute='none' operation='lt' value='1'"), false },
		{ EXPR("attribute='a' operation='resembles' value='10'"), false },
		{ EXPR("operation='eq' value='10'"), false },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_assert_eq(holds(cases[i].rule, NOW, NULL, attrs), cases[i].holds, "%s",
			cases[i].rule);
}

Test(rule, parts_are_joined_and_nested)
{
	static const char *const attrs[] = { "a", "1", NULL };
	const char *yes = "<expression attribute='a' operation='eq' value='1'/>";
	const char *no = "<expression attribute='a' operation='eq' value='2'/>";
	owned(free) char *and = own_printf("<rule>%s%s</rule>", yes, no);
	owned(free) char * or = own_printf("<rule boolean-op='or'>%s%s</rule>", no, yes);
	owned(free) char *nested =
		own_printf("<rule>%s<rule boolean-op='or'>%s%s</rule></rule>", yes, no, yes);
	owned(free) char *none = own_printf("<rule boolean-op='or'>%s</rule>", no);

	cr_assert_not(holds(and, NOW, NULL, attrs));
	cr_assert(holds(or, NOW, NULL, attrs));
	cr_assert(holds(nested, NOW, NULL, attrs));
	cr_assert_not(holds(none, NOW, NULL, attrs));
}

Test(rule, a_reference_is_followed_and_a_ring_ends)
{
	struct world w = world("<x><rule id='a'><expression attribute='q' "
			       "operation='not_defined'/></rule><rule id-ref='a'/>"
			       "<rule id='r' boolean-op='or'><rule id-ref='r'/><rule id-ref='r'/>"
			       "</rule><rule id-ref='gone'/></x>",
		NOW);
	const struct element *e = w.tree->root->first->next;

	cr_assert(rule_passes(w.ids, e, &w.in, NULL));
	cr_assert_not(rule_passes(w.ids, e->next, &w.in, NULL));
	cr_assert_not(rule_passes(w.ids, e->next->next, &w.in, NULL));
	done(&w);
}

Test(rule, the_end_of_a_range_is_still_inside)
{
	const char *range = "<rule><date_expression operation='in_range' "
			    "start='2026-11-29T17:00:00Z' end='2026-11-29T18:00:00Z'/></rule>";
	int64_t next;

	cr_assert_not(holds(range, "2026-11-29T16:59:59Z", &next, NULL));
	cr_assert_eq(next, 1795971600);
	cr_assert(holds(range, "2026-11-29T17:00:00Z", &next, NULL));
	cr_assert_eq(next, 1795975201);
	cr_assert(holds(range, "2026-11-29T18:00:00Z", NULL, NULL));
	cr_assert_not(holds(range, "2026-11-29T18:00:01Z", &next, NULL));
	cr_assert_eq(next, 0);
}

Test(rule, a_duration_ends_a_range)
{
	const char *range = "<rule><date_expression start='2026-11-29T17:00:00Z'>"
			    "<duration hours='1' minutes='30'/></date_expression></rule>";

	cr_assert(holds(range, "2026-11-29T18:30:00Z", NULL, NULL));
	cr_assert_not(holds(range, "2026-11-29T18:30:01Z", NULL, NULL));
}

Test(rule, before_and_after)
{
	const char *lt =
		"<rule><date_expression operation='lt' end='2026-11-29T17:00:00Z'/></rule>";
	const char *gt = "<rule><date_expression operation='gt' start='2026-11-29T17:00:00Z'/>"
			 "</rule>";
	int64_t next;

	cr_assert(holds(lt, "2026-11-29T16:59:59Z", &next, NULL));
	cr_assert_eq(next, 1795971600);
	cr_assert_not(holds(lt, "2026-11-29T17:00:00Z", NULL, NULL));
	cr_assert_not(holds(gt, "2026-11-29T17:00:00Z", &next, NULL));
	cr_assert_eq(next, 1795971601);
	cr_assert(holds(gt, "2026-11-29T17:00:01Z", NULL, NULL));
}

#define SPEC(fields)                                                                               \
	"<rule><date_expression operation='date_spec'><date_spec " fields "/></date_expression>"   \
	"</rule>"

Test(rule, office_hours)
{
	const char *office = SPEC("hours='9-16' weekdays='1-5'");
	int64_t next;

	/* 2026-11-29 is a Sunday. */
	cr_assert_not(holds(office, "2026-11-29T10:00:00Z", &next, NULL));
	cr_assert_eq(next, 1795971600 - 17 * 3600 + 86400 + 9 * 3600, "Monday at nine");
	cr_assert(holds(office, "2026-11-30T16:59:59Z", &next, NULL));
	cr_assert_eq(next, 1795971600 + 86400, "Monday at five in the evening");
	cr_assert_not(holds(office, "2026-11-30T17:00:00Z", NULL, NULL));
}

Test(rule, every_field_of_a_date_spec)
{
	cr_assert(holds(SPEC("years='2026' months='11' monthdays='29' hours='17' minutes='0' "
			     "seconds='0' yeardays='333' weekyears='2026' weeks='48' "
			     "weekdays='7'"),
		NOW, NULL, NULL));
	cr_assert_not(holds(SPEC("years='2027-'"), NOW, NULL, NULL));
	cr_assert_not(holds(SPEC("months='12'"), NOW, NULL, NULL));
	cr_assert_not(holds(SPEC("weeks='47'"), NOW, NULL, NULL));
	cr_assert_not(holds(SPEC("seconds='1-59'"), NOW, NULL, NULL));
	cr_assert(holds(SPEC("moon='0-7'"), NOW, NULL, NULL));
	cr_assert_not(holds(SPEC("hours='nine'"), NOW, NULL, NULL));
}

/* A zone of its own: one hour ahead until a certain instant, two after it. */
static int zone(void *ctx, const char *name, int64_t utc_s, int32_t *ret_offset_s)
{
	if (strcmp(name, "Test/Zone"))
		return -ENOENT;
	*ret_offset_s = utc_s < *(int64_t *)ctx ? 3600 : 7200;
	return 0;
}

Test(rule, a_zone_moves_the_hours)
{
	struct world w = world("<x><rule><date_expression operation='date_spec' "
			       "timezone='Test/Zone'><date_spec hours='9-16'/></date_expression>"
			       "</rule><rule><date_expression operation='gt' timezone='No/Where' "
			       "start='2020-01-01'/></rule></x>",
		"2026-11-29T08:30:00Z");
	int64_t change = 1795971600 /* 17:00Z */, when[3];
	const struct element *rule = w.tree->root->first;
	bool passes[3];
	unsigned n;

	cr_assert_not(rule_passes(w.ids, rule, &w.in, NULL), "without zones none holds");
	w.in.zone = zone;
	w.in.zone_ctx = &change;
	cr_assert(rule_passes(w.ids, rule, &w.in, NULL));
	n = rule_preview(w.ids, rule, &w.in, 3, when, passes);
	cr_assert_eq(n, 3);
	cr_assert_eq(when[0], 1795968000, "16:00Z is 17:00 there");
	cr_assert_not(passes[0]);
	cr_assert_eq(when[1], 1795971600 + 14 * 3600, "next day's 9:00 is 7:00Z by then");
	cr_assert(passes[1]);
	cr_assert_not(rule_passes(w.ids, rule->next, &w.in, NULL));
	done(&w);
}

Test(rule, resources_and_operations)
{
	struct world w = world(
		"<x><rule><rsc_expression class='ocf' provider='heartbeat' type='IPaddr2'/></rule>"
		"<rule><rsc_expression class='ocf'/></rule>"
		"<rule><op_expression name='monitor' interval='10s'/></rule></x>",
		NOW);
	const struct element *r = w.tree->root->first;

	cr_assert_not(rule_passes(w.ids, r, &w.in, NULL));
	w.in.rsc_standard = "ocf";
	w.in.rsc_provider = "heartbeat";
	w.in.rsc_type = "IPaddr2";
	cr_assert(rule_passes(w.ids, r, &w.in, NULL));
	cr_assert_not(rule_passes(w.ids, r->next, &w.in, NULL));
	w.in.op_name = "monitor";
	w.in.op_interval_ms = 10000;
	cr_assert(rule_passes(w.ids, r->next->next, &w.in, NULL));
	w.in.op_interval_ms = 11000;
	cr_assert_not(rule_passes(w.ids, r->next->next, &w.in, NULL));
	done(&w);
}

Test(rule, values_come_from_parameters_and_names_from_patterns)
{
	struct world w =
		world("<x><rule><expression attribute='x' operation='eq' value='p' "
		      "value-source='param'/></rule>"
		      "<rule><expression attribute='on-%1' operation='defined'/></rule></x>",
			NOW);
	const regmatch_t matches[] = { { 0, 5 }, { 3, 5 } };

	table_set(w.tree, &w.attributes, "x", "secret");
	table_set(w.tree, &w.attributes, "on-42", "");
	table_set(w.tree, &w.params, "p", "secret");
	w.in.node_attributes = &w.attributes;
	cr_assert_not(rule_passes(w.ids, w.tree->root->first, &w.in, NULL));
	w.in.rsc_params = &w.params;
	cr_assert(rule_passes(w.ids, w.tree->root->first, &w.in, NULL));
	w.in.match_text = "rsc42";
	w.in.matches = matches;
	w.in.n_matches = 2;
	cr_assert(rule_passes(w.ids, w.tree->root->last, &w.in, NULL));
	done(&w);
}

Test(rule, a_holder_without_rules_counts)
{
	struct world w = world("<x><s/><s><rule boolean-op='or'/></s></x>", NOW);

	cr_assert(rule_set_passes(w.ids, w.tree->root->first, &w.in, NULL));
	cr_assert_not(rule_set_passes(w.ids, w.tree->root->last, &w.in, NULL));
	done(&w);
}
