/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Primitives, templates, groups, clones, bundles; and fence devices, which are no resources here.
 */
#include <stdio.h>
#include <string.h>

#include "core/model/adopt_inside.h"

static void description(const struct element *e, json_t *object)
{
	if (element_get(e, "description"))
		json_object_set_new(
			object, "description", json_string(element_get(e, "description")));
}

static void type(const struct element *e, json_t *object)
{
	const char *provider = element_get(e, "provider"), *class = element_get(e, "class");
	owned(free) char *text =
		own_printf("%s:%s%s%s", class ? class : "?", provider ? provider : "",
			provider ? ":" : "", element_get(e, "type") ? element_get(e, "type") : "?");

	json_object_set_new(object, "type", json_string(text));
}

static json_t *operation(struct adopt *a, const struct element *e)
{
	json_t *o = json_object();

	adopt_form(a, &form_operation, e, o);
	adopt_block_set(a, o, "params", e, "instance_attributes");
	adopt_block_set(a, o, "meta", e, "meta_attributes");
	return o;
}

/* A mapping by name, as people write it, where each name is there once. */
static json_t *operations(struct adopt *a, const struct element *e)
{
	json_t *list = json_array(), *map = json_object(), *o;
	bool twice = false;
	size_t i;

	for (const struct element *op = element_child(e, "op"); op; op = element_sibling(op, "op"))
		json_array_append_new(list, operation(a, adopt_find(a, op)));
	json_array_foreach (list, i, o) {
		const char *name = json_string_value(json_object_get(o, "name"));
		json_t *rest = json_copy(o);

		twice |= !name || json_object_get(map, name);
		json_object_del(rest, "name");
		json_object_set_new(map, name ? name : "", rest);
	}
	if (twice) {
		json_decref(map);
		return list;
	}
	json_decref(list);
	return map;
}

static void common(struct adopt *a, const struct element *e, json_t *object)
{
	const struct element *ops = element_child(e, "operations");

	description(e, object);
	adopt_block_set(a, object, "params", e, "instance_attributes");
	adopt_block_set(a, object, "meta", e, "meta_attributes");
	adopt_block_set(a, object, "utilization", e, "utilization");
	if (ops && adopt_find(a, ops)->first)
		json_object_set_new(object, "operations", operations(a, adopt_find(a, ops)));
}

/* ---- fence devices -----------------------------------------------------------------------------
 */

static json_t *words(const char *text, const char *between, const char *until)
{
	json_t *list = json_array();

	for (const char *at = text + strspn(text, between); *at; at += strspn(at, between)) {
		size_t n = strcspn(at, between);
		size_t part = strcspn(at, until);

		json_array_append_new(list, json_stringn(at, part < n ? part : n));
		at += n;
	}
	return list;
}

static json_t *targets(struct adopt *a, const struct element *e, json_t *params)
{
	const char *list = json_string_value(json_object_get(params, "pcmk_host_list"));
	const char *map = json_string_value(json_object_get(params, "pcmk_host_map"));
	json_t *all = json_array();
	const struct element *n = element_child(element_child(a->configuration, "nodes"), "node");

	if (list || map) {
		json_decref(all);
		return list ? words(list, " ,;\t\n", " ,;\t\n") : words(map, " ;\t\n", ":=");
	}
	for (; n; n = element_sibling(n, "node"))
		if (element_get(n, "uname"))
			json_array_append_new(all, json_string(element_get(n, "uname")));
	adopt_tell(a, e, "'%s' does not say which nodes it can fence: all are taken",
		element_get(e, "id"));
	return all;
}

static void device(struct adopt *a, const struct element *e)
{
	const char *id = element_get(e, "id"), *agent = element_get(e, "type");
	json_t *params = adopt_block(a, e, "instance_attributes"), *d;

	if (!agent || strncmp(agent, "fence_", 6)) {
		adopt_tell(a, e,
			"fence device '%s' (%s): only agents that are called fence_… run here", id,
			agent ? agent : "of a template");
		json_decref(params);
		return;
	}
	if (json_is_array(params)) {
		adopt_tell(a, e, "fence device '%s': of its parameters the first set", id);
		d = json_incref(json_object_get(json_array_get(params, 0), "values"));
		json_decref(params);
		params = d;
	}
	d = json_pack("{s:s, s:o, s:o}", "agent", agent, "targets", targets(a, e, params), "params",
		params ? params : json_object());
	json_object_set_new(a->devices, id, d);
	if (element_child(e, "operations") || element_child(e, "meta_attributes"))
		adopt_tell(a, e,
			"fence device '%s': its operations and meta attributes; the controllers "
			"fence, no node has to start it",
			id);
}

