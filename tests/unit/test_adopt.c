/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/xml.h"
#include "core/model/adopt.h"
#include "core/model/translate.h"

static const char ALL[] =
	"cluster: {name: big}\n"
	"properties: {cluster-name: big, no-quorum-policy: freeze}\n"
	"nodes:\n"
	"  n1: {id: 1, attributes: {rack: r1}, utilization: {cpu: 8}}\n"
	"  n2: {id: 2}\n"
	"fencing:\n"
	"  devices: {b1: {agent: fence_x, targets: [n1, n2], params: {ip: x}}}\n"
	"  topology: {n1: [[b1]], n2: [[b1]]}\n"
	"resource-defaults: {resource-stickiness: 100}\n"
	"operation-defaults:\n"
	"  - {score: 2, rule: {all: [{action: {name: monitor}}]}, values: {timeout: 33s}}\n"
	"  - {values: {timeout: 44s}}\n"
	"templates: {vm: {type: 'ocf:x:vm', operations: {monitor: {interval: 10s}}}}\n"
	"resources:\n"
	"  web: {type: 'ocf:x:y', operations: {monitor: {interval: 10s, on-fail: stop}}}\n"
	"  vip: {type: 'ocf:x:ip', params: {ip: 10.0.0.1, mask: 24}, meta: {priority: 3}}\n"
	"  site: {group: [web, vip], meta: {migration-threshold: 3}}\n"
	"  galera:\n"
	"    promotable: {name: db, type: 'ocf:x:galera',\n"
	"      operations: [{name: monitor, interval: 10s, role: Promoted},\n"
	"        {name: monitor, interval: 11s, role: Unpromoted}]}\n"
	"    meta: {promoted-max: 3}\n"
	"  v1: {template: vm, utilization: {cpu: 2}}\n"
	"  s: {bundle: {type: podman, image: x, replicas: 2}, network: {ip-range-start: 1.2.3.4,\n"
	"    ports: [{port: 80}]}, storage: [{source-dir: /a, target-dir: /b}]}\n"
	"tags: {all-web: [web, vip]}\n"
	"constraints:\n"
	"  - {location: site, node: n1, score: 50}\n"
	"  - {location: v1, rule: {score: -INFINITY, any: [{attribute: rack, operation: ne, "
	"value:\n"
	"      r1}, {date: {operation: date_spec, spec: {hours: '8-16'}}}]}}\n"
	"  - {location: vip, node: n2, expires: '2030-01-01T00:00:00Z'}\n"
	"  - {location-pattern: '^v.*', node: n2, score: -INFINITY, resource-discovery: never}\n"
	"  - {colocation: [site, galera], with-role: Promoted, score: 100}\n"
	"  - {order: [galera, site], action: promote, then-action: start}\n"
	"  - {order: [{resources: [s, galera], sequential: false}, {resources: [v1]}], kind:\n"
	"      Optional}\n"
	"  - {ticket: T, resource: v1, loss-policy: fence}\n";

static struct problems report;

/* As XML without the ids of what has no name: these decide nothing. */
static char *printed(const struct element_tree *tree)
{
	char *text = NULL, *to, *at;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	xml_print(tree->root, out);
	fclose(out);
	for (to = at = text; *at;) {
		if (!strncmp(at, " id=\"", 5) && strncmp(to - 3, "ref", 3))
			at = strchr(at + 5, '"') + 1;
		else
			*to++ = *at++;
	}
	*to = 0;
	return text;
}

static struct element_tree *translated(json_t *root)
{
	struct element_tree *tree = NULL;
	struct problems p = { 0 };

	cr_assert_eq(translate_site(root, NULL, true, &p, &tree), 0, "%s: %s",
		p.n ? p.items[0].where : "", p.n ? p.items[0].text : "");
	problems_done(&p);
	return tree;
}

static json_t *adopted(const char *text, bool devices)
{
	owned(element_tree) struct element_tree *tree = NULL;
	owned(free) char *why = NULL;
	json_t *root = NULL;
	unsigned line;

	cr_assert_eq(xml_parse(text, strlen(text), &tree, &line, &why), 0, "%s", why);
	cr_assert_eq(adopt_cib(tree->root, "c.xml", devices, &report, &root), 0);
	return root;
}

