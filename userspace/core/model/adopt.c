/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <picket/limits.h>

#include "core/model/adopt_inside.h"

void adopt_tell(struct adopt *a, const struct element *e, const char *format, ...)
{
	owned(free) char *where = own_printf("%s:%u", a->name, e ? e->line : 0);
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	problems_add(a->report, true, where, "%s", text);
}

void adopt_form(struct adopt *a, const struct form *form, const struct element *e, json_t *object)
{
	static const char *const known[] = { "id", "rsc", "with-rsc", "first", "then", "id-ref" };

	if (form_adopt(form, e, object))
		return;
	for (unsigned i = 0; i < e->names->n; i++) {
		json_t *one = json_object();
		const char *name = e->names->all[i].text, *value = e->values[i];
		struct element_names its = { .n = 1, .all = &e->names->all[i] };
		struct element alone = { .name = e->name, .names = &its, .values = &e->values[i] };
		bool taken = form_adopt(form, &alone, one);

		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			taken |= !strcmp(known[k], name);
		if (!taken)
			adopt_tell(a, e, "%s=\"%s\" of <%s>", name, value, e->name);
		json_decref(one);
	}
}

static const struct element *by_id(const struct element *e, const char *kind, const char *id)
{
	for (const struct element *c = e->first; c; c = c->next) {
		const char *its = element_get(c, "id");
		const struct element *found;

		if (its && !strcmp(its, id) && element_is(c, kind))
			return c;
		found = by_id(c, kind, id);
		if (found)
			return found;
	}
	return NULL;
}

const struct element *adopt_find(struct adopt *a, const struct element *e)
{
	const char *ref = element_get(e, "id-ref");
	const struct element *found = ref ? by_id(a->configuration, e->name, ref) : e;

	if (!found)
		adopt_tell(a, e, "<%s> refers to '%s', which is not there", e->name, ref);
	return found ? found : e;
}

/* ---- nodes -------------------------------------------------------------------------------------
 */

static bool id_free(json_t *nodes, json_int_t id)
{
	const char *name;
	json_t *n;

	json_object_foreach (nodes, name, n)
		if (json_integer_value(json_object_get(n, "id")) == id)
			return false;
	return true;
}

static json_int_t node_id(struct adopt *a, const struct element *e, json_t *nodes)
{
	const char *text = element_get(e, "id");
	char *end = NULL;
	json_int_t id = text ? strtoll(text, &end, 10) : 0;

	if (text && end != text && !*end && id > 0 && id < PICKET_NODES_MAX && id_free(nodes, id))
		return id;
	for (id = 1; !id_free(nodes, id);)
		id++;
	adopt_tell(a, e, "node id '%s' is %lld now: ids are 1 to %d", text ? text : "",
		(long long)id, PICKET_NODES_MAX - 1);
	return id;
}

static json_t *nodes(struct adopt *a)
{
	const struct element *e = element_child(element_child(a->configuration, "nodes"), "node");
	json_t *all = json_object();

	for (; e; e = element_sibling(e, "node")) {
		const char *name = element_get(e, "uname"), *type = element_get(e, "type");
		json_t *n;

		if (!name) {
			adopt_tell(a, e, "a node without a name");
			continue;
		}
		n = json_pack("{s:I, s:[]}", "id", node_id(a, e, all), "addresses");
		if (type && strcmp(type, "member") && strcmp(type, "normal"))
			json_object_set_new(n, "type", json_string(type));
		adopt_block_set(a, n, "attributes", e, "instance_attributes");
		adopt_block_set(a, n, "utilization", e, "utilization");
		json_object_set_new(all, name, n);
	}
	if (json_object_size(all))
		adopt_tell(a, element_child(a->configuration, "nodes"),
			"addresses: a CIB has none; fill in one for each heartbeat link");
	return all;
}

/* ---- fencing levels ----------------------------------------------------------------------------
 */

struct level {
	const struct element *element;
	unsigned long index;
};

static bool is_target(struct adopt *a, const struct element *level, const struct element *node)
{
	const char *name = element_get(node, "uname"), *target = element_get(level, "target");
	const char *pattern = element_get(level, "target-pattern");
	const char *attribute = element_get(level, "target-attribute");
	bool hit = false;
	regex_t re;

	if (target)
		return !strcmp(target, name);
	if (pattern && !regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB)) {
		hit = !regexec(&re, name, 0, NULL, 0);
		regfree(&re);
		return hit;
	}
	for (const struct element *set = element_child(node, "instance_attributes");
		attribute && set; set = element_sibling(set, "instance_attributes"))
		for (const struct element *nv = set->first; nv; nv = nv->next) {
			const char *its = element_get(nv, "name"),
				   *value = element_get(nv, "value");
			const char *wanted = element_get(level, "target-value");

			hit |= its && value && wanted && !strcmp(its, attribute) &&
			       !strcmp(value, wanted);
		}
	return hit;
}

static int by_index(const void *x, const void *y)
{
	const struct level *a = x, *b = y;

	return a->index < b->index ? -1 : a->index > b->index;
}

