/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cibadmin -Q: a CIB as far as OCF agents look into one, and XPath on it. */
#include <getopt.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/ocfcmd.h"

static xmlNode *child(xmlNode *parent, const char *name, const char *id)
{
	xmlNode *node = xmlNewChild(parent, NULL, BAD_CAST name, NULL);

	if (id)
		xmlNewProp(node, BAD_CAST "id", BAD_CAST id);
	return node;
}

static void prop(xmlNode *node, const char *name, const char *value)
{
	xmlNewProp(node, BAD_CAST name, BAD_CAST value);
}

static void prop_number(xmlNode *node, const char *name, json_t *value)
{
	owned(free) char *text = own_printf("%lld", (long long)json_integer_value(value));

	prop(node, name, text);
}

/* name before value: agents cut the value off the end of the line. */
static void nvpair(xmlNode *set, const char *set_id, json_t *attribute)
{
	owned(free) char *id = own_printf("%s-%s", set_id, member_text(attribute, "name"));
	xmlNode *node = child(set, "nvpair", id);

	prop(node, "name", member_text(attribute, "name"));
	prop(node, "value", member_text(attribute, "value"));
}

/* The attributes of one store and node; makes the set when there is one at all. */
static void attributes(xmlNode *parent, json_t *all, const char *store, const char *node,
	const char *element, const char *set_id)
{
	xmlNode *set = NULL;
	json_t *a;
	size_t i;

	json_array_foreach (json_object_get(all, "items"), i, a) {
		if (strcmp(member_text(a, "store"), store) || strcmp(member_text(a, "node"), node))
			continue;
		if (!set)
			set = child(parent, element, set_id);
		nvpair(set, set_id, a);
	}
}

/* Cluster properties lie in sets; the one without a name is everybody's. */
static void properties(xmlNode *config, json_t *all)
{
	json_t *items = json_object_get(all, "items"), *a, *b;
	size_t i, k;

	json_array_foreach (items, i, a) {
		const char *set = member_text(a, "set");
		bool first = true;
		xmlNode *node;

		if (strcmp(member_text(a, "store"), "property"))
			continue;
		for (k = 0; k < i && first; k++) {
			b = json_array_get(items, k);
			first = strcmp(member_text(b, "store"), "property") ||
				strcmp(member_text(b, "set"), set);
		}
		if (!first)
			continue;
		node = child(config, "cluster_property_set", *set ? set : "cib-bootstrap-options");
		json_array_foreach (items, k, b)
			if (!strcmp(member_text(b, "store"), "property") &&
				!strcmp(member_text(b, "set"), set))
				nvpair(node, *set ? set : "cib-bootstrap-options", b);
	}
}

static void status_resources(xmlNode *state, json_t *all, const char *node, const char *uuid)
{
	xmlNode *lrm = child(state, "lrm", uuid);
	xmlNode *list = child(lrm, "lrm_resources", NULL);
	json_t *r;
	size_t i;

	json_array_foreach (json_object_get(all, "resources"), i, r) {
		const char *instance = member_text(r, "instance");
		const char *id = *instance ? instance : member_text(r, "id");
		owned(free) char *op_id = own_printf("%s_last_0", id);
		xmlNode *op;
		bool active = json_is_true(json_object_get(r, "active"));

		if (strcmp(member_text(r, "node"), node))
			continue;
		op = child(child(list, "lrm_resource", id), "lrm_rsc_op", op_id);
		prop(op, "operation", active ? "start" : "stop");
		prop(op, "on_node", node);
		prop(op, "rc-code", "0");
		prop(op, "op-status", "0");
		prop(op, "interval", "0");
	}
}

/* How often what failed on the node, beside its transient attributes. */
static void failures(xmlNode *parent, json_t *all, const char *node, const char *set_id)
{
	owned(free) char *id = own_printf("%s-failures", set_id);
	xmlNode *set = NULL;
	json_t *f;
	size_t i;

	json_array_foreach (json_object_get(all, "failures"), i, f) {
		json_int_t n = json_integer_value(json_object_get(f, "count"));
		owned(free) char *count = n >= OCFCMD_INFINITY ? own_string("INFINITY")
							       : own_printf("%lld", (long long)n);
		json_t *pair;

		if (strcmp(member_text(f, "node"), node))
			continue;
		if (!set)
			set = child(parent, "instance_attributes", id);
		pair = json_pack("{s:s, s:s}", "name", member_text(f, "name"), "value", count);
		nvpair(set, id, pair);
		json_decref(pair);
	}
}

