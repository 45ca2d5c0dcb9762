/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Primitives, templates, groups, clones and bundles. */
#include <stdio.h>
#include <string.h>

#include "core/model/site.h"
#include "core/model/translate_inside.h"

static const char *const meta_known[] = { "allow-migrate", "allow-unhealthy-nodes", "clone-max",
	"clone-min", "clone-node-max", "container-attribute-target", "critical", "failure-timeout",
	"globally-unique", "interleave", "is-managed", "maintenance", "master-max",
	"master-node-max", "migration-threshold", "multiple-active", "notify", "ordered",
	"priority", "promotable", "promoted-max", "promoted-node-max", "remote-addr",
	"remote-allow-migrate", "remote-connect-timeout", "remote-node", "remote-port", "requires",
	"resource-stickiness", "restart-type", "target-role", "provides", "external-ip", NULL };

const char *const *translate_meta_names(void)
{
	return meta_known;
}

static void known(struct translate *t, json_t *v, const char *pointer, const char *const *keys)
{
	char list[256] = "";
	const char *key;
	json_t *value;

	for (size_t i = 0; keys[i]; i++) {
		strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, keys[i], sizeof(list) - strlen(list) - 1);
	}
	json_object_foreach (v, key, value) {
		owned(free) char *at = translate_at(pointer, key);
		bool found = false;

		for (size_t i = 0; keys[i]; i++)
			found |= !strcmp(key, keys[i]);
		if (!found)
			translate_wrong(t, at, "unknown key '%s'; known here: %s", key, list);
	}
}

