// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/model/nvset.h"
#include "core/policy/engine_unpack.h"

struct element *new_child(struct engine *e, struct element *parent, const char *name)
{
	struct element *root = e->arena->root, *x = element_add(e->arena, parent, name);

	e->arena->root = root;
	return x;
}

void new_nvpair(struct engine *e, struct element *set, const char *name, const char *value)
{
	struct element *x;

	if (!value)
		return;
	x = new_child(e, set, "nvpair");
	element_set(e->arena, x, "name", name);
	element_set(e->arena, x, "value", value);
}

struct element *remote_element(struct engine *e, const char *id, const char *container,
	const char *allow_migrate, const char *managed, const char *start_timeout,
	const char *address, const char *port)
{
	struct element *x = new_child(e, NULL, "primitive"), *meta, *ops, *op, *params;

	element_set(e->arena, x, "id", id);
	element_set(e->arena, x, "class", "ocf");
	element_set(e->arena, x, "provider", "pacemaker");
	element_set(e->arena, x, "type", "remote");
	meta = new_child(e, x, "meta_attributes");
	new_nvpair(e, meta, "internal_rsc", "true");
	new_nvpair(e, meta, "container", container);
	new_nvpair(e, meta, "allow-migrate", allow_migrate);
	new_nvpair(e, meta, "is-managed", managed);
	ops = new_child(e, x, "operations");
	op = new_child(e, ops, "op");
	element_set(e->arena, op, "name", "monitor");
	element_set(e->arena, op, "interval", "30s");
	element_set(e->arena, op, "timeout", "30s");
	if (start_timeout) {
		op = new_child(e, ops, "op");
		element_set(e->arena, op, "name", "start");
		element_set(e->arena, op, "interval", "0");
		element_set(e->arena, op, "timeout", start_timeout);
	}
	params = new_child(e, x, "instance_attributes");
	new_nvpair(e, params, "addr", address);
	new_nvpair(e, params, "port", port);
	return x;
}

static bool is_remote(const struct element *xml)
{
	const char *c = element_get(xml, "class"), *p = element_get(xml, "provider");
	const char *t = element_get(xml, "type");

	return c && p && t && !strcasecmp(c, "ocf") && !strcasecmp(p, "pacemaker") &&
	       !strcasecmp(t, "remote");
}

static const char *meta_of(struct engine *e, const struct element *xml, const char *name)
{
	const struct element *set = element_child(xml, "meta_attributes");
	const char *value = NULL;

	for (; set && !value; set = element_sibling(set, "meta_attributes"))
		value = nvset_get(e->ids, set, name);
	return value;
}

static void remote_node(struct engine *e, const char *name)
{
	if (!node_by_name(e, name))
		node_new(e, name, name, true, 0);
}

/* A guest: a resource of any agent that, once it runs, is a node. Its connection is implied. */
static void guest_of(struct engine *e, const struct element *xml, struct element *into)
{
	const char *name = meta_of(e, xml, "remote-node");
	struct element *remote;

	if (!name)
		return;
	remote = remote_element(e, name, element_get(xml, "id"),
		meta_of(e, xml, "remote-allow-migrate"), meta_of(e, xml, "is-managed"),
		meta_of(e, xml, "remote-connect-timeout"), meta_of(e, xml, "remote-addr"),
		meta_of(e, xml, "remote-port"));
	if (into->last)
		into->last->next = remote;
	else
		into->first = remote;
	into->last = remote;
	remote_node(e, name);
}

static void remote_nodes(struct engine *e, const struct element *resources, struct element *into)
{
	for (const struct element *x = resources->first; x; x = x->next) {
		if (is_remote(x) && element_get(x, "id")) {
			remote_node(e, element_get(x, "id"));
			continue;
		}
		if (element_is(x, "primitive"))
			guest_of(e, x, into);
		if (!element_is(x, "group"))
			continue;
		for (const struct element *m = x->first; m; m = m->next)
			guest_of(e, m, into);
	}
}

void remote_link(struct engine *e, struct resource *connection)
{
	struct node *node;

	if (!connection->is_connection)
		return;
	node = node_by_name(e, connection->id);
	if (!node)
		return;
	node->connection = connection;
	if (connection->container)
		table_set(e->arena, &node->attributes, "#kind", "container");
	else
		node_startup_fencing(e, node);
}

static void link_container(struct engine *e, struct resource *r)
{
	struct resource *container;

	for (unsigned i = 0; i < r->children.n; i++)
		link_container(e, r->children.items[i]);
	if (r->kind != PRIMITIVE)
		return;
	container = resource_by_id(e, resource_meta(r, "container"));
	if (!container || container == r)
		return;
	r->container = container;
	resources_add(e, &container->fillers, r);
}

/* Stable, by priority, the highest first. */
static void sort_by_priority(struct engine *e, struct resources *list)
{
	struct resource **from = list->items, **to;
	unsigned n = list->n;

	/* Either may be the one that is kept, and added to. */
	to = engine_alloc(e, (list->cap + 1) * sizeof(*to));
	for (unsigned width = 1; width < n; width *= 2) {
		for (unsigned lo = 0; lo < n; lo += 2 * width) {
			unsigned mid = lo + width < n ? lo + width : n;
			unsigned hi = lo + 2 * width < n ? lo + 2 * width : n;
			unsigned a = lo, b = mid;

			for (unsigned k = lo; k < hi; k++) {
				bool left = a < mid &&
					    (b >= hi || from[a]->priority >= from[b]->priority);

				to[k] = left ? from[a++] : from[b++];
			}
		}
		struct resource **swap = from;

		from = to;
		to = swap;
	}
	list->items = from;
}

static void unpack_list(struct engine *e, const struct element *list)
{
	for (const struct element *x = list->first; x; x = x->next) {
		struct resource *r;

		if (element_is(x, "template"))
			continue;
		r = resource_unpack(e, x, NULL, -1);
		if (r)
			resources_add(e, &e->top, r);
	}
}

void unpack_resources(struct engine *e)
{
	const struct element *resources = element_child(e->configuration, "resources");
	struct element *implied = new_child(e, NULL, "resources");

	if (!resources)
		return;
	remote_nodes(e, resources, implied);
	unpack_list(e, resources);
	unpack_list(e, implied);
	for (unsigned i = 0; i < e->top.n; i++)
		link_container(e, e->top.items[i]);
	for (unsigned i = 0; i < e->n_all; i++)
		remote_link(e, e->all[i]);
	sort_by_priority(e, &e->top);
}