Test(adopt, there_and_back_loses_nothing)
{
	owned(document) struct document *d = NULL;
	owned(element_tree) struct element_tree *first = NULL, *second = NULL;
	owned(free) char *a = NULL, *b = NULL;
	json_t *root = NULL;
	struct problems p = { 0 };

	cr_assert_eq(document_parse(ALL, strlen(ALL), "a.yaml", &p, &d), 0);
	first = translated(d->root);
	cr_assert_eq(adopt_cib(first->root, "c.xml", true, &report, &root), 0);
	second = translated(root);
	a = printed(first);
	b = printed(second);
	cr_assert_str_eq(b, a);
	json_decref(root);
}

#define CIB(nodes, resources, constraints)                                                         \
	"<cib><configuration><crm_config/><nodes>" nodes "</nodes><resources>" resources           \
	"</resources><constraints>\n" constraints "</constraints></configuration></cib>"

Test(adopt, references_are_resolved)
{
	json_t *root = adopted(
		CIB("",
			"<primitive id=\"a\" class=\"ocf\" provider=\"x\" type=\"y\">"
			"<instance_attributes id=\"p\"><nvpair id=\"q\" name=\"k\" value=\"v\"/>"
			"</instance_attributes></primitive>"
			"<primitive id=\"b\" class=\"ocf\" provider=\"x\" type=\"y\">"
			"<instance_attributes id-ref=\"p\"/></primitive>",
			""),
		true);
	json_t *b = json_object_get(json_object_get(root, "resources"), "b");

	cr_assert_str_eq(
		json_string_value(json_object_get(json_object_get(b, "params"), "k")), "v");
	json_decref(root);
}

static bool told(const char *what)
{
	for (size_t i = 0; i < report.n; i++)
		if (strstr(report.items[i].text, what))
			return true;
	return false;
}

Test(adopt, what_is_left_out_is_told)
{
	json_t *root = adopted(
		CIB("<node id=\"9f3c\" uname=\"n1\"/>",
			"<primitive id=\"a\" class=\"ocf\" provider=\"x\" type=\"y\" odd=\"1\"/>"
			"<primitive id=\"s\" class=\"stonith\" type=\"external/ssh\"/>"
			"<primitive id=\"f\" class=\"stonith\" type=\"fence_y\"/>",
			"<rsc_location id=\"l\" rsc=\"zz\" node=\"n1\" score=\"1\"/>"
			"<rsc_location id=\"m\" rsc=\"a\" node=\"n7\" score=\"1\"/>"),
		true);

	cr_assert(told("node id '9f3c' is 1 now"));
	cr_assert(told("addresses: a CIB has none"));
	cr_assert(told("only agents that are called fence_"));
	cr_assert(told("'f' does not say which nodes"));
	cr_assert(told("names 'zz', which is not there"));
	cr_assert(told("names node 'n7', which is not there"));
	cr_assert_null(json_object_get(root, "constraints"));
	cr_assert_str_eq(
		json_string_value(json_array_get(
			json_array_get(
				json_object_get(json_object_get(json_object_get(root, "fencing"),
							"topology"),
					"n1"),
				0),
			0)),
		"f");
	json_decref(root);
}

Test(adopt, no_score_is_none)
{
	json_t *root =
		adopted(CIB("<node id=\"1\" uname=\"n1\"/>",
				"<primitive id=\"a\" class=\"ocf\" provider=\"x\" type=\"y\"/>",
				"<rsc_location id=\"m\" rsc=\"a\" node=\"n1\"/>"),
			true);
	json_t *l = json_array_get(json_object_get(root, "constraints"), 0);

	cr_assert_eq(json_integer_value(json_object_get(l, "score")), 0);
	cr_assert(json_is_integer(json_object_get(l, "score")));
	json_decref(root);
}

Test(adopt, only_a_cib_will_do)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	json_t *root = (void *)0x1;

	element_add(tree, NULL, "cab");
	cr_assert_eq(adopt_cib(tree->root, "c.xml", true, &report, &root), -EINVAL);
	cr_assert_eq(root, (void *)0x1);
	cr_assert(told("this is no CIB"));
}