static json_t *level_devices(struct adopt *a, const struct element *e)
{
	const char *text = element_get(e, "devices");
	json_t *list = json_array();

	for (const char *at = text ? text : ""; *at;) {
		size_t n = strcspn(at, ",");
		owned(free) char *name = own_printf("%.*s", (int)n, at);

		if (!a->take_devices || json_object_get(a->devices, name))
			json_array_append_new(list, json_string(name));
		else
			adopt_tell(
				a, e, "a fencing level with '%s', which was not taken over", name);
		at += n + (at[n] == ',');
	}
	return list;
}

static json_t *levels(struct adopt *a, const struct element *node)
{
	const struct element *e =
		element_child(element_child(a->configuration, "fencing-topology"), "fencing-level");
	json_t *all = json_array();
	struct level found[10];
	size_t n = 0;

	for (; e && n < sizeof(found) / sizeof(*found); e = element_sibling(e, "fencing-level"))
		if (is_target(a, e, node))
			found[n++] = (struct level){ e,
				strtoul(element_get(e, "index") ? element_get(e, "index") : "0",
					NULL, 10) };
	qsort(found, n, sizeof(*found), by_index);
	for (size_t i = 0; i < n; i++) {
		json_t *list = level_devices(a, found[i].element);

		if (json_array_size(list))
			json_array_append(all, list);
		json_decref(list);
	}
	return all;
}

/* Who is in no level is fenced by whichever device names it, one after the other. */
static json_t *devices_of(struct adopt *a, const char *node)
{
	json_t *all = json_array(), *d, *target;
	const char *name;
	size_t i;

	json_object_foreach (a->devices, name, d)
		json_array_foreach (json_object_get(d, "targets"), i, target)
			if (!strcmp(json_string_value(target), node))
				json_array_append_new(all, json_pack("[s]", name));
	return all;
}

static json_t *topology(struct adopt *a)
{
	const struct element *n = element_child(element_child(a->configuration, "nodes"), "node");
	json_t *all = json_object();

	for (; n; n = element_sibling(n, "node")) {
		const char *name = element_get(n, "uname");
		json_t *list = name ? levels(a, n) : NULL;

		if (list && !json_array_size(list)) {
			json_decref(list);
			list = devices_of(a, name);
		}
		if (json_array_size(list))
			json_object_set(all, name, list);
		json_decref(list);
	}
	return all;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void set_if_any(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) || json_array_size(value))
		json_object_set(object, key, value);
	json_decref(value);
}

static json_t *tags(struct adopt *a)
{
	const struct element *e = element_child(element_child(a->configuration, "tags"), "tag");
	json_t *all = json_object();

	for (; e; e = element_sibling(e, "tag")) {
		json_t *list = json_array();

		for (const struct element *r = element_child(e, "obj_ref"); r;
			r = element_sibling(r, "obj_ref"))
			json_array_append_new(list, json_string(element_get(r, "id")));
		json_object_set_new(all, element_get(e, "id") ? element_get(e, "id") : "?", list);
	}
	return all;
}

static void left_out(struct adopt *a)
{
	static const char *const known[] = { "crm_config", "nodes", "resources", "constraints",
		"fencing-topology", "rsc_defaults", "op_defaults", "tags" };

	for (const struct element *e = a->configuration->first; e; e = e->next) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= element_is(e, known[i]);
		if (!found && e->first)
			adopt_tell(a, e, "<%s> was not taken over", e->name);
	}
}

static void cluster(struct adopt *a)
{
	json_t *properties = json_object_get(a->root, "properties");
	json_t *name = json_object_get(properties, "cluster-name");

	json_object_set_new(a->root, "cluster",
		json_pack("{s:s}", "name",
			json_string_value(name) ? json_string_value(name) : "cluster"));
}

int adopt_cib(const struct element *cib, const char *name, bool devices, struct problems *report,
	json_t **ret)
{
	const struct element *c = element_child(cib, "configuration");
	struct adopt a = {
		.configuration = c, .name = name, .report = report, .take_devices = devices
	};
	json_t *fencing;

	if (!element_is(cib, "cib") || !c) {
		owned(free) char *where = own_printf("%s:%u", name, cib ? cib->line : 0);

		problems_add(report, false, where,
			"this is no CIB: a <cib> with a <configuration> is wanted, as cibadmin -Q "
			"prints it");
		return -EINVAL;
	}
	a.root = json_object();
	a.resources = json_object();
	a.devices = json_object();
	cluster(&a);
	adopt_block_set(
		&a, a.root, "properties", element_child(c, "crm_config"), "cluster_property_set");
	cluster(&a);
	json_object_set_new(a.root, "nodes", nodes(&a));
	adopt_resources(&a);
	fencing = json_object();
	set_if_any(fencing, "topology", topology(&a));
	set_if_any(fencing, "devices", a.devices);
	set_if_any(a.root, "fencing", fencing);
	adopt_block_set(&a, a.root, "resource-defaults", element_child(c, "rsc_defaults"),
		"meta_attributes");
	adopt_block_set(&a, a.root, "operation-defaults", element_child(c, "op_defaults"),
		"meta_attributes");
	set_if_any(a.root, "tags", tags(&a));
	set_if_any(a.root, "constraints", adopt_constraints(&a));
	set_if_any(a.root, "resources", a.resources);
	left_out(&a);
	*ret = a.root;
	return 0;
}
