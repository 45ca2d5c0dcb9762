/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/model/site.h"

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

int site_duration(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "sec", 1000 }, { "ms", 1 }, { "msec", 1 },
		{ "m", 60000 }, { "min", 60000 }, { "h", 3600000 }, { "hr", 3600000 } };
	unsigned long long v;
	char *end;

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
	static const char *const keys[] = { "id", "addresses", "attributes", NULL };
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

static void check_operations(
	struct check *c, struct site_resource *r, json_t *operations, const char *where)
{
	static const char *const keys[] = { "interval", "timeout", NULL };
	const char *name, *text;
	json_t *v;

	r->operations = own_alloc(json_object_size(operations) * sizeof(*r->operations));
	json_object_foreach (operations, name, v) {
		struct site_operation *o = &r->operations[r->n_operations++];

		known_keys(c, v, where, keys);
		o->name = name;
		o->timeout_ms = 20000;
		text = text_of(v, "interval");
		if (text && site_duration(text, &o->interval_ms))
			wrong(c, where, "%s: interval '%s' is no duration, as in 10s", name, text);
		text = text_of(v, "timeout");
		if (text && site_duration(text, &o->timeout_ms))
			wrong(c, where, "%s: timeout '%s' is no duration, as in 20s", name, text);
	}
}

static void check_agent(
	struct check *c, struct site_resource *r, const char *type, const char *where)
{
	char *a, *b, *copy = own_string(type);

	r->agent = copy;
	a = strchr(copy, ':');
	if (a)
		*a++ = 0;
	b = a ? strchr(a, ':') : NULL;
	r->standard = copy;
	r->type = a;
	if (!strcmp(copy, "ocf")) {
		if (b)
			*b++ = 0;
		r->provider = a;
		r->type = b;
	}
	if (!r->type || !*r->type || strchr(r->type, '/') ||
		(strcmp(copy, "ocf") && strcmp(copy, "systemd") && strcmp(copy, "lsb")))
		wrong(c, where, "type '%s' is none of ocf:PROVIDER:AGENT, systemd:UNIT, lsb:SCRIPT",
			type);
}

static void check_resource(struct check *c, const char *name, json_t *v)
{
	static const char *const keys[] = { "type", "params", "meta", "operations", NULL };
	static const char *const group_keys[] = { "group", "meta", NULL };
	struct site_resource *r = &c->site->resources[c->site->n_resources];
	char where[256];

	snprintf(where, sizeof(where), "/resources/%s", name);
	*r = (struct site_resource){ .name = name, .group = -1 };
	r->meta = section(c, v, where, "meta");
	all_text(r->meta);
	if (!name_good(name))
		wrong(c, where, "'%s' is no good name: letters, digits, '-', '_', '.'", name);
	if (json_object_get(v, "group")) {
		known_keys(c, v, where, group_keys);
	} else if (json_is_string(json_object_get(v, "type"))) {
		known_keys(c, v, where, keys);
		check_agent(c, r, json_string_value(json_object_get(v, "type")), where);
		r->params = section(c, v, where, "params");
		all_text(r->params);
		check_operations(c, r, section(c, v, where, "operations"), where);
	} else {
		wrong(c, where, "resource '%s' needs a type (ocf:heartbeat:IPaddr2) or a group",
			name);
	}
	c->site->n_resources++;
}

static void check_group(struct check *c, size_t g)
{
	struct site *s = c->site;
	struct site_resource *r = &s->resources[g];
	json_t *members = json_object_get(
		       json_object_get(json_object_get(s->root, "resources"), r->name), "group"),
	       *m;
	char where[256];
	size_t i;

	if (!members)
		return;
	snprintf(where, sizeof(where), "/resources/%s/group", r->name);
	if (!json_array_size(members))
		wrong(c, where, "a group needs members");
	r->members = own_alloc(json_array_size(members) * sizeof(*r->members));
	json_array_foreach (members, i, m) {
		const struct site_resource *p = site_resource(s, json_string_value(m));
		size_t k = p ? p - s->resources : 0;

		if (!p || !p->type) {
			wrong(c, where, "no primitive '%s'", json_string_value(m));
			continue;
		}
		if (p->group >= 0)
			wrong(c, where, "'%s' is in group '%s' already", p->name,
				s->resources[p->group].name);
		s->resources[k].group = g;
		r->members[r->n_members++] = k;
	}
}

static bool rule_resources(struct check *c, struct site_rule *r, json_t *pair, const char *where)
{
	const struct site_resource *a =
		site_resource(c->site, json_string_value(json_array_get(pair, 0)));
	const struct site_resource *b =
		site_resource(c->site, json_string_value(json_array_get(pair, 1)));

	if (json_array_size(pair) != 2 || !a || !b) {
		wrong(c, where, "two resources that exist are wanted, as in [vip, web]");
		return false;
	}
	r->first = a - c->site->resources;
	r->second = b - c->site->resources;
	return true;
}

