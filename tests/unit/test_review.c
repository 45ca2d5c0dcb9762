/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "core/model/review.h"

#include "cib.h"

static struct problems problems;

static int no_zone(void *ctx, const char *zone, int64_t utc_s, int32_t *ret)
{
	*ret = 0;
	return strcmp(zone, "Europe/Berlin") ? -ENOENT : 0;
}

static int review(const char *const *properties, const char *resources, const char *constraints)
{
	struct review_options options = {
		.name = "a.xml", .references = true, .now_s = CIB_NOW, .zone = no_zone
	};
	struct cib c = cib_new(properties, resources, constraints, "");
	int r;

	problems_done(&problems);
	problems = (struct problems){ 0 };
	r = review_configuration(c.tree->root, &options, &problems);
	element_tree_free(c.tree);
	return r;
}

static bool says(bool warning, const char *part)
{
	for (size_t i = 0; i < problems.n; i++)
		if (problems.items[i].warning == warning && strstr(problems.items[i].text, part))
			return true;
	return false;
}

#define CLONE(id)                                                                                  \
	"<clone id='" id "'><primitive id='" id "p' class='ocf' provider='x' type='y'/></clone>"
#define META(name, value)                                                                          \
	"<meta_attributes id='m" name "'><nvpair id='n" name "' name='" name "' value='" value     \
	"'/></meta_attributes>"
#define WITH(id, more)                                                                             \
	"<primitive id='" id "' class='ocf' provider='x' type='y'>" more "</primitive>"
#define LOCATION(id, rsc, node, score)                                                             \
	"<rsc_location id='" id "' rsc='" rsc "' node='" node "' score='" score "'/>"
#define ORDER(id, a, b) "<rsc_order id='" id "' first='" a "' then='" b "'/>"
#define TOGETHER(id, a, b, score)                                                                  \
	"<rsc_colocation id='" id "' rsc='" a "' with-rsc='" b "' score='" score "'/>"

Test(review, what_is_well_has_nothing_said_of_it)
{
	cr_assert_eq(review(NULL, CIB_DUMMY("a") CIB_DUMMY("b") CLONE("c"),
			     LOCATION("l", "a", "n1", "100") ORDER("o", "a", "b")
				     TOGETHER("w", "b", "a", "INFINITY") ORDER("p", "c", "a")),
		0);
	cr_assert_eq(problems.n, 0, "%s", problems.n ? problems.items[0].text : "");
}

Test(review, what_is_not_there_is_refused)
{
	cr_assert_eq(review(NULL, CIB_DUMMY("a") "<primitive id='t' template='none'/>",
			     LOCATION("l1", "zz", "n1", "1") LOCATION("l2", "a", "n9", "1")
				     ORDER("o", "a", "yy") TOGETHER("w", "xx", "a",
					     "1") "<rsc_location id='l3' rsc='a'><rule "
						  "id-ref='ww'/></rsc_location>"),
		-EINVAL);
	cr_assert_eq(problems.errors, 6);
	cr_assert(says(false, "no resource 'zz'") && says(false, "no node 'n9'"));
	cr_assert(says(false, "no resource 'yy'") && says(false, "no resource 'xx'"));
	cr_assert(says(false, "no template 'none'") && says(false, "id 'ww'"));
	cr_assert(strstr(problems.items[0].where, "a.xml:"));
}

Test(review, contradictions)
{
	cr_assert_eq(review(NULL, CIB_DUMMY("a") CIB_DUMMY("b") CIB_DUMMY("c"),
			     LOCATION("l1", "a", "n1", "INFINITY") LOCATION("l2", "a", "n1",
				     "-INFINITY") LOCATION("l3", "b", "n1", "INFINITY")
				     LOCATION("l4", "c", "n2", "INFINITY") TOGETHER("w1", "b", "c",
					     "INFINITY") TOGETHER("w2", "a", "b", "INFINITY")
					     TOGETHER("w3", "b", "a", "-INFINITY")),
		0);
	cr_assert(says(true, "'l1' says that 'a' must run on n1"));
	cr_assert(says(true, "'w2' says the opposite"));
	cr_assert(says(true, "'b' must be with 'c', but 'l3' wants n1 and 'l4' wants n2"));
}