/* Which of them the resource has tells what it is. */
static const char *kind_of(const json_t *v)
{
	static const char *const kinds[] = { "type", "template", "group", "clone", "promotable",
		"bundle" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (json_object_get(v, kinds[i]))
			return i < 2 ? "primitive" : i == 4 ? "clone" : kinds[i];
	return NULL;
}

static json_t *clone_content(const json_t *v)
{
	json_t *c = json_object_get(v, "clone");

	return c ? c : json_object_get(v, "promotable");
}

/* What a clone or a bundle holds in place is named there, or like the clone without its "-clone".
 */
static const char *inner_name(struct translate *t, const char *outer, json_t *content)
{
	const char *name = json_string_value(json_object_get(content, "name"));
	size_t n = strlen(outer);

	if (json_is_string(content))
		return json_string_value(content);
	if (name)
		return name;
	if (n > 6 && !strcmp(outer + n - 6, "-clone"))
		return element_printf(t->tree, "%.*s", (int)(n - 6), outer);
	return NULL;
}

/* ---- who is inside of whom ---------------------------------------------------------------------
 */

static json_t *resource_of(struct translate *t, const char *name)
{
	return name ? json_object_get(json_object_get(t->root, "resources"), name) : NULL;
}

static void hold(struct translate *t, const char *outer, const char *name, const char *allowed,
	const char *pointer)
{
	json_t *inside = resource_of(t, name);
	const char *kind = kind_of(inside);
	const char *other = json_string_value(json_object_get(t->inner, name ? name : ""));

	if (!inside || !kind || !strstr(allowed, kind))
		translate_wrong(t, pointer, "no %s '%s'", allowed, name ? name : "?");
	else if (other)
		translate_wrong(t, pointer, "'%s' is in %s '%s' already", name,
			kind_of(resource_of(t, other)), other);
	else
		json_object_set_new(t->inner, name, json_string(outer));
}

static void hold_inline(struct translate *t, const char *outer, json_t *content,
	const char *pointer, const char *allowed)
{
	const char *name = inner_name(t, outer, content), *kind = kind_of(content);

	if (!json_is_object(content) || !kind || !strstr(allowed, kind)) {
		translate_wrong(
			t, pointer, "a %s is wanted: its name, or all of it in place", allowed);
		return;
	}
	if (!name)
		translate_wrong(
			t, pointer, "what '%s' holds needs a name of its own: name: ...", outer);
	else if (json_object_get(t->names, name) || resource_of(t, name))
		translate_wrong(t, pointer, "the name '%s' is taken", name);
	else
		json_object_set_new(t->names, name, json_string(kind));
}

static void insides(struct translate *t, const char *name, json_t *v)
{
	owned(free) char *pointer = translate_at("/resources", name);
	json_t *content = clone_content(v), *members = json_object_get(v, "group"), *m;
	const char *key = json_object_get(v, "clone") ? "clone" : "promotable";
	const char *allowed = "primitive or group";
	size_t i;

	if (!content && json_object_get(v, "bundle")) {
		content = json_object_get(v, "primitive");
		key = "primitive";
		allowed = "primitive";
	}
	if (content) {
		owned(free) char *at = translate_at(pointer, key);

		if (json_is_string(content))
			hold(t, name, json_string_value(content), allowed, at);
		else
			hold_inline(t, name, content, at, allowed);
	}
	if (members) {
		owned(free) char *at = translate_at(pointer, "group");

		if (!translate_is_list(t, members, at) || !json_array_size(members)) {
			translate_wrong(t, at, "a group needs members");
			return;
		}
		json_array_foreach (members, i, m) {
			owned(free) char *where = translate_at_index(at, i);

			hold(t, name, json_string_value(m), "primitive", where);
		}
	}
}

/* A connection to a host outside of the cluster, or a guest, is a node too. */
static void remote(struct translate *t, const char *name, json_t *v)
{
	const char *type = json_string_value(json_object_get(v, "type"));
	json_t *meta = json_object_get(v, "meta"), *set;
	const char *guest = json_string_value(json_object_get(meta, "remote-node"));
	size_t i;

	json_array_foreach (meta, i, set)
		if (!guest)
			guest = json_string_value(
				json_object_get(json_object_get(set, "values"), "remote-node"));
	if (type && !strcmp(type, "ocf:pacemaker:remote"))
		json_object_set_new(t->remotes, name, json_true());
	if (guest)
		json_object_set_new(t->remotes, guest, json_true());
}

void translate_names(struct translate *t)
{
	static const char *const sections[] = { "resources", "templates", "tags" };
	const char *name;
	json_t *v;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		owned(free) char *at = own_printf("/%s", sections[i]);
		json_t *all = json_object_get(t->root, sections[i]);

		if (!translate_is_mapping(t, all, at))
			continue;
		json_object_foreach (all, name, v) {
			owned(free) char *where = translate_at(at, name);
			const char *kind = i ? sections[i] : kind_of(v);

			if (json_object_get(t->names, name))
				translate_wrong(t, where, "the name '%s' is taken", name);
			json_object_set_new(t->names, name, json_string(kind ? kind : "?"));
			json_object_set_new(t->ids, name, json_true());
		}
	}
	json_object_foreach (json_object_get(t->root, "resources"), name, v) {
		insides(t, name, v);
		remote(t, name, v);
	}
}

/* ---- primitives --------------------------------------------------------------------------------
 */

static void agent(struct translate *t, const char *type, const char *pointer, struct element *e)
{
	static const char *const classes[] = { "ocf", "systemd", "lsb", "service", "stonith" };
	owned(free) char *copy = own_string(type);
	char *provider = strchr(copy, ':'), *name;
	bool good = false;

	if (provider)
		*provider++ = 0;
	name = provider;
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		good |= !strcmp(copy, classes[i]);
	if (!strcmp(copy, "ocf") && provider) {
		name = strchr(provider, ':');
		if (name)
			*name++ = 0;
		element_set(t->tree, e, "provider", NULL);
	} else {
		provider = NULL;
	}
	if (!good || !name || !*name || (strchr(name, '/') && strcmp(copy, "stonith")) ||
		(provider && !*provider))
		translate_wrong(t, pointer,
			"type '%s' is none of ocf:PROVIDER:AGENT, systemd:UNIT, lsb:SCRIPT, "
			"service:NAME",
			type);
	element_set(t->tree, e, "class", copy);
	element_set(t->tree, e, "provider", provider);
	element_set(t->tree, e, "type", name);
}

