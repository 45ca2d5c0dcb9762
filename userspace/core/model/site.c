/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/model/alert.h"
#include "core/model/site.h"
#include "core/model/translate.h"

struct check {
	struct site *site;
	const struct document *document;
	struct problems *problems;
};

static void wrong(struct check *c, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void wrong(struct check *c, const char *pointer, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	problems_add(c->problems, false,
		c->document ? document_where(c->document, pointer) : pointer, "%s", text);
}

int site_score(const char *text, int *ret)
{
	char *end;
	long v;

	if (!strcmp(text, "INFINITY") || !strcmp(text, "+INFINITY")) {
		*ret = SITE_INFINITY;
		return 0;
	}
	if (!strcmp(text, "-INFINITY")) {
		*ret = -SITE_INFINITY;
		return 0;
	}
	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	*ret = v > SITE_INFINITY ? SITE_INFINITY : v < -SITE_INFINITY ? -SITE_INFINITY : v;
	return 0;
}

int site_score_add(int a, int b)
{
	int sum = a + b;

	if (a == -SITE_INFINITY || b == -SITE_INFINITY)
		return -SITE_INFINITY;
	if (a == SITE_INFINITY || b == SITE_INFINITY)
		return SITE_INFINITY;
	return sum > SITE_INFINITY ? SITE_INFINITY : sum < -SITE_INFINITY ? -SITE_INFINITY : sum;
}

/* ISO 8601 without months and years, whose length depends on when they begin. */
static int duration_iso(const char *text, uint64_t *ret_ms)
{
	static const struct {
		char unit;
		bool time;
		uint64_t ms;
	} units[] = { { 'W', false, 7 * 86400000ULL }, { 'D', false, 86400000 },
		{ 'H', true, 3600000 }, { 'M', true, 60000 }, { 'S', true, 1000 } };
	bool time = false, any = false;
	uint64_t sum = 0;

	for (const char *at = text; *at; at++) {
		unsigned long long v;
		size_t i = 0;
		char *end;

		if (*at == 'T' && !time) {
			time = true;
			continue;
		}
		if (!isdigit((unsigned char)*at))
			return -EINVAL;
		v = strtoull(at, &end, 10);
		while (i < 5 && (units[i].unit != *end || units[i].time != time))
			i++;
		if (i == 5 || v > 1000000000ULL)
			return -EINVAL;
		sum += v * units[i].ms;
		any = true;
		at = end;
	}
	if (!any)
		return -EINVAL;
	*ret_ms = sum;
	return 0;
}

int site_duration(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "sec", 1000 }, { "ms", 1 }, { "msec", 1 },
		{ "m", 60000 }, { "min", 60000 }, { "h", 3600000 }, { "hr", 3600000 },
		{ "d", 86400000 } };
	unsigned long long v;
	char *end;

	if (*text == 'P')
		return duration_iso(text + 1, ret_ms);
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || v > 1000000000ULL)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(end, units[i].unit)) {
			*ret_ms = v * units[i].ms;
			return 0;
		}
	return -EINVAL;
}

/* Scalars of the document as text, kept inside root so that they live as long as it. */
static const char *text_of(json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);
	char number[32];

	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(number, sizeof(number), "%lld", json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(number, sizeof(number), "%s", json_is_true(v) ? "true" : "false");
	else
		return NULL;
	json_object_set_new(object, key, json_string(number));
	return json_string_value(json_object_get(object, key));
}

static void all_text(json_t *object)
{
	const char *key;
	json_t *v;
	void *tmp;

	json_object_foreach_safe(object, tmp, key, v) text_of(object, key);
}

static json_t *section(struct check *c, json_t *object, const char *pointer, const char *key)
{
	json_t *v = json_object_get(object, key);
	char where[256];

	if (!v || json_is_object(v))
		return v;
	snprintf(where, sizeof(where), "%s/%s", pointer, key);
	wrong(c, where, "'%s' must be a mapping of names", key);
	return NULL;
}

static void known_keys(
	struct check *c, json_t *object, const char *pointer, const char *const *keys)
{
	const char *key;
	char where[512], list[512] = "";
	json_t *v;