Test(review, circles)
{
	review(NULL, CIB_DUMMY("a") CIB_DUMMY("b") CIB_DUMMY("c"),
		ORDER("o1", "a", "b") ORDER("o2", "b", "c") ORDER("o3", "c", "a"));
	cr_assert_eq(problems.n, 1);
	cr_assert(says(true, "these orders go in a circle: a, b, c, a"));
	review(NULL, CIB_DUMMY("a") CIB_DUMMY("b"),
		TOGETHER("w1", "a", "b", "INFINITY") TOGETHER("w2", "b", "a", "INFINITY"));
	cr_assert(says(true, "these colocations go in a circle"));
	review(NULL, CIB_DUMMY("a") CIB_DUMMY("b"),
		TOGETHER("w1", "a", "b", "10") TOGETHER("w2", "b", "a", "INFINITY"));
	cr_assert_eq(problems.n, 0);
}

Test(review, the_blast_radius_of_a_clone_that_does_not_interleave)
{
	review(NULL, CLONE("c") CLONE("d") CIB_DUMMY("a") CIB_DUMMY("b"),
		ORDER("o1", "c", "d") ORDER("o2", "d", "a") ORDER("o3", "a", "b"));
	cr_assert(says(true, "'d' does not interleave"));
	cr_assert(says(true, "what waits for them (a, b)"));
}

Test(review, what_runs_nowhere_and_what_never_comes_back)
{
	static const char *const opt_in[] = { "symmetric-cluster", "false", NULL };

	review(NULL, CIB_DUMMY("a"),
		LOCATION("l1", "a", "n1", "-INFINITY") LOCATION("l2", "a", "n2", "-INFINITY"));
	cr_assert(says(true, "'a' can run nowhere: it is kept from every node"));
	review(opt_in, CIB_DUMMY("a") CIB_DUMMY("b"), LOCATION("l1", "b", "n1", "1"));
	cr_assert_eq(problems.n, 1);
	cr_assert(says(true, "'a' can run nowhere: symmetric-cluster"));
	review(NULL, WITH("a", META("resource-stickiness", "INFINITY")),
		LOCATION("l1", "a", "n1", "100"));
	cr_assert(says(true, "never brings it back"));
	review(NULL, WITH("a", META("migration-threshold", "3")), "");
	cr_assert(says(true, "they never age"));
	review(NULL, WITH("a", META("migration-threshold", "3") META("failure-timeout", "60s")),
		"");
	cr_assert_eq(problems.n, 0);
}

Test(review, dangerous_properties)
{
	static const char *const bold[] = { "stonith-enabled", "false", "no-quorum-policy",
		"ignore", NULL };

	review(bold, CIB_DUMMY("a"), "");
	cr_assert(
		says(true, "stonith-enabled is false") && says(true, "no-quorum-policy is ignore"));
}

Test(review, clones_that_cannot_be)
{
	review(NULL,
		"<clone id='c'>" META("clone-max", "9") META("promoted-max",
			"12") "<primitive id='p' class='ocf' provider='x' type='y'/></clone>",
		"");
	cr_assert(says(true, "wants 9 instances") && says(true, "12 promoted"));
}

Test(review, time_that_is_over_and_zones_that_are_not)
{
	cr_assert_eq(review(NULL, CIB_DUMMY("a"),
			     "<rsc_location id='l' rsc='a'><rule id='r' score='1'>"
			     "<date_expression id='d' operation='lt' end='2020-01-01'/>"
			     "<date_expression id='e' operation='lt' end='2120-01-01' "
			     "timezone='Europe/Nix'/></rule></rsc_location>"),
		-EINVAL);
	cr_assert(says(true, "never holds again") && says(false, "no time zone 'Europe/Nix'"));
	cr_assert_eq(problems.n, 2);
}

Test(review, what_no_node_can_hold)
{
	static const char *const by_size[] = { "placement-strategy", "utilization", NULL };

	review(by_size,
		WITH("a", "<utilization id='u'><nvpair id='u1' name='ram' value='64'/>"
			  "</utilization>"),
		"");
	cr_assert(says(true, "'a' needs 64 of ram"));
}
