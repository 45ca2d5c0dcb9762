/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/review.h"
#include "core/model/translate_inside.h"

static void __attribute__((format(printf, 4, 0)))
say(struct translate *t, bool warning, const char *pointer, const char *format, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, ap);
	problems_add(t->problems, warning,
		t->document ? document_where(t->document, pointer) : pointer, "%s", text);
}

void translate_wrong(struct translate *t, const char *pointer, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(t, false, pointer, format, ap);
	va_end(ap);
}

void translate_warn(struct translate *t, const char *pointer, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(t, true, pointer, format, ap);
	va_end(ap);
}

void translate_place(struct translate *t, struct element *e, const char *pointer)
{
	const char *where = t->document ? document_where(t->document, pointer) : NULL;
	const char *column = where ? strrchr(where, ':') : NULL, *line = column;

	while (line && line > where && *--line != ':')
		;
	if (!line || *line != ':')
		return;
	e->line = (unsigned)strtoul(line + 1, NULL, 10);
	if (!t->file)
		t->file = own_printf("%.*s", (int)(line - where), where);
}

/* RFC 6901: '~' and '/' of a name are written ~0 and ~1. */
char *translate_at(const char *pointer, const char *key)
{
	char *out = own_alloc(strlen(pointer) + 2 * strlen(key) + 2), *o = out;

	o += sprintf(o, "%s/", pointer);
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			*o++ = '~';
		*o++ = *key == '~' ? '0' : *key == '/' ? '1' : *key;
	}
	return out;
}

char *translate_at_index(const char *pointer, size_t index)
{
	return own_printf("%s/%zu", pointer, index);
}

const char *translate_text(struct translate *t, const json_t *v)
{
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		return element_printf(t->tree, "%lld", (long long)json_integer_value(v));
	if (json_is_real(v))
		return element_printf(t->tree, "%.15g", json_real_value(v));
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	return NULL;
}

void translate_id(struct translate *t, struct element *e, const char *format, ...)
{
	char text[256];
	char *id;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			*c = '-';
	id = element_printf(
		t->tree, "%s%s", isalpha((unsigned char)*text) || *text == '_' ? "" : "_", text);
	for (unsigned n = 2; json_object_get(t->ids, id); n++)
		id = element_printf(t->tree, "%s-%u", text, n);
	json_object_set_new(t->ids, id, json_true());
	element_set(t->tree, e, "id", id);
}

bool translate_is_mapping(struct translate *t, const json_t *v, const char *pointer)
{
	if (v && !json_is_object(v))
		translate_wrong(t, pointer, "a mapping is wanted, names and values");
	return json_is_object(v);
}

bool translate_is_list(struct translate *t, const json_t *v, const char *pointer)
{
	if (v && !json_is_array(v))
		translate_wrong(t, pointer, "a list is wanted, as in [a, b]");
	return json_is_array(v);
}

static const struct form_key *key_find(const struct form *form, const char *key)
{
	const struct form_key *k = form->keys;

	while (k->key && strcmp(k->key, key))
		k++;
	return k->key ? k : NULL;
}

static void unknown(
	struct translate *t, const struct form *form, const char *pointer, const char *key)
{
	char list[400] = "id";

	for (const struct form_key *k = form->keys; k->key; k++) {
		strncat(list, ", ", sizeof(list) - strlen(list) - 1);
		strncat(list, k->key, sizeof(list) - strlen(list) - 1);
	}
	translate_wrong(t, pointer, "unknown key '%s'; known here: %s", key, list);
}