	for (size_t i = 0; keys[i]; i++) {
		strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, keys[i], sizeof(list) - strlen(list) - 1);
	}
	json_object_foreach (object, key, v) {
		bool found = false;

		for (size_t i = 0; keys[i]; i++)
			found |= !strcmp(key, keys[i]);
		if (found)
			continue;
		snprintf(where, sizeof(where), "%s/%s", pointer, key);
		wrong(c, where, "unknown key '%s'; known here: %s", key, list);
	}
}

static bool name_good(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= PICKET_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	return true;
}

static void check_nodes(struct check *c, json_t *nodes)
{
	static const char *const keys[] = { "id", "addresses", "attributes", "utilization", "type",
		NULL };
	struct site *s = c->site;
	const char *name;
	char where[256];
	json_t *v, *a;
	size_t i;

	s->nodes = own_alloc(json_object_size(nodes) * sizeof(*s->nodes));
	json_object_foreach (nodes, name, v) {
		struct site_node *n = &s->nodes[s->n_nodes];

		snprintf(where, sizeof(where), "/nodes/%s", name);
		known_keys(c, v, where, keys);
		n->name = name;
		n->id = json_integer_value(json_object_get(v, "id"));
		if (!name_good(name))
			wrong(c, where, "'%s' is no good node name: letters, digits, '-', '_', '.'",
				name);
		if (n->id < 1 || n->id >= PICKET_NODE_CONTROLLER)
			wrong(c, where, "node '%s' needs an id of 1 to %d", name,
				PICKET_NODE_CONTROLLER - 1);
		for (i = 0; i < s->n_nodes; i++)
			if (s->nodes[i].id == n->id)
				wrong(c, where, "id %u is %s's already", n->id, s->nodes[i].name);
		json_array_foreach (json_object_get(v, "addresses"), i, a) {
			if (!json_is_string(a) || i >= PICKET_LINKS_MAX) {
				wrong(c, where, "addresses: at most %d texts", PICKET_LINKS_MAX);
				break;
			}
			n->address[n->n_addresses++] = json_string_value(a);
		}
		if (!n->n_addresses)
			wrong(c, where, "node '%s' needs addresses, one for each heartbeat link",
				name);
		s->n_nodes++;
	}
}

/* An agent reads them as lines: what is none would be found out when a node must be fenced. */
static void check_params(struct check *c, json_t *params, const char *pointer)
{
	const char *name, *text;
	char where[320];
	json_t *v;

	json_object_foreach (params, name, v) {
		text = json_string_value(v);
		if (text && !strpbrk(text, "\r\n") && !strpbrk(name, "=\r\n"))
			continue;
		snprintf(where, sizeof(where), "%s/params/%s", pointer, name);
		wrong(c, where, "parameter '%s' must be a number, yes or no, or a line of text",
			name);
	}
}

static void check_devices(struct check *c, json_t *devices)
{
	static const char *const keys[] = { "agent", "params", "targets", NULL };
	struct site *s = c->site;
	const char *name;
	char where[256];
	json_t *v, *t;
	size_t i;

	s->devices = own_alloc(json_object_size(devices) * sizeof(*s->devices));
	json_object_foreach (devices, name, v) {
		struct site_device *d = &s->devices[s->n_devices++];

		snprintf(where, sizeof(where), "/fencing/devices/%s", name);
		known_keys(c, v, where, keys);
		d->name = name;
		if (!strcmp(name, SITE_SELF))
			wrong(c, where, "'%s' is the node's own lease, no device's name", name);
		d->agent = text_of(v, "agent");
		d->params = section(c, v, where, "params");
		d->targets = json_object_get(v, "targets");
		all_text(d->params);
		check_params(c, d->params, where);
		if (!d->agent || strncmp(d->agent, "fence_", 6) || strchr(d->agent, '/'))
			wrong(c, where, "device '%s' needs an agent, as in fence_picket_redfish",
				name);
		if (!json_array_size(d->targets))
			wrong(c, where, "device '%s' needs targets, a list of nodes", name);
		json_array_foreach (d->targets, i, t)
			if (!site_node(s, json_string_value(t)))
				wrong(c, where, "device '%s': no node '%s'", name,
					json_string_value(t));
	}
}

