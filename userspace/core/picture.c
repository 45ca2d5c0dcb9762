/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/member.h"
#include "core/picture.h"

#define INFINITE SITE_INFINITY

struct painter {
	const struct picture *picture;
	struct element_tree *tree;
};

struct picture *picture_new(const struct site *site)
{
	struct picture *p = own_new(struct picture);

	p->site = site;
	p->nodes = own_alloc(site->n_nodes * sizeof(*p->nodes) + 1);
	p->n_nodes = site->n_nodes;
	for (size_t i = 0; i < site->n_nodes; i++) {
		p->nodes[i].name = site->nodes[i].name;
		p->nodes[i].id = site->nodes[i].id;
	}
	return p;
}

void picture_free(struct picture *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_nodes; i++)
		ledger_done(&p->nodes[i].ledger);
	json_decref(p->attributes);
	json_decref(p->fails);
	json_decref(p->tickets);
	free(p->nodes);
	free(p);
}

struct picture_node *picture_node(const struct picture *p, const char *name)
{
	for (size_t i = 0; name && i < p->n_nodes; i++)
		if (!strcmp(p->nodes[i].name, name))
			return &p->nodes[i];
	return NULL;
}

/* ---- names and values --------------------------------------------------------------------------
 */

static struct element *plain_set(
	struct painter *p, struct element *parent, const char *kind, const char *id)
{
	struct element *set = element_child(parent, kind);

	while (set && element_child(set, "rule"))
		set = element_sibling(set, kind);
	if (!set) {
		set = element_add(p->tree, parent, kind);
		element_set(p->tree, set, "id", id);
	}
	return set;
}

/* What was said while it runs wins over what the configuration says. */
static void put(struct painter *p, struct element *set, const char *name, const char *value)
{
	struct element *nv = element_child(set, "nvpair");

	while (nv && strcmp(element_get(nv, "name"), name))
		nv = element_sibling(nv, "nvpair");
	if (!nv) {
		nv = element_add(p->tree, set, "nvpair");
		element_set(p->tree, nv, "id",
			element_printf(p->tree, "%s-%s", element_get(set, "id"), name));
		element_set(p->tree, nv, "name", name);
	}
	element_set(p->tree, nv, "value", value);
}

static void attributes(struct painter *p, const char *store, const char *of, struct element *set)
{
	const char *key;
	json_t *a;

	json_object_foreach (p->picture->attributes, key, a)
		if (!strcmp(member_text(a, "store"), store) && !strcmp(member_text(a, "node"), of))
			put(p, set, member_text(a, "name"), member_text(a, "value"));
}

static bool any(const struct picture *picture, const char *store, const char *of)
{
	const char *key;
	json_t *a;

	json_object_foreach (picture->attributes, key, a)
		if (!strcmp(member_text(a, "store"), store) && !strcmp(member_text(a, "node"), of))
			return true;
	return false;
}

/* ---- configuration -----------------------------------------------------------------------------
 */

static void node(struct painter *p, const struct picture_node *n, struct element *e)
{
	struct element *set = NULL;

	if (n->standby || n->maintenance || any(p->picture, "permanent", n->name))
		set = plain_set(
			p, e, "instance_attributes", element_printf(p->tree, "nodes-%s", n->name));
	if (set)
		attributes(p, "permanent", n->name, set);
	if (n->standby)
		put(p, set, "standby", "on");
	if (n->maintenance)
		put(p, set, "maintenance", "true");
	if (any(p->picture, "utilization", n->name))
		attributes(p, "utilization", n->name,
			plain_set(p, e, "utilization",
				element_printf(p->tree, "nodes-%s-utilization", n->name)));
}

static void resource(struct painter *p, struct element *e)
{
	const char *id = element_get(e, "id");

	if (element_is(e, "primitive") && id && any(p->picture, "resource-utilization", id))
		attributes(p, "resource-utilization", id,
			plain_set(p, e, "utilization",
				element_printf(p->tree, "%s-utilization", id)));
	for (struct element *c = e->first; c; c = c->next)
		if (element_is(c, "primitive") || element_is(c, "group") ||
			element_is(c, "clone") || element_is(c, "bundle"))
			resource(p, c);
}

/* Properties that agents keep (crm_attribute -t crm_config) decide like the others. */
static void properties(struct painter *p, struct element *config)
{
	const char *key;
	json_t *a;

	json_object_foreach (p->picture->attributes, key, a) {
		const char *id =
			*member_text(a, "set") ? member_text(a, "set") : "picket-properties";
		struct element *set;

		if (strcmp(member_text(a, "store"), "property"))
			continue;
		set = element_child_id(config, "cluster_property_set", id);
		if (!set) {
			set = element_add(p->tree, config, "cluster_property_set");
			element_set(p->tree, set, "id", id);
		}
		put(p, set, member_text(a, "name"), member_text(a, "value"));
	}
}