static void form_value(struct translate *t, const struct form_key *k, const json_t *v,
	const char *pointer, struct element *e)
{
	const char *text = translate_text(t, v), *wants;

	if (!text) {
		translate_wrong(t, pointer, "%s: one value is wanted", k->key);
		return;
	}
	wants = form_wants(k, text);
	if (wants)
		translate_wrong(t, pointer, "%s '%s' is wrong; wanted is %s", k->key, text, wants);
	else if (k->kind == FORM_NODE &&
		 !json_object_get(json_object_get(t->root, "nodes"), text) &&
		 !json_object_get(t->remotes, text))
		translate_wrong(t, pointer, "no node '%s'", text);
	else if (k->kind == FORM_RESOURCE && !json_object_get(t->names, text))
		translate_wrong(t, pointer, "no resource '%s'", text);
	element_set(t->tree, e, form_attribute(k), text);
}

void translate_form(struct translate *t, const struct form *form, json_t *object,
	const char *pointer, struct element *e)
{
	const char *key;
	json_t *v;

	json_object_foreach (object, key, v) {
		owned(free) char *at = translate_at(pointer, key);
		const struct form_key *k = key_find(form, key);

		if (!k && strcmp(key, "id"))
			unknown(t, form, at, key);
		else if (k && k->kind != FORM_INSIDE)
			form_value(t, k, v, at, e);
	}
	for (const struct form_key *k = form->keys; k->key; k++)
		if (k->needed && !json_object_get(object, k->key) &&
			!element_get(e, form_attribute(k)))
			translate_wrong(t, pointer, "'%s' is missing", k->key);
}

/* ---- the sections around resources -------------------------------------------------------------
 */

static void nodes(struct translate *t, struct element *parent)
{
	const char *name;
	json_t *v;

	json_object_foreach (json_object_get(t->root, "nodes"), name, v) {
		struct element *e = element_add(t->tree, parent, "node");
		owned(free) char *at = translate_at("/nodes", name);
		owned(free) char *attributes = translate_at(at, "attributes");
		owned(free) char *utilization = translate_at(at, "utilization");
		const char *id = translate_text(t, json_object_get(v, "id"));

		element_set(t->tree, e, "id", id ? id : name);
		element_set(t->tree, e, "uname", name);
		element_set(t->tree, e, "type", translate_text(t, json_object_get(v, "type")));
		translate_block(t, json_object_get(v, "attributes"), attributes, e,
			"instance_attributes", element_printf(t->tree, "nodes-%s", name));
		translate_block(t, json_object_get(v, "utilization"), utilization, e, "utilization",
			element_printf(t->tree, "nodes-%s-utilization", name));
	}
}

static void tags(struct translate *t, struct element *parent)
{
	json_t *all = json_object_get(t->root, "tags"), *list, *ref;
	struct element *section = NULL;
	const char *name;
	size_t i;

	if (!translate_is_mapping(t, all, "/tags"))
		return;
	section = element_add(t->tree, parent, "tags");
	json_object_foreach (all, name, list) {
		struct element *e = element_add(t->tree, section, "tag");
		owned(free) char *at = translate_at("/tags", name);

		element_set(t->tree, e, "id", name);
		if (!translate_is_list(t, list, at))
			continue;
		json_array_foreach (list, i, ref) {
			const char *id = translate_text(t, ref);
			owned(free) char *where = translate_at_index(at, i);

			if (!id || !json_object_get(t->names, id))
				translate_wrong(t, where, "no resource '%s'", id ? id : "?");
			element_set(t->tree, element_add(t->tree, e, "obj_ref"), "id", id);
		}
	}
}

static const char *const properties_known[] = { "batch-limit", "cluster-delay",
	"cluster-infrastructure", "cluster-ipc-limit", "cluster-name", "cluster-recheck-interval",
	"concurrent-fencing", "dc-deadtime", "dc-version", "default-action-timeout",
	"default-resource-stickiness", "election-timeout", "enable-acl", "enable-startup-probes",
	"expected-quorum-votes", "failure-ageing", "fence-reaction", "have-watchdog",
	"is-managed-default", "join-finalization-timeout", "join-integration-timeout",
	"last-lrm-refresh", "load-threshold", "maintenance-mode", "migration-limit",
	"no-quorum-policy", "node-action-limit", "node-health-base", "node-health-green",
	"node-health-red", "node-health-strategy", "node-health-yellow", "node-pending-timeout",
	"observe", "pe-error-series-max", "pe-input-series-max", "pe-warn-series-max",
	"placement-strategy", "priority-fencing-delay", "remove-after-stop", "shutdown-escalation",
	"shutdown-lock", "shutdown-lock-limit", "start-failure-is-fatal", "startup-fencing",
	"stonith-action", "stonith-enabled", "stonith-max-attempts", "stonith-timeout",
	"stonith-watchdog-timeout", "stop-all-resources", "stop-orphan-actions",
	"stop-orphan-resources", "symmetric-cluster", "transition-delay", NULL };

