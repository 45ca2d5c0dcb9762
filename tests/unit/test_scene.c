/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "core/policy/scene.h"

#include "cib.h"

static const char *const no_fencing[] = { "stonith-enabled", "false", NULL };

#define CLONE                                                                                      \
	"<clone id='c'><meta_attributes id='m'><nvpair id='m1' name='promotable' value='true'/>"   \
	"</meta_attributes><primitive id='db' class='ocf' provider='x' type='y'>"                  \
	"<operations><op id='o1' name='monitor' interval='10s' role='Promoted'/>"                  \
	"<op id='o2' name='monitor' interval='11s'/></operations></primitive></clone>"

static struct problems problems;

static int tell(struct cib *c, const char *text)
{
	owned(document) struct document *d = NULL;

	problems_done(&problems);
	problems = (struct problems){ 0 };
	cr_assert_eq(document_parse(text, strlen(text), "st.yaml", &problems, &d), 0);
	return scene_set(c->tree, d, &problems);
}

static struct cib cluster(void)
{
	return cib_new(
		no_fencing, CIB_DUMMY("a") CLONE, "", CIB_UP("1", "n1", "") CIB_UP("2", "n2", ""));
}

Test(scene, what_is_told_to_run_as_configured_needs_nothing)
{
	struct cib c = cluster();
	const char *said;

	cr_assert_eq(tell(&c, "resources: {a: {n1: Started}, db: {n1: Promoted, n2: Unpromoted}}\n"
			      "attributes: {n1: {master-db: 10}}\n"),
		0);
	cr_assert_str_eq(cib_actions(&c), "");
	said = cib_running(&c);
	cr_assert(strstr(said, "a n1 Started"), "%s", said);
	cr_assert(strstr(said, "db n1 Promoted"), "%s", said);
	cr_assert(strstr(said, "db n2 Unpromoted"), "%s", said);
	cib_done(&c);
}

Test(scene, what_is_not_told_to_run_is_started)
{
	struct cib c = cluster();
	const char *said;

	cr_assert_eq(tell(&c, "nodes: {n2: standby}\nresources: {db: {n1: Unpromoted}}\n"), 0);
	said = cib_actions(&c);
	cr_assert(strstr(said, "start_0 a on n1"), "%s", said);
	cr_assert_not(strstr(said, "n2"), "%s", said);
	cr_assert_not(strstr(said, "monitor_0"), "%s", said);
	cib_done(&c);
}

Test(scene, wrong_words_say_where)
{
	struct cib c = cluster();

	cr_assert_eq(tell(&c, "nodes: {n1: asleep, n9: online}\n"), -EINVAL);
	cr_assert_eq(problems.errors, 2);
	cr_assert(strstr(problems.items[0].where, "st.yaml:1:"), "%s", problems.items[0].where);
	cr_assert(strstr(problems.items[1].text, "n9: there is no such node"));
	cr_assert_eq(tell(&c, "resources: {b: {n1: Started}, a: {n7: Started}}\n"), -EINVAL);
	cr_assert_eq(problems.errors, 2);
	cr_assert_eq(tell(&c, "resource: {}\n"), -EINVAL);
	cr_assert_eq(tell(&c, "[1]\n"), -EINVAL);
	cib_done(&c);
}

Test(scene, nodes_and_tickets_take_words)
{
	struct cib c = cluster();

	cr_assert_eq(scene_node(c.tree, "n1", "sleepy"), -EINVAL);
	cr_assert_eq(scene_node(c.tree, "n9", "down"), -ENOENT);
	cr_assert_eq(scene_node(c.tree, "n1", "standby"), 0);
	cr_assert_eq(scene_node(c.tree, "n2", "down"), 0);
	cr_assert_str_eq(cib_actions(&c), "monitor_0 a on n1\nmonitor_0 db on n1\n");
	cr_assert_eq(scene_ticket(c.tree, "T", "lost", 0), -EINVAL);
	cr_assert_eq(scene_ticket(c.tree, "T", "granted", 5), 0);
	cr_assert_eq(scene_ticket(c.tree, "T", "standby", 5), 0);
	cib_done(&c);
}

Test(scene, a_ticket_decides)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"),
		"<rsc_ticket id='t' ticket='T' rsc='a'/>", CIB_UP("1", "n1", ""));

	cr_assert_not(strstr(cib_actions(&c), "start_0"));
	cib_done(&c);
	c = cib_new(no_fencing, CIB_DUMMY("a"), "<rsc_ticket id='t' ticket='T' rsc='a'/>",
		CIB_UP("1", "n1", ""));
	scene_ticket(c.tree, "T", "granted", 5);
	cr_assert(strstr(cib_actions(&c), "start_0 a on n1"));
	cib_done(&c);
}

Test(scene, a_failure_is_recovered_and_counted)
{
	struct cib c = cluster();
	const char *said;

	cr_assert_eq(tell(&c, "resources: {a: {n1: Started}, db: {n1: Unpromoted}}\n"), 0);
	cr_assert_eq(scene_fail(c.tree, "zz", "n1", CIB_NOW), -ENOENT);
	cr_assert_eq(scene_fail(c.tree, "a", "n9", CIB_NOW), -ENOENT);
	cr_assert_eq(scene_fail(c.tree, "a", "n1", CIB_NOW), 0);
	said = cib_actions(&c);
	cr_assert(strstr(said, "stop_0 a on n1"), "%s", said);
	cr_assert(strstr(said, "start_0 a on"), "%s", said);
	cib_done(&c);
}