static void operation(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *operations, const char *resource)
{
	struct element *e = element_add(t->tree, operations, "op");
	const char *of = name ? name : json_string_value(json_object_get(v, "name"));
	const char *interval = translate_text(t, json_object_get(v, "interval"));
	const char *own = json_string_value(json_object_get(v, "id"));
	owned(free) char *params = translate_at(pointer, "params");
	owned(free) char *meta = translate_at(pointer, "meta");

	if (!interval)
		interval = "0";
	if (own)
		translate_id(t, e, "%s", own);
	else
		translate_id(t, e, "%s-%s-%s", resource, of ? of : "op", interval);
	if (name)
		element_set(t->tree, e, "name", element_string(t->tree, name, strlen(name)));
	element_set(t->tree, e, "interval", interval);
	translate_form(t, &form_operation, v, pointer, e);
	translate_block(t, json_object_get(v, "params"), params, e, "instance_attributes",
		element_printf(t->tree, "%s-params", element_get(e, "id")));
	translate_block(t, json_object_get(v, "meta"), meta, e, "meta_attributes",
		element_printf(t->tree, "%s-meta", element_get(e, "id")));
}

/* Two recurring operations of one name and interval are one to whoever runs them. */
static void twice(struct translate *t, const struct element *operations, const char *pointer)
{
	for (const struct element *a = operations->first; a; a = a->next)
		for (const struct element *b = a->next; b; b = b->next) {
			const char *na = element_get(a, "name"), *nb = element_get(b, "name");
			const char *ia = element_get(a, "interval"),
				   *ib = element_get(b, "interval");
			uint64_t x = 0, y = 0;

			if (na && nb && !strcmp(na, nb) && !site_duration(ia, &x) &&
				!site_duration(ib, &y) && x == y)
				translate_warn(t, pointer,
					"%s stands here twice with the interval %s, and only the "
					"first counts: give each its own, as in 10s and 11s",
					na, ia);
		}
}

static void operations(struct translate *t, json_t *v, const char *pointer, struct element *parent,
	const char *resource)
{
	struct element *e;
	const char *name;
	json_t *o;
	size_t i;

	if (!v)
		return;
	if (!json_is_object(v) && !json_is_array(v)) {
		translate_wrong(t, pointer,
			"operations: {monitor: {interval: 10s}}, or a list of {name: monitor, "
			"...}");
		return;
	}
	e = element_add(t->tree, parent, "operations");
	json_array_foreach (v, i, o) {
		owned(free) char *at = translate_at_index(pointer, i);

		if (translate_is_mapping(t, o, at))
			operation(t, NULL, o, at, e, resource);
	}
	json_object_foreach (v, name, o) {
		owned(free) char *at = translate_at(pointer, name);

		if (json_is_null(o) || translate_is_mapping(t, o, at))
			operation(t, name, json_is_null(o) ? NULL : o, at, e, resource);
	}
	twice(t, e, pointer);
}

static void meta_check(struct translate *t, const struct element *e, const char *pointer)
{
	for (const struct element *b = element_child(e, "meta_attributes"); b;
		b = element_sibling(b, "meta_attributes"))
		for (const struct element *nv = element_child(b, "nvpair"); nv;
			nv = element_sibling(nv, "nvpair")) {
			const char *name = element_get(nv, "name");
			owned(free) char *at = translate_at(pointer, name ? name : "");
			bool found = false;

			for (size_t i = 0; name && meta_known[i]; i++)
				found |= !strcmp(meta_known[i], name);
			if (name && !found)
				translate_warn(t, at,
					"'%s' is no meta attribute that anything reads", name);
		}
}

static void blocks(
	struct translate *t, json_t *v, const char *pointer, struct element *e, const char *name)
{
	owned(free) char *params = translate_at(pointer, "params");
	owned(free) char *meta = translate_at(pointer, "meta");
	owned(free) char *utilization = translate_at(pointer, "utilization");
	owned(free) char *ops = translate_at(pointer, "operations");

	element_set(
		t->tree, e, "description", translate_text(t, json_object_get(v, "description")));
	translate_block(t, json_object_get(v, "params"), params, e, "instance_attributes",
		element_printf(t->tree, "%s-params", name));
	translate_block(t, json_object_get(v, "meta"), meta, e, "meta_attributes",
		element_printf(t->tree, "%s-meta", name));
	meta_check(t, e, meta);
	translate_block(t, json_object_get(v, "utilization"), utilization, e, "utilization",
		element_printf(t->tree, "%s-utilization", name));
	operations(t, json_object_get(v, "operations"), ops, e, name);
}