/* ---- resources ---------------------------------------------------------------------------------
 */

static const char *take(struct adopt *a, const struct element *e);

static void primitive(struct adopt *a, const struct element *e, json_t *object)
{
	if (element_get(e, "template"))
		json_object_set_new(object, "template", json_string(element_get(e, "template")));
	else
		type(e, object);
	common(a, e, object);
}

static void group(struct adopt *a, const struct element *e, json_t *object)
{
	json_t *members = json_array();

	for (const struct element *c = element_child(e, "primitive"); c;
		c = element_sibling(c, "primitive"))
		json_array_append_new(members, json_string(take(a, c)));
	json_object_set_new(object, "group", members);
	common(a, e, object);
}

static const struct element *inside(const struct element *e)
{
	const struct element *c = element_child(e, "primitive");

	return c ? c : element_child(e, "group");
}

static void clone(struct adopt *a, const struct element *e, json_t *object)
{
	const struct element *c = inside(e);

	if (c)
		json_object_set_new(object, element_is(e, "master") ? "promotable" : "clone",
			json_string(take(a, c)));
	else
		adopt_tell(a, e, "'%s' clones nothing", element_get(e, "id"));
	common(a, e, object);
}

static json_t *parts(struct adopt *a, const struct element *e, const struct form *form)
{
	json_t *list = json_array();

	for (const struct element *c = element_child(e, form->element); c;
		c = element_sibling(c, form->element)) {
		json_t *one = json_object();

		if (element_get(c, "id"))
			json_object_set_new(one, "id", json_string(element_get(c, "id")));
		adopt_form(a, form, c, one);
		json_array_append_new(list, one);
	}
	return list;
}

static void bundle(struct adopt *a, const struct element *e, json_t *object)
{
	static const char *const types[] = { "docker", "podman", "rkt" };
	const struct element *network = element_child(e, "network"),
			     *storage = element_child(e, "storage"), *c = inside(e);
	json_t *box = json_object(), *net;

	for (size_t i = 0; i < 3; i++) {
		const struct element *b = element_child(e, types[i]);

		if (!b)
			continue;
		json_object_set_new(box, "type", json_string(types[i]));
		adopt_form(a, &form_container, b, box);
	}
	json_object_set_new(object, "bundle", box);
	if (network) {
		net = json_object();
		adopt_form(a, &form_network, network, net);
		if (element_child(network, "port-mapping"))
			json_object_set_new(net, "ports", parts(a, network, &form_port));
		json_object_set_new(object, "network", net);
	}
	if (storage)
		json_object_set_new(object, "storage", parts(a, storage, &form_storage));
	if (c)
		json_object_set_new(object, "primitive", json_string(take(a, c)));
	common(a, e, object);
}

static const char *take(struct adopt *a, const struct element *e)
{
	static const struct {
		const char *element;
		void (*fill)(struct adopt *a, const struct element *e, json_t *object);
	} kinds[] = { { "primitive", primitive }, { "group", group }, { "clone", clone },
		{ "master", clone }, { "bundle", bundle } };
	const char *id = element_get(e, "id");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_t *object;

		if (!element_is(e, kinds[i].element))
			continue;
		object = json_object();
		kinds[i].fill(a, e, object);
		json_object_set_new(a->resources, id ? id : "?", object);
		break;
	}
	return id ? id : "?";
}

static void template(struct adopt *a, const struct element *e)
{
	json_t *all = json_object_get(a->root, "templates"), *object = json_object();

	if (!all) {
		all = json_object();
		json_object_set_new(a->root, "templates", all);
	}
	type(e, object);
	common(a, e, object);
	json_object_set_new(all, element_get(e, "id"), object);
}

void adopt_resources(struct adopt *a)
{
	const struct element *section = element_child(a->configuration, "resources");

	for (const struct element *e = section ? section->first : NULL; e; e = e->next) {
		const char *class = element_get(e, "class");

		if (element_is(e, "template"))
			template(a, e);
		else if (a->take_devices && element_is(e, "primitive") && class &&
			 !strcmp(class, "stonith"))
			device(a, e);
		else
			take(a, e);
	}
}
