/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/xml.h"
#include "core/model/translate.h"

static char *xml;
static struct problems problems;

static int translate(const char *text, bool whole)
{
	owned(document) struct document *d = NULL;
	owned(element_tree) struct element_tree *tree = NULL;
	size_t len;
	FILE *out;
	int rc;

	if (document_parse(text, strlen(text), "a.yaml", &problems, &d))
		return -EINVAL;
	rc = translate_site(d->root, d, whole, &problems, &tree);
	if (rc)
		return rc;
	out = open_memstream(&xml, &len);
	xml_print(tree->root, out);
	fclose(out);
	return 0;
}

static void good(const char *text)
{
	cr_assert_eq(translate(text, true), 0, "%s: %s", problems.n ? problems.items[0].where : "",
		problems.n ? problems.items[0].text : "");
}

static void has(const char *part)
{
	cr_assert(strstr(xml, part), "%s\nis not in\n%s", part, xml);
}

#define NODES "nodes: {n1: {id: 1}, n2: {id: 2}}\n"
#define R                                                                                          \
	"resources:\n  a: {type: 'ocf:x:y'}\n  b: {type: 'ocf:x:z'}\n  c-clone: {clone: {type: "   \
	"'ocf:x:c'}}\n"

Test(translate, an_operation_with_all_of_its_attributes)
{
	good("resources:\n"
	     "  a:\n"
	     "    type: ocf:x:y\n"
	     "    operations:\n"
	     "      - {name: monitor, interval: 10s, role: Promoted, on-fail: demote, timeout: "
	     "30s,\n"
	     "         enabled: true, params: {OCF_CHECK_LEVEL: 20}}\n"
	     "      - {name: monitor, interval: 11s, role: Unpromoted}\n");
	has("<op id=\"a-monitor-10s\" interval=\"10s\" name=\"monitor\" role=\"Promoted\" "
	    "on-fail=\"demote\" timeout=\"30s\" enabled=\"true\">");
	has("name=\"OCF_CHECK_LEVEL\" value=\"20\"");
	has("<op id=\"a-monitor-11s\"");
}

Test(translate, a_clone_holds_its_resource_by_name_or_in_place)
{
	good(R "  d: {promotable: a, meta: {promoted-max: 2}}\n"
	       "  g: {group: [b]}\n"
	       "  e: {clone: g}\n");
	has("<clone id=\"c-clone\">\n        <primitive id=\"c\" class=\"ocf\" provider=\"x\" "
	    "type=\"c\"/>");
	has("<nvpair id=\"d-meta-promotable\" name=\"promotable\" value=\"true\"/>");
	has("<clone id=\"e\">\n        <group id=\"g\">\n          <primitive id=\"b\"");
	cr_assert_null(strstr(xml, "<resources>\n      <primitive id=\"a\""));
}

Test(translate, rules_of_every_kind)
{
	good(NODES R
		"constraints:\n"
		"  - location: a\n"
		"    rule:\n"
		"      score: -INFINITY\n"
		"      any:\n"
		"        - {attribute: rack, operation: ne, value: r1, type: string}\n"
		"        - {attribute: rack, operation: not_defined}\n"
		"        - date: {operation: date_spec, spec: {hours: 8-16, weekdays: 1-5}}\n"
		"        - all: [{date: {operation: lt, end: '2030-01-01'}}]\n"
		"operation-defaults:\n"
		"  - {rule: {all: [{action: {name: monitor}}, {resource: {type: y}}]}, values: "
		"{timeout: 33s}}\n"
		"  - {values: {timeout: 44s}}\n");
	has("<rule id=\"location-a-0-rule\" boolean-op=\"or\" score=\"-INFINITY\">");
	has("<date_spec id=\"location-a-0-rule-date-spec\" hours=\"8-16\" weekdays=\"1-5\"/>");
	has("<op_expression id=\"op-options-rule-expression\" name=\"monitor\"/>");
	has("<rsc_expression id=\"op-options-rule-expression-2\" type=\"y\"/>");
	has("operation=\"not_defined\"/>");
}

Test(translate, constraints_of_every_kind)
{
	good(NODES R
		"tags: {both: [a, b]}\n"
		"constraints:\n"
		"  - {location: both, node: n1, score: 50, resource-discovery: never}\n"
		"  - {location: b, node: n2, expires: '2030-01-01T00:00:00Z'}\n"
		"  - {location-pattern: '^c', node: n1}\n"
		"  - {colocation: [a, c-clone], with-role: Promoted, influence: false}\n"
		"  - {colocation: [{resources: [a, b], sequential: false}, {resources: "
		"[c-clone]}],\n"
		"     score: 10}\n"
		"  - {order: [c-clone, a], action: promote, then-action: start, kind: Optional}\n"
		"  - {ticket: T, resource: a, loss-policy: fence}\n");
	has("rsc=\"both\"");
	has("<rule id=\"location-b-1-until\" boolean-op=\"and\" score=\"INFINITY\">");
	has("attribute=\"#uname\" operation=\"eq\" value=\"n2\"/>");
	has("operation=\"lt\" end=\"2030-01-01T00:00:00Z\"/>");
	has("rsc-pattern=\"^c\" node=\"n1\" score=\"INFINITY\"/>");
	has("with-rsc-role=\"Promoted\" influence=\"false\" rsc=\"a\" with-rsc=\"c-clone\" "
	    "score=\"INFINITY\"/>");
	has("<resource_set id=\"colocation-set-4-set\" sequential=\"false\">");
	has("kind=\"Optional\" first=\"c-clone\" then=\"a\"/>");
	has("ticket=\"T\" rsc=\"a\" loss-policy=\"fence\"/>");
}

