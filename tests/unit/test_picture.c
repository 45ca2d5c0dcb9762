/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/xml.h"
#include "core/picture.h"

static const char SITE[] = "cluster: {name: t}\n"
			   "nodes:\n"
			   "  n1: {id: 1, addresses: [a], attributes: {rack: r1, zone: z}}\n"
			   "  n2: {id: 2, addresses: [b]}\n"
			   "  n3: {id: 3, addresses: [c]}\n"
			   "resources: {web: {type: 'ocf:x:y'}}\n";

static struct site *site;
static struct picture *picture;

static void init(void)
{
	owned(document) struct document *d = NULL;
	struct problems p = { 0 };

	cr_assert_eq(document_parse(SITE, strlen(SITE), "a.yaml", &p, &d), 0);
	cr_assert_eq(site_new(d->root, d, &p, &site), 0, "%s", p.n ? p.items[0].text : "");
	picture = picture_new(site);
	for (size_t i = 0; i < 3; i++)
		ledger_init(&picture->nodes[i].ledger);
	picture->nodes[0].state = PICTURE_ONLINE;
	picture->nodes[1].state = PICTURE_UNCLEAN;
}

static void done(void)
{
	picture_free(picture);
	site_free(site);
}

static char *text(void)
{
	owned(element_tree) struct element_tree *tree = picture_cib(picture);
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	xml_print(tree->root, f);
	fclose(f);
	return out;
}

static void has(const char *part)
{
	owned(free) char *all = text();

	cr_assert(strstr(all, part), "%s\nis not in\n%s", part, all);
}

Test(picture, each_state_of_a_node, .init = init, .fini = done)
{
	has("<node_state id=\"1\" uname=\"n1\" in_ccm=\"true\" crmd=\"online\" join=\"member\" "
	    "expected=\"member\">");
	has("<node_state id=\"2\" uname=\"n2\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" "
	    "expected=\"member\">");
	has("<node_state id=\"3\" uname=\"n3\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" "
	    "expected=\"down\"/>");
	has("have-quorum=\"1\"");
}

Test(picture, what_was_said_meanwhile_wins, .init = init, .fini = done)
{
	picture->attributes = json_pack(
		"{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}}",
		"1", "store", "permanent", "node", "n1", "name", "rack", "value", "r9", "2",
		"store", "transient", "node", "n1", "name", "master-web", "value", "10", "3",
		"store", "property", "node", "", "set", "repl", "name", "web_REPL_INFO", "value",
		"n2");
	picture->nodes[0].standby = true;
	has("name=\"rack\" value=\"r9\"/>");
	has("name=\"zone\" value=\"z\"/>");
	has("name=\"standby\" value=\"on\"/>");
	has("<instance_attributes id=\"status-1\">\n          <nvpair id=\"status-1-master-web\" "
	    "name=\"master-web\" value=\"10\"/>");
	has("<cluster_property_set id=\"repl\">");
}

Test(picture, failures_are_transient_attributes, .init = init, .fini = done)
{
	picture->fails = json_pack("{s:{s:{s:{s:i, s:i}, s:{s:i, s:i}}}}", "n1", "web",
		"monitor_10000", "n", 2, "at_s", 77, "start_0", "n", SITE_INFINITY, "at_s", 78);
	has("name=\"fail-count-web#monitor_10000\" value=\"2\"");
	has("name=\"last-failure-web#monitor_10000\" value=\"77\"");
	has("name=\"fail-count-web#start_0\" value=\"INFINITY\"");
}

Test(picture, who_is_to_stop_asks_for_it, .init = init, .fini = done)
{
	picture->nodes[0].stopping = true;
	picture->tickets = json_pack("{s:{s:b, s:i}}", "T", "granted", 1, "at_s", 5);
	has("name=\"shutdown\" value=\"1\"");
	has("<ticket_state id=\"T\" granted=\"true\" standby=\"false\" last-granted=\"5\"/>");
}