static void primitive(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent)
{
	static const char *const keys[] = { "type", "template", "name", "params", "meta",
		"utilization", "operations", "description", NULL };
	const char *type = json_string_value(json_object_get(v, "type"));
	const char *template = json_string_value(json_object_get(v, "template"));
	struct element *e = element_add(t->tree, parent, "primitive");
	owned(free) char *at = translate_at(pointer, template ? "template" : "type");

	translate_place(t, e, pointer);
	known(t, v, pointer, keys);
	element_set(t->tree, e, "id", name);
	if (type && !strncmp(type, "stonith:", 8) && !t->whole) {
		translate_warn(t, at,
			"'%s' is a fence device of Pacemaker's, and is left out: "
			"fencing: {devices: ...} is what fences here",
			name);
		element_remove(e);
		return;
	}
	if (type && template)
		translate_wrong(t, at, "a type or a template, not both");
	else if (template && !json_object_get(json_object_get(t->root, "templates"), template))
		translate_wrong(t, at, "no template '%s'", template);
	else if (template)
		element_set(t->tree, e, "template", template);
	else
		agent(t, type ? type : "", pointer, e);
	blocks(t, v, pointer, e, name);
}

static void templates(struct translate *t, struct element *parent)
{
	static const char *const keys[] = { "type", "params", "meta", "utilization", "operations",
		"description", NULL };
	const char *name;
	json_t *v;

	json_object_foreach (json_object_get(t->root, "templates"), name, v) {
		owned(free) char *pointer = translate_at("/templates", name);
		const char *type = json_string_value(json_object_get(v, "type"));
		struct element *e = element_add(t->tree, parent, "template");

		translate_place(t, e, pointer);
		known(t, v, pointer, keys);
		element_set(t->tree, e, "id", name);
		agent(t, type ? type : "", pointer, e);
		blocks(t, v, pointer, e, name);
	}
}

/* ---- groups, clones, bundles -------------------------------------------------------------------
 */

static void emit(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent);

static void member(struct translate *t, const char *name, struct element *parent)
{
	owned(free) char *pointer = translate_at("/resources", name);
	json_t *v = resource_of(t, name);

	if (v)
		emit(t, name, v, pointer, parent);
}

static void group(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent)
{
	static const char *const keys[] = { "group", "name", "params", "meta", "description",
		NULL };
	struct element *e = element_add(t->tree, parent, "group");
	json_t *m;
	size_t i;

	translate_place(t, e, pointer);
	known(t, v, pointer, keys);
	element_set(t->tree, e, "id", name);
	blocks(t, v, pointer, e, name);
	json_array_foreach (json_object_get(v, "group"), i, m)
		if (json_is_string(m))
			member(t, json_string_value(m), e);
}

static void content(
	struct translate *t, const char *name, json_t *what, const char *pointer, struct element *e)
{
	const char *inner = inner_name(t, name, what);

	if (json_is_string(what))
		member(t, inner, e);
	else if (inner && json_is_object(what))
		emit(t, inner, what, pointer, e);
}

static void clone_promotable(struct translate *t, struct element *e, const char *name)
{
	struct element *set = element_child(e, "meta_attributes"), *nv;

	for (nv = element_child(set, "nvpair"); nv; nv = element_sibling(nv, "nvpair"))
		if (!strcmp(element_get(nv, "name"), "promotable"))
			return;
	if (!set || element_child(set, "rule")) {
		set = element_add(t->tree, e, "meta_attributes");
		translate_id(t, set, "%s-promotable", name);
	}
	nv = element_add(t->tree, set, "nvpair");
	translate_id(t, nv, "%s-promotable", element_get(set, "id"));
	element_set(t->tree, nv, "name", "promotable");
	element_set(t->tree, nv, "value", "true");
}