Test(translate, templates_and_bundles)
{
	good("templates: {vm: {type: 'ocf:x:vm', operations: {monitor: {interval: 10s}}}}\n"
	     "resources:\n"
	     "  v1: {template: vm, utilization: {cpu: 2}}\n"
	     "  s:\n"
	     "    bundle: {type: podman, image: x, replicas: 2}\n"
	     "    network: {ip-range-start: 10.0.0.9, ports: [{port: 80}]}\n"
	     "    storage: [{source-dir: /a, target-dir: /b}]\n"
	     "    primitive: {name: w, type: 'ocf:x:w'}\n");
	has("<primitive id=\"v1\" template=\"vm\">");
	has("<podman image=\"x\" replicas=\"2\"/>");
	has("<port-mapping id=\"s-port-mapping-0\" port=\"80\"/>");
	has("<storage-mapping id=\"s-storage-mapping-0\" source-dir=\"/a\" target-dir=\"/b\"/>");
}

/* S2: the plan waits for proof of a node's death, whatever the properties say. */
Test(translate, live_fencing_is_always_waited_for)
{
	cr_assert_eq(translate("properties: {stonith-enabled: false}\n", false), 0);
	cr_assert(strstr(xml, "stonith-enabled\" name=\"stonith-enabled\" value=\"true\"") <
		  strstr(xml, "name=\"stonith-enabled\" value=\"false\""));
	has("name=\"have-watchdog\" value=\"true\"");
}

Test(translate, whole_it_has_the_fence_devices)
{
	good(NODES "fencing: {devices: {f: {agent: fence_x, targets: [n1, n2], params: {ip: i}}},\n"
		   "  topology: {n1: [[f]], n2: [{any: [f]}]}}\n");
	has("<primitive id=\"f\" class=\"stonith\" type=\"fence_x\">");
	has("name=\"pcmk_host_list\" value=\"n1 n2\"");
	has("<fencing-level id=\"fl-n1-1\" target=\"n1\" index=\"1\" devices=\"f\"/>");
}

static void wrong(const char *text, const char *where, const char *what)
{
	problems = (struct problems){ 0 };
	cr_assert_eq(translate(text, false), -EINVAL, "%s", text);
	cr_assert_str_eq(problems.items[0].where, where, "%s", problems.items[0].text);
	cr_assert(strstr(problems.items[0].text, what), "%s", problems.items[0].text);
}

Test(translate, what_is_wrong_is_named_and_placed)
{
	wrong(R "  d: {clone: nope}\n", "a.yaml:5:7", "no primitive or group 'nope'");
	wrong(R "  d: {clone: a}\n  e: {group: [a]}\n", "a.yaml:6:15", "is in clone 'd' already");
	wrong(R "  d: {clone: {type: 'ocf:x:y'}}\n", "a.yaml:5:7", "needs a name of its own");
	wrong(R "  d: {type: 'ocf:x:y', operations: {monitor: {intervall: 3s}}}\n", "a.yaml:5:47",
		"unknown key 'intervall'");
	wrong(R "  d: {type: 'ocf:x:y', operations: {monitor: {on-fail: explode}}}\n",
		"a.yaml:5:47", "ignore|block|demote");
	wrong(R "  d: {template: t}\n", "a.yaml:5:7", "no template 't'");
	wrong(R "constraints: [{colocation: [a]}]\n", "a.yaml:5:16", "two resources");
	wrong(R "constraints: [{order: [a, nope]}]\n", "a.yaml:5:27", "no resource 'nope'");
	wrong(R "constraints: [{order: [a, b], kind: maybe}]\n", "a.yaml:5:31",
		"Optional|Mandatory");
	wrong(R "constraints: [{location: a, rule: {all: [{attribute: x}]}}]\n", "a.yaml:5:43",
		"'operation' is missing");
	wrong(R "constraints: [{location: a, rule: {all: [{date: {operation: lt}}]}}]\n",
		"a.yaml:5:43", "needs an end");
	wrong(R "constraints: [{location: a, rule: [x]}]\n", "a.yaml:5:29", "a rule has a list");
	wrong(R "tags: {t: [zz]}\n", "a.yaml:5:12", "no resource 'zz'");
}

Test(translate, what_is_suspicious_is_warned_of)
{
	good(R "  e-clone: {clone: {type: 'ocf:x:c'}, meta: {intereave: true}}\n"
	       "constraints: [{order: [c-clone, e-clone]}]\n"
	       "properties: {stonith-enable: true}\n");
	cr_assert_eq(problems.n, 3);
	cr_assert(strstr(problems.items[0].text, "'stonith-enable' is no cluster property"));
	cr_assert(strstr(problems.items[1].text, "'intereave' is no meta attribute"));
	cr_assert(strstr(problems.items[2].text, "does not interleave"));
	for (size_t i = 0; i < 3; i++)
		cr_assert(problems.items[i].warning);
}