static bool listed(const char *const *list, const char *name)
{
	for (size_t i = 0; list[i]; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static void names_check(struct translate *t, const struct element *blocks, const char *pointer,
	const char *const *known, const char *what)
{
	for (const struct element *b = blocks->first; b; b = b->next)
		for (const struct element *nv = element_child(b, "nvpair"); nv;
			nv = element_sibling(nv, "nvpair")) {
			const char *name = element_get(nv, "name");
			owned(free) char *at = translate_at(pointer, name ? name : "");

			if (name && !listed(known, name))
				translate_warn(
					t, at, "'%s' is no %s that anything reads", name, what);
		}
}

static void nvpair(struct translate *t, struct element *set, const char *name, const char *value)
{
	struct element *nv = element_add(t->tree, set, "nvpair");

	translate_id(t, nv, "%s-%s", element_get(set, "id"), name);
	element_set(t->tree, nv, "name", name);
	element_set(t->tree, nv, "value", value);
}

/* How a node's death is brought about is not for the plan to arrange. It only must know that it
 * comes, and wait for it, whatever the properties say (S2); the first set is the one that counts.
 */
static void fencing_properties(struct translate *t, struct element *e)
{
	static const char *const rows[][2] = { { "stonith-enabled", "true" },
		{ "have-watchdog", "true" }, { "stonith-watchdog-timeout", "-1" },
		{ "concurrent-fencing", "true" } };
	struct element *set = element_add(t->tree, e, "cluster_property_set");

	translate_id(t, set, "cib-bootstrap-options");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		nvpair(t, set, rows[i][0], rows[i][1]);
}

static void properties(struct translate *t, struct element *parent)
{
	struct element *e = element_add(t->tree, parent, "crm_config");

	if (!t->whole)
		fencing_properties(t, e);
	translate_block(t, json_object_get(t->root, "properties"), "/properties", e,
		"cluster_property_set", t->whole ? "cib-bootstrap-options" : "properties");
	names_check(t, e, "/properties", properties_known, "cluster property");
}

static void defaults(struct translate *t, struct element *parent)
{
	struct element *e;
	json_t *v = json_object_get(t->root, "resource-defaults");

	if (v) {
		e = element_add(t->tree, parent, "rsc_defaults");
		translate_block(t, v, "/resource-defaults", e, "meta_attributes", "rsc-options");
		names_check(t, e, "/resource-defaults", translate_meta_names(), "meta attribute");
	}
	v = json_object_get(t->root, "operation-defaults");
	if (v)
		translate_block(t, v, "/operation-defaults",
			element_add(t->tree, parent, "op_defaults"), "meta_attributes",
			"op-options");
}

/* ---- fencing, as Pacemaker has it --------------------------------------------------------------
 */

static void device(struct translate *t, struct element *parent, const char *name, json_t *v)
{
	struct element *e = element_add(t->tree, parent, "primitive"), *set;
	owned(free) char *list = own_string("");
	const char *key;
	json_t *target;
	size_t i;

	element_set(t->tree, e, "id", name);
	element_set(t->tree, e, "class", "stonith");
	element_set(t->tree, e, "type", translate_text(t, json_object_get(v, "agent")));
	set = element_add(t->tree, e, "instance_attributes");
	translate_id(t, set, "%s-params", name);
	json_array_foreach (json_object_get(v, "targets"), i, target) {
		char *before = list;

		list = own_printf("%s%s%s", before, i ? " " : "", translate_text(t, target));
		free(before);
	}
	json_object_foreach (json_object_get(v, "params"), key, target)
		nvpair(t, set, key, translate_text(t, target));
	if (!json_object_get(json_object_get(v, "params"), "pcmk_host_list") &&
		!json_object_get(json_object_get(v, "params"), "pcmk_host_map"))
		nvpair(t, set, "pcmk_host_list", list);
}

static void level(struct translate *t, struct element *parent, const char *node, unsigned index,
	json_t *devices)
{
	struct element *e = element_add(t->tree, parent, "fencing-level");
	owned(free) char *list = own_string("");
	json_t *d;
	size_t i;

	translate_id(t, e, "fl-%s-%u", node, index);
	element_set(t->tree, e, "target", node);
	element_set(t->tree, e, "index", element_printf(t->tree, "%u", index));
	json_array_foreach (devices, i, d) {
		char *before = list;

		list = own_printf("%s%s%s", before, *before ? "," : "", translate_text(t, d));
		free(before);
	}
	element_set(t->tree, e, "devices", list);
}

/* A level where one of several is enough is that many levels there; a node's own lease has no
 * counterpart but the watchdog. */
static void topology(struct translate *t, struct element *parent)
{
	struct element *section = element_add(t->tree, parent, "fencing-topology");
	json_t *levels, *l, *d;
	const char *node;
	size_t i, k;

	json_object_foreach (
		json_object_get(json_object_get(t->root, "fencing"), "topology"), node, levels) {
		unsigned index = 1;

		json_array_foreach (levels, i, l) {
			json_t *any = json_object_get(l, "any"), *all = json_object_get(l, "all"),
			       *one;

			json_array_foreach (any, k, d) {
				one = json_pack("[O]", d);
				level(t, section, node, index++, one);
				json_decref(one);
			}
			if (!any)
				level(t, section, node, index++, all ? all : l);
		}
	}
}

static void fencing(struct translate *t, struct element *resources, struct element *parent)
{
	const char *name;
	json_t *v;

	json_object_foreach (
		json_object_get(json_object_get(t->root, "fencing"), "devices"), name, v)
		device(t, resources, name, v);
	topology(t, parent);
}

int translate_site(json_t *root, const struct document *document, bool whole,
	struct problems *problems, struct element_tree **ret)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct translate t = { .tree = tree,
		.document = document,
		.problems = problems,
		.root = root,
		.whole = whole,
		.names = json_object(),
		.inner = json_object(),
		.remotes = json_object(),
		.ids = json_object() };
	struct element *cib = element_add(tree, NULL, "cib"), *c, *resources;
	size_t before = problems->errors;

	element_set(tree, cib, "validate-with", "pacemaker-3.7");
	/* Of the oldest Pacemaker that may be given it: it refuses what is newer than itself. */
	element_set(tree, cib, "crm_feature_set", "3.16.1");
	element_set(tree, cib, "epoch", "1");
	element_set(tree, cib, "num_updates", "0");
	element_set(tree, cib, "admin_epoch", "0");
	c = element_add(tree, cib, "configuration");
	translate_names(&t);
	properties(&t, c);
	nodes(&t, element_add(tree, c, "nodes"));
	resources = element_add(tree, c, "resources");
	translate_resources(&t, resources);
	translate_constraints(&t, element_add(tree, c, "constraints"));
	if (whole)
		fencing(&t, resources, c);
	tags(&t, c);
	defaults(&t, c);
	json_decref(t.names);
	json_decref(t.inner);
	json_decref(t.remotes);
	json_decref(t.ids);
	if (problems->errors == before)
		review_configuration(cib, &(struct review_options){ .name = t.file }, problems);
	free(t.file);
	if (problems->errors > before)
		return -EINVAL;
	*ret = give(tree);
	return 0;
}
