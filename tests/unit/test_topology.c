/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/topology.h"

static const char SITE[] = "cluster: {name: t}\n"
			   "nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [a]}}\n"
			   "fencing:\n"
			   "  devices:\n"
			   "    b1: {agent: fence_x, targets: [n1]}\n"
			   "    p1: {agent: fence_y, targets: [n1, n2]}\n"
			   "  topology:\n"
			   "    n1: [[b1], {any: [p1, self]}]\n";

static struct site *site;

static void set_up(void)
{
	struct problems problems = { 0 };
	owned(document) struct document *document = NULL;

	cr_assert_eq(document_parse(SITE, strlen(SITE), "t", &problems, &document), 0);
	cr_assert_eq(site_new(document->root, document, &problems, &site), 0);
	problems_done(&problems);
}

static void tear_down(void)
{
	site_free(site);
}

TestSuite(topology, .init = set_up, .fini = tear_down);

Test(topology, levels_in_order)
{
	struct topology_step step;

	cr_assert_eq(topology_levels(site, "n1"), 2);
	cr_assert_eq(topology_steps(site, "n1", 1), 2);
	cr_assert(topology_at(site, "n1", (struct topology_place){ 0, 0 }, &step));
	cr_assert_str_eq(step.device->name, "b1");
	cr_assert(topology_at(site, "n1", (struct topology_place){ 1, 1 }, &step));
	cr_assert_null(step.device);
	cr_assert_not(topology_at(site, "n1", (struct topology_place){ 2, 0 }, &step));
	cr_assert_not(topology_any(site, "n1", 0));
	cr_assert(topology_any(site, "n1", 1));
	cr_assert_not(topology_self(site, "n1", 0));
	cr_assert(topology_self(site, "n1", 1));
	cr_assert(topology_counts_on_self(site, "n1"));
	cr_assert_not(topology_counts_on_self(site, "n2"));
}

Test(topology, without_one_each_device_that_names_the_node_is_a_level)
{
	struct topology_step step;

	cr_assert_eq(topology_levels(site, "n2"), 1);
	cr_assert(topology_at(site, "n2", (struct topology_place){ 0, 0 }, &step));
	cr_assert_str_eq(step.device->name, "p1");
	cr_assert_not(topology_at(site, "n2", (struct topology_place){ 0, 1 }, &step));
}

Test(topology, feeds_and_the_machine_behind_them)
{
	static const char feeds[] = "cluster: {name: t}\n"
				    "nodes: {n1: {id: 1, addresses: [a]}}\n"
				    "fencing:\n"
				    "  devices:\n"
				    "    b1: {agent: fence_ipmilan, targets: [n1]}\n"
				    "    pa: {agent: fence_picket_pdu, targets: [n1]}\n"
				    "    pb: {agent: fence_apc_snmp, targets: [n1]}\n"
				    "  topology:\n"
				    "    n1: [[b1], [pa, pb], {any: [pa, pb]}, [b1, pa]]\n";
	struct problems problems = { 0 };
	owned(document) struct document *document = NULL;
	owned(site) struct site *s = NULL;

	cr_assert_eq(document_parse(feeds, strlen(feeds), "t", &problems, &document), 0);
	cr_assert_eq(site_new(document->root, document, &problems, &s), 0);
	problems_done(&problems);
	cr_assert_not(topology_outlets(site_device(s, "b1")));
	cr_assert(topology_outlets(site_device(s, "pb")));
	cr_assert_not(topology_feeds(s, "n1", 0));
	cr_assert(topology_feeds(s, "n1", 1));
	cr_assert_not(topology_feeds(s, "n1", 2)); /* one of two feeds is no proof */
	cr_assert_not(topology_feeds(s, "n1", 3));
	cr_assert_not(topology_feeds(s, "n1", 4));
	cr_assert_null(topology_machine(s, "n1", 0));
	cr_assert_str_eq(topology_machine(s, "n1", 1)->name, "b1");
}