static void configuration(struct painter *p, struct element *e)
{
	struct element *nodes = element_child(e, "nodes"), *c;

	properties(p, element_child(e, "crm_config"));
	for (c = element_child(nodes, "node"); c; c = element_sibling(c, "node")) {
		const struct picture_node *n = picture_node(p->picture, element_get(c, "uname"));

		if (n)
			node(p, n, c);
	}
	for (c = element_child(e, "resources")->first; c; c = c->next)
		resource(p, c);
}

/* ---- status ------------------------------------------------------------------------------------
 */

static void failures(struct painter *p, const struct picture_node *n, struct element *set)
{
	const char *resource_name, *op;
	json_t *of, *fail;

	json_object_foreach (json_object_get(p->picture->fails, n->name), resource_name, of) {
		json_object_foreach (of, op, fail) {
			json_int_t count = json_integer_value(json_object_get(fail, "n"));
			json_int_t at = json_integer_value(json_object_get(fail, "at_s"));

			put(p, set, element_printf(p->tree, "fail-count-%s#%s", resource_name, op),
				count >= INFINITE
					? "INFINITY"
					: element_printf(p->tree, "%lld", (long long)count));
			put(p, set,
				element_printf(p->tree, "last-failure-%s#%s", resource_name, op),
				element_printf(p->tree, "%lld", (long long)at));
		}
	}
}

static void transient(struct painter *p, const struct picture_node *n, struct element *state)
{
	struct element *e = element_add(p->tree, state, "transient_attributes"), *set;
	const char *id = element_get(state, "id");

	element_set(p->tree, e, "id", id);
	set = element_add(p->tree, e, "instance_attributes");
	element_set(p->tree, set, "id", element_printf(p->tree, "status-%s", id));
	attributes(p, "transient", n->name, set);
	failures(p, n, set);
	if (n->stopping)
		put(p, set, "shutdown", "1");
}

static void state(struct painter *p, const struct picture_node *n, struct element *status)
{
	static const char *const words[][4] = {
		[PICTURE_DOWN] = { "false", "offline", "down", "down" },
		[PICTURE_ONLINE] = { "true", "online", "member", "member" },
		[PICTURE_UNCLEAN] = { "false", "offline", "down", "member" },
	};
	static const char *const names[] = { "in_ccm", "crmd", "join", "expected" };
	struct element *e = element_add(p->tree, status, "node_state");

	element_set(p->tree, e, "id", element_printf(p->tree, "%u", n->id));
	element_set(p->tree, e, "uname", n->name);
	for (size_t i = 0; i < 4; i++)
		element_set(p->tree, e, names[i], words[n->state][i]);
	if (n->state == PICTURE_DOWN)
		return;
	transient(p, n, e);
	ledger_cib(&n->ledger, n->name, p->tree, e);
}

static void tickets(struct painter *p, struct element *status)
{
	struct element *list, *e;
	const char *name;
	json_t *t;

	if (!json_object_size(p->picture->tickets))
		return;
	list = element_add(p->tree, status, "tickets");
	json_object_foreach (p->picture->tickets, name, t) {
		e = element_add(p->tree, list, "ticket_state");
		element_set(p->tree, e, "id", name);
		element_set(p->tree, e, "granted",
			json_is_true(json_object_get(t, "granted")) ? "true" : "false");
		element_set(p->tree, e, "standby",
			json_is_true(json_object_get(t, "standby")) ? "true" : "false");
		element_set(p->tree, e, "last-granted",
			element_printf(p->tree, "%lld",
				(long long)json_integer_value(json_object_get(t, "at_s"))));
	}
}

struct element_tree *picture_cib(const struct picture *picture)
{
	struct painter p = { picture, element_tree_new() };
	struct element *cib = element_copy(p.tree, NULL, picture->site->tree->root), *status;
	const struct picture_node *leader = picture_node(picture, picture->leader);

	/* Who may plan has a majority: without one nobody leads. */
	element_set(p.tree, cib, "have-quorum", "1");
	if (leader)
		element_set(p.tree, cib, "dc-uuid", element_printf(p.tree, "%u", leader->id));
	configuration(&p, element_child(cib, "configuration"));
	status = element_add(p.tree, cib, "status");
	tickets(&p, status);
	for (size_t i = 0; i < picture->n_nodes; i++)
		state(&p, &picture->nodes[i], status);
	return p.tree;
}