static void node_state(xmlNode *status, json_t *all, json_t *n)
{
	const char *name = member_text(n, "name");
	bool online = json_is_true(json_object_get(n, "online"));
	owned(free) char *uuid =
		own_printf("%lld", (long long)json_integer_value(json_object_get(n, "id")));
	owned(free) char *set = own_printf("status-%s", uuid);
	xmlNode *state = child(status, "node_state", uuid), *transient;

	prop(state, "uname", name);
	prop(state, "in_ccm", json_is_true(json_object_get(n, "member")) ? "true" : "false");
	prop(state, "crmd", online ? "online" : "offline");
	prop(state, "join", online ? "member" : "down");
	prop(state, "expected", online ? "member" : "down");
	transient = child(state, "transient_attributes", uuid);
	attributes(transient, all, "transient", name, "instance_attributes", set);
	failures(transient, all, name, set);
	status_resources(state, all, name, uuid);
}

static xmlDoc *cib_of(json_t *all)
{
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *cib = xmlNewNode(NULL, BAD_CAST "cib"), *configuration, *nodes, *status;
	json_t *n;
	size_t i;

	xmlDocSetRootElement(doc, cib);
	prop(cib, "validate-with", "pacemaker-3.9");
	prop(cib, "have-quorum", json_is_true(json_object_get(all, "quorate")) ? "1" : "0");
	configuration = child(cib, "configuration", NULL);
	properties(child(configuration, "crm_config", NULL), all);
	nodes = child(configuration, "nodes", NULL);
	child(configuration, "resources", NULL);
	child(configuration, "constraints", NULL);
	status = child(cib, "status", NULL);
	json_array_foreach (json_object_get(all, "nodes"), i, n) {
		const char *name = member_text(n, "name");
		owned(free) char *set = own_printf("nodes-%s", name);
		owned(free) char *used = own_printf("nodes-%s-utilization", name);
		xmlNode *node = child(nodes, "node", NULL);

		prop_number(node, "id", json_object_get(n, "id"));
		prop(node, "uname", name);
		attributes(node, all, "permanent", name, "instance_attributes", set);
		attributes(node, all, "utilization", name, "utilization", used);
		node_state(status, all, n);
	}
	return doc;
}

static void print_node(xmlDoc *doc, xmlNode *node)
{
	xmlBuffer *buffer = xmlBufferCreate();

	xmlNodeDump(buffer, doc, node, 0, 1);
	printf("%s\n", (const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
}

static int print_matches(xmlDoc *doc, const char *xpath)
{
	xmlXPathContext *context = xmlXPathNewContext(doc);
	xmlXPathObject *found = xmlXPathEvalExpression(BAD_CAST xpath, context);
	int n = found && found->nodesetval ? found->nodesetval->nodeNr : 0, status = OCFCMD_OK;

	if (!found) {
		fprintf(stderr, "cibadmin: not an XPath expression: %s\n", xpath);
		status = OCFCMD_USAGE;
	} else if (!n) {
		fprintf(stderr, "Call cib_query failed: No such device or address\n");
		status = OCFCMD_NO_SUCH;
	}
	if (n > 1)
		printf("<xpath-query>\n");
	for (int i = 0; i < n; i++)
		if (found->nodesetval->nodeTab[i]->type == XML_ELEMENT_NODE)
			print_node(doc, found->nodesetval->nodeTab[i]);
	if (n > 1)
		printf("</xpath-query>\n");
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	return status;
}

int ocfcmd_cibadmin(struct ocfcmd *cmd)
{
	static const struct option longs[] = { { "query", 0, 0, 'Q' }, { "xpath", 1, 0, 'A' },
		{ "local", 0, 0, 'l' }, { "scope", 1, 0, 'o' }, { "sync-call", 0, 0, 's' },
		{ "no-children", 0, 0, 'n' }, { "verbose", 0, 0, 'V' }, { 0 } };
	owned(free) char *xpath = NULL;
	bool query = false;
	int c, status = OCFCMD_OK;
	json_t *all;
	xmlDoc *doc;

	while ((c = getopt_long(cmd->argc, cmd->argv, "QA:lo:snVRCUMDdEPX:x:p", longs, NULL)) >=
		0) {
		if (c == '?')
			return OCFCMD_USAGE;
		query |= c == 'Q';
		if (c == 'A' || c == 'o') {
			free(xpath);
			xpath = c == 'A' ? own_string(optarg) : own_printf("//%s", optarg);
		}
	}
	if (!query) {
		fprintf(stderr, "cibadmin: picket's configuration is changed with 'picket apply'; "
				"only -Q here\n");
		return OCFCMD_USAGE;
	}
	all = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "all"), &status);
	if (!all)
		return status;
	doc = cib_of(all);
	status = print_matches(doc, xpath ? xpath : "/cib");
	xmlFreeDoc(doc);
	json_decref(all);
	return status;
}
