/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "cib.h"

static const char *const no_fencing[] = { "stonith-enabled", "false", NULL };
static const char *const fencing[] = { "stonith-enabled", "true", NULL };

#define BOTH_UP CIB_UP("1", "n1", "") CIB_UP("2", "n2", "")
#define DEVICE "<primitive id='f' class='stonith' type='fence_x'/>"
#define STARTED(id) CIB_RECORD(id, CIB_OP(id, "start", "1", "0", "0"))
#define has(text, part) cr_assert(strstr(text, part), "%s lacks %s", text, part)
#define lacks(text, part) cr_assert_not(strstr(text, part), "%s has %s", text, part)

Test(engine, what_is_no_cib_is_refused)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	owned(free) char *why = NULL;
	owned(engine) struct engine *e = NULL;

	element_add(tree, NULL, "site");
	e = engine_new(tree->root, CIB_NOW, NULL);
	cr_assert_eq(engine_run(e, &why), -EINVAL);
	cr_assert(strstr(why, "<cib>"));
}

Test(engine, a_resource_is_probed_everywhere_and_started_once)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"), "", BOTH_UP);
	const char *said = cib_actions(&c);

	has(said, "monitor_0 a on n1\n");
	has(said, "monitor_0 a on n2\n");
	has(said, "start_0 a on n1\n");
	lacks(said, "start_0 a on n2\n");
	cib_done(&c);
}

Test(engine, a_location_wins_over_the_name)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"),
		"<rsc_location id='l' rsc='a' node='n2' score='1'/>", BOTH_UP);

	has(cib_actions(&c), "start_0 a on n2\n");
	cib_done(&c);
}

Test(engine, dependents_follow_and_wait)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a") CIB_DUMMY("b"),
		"<rsc_location id='l' rsc='b' node='n2' score='INFINITY'/>"
		"<rsc_colocation id='c' rsc='a' with-rsc='b' score='INFINITY'/>"
		"<rsc_order id='o' first='b' then='a'/>",
		BOTH_UP);
	owned(graph) struct graph *g = NULL;
	bool ordered = false;

	has(cib_actions(&c), "start_0 a on n2\n");
	g = graph_new(c.plan);
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->n_before[i]; k++)
			ordered = ordered || (!strcmp(g->labels[i], "start_0 a on n2") &&
				!strcmp(g->labels[g->before[i][k]], "start_0 b on n2"));
	cr_assert(ordered);
	cib_done(&c);
}

Test(engine, a_lost_node_is_fenced_before_what_it_ran_starts)
{
	struct cib c = cib_new(fencing, CIB_DUMMY("a") DEVICE, "",
		CIB_LOST("1", "n1", STARTED("a")) CIB_UP("2", "n2", ""));
	owned(graph) struct graph *g = NULL;
	bool ordered = false;

	has(cib_actions(&c), "fence(reboot) n1\n");
	g = graph_new(c.plan);
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->n_before[i]; k++)
			ordered = ordered || (!strcmp(g->labels[i], "start_0 a on n2") &&
				!strcmp(g->labels[g->before[i][k]], "fence(reboot) n1"));
	cr_assert(ordered);
	cib_done(&c);
}

Test(engine, without_a_device_nothing_that_a_lost_node_ran_starts)
{
	struct cib c = cib_new(fencing, CIB_DUMMY("a"), "",
		CIB_LOST("1", "n1", STARTED("a")) CIB_UP("2", "n2", ""));

	lacks(cib_actions(&c), "start_0 a on n2\n");
	cib_done(&c);
}

Test(engine, a_clone_runs_everywhere_and_a_group_in_one_place)
{
	struct cib c = cib_new(no_fencing,
		"<clone id='cl'>" CIB_DUMMY("a") "</clone><group id='g'>" CIB_DUMMY("b")
			CIB_DUMMY("d") "</group>",
		"<rsc_location id='l' rsc='g' node='n2' score='5'/>", BOTH_UP);
	const char *said = cib_actions(&c);

	has(said, "start_0 a on n1\n");
	has(said, "start_0 a on n2\n");
	has(said, "start_0 b on n2\n");
	has(said, "start_0 d on n2\n");
	cib_done(&c);
}

Test(engine, the_same_input_gives_the_same_plan)
{
	const char *resources = CIB_DUMMY("a") CIB_DUMMY("b") CIB_DUMMY("d");
	struct cib one = cib_new(no_fencing, resources, "", BOTH_UP);
	struct cib two = cib_new(no_fencing, resources, "", BOTH_UP);
	const char *said = cib_actions(&one);

	cr_assert_str_eq(said, cib_actions(&two));
	cib_done(&one);
	cib_done(&two);
}