static void check_rule(struct check *c, size_t i, json_t *v)
{
	static const char *const keys[] = { "id", "location", "node", "score", "colocation",
		"order", "kind", "expires", NULL };
	struct site_rule *r = &c->site->rules[c->site->n_rules];
	const char *score = text_of(v, "score"), *kind = text_of(v, "kind");
	const struct site_resource *resource;
	char where[64];

	snprintf(where, sizeof(where), "/constraints/%zu", i);
	known_keys(c, v, where, keys);
	*r = (struct site_rule){ .score = SITE_INFINITY, .id = text_of(v, "id") };
	if (score && site_score(score, &r->score))
		wrong(c, where, "score '%s' is neither a number nor INFINITY or -INFINITY", score);
	r->optional = kind && !strcmp(kind, "Optional");
	if (kind && strcmp(kind, "Optional") && strcmp(kind, "Mandatory"))
		wrong(c, where, "kind '%s' is neither Mandatory nor Optional", kind);
	if (json_object_get(v, "location")) {
		resource = site_resource(c->site, text_of(v, "location"));
		r->kind = SITE_LOCATION;
		r->node = text_of(v, "node");
		if (!resource)
			wrong(c, where, "no resource '%s'", text_of(v, "location"));
		else
			r->first = resource - c->site->resources;
		if (!r->node || !site_node(c->site, r->node))
			wrong(c, where, "no node '%s'", r->node ? r->node : "");
	} else if (json_object_get(v, "colocation")) {
		r->kind = SITE_COLOCATION;
		rule_resources(c, r, json_object_get(v, "colocation"), where);
	} else if (json_object_get(v, "order")) {
		r->kind = SITE_ORDER;
		rule_resources(c, r, json_object_get(v, "order"), where);
	} else {
		wrong(c, where, "a constraint is a location, a colocation or an order");
	}
	c->site->n_rules++;
}

static void check_all(struct check *c)
{
	static const char *const keys[] = { "cluster", "properties", "nodes", "fencing",
		"resources", "constraints", NULL };
	struct site *s = c->site;
	json_t *resources, *fencing, *rules, *v;
	const char *name;
	size_t i;

	known_keys(c, s->root, "", keys);
	all_text(section(c, s->root, "", "properties"));
	all_text(section(c, s->root, "", "cluster"));
	check_nodes(c, section(c, s->root, "", "nodes"));
	fencing = section(c, s->root, "", "fencing");
	check_devices(c, section(c, fencing, "/fencing", "devices"));
	check_topology(c, section(c, fencing, "/fencing", "topology"));
	resources = section(c, s->root, "", "resources");
	s->resources = own_alloc(json_object_size(resources) * sizeof(*s->resources));
	json_object_foreach (resources, name, v)
		check_resource(c, name, v);
	for (i = 0; i < s->n_resources; i++)
		check_group(c, i);
	rules = json_object_get(s->root, "constraints");
	if (rules && !json_is_array(rules))
		wrong(c, "/constraints", "a list is wanted");
	s->rules = own_alloc(json_array_size(rules) * sizeof(*s->rules));
	json_array_foreach (rules, i, v)
		check_rule(c, i, v);
	s->name = text_of(json_object_get(s->root, "cluster"), "name");
	if (!s->name)
		wrong(c, "/cluster", "cluster: {name: ...} is missing");
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
	for (size_t i = 0; i < site->n_resources; i++) {
		free(site->resources[i].agent);
		free(site->resources[i].operations);
		free(site->resources[i].members);
	}
	free(site->nodes);
	free(site->devices);
	free(site->resources);
	free(site->rules);
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

const char *site_meta(const struct site *site, const struct site_resource *r, const char *name)
{
	const char *v = json_string_value(json_object_get(r->meta, name));

	if (!v && r->group >= 0)
		v = json_string_value(json_object_get(site->resources[r->group].meta, name));
	return v;
}

const char *site_property(const struct site *site, const char *name, const char *otherwise)
{
	json_t *v = json_object_get(json_object_get(site->root, "properties"), name);

	return v ? json_string_value(v) : otherwise;
}

json_t *site_setting(const struct site *site, const char *name)
{
	return json_object_get(json_object_get(site->root, "cluster"), name);
}

uint64_t site_timeout(const struct site_resource *resource, const char *operation)
{
	for (size_t i = 0; i < resource->n_operations; i++)
		if (!strcmp(resource->operations[i].name, operation))
			return resource->operations[i].timeout_ms;
	return 20000;
}