/* A level is a list of methods, all of them needed; or {any: [...]}, or {all: [...]}. */
static json_t *level_list(json_t *level)
{
	if (json_is_array(level))
		return level;
	if (json_object_size(level) != 1)
		return NULL;
	return json_object_get(level, json_object_get(level, "any") ? "any" : "all");
}

static void check_level(struct check *c, json_t *level, const char *where)
{
	json_t *list = level_list(level), *d;
	size_t i;

	if (!json_array_size(list))
		wrong(c, where, "a level is a list of devices (or self), or {any: [...]}");
	json_array_foreach (list, i, d) {
		const char *name = json_string_value(d);

		if (!name || (strcmp(name, SITE_SELF) && !site_device(c->site, name)))
			wrong(c, where, "no device '%s'", name ? name : "?");
	}
}

static void check_topology(struct check *c, json_t *topology)
{
	const char *name;
	char where[256];
	json_t *levels, *level;
	size_t i;

	json_object_foreach (topology, name, levels) {
		snprintf(where, sizeof(where), "/fencing/topology/%s", name);
		if (!site_node(c->site, name))
			wrong(c, where, "no node '%s'", name);
		if (!json_is_array(levels))
			wrong(c, where, "a list of levels, each a list of devices, is wanted");
		json_array_foreach (levels, i, level)
			check_level(c, level, where);
	}
}

/* ---- resources and constraints, as the translation has them ------------------------------------
 */

static const char *from_template(
	const struct element *resources, const struct element *e, const char *name)
{
	const char *template = element_get(e, "template");

	return element_get(template ? element_child_id(resources, "template", template) : e, name);
}