static void clone(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent)
{
	static const char *const keys[] = { "clone", "promotable", "name", "params", "meta",
		"description", NULL };
	bool promotable = json_object_get(v, "promotable");
	struct element *e = element_add(t->tree, parent, "clone");
	owned(free) char *at = translate_at(pointer, promotable ? "promotable" : "clone");

	translate_place(t, e, pointer);
	known(t, v, pointer, keys);
	if (promotable && json_object_get(v, "clone"))
		translate_wrong(t, at, "clone or promotable, not both");
	element_set(t->tree, e, "id", name);
	blocks(t, v, pointer, e, name);
	if (promotable)
		clone_promotable(t, e, name);
	content(t, name, clone_content(v), at, e);
}

static void parts(struct translate *t, json_t *list, const char *pointer, const struct form *form,
	struct element *parent, const char *name)
{
	json_t *v;
	size_t i;

	if (!translate_is_list(t, list, pointer))
		return;
	json_array_foreach (list, i, v) {
		owned(free) char *at = translate_at_index(pointer, i);
		const char *own = json_string_value(json_object_get(v, "id"));
		struct element *e;

		if (!translate_is_mapping(t, v, at))
			continue;
		e = element_add(t->tree, parent, form->element);
		if (own)
			translate_id(t, e, "%s", own);
		else
			translate_id(t, e, "%s-%s-%zu", name, form->element, i);
		translate_form(t, form, v, at, e);
	}
}

static void bundle(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent)
{
	static const char *const keys[] = { "bundle", "network", "storage", "primitive", "meta",
		"description", NULL };
	static const struct form_key type_key = { "type", NULL, FORM_CHOICE, "docker|podman|rkt",
		true };
	json_t *box = json_object_get(v, "bundle"), *network = json_object_get(v, "network"),
	       *storage = json_object_get(v, "storage"), *inside = json_object_get(v, "primitive");
	owned(free) char *at = translate_at(pointer, "bundle");
	owned(free) char *at_network = translate_at(pointer, "network");
	owned(free) char *at_ports = translate_at(at_network, "ports");
	owned(free) char *at_storage = translate_at(pointer, "storage");
	owned(free) char *at_inside = translate_at(pointer, "primitive");
	struct element *e = element_add(t->tree, parent, "bundle"), *c;
	const char *type = json_string_value(json_object_get(box, "type"));

	translate_place(t, e, pointer);
	known(t, v, pointer, keys);
	element_set(t->tree, e, "id", name);
	if (!translate_is_mapping(t, box, at))
		return;
	if (!type || form_wants(&type_key, type))
		translate_wrong(t, at, "a bundle's type is docker, podman or rkt");
	c = element_add(t->tree, e, type ? element_string(t->tree, type, strlen(type)) : "podman");
	translate_form(t, &form_container, box, at, c);
	blocks(t, v, pointer, e, name);
	if (network && translate_is_mapping(t, network, at_network)) {
		c = element_add(t->tree, e, "network");
		translate_form(t, &form_network, network, at_network, c);
		parts(t, json_object_get(network, "ports"), at_ports, &form_port, c, name);
	}
	if (storage)
		parts(t, storage, at_storage, &form_storage, element_add(t->tree, e, "storage"),
			name);
	if (inside)
		content(t, name, inside, at_inside, e);
}

static void emit(struct translate *t, const char *name, json_t *v, const char *pointer,
	struct element *parent)
{
	const char *kind = kind_of(v);

	if (!kind)
		translate_wrong(t, pointer,
			"resource '%s' needs a type (ocf:heartbeat:IPaddr2), a template, a group, "
			"a "
			"clone, a promotable or a bundle",
			name);
	else if (!strcmp(kind, "primitive"))
		primitive(t, name, v, pointer, parent);
	else if (!strcmp(kind, "group"))
		group(t, name, v, pointer, parent);
	else if (!strcmp(kind, "clone"))
		clone(t, name, v, pointer, parent);
	else
		bundle(t, name, v, pointer, parent);
}

void translate_resources(struct translate *t, struct element *parent)
{
	const char *name;
	json_t *v;

	templates(t, parent);
	json_object_foreach (json_object_get(t->root, "resources"), name, v) {
		owned(free) char *pointer = translate_at("/resources", name);

		if (!json_object_get(t->inner, name) && (!v || translate_is_mapping(t, v, pointer)))
			emit(t, name, v, pointer, parent);
	}
}
