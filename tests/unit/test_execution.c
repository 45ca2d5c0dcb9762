/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cib.h"

static const char *const no_fencing[] = { "stonith-enabled", "false", NULL };

#define BOTH_UP CIB_UP("1", "n1", "") CIB_UP("2", "n2", "")

Test(execution, a_plan_that_ran_leaves_nothing_to_do)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a") CIB_DUMMY("b"),
		"<rsc_order id='o' first='a' then='b'/>", BOTH_UP);
	const char *said;

	cib_actions(&c);
	cr_assert_eq(execution_run(c.tree, c.plan, NULL, 0, 0), c.plan->n);
	said = cib_running(&c);
	cr_assert(strstr(said, "a n1 Started"), "%s", said);
	cr_assert(strstr(said, "b n2 Started"), "%s", said);
	lines_done(&c.said);
	c.said = (struct lines){ 0 };
	plan_free(c.plan);
	engine_free(c.engine);
	cr_assert_str_eq(cib_actions(&c), "");
	cib_done(&c);
}

Test(execution, what_waits_for_a_failure_does_not_run)
{
	const struct execution_failure failure = {
		.resource = "a", .op = "start", .node = "n1", .exit = 1
	};
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a") CIB_DUMMY("b"),
		"<rsc_order id='o' first='a' then='b'/>", BOTH_UP);
	const char *said;

	cib_actions(&c);
	cr_assert_lt(execution_run(c.tree, c.plan, &failure, 1, 0), c.plan->n);
	said = cib_running(&c);
	cr_assert_not(strstr(said, "b n2"), "%s", said);
	cib_done(&c);
}

Test(execution, fencing_takes_what_a_node_ran)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"), "",
		CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "start", "1", "0", "0")))
			CIB_UP("2", "n2", ""));

	cr_assert(strstr(cib_running(&c), "a n1 Started"));
	execution_fence(c.tree, "n1");
	cr_assert_str_eq(cib_running(&c), "");
	cib_done(&c);
}

Test(execution, nodes_come_and_go)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"), "", CIB_UP("1", "n1", ""));
	const char *said;

	execution_node(c.tree, "n1", false, false);
	execution_node(c.tree, "n2", true, true);
	said = cib_actions(&c);
	cr_assert(strstr(said, "start_0 a on n2"), "%s", said);
	cib_done(&c);
}