static bool kind_of(const struct element *e, enum site_kind *ret)
{
	static const char *const names[] = { "primitive", "group", "clone", "bundle" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (element_is(e, names[i])) {
			*ret = (enum site_kind)i;
			return true;
		}
	return false;
}

static size_t count(const struct element *e)
{
	enum site_kind kind;
	size_t n = kind_of(e, &kind);

	for (const struct element *c = e->first; c; c = c->next)
		n += count(c);
	return n;
}

/* Members stand after what they are in. */
static void take_resource(
	struct site *s, const struct element *resources, const struct element *e, int parent)
{
	struct site_resource *r = &s->resources[s->n_resources];
	int at = (int)s->n_resources++;
	enum site_kind kind;

	r->name = element_get(e, "id");
	r->parent = parent;
	r->element = e;
	kind_of(e, &r->kind);
	r->standard = from_template(resources, e, "class");
	r->provider = from_template(resources, e, "provider");
	r->type = from_template(resources, e, "type");
	r->promotable = r->kind == SITE_CLONE && site_meta(r, "promotable") &&
			!strcmp(site_meta(r, "promotable"), "true");
	for (const struct element *c = e->first; c; c = c->next)
		if (kind_of(c, &kind))
			take_resource(s, resources, c, at);
}

static void take_resources(struct site *s, const struct element *resources)
{
	enum site_kind kind;

	s->resources = own_alloc(count(resources) * sizeof(*s->resources) + 1);
	for (const struct element *e = resources->first; e; e = e->next)
		if (kind_of(e, &kind))
			take_resource(s, resources, e, -1);
}

static void check_names(struct check *c, const char *of)
{
	const char *name;
	char where[256];
	json_t *v;

	json_object_foreach (json_object_get(c->site->root, of), name, v) {
		if (name_good(name))
			continue;
		snprintf(where, sizeof(where), "/%s/%s", of, name);
		wrong(c, where, "'%s' is no good name: letters, digits, '-', '_', '.'", name);
	}
}

static void check_all(struct check *c)
{
	static const char *const keys[] = { "cluster", "properties", "nodes", "fencing",
		"resources", "constraints", "templates", "tags", "resource-defaults",
		"operation-defaults", "alerts", NULL };
	struct site *s = c->site;
	const struct element *configuration;
	json_t *fencing;

	known_keys(c, s->root, "", keys);
	all_text(json_object_get(s->root, "properties"));
	all_text(section(c, s->root, "", "cluster"));
	check_nodes(c, section(c, s->root, "", "nodes"));
	fencing = section(c, s->root, "", "fencing");
	check_devices(c, section(c, fencing, "/fencing", "devices"));
	check_topology(c, section(c, fencing, "/fencing", "topology"));
	check_names(c, "resources");
	check_names(c, "templates");
	check_names(c, "tags");
	alerts_check(s->root, c->document, c->problems);
	s->name = text_of(json_object_get(s->root, "cluster"), "name");
	if (!s->name)
		wrong(c, "/cluster", "cluster: {name: ...} is missing");
	if (translate_site(s->root, c->document, false, c->problems, &s->tree))
		return;
	configuration = element_child(s->tree->root, "configuration");
	take_resources(s, element_child(configuration, "resources"));
}

int site_new(
	json_t *root, const struct document *document, struct problems *problems, struct site **ret)
{
	owned(site) struct site *site = own_new(struct site);
	struct check c = { site, document, problems };
	size_t before = problems->errors;

	if (!json_is_object(root)) {
		wrong(&c, "",
			"a configuration is a mapping: cluster, nodes, fencing, resources, ...");
		return -EINVAL;
	}
	site->root = json_incref(root);
	check_all(&c);
	if (problems->errors > before)
		return -EINVAL;
	*ret = give(site);
	return 0;
}

void site_free(struct site *site)
{
	if (!site)
		return;
	free(site->nodes);
	free(site->devices);
	free(site->resources);
	element_tree_free(site->tree);
	json_decref(site->root);
	free(site);
}

const struct site_node *site_node(const struct site *site, const char *name)
{
	for (size_t i = 0; name && i < site->n_nodes; i++)
		if (!strcmp(site->nodes[i].name, name))
			return &site->nodes[i];
	return NULL;
}

const struct site_device *site_device(const struct site *site, const char *name)
{
	for (size_t i = 0; name && i < site->n_devices; i++)
		if (!strcmp(site->devices[i].name, name))
			return &site->devices[i];
	return NULL;
}

const struct site_resource *site_resource(const struct site *site, const char *name)
{
	for (size_t i = 0; name && i < site->n_resources; i++)
		if (!strcmp(site->resources[i].name, name))
			return &site->resources[i];
	return NULL;
}

static json_t *level_at(const struct site *site, const char *node, size_t level)
{
	json_t *topology = json_object_get(json_object_get(site->root, "fencing"), "topology");

	return json_array_get(json_object_get(topology, node), level);
}

json_t *site_level(const struct site *site, const char *node, size_t level)
{
	return level_list(level_at(site, node, level));
}

bool site_level_any(const struct site *site, const char *node, size_t level)
{
	return json_object_get(level_at(site, node, level), "any") != NULL;
}

const char *site_meta(const struct site_resource *r, const char *name)
{
	const struct element *set = element_child(r->element, "meta_attributes"), *nv;

	for (; set; set = element_sibling(set, "meta_attributes")) {
		if (element_child(set, "rule"))
			continue;
		for (nv = element_child(set, "nvpair"); nv; nv = element_sibling(nv, "nvpair"))
			if (!strcmp(element_get(nv, "name"), name))
				return element_get(nv, "value");
	}
	return NULL;
}

const struct site_resource *site_top(const struct site *site, const struct site_resource *r)
{
	while (r->parent >= 0)
		r = &site->resources[r->parent];
	return r;
}

bool site_inside(const struct site *site, const struct site_resource *r, const char *outer)
{
	while (strcmp(r->name, outer) != 0) {
		if (r->parent < 0)
			return false;
		r = &site->resources[r->parent];
	}
	return true;
}

const char *site_property(const struct site *site, const char *name, const char *otherwise)
{
	const struct element *config =
		element_child(element_child(site->tree->root, "configuration"), "crm_config");

	/* The first set that has it wins, as in the policy, whose own is not asked; rules on
	 * properties are for it alone. */
	for (const struct element *set = config->first->next; set; set = set->next)
		for (const struct element *nv = set->first; nv; nv = nv->next) {
			const char *its = element_get(nv, "name");

			if (its && !strcmp(its, name))
				return element_get(nv, "value") ? element_get(nv, "value")
								: otherwise;
		}
	return otherwise;
}

json_t *site_setting(const struct site *site, const char *name)
{
	return json_object_get(json_object_get(site->root, "cluster"), name);
}
