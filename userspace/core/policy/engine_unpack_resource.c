// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/model/nvset.h"
#include "core/model/value.h"
#include "core/policy/engine_unpack.h"

static bool same_op(const struct element *a, const struct element *b)
{
	const char *x = element_get(a, "name"), *y = element_get(b, "name");

	return x && y && !strcmp(x, y) &&
	       value_interval(element_get(a, "interval")) ==
		       value_interval(element_get(b, "interval"));
}

static void merge_operations(
	struct engine *e, struct element *own, const struct element *of_template)
{
	const struct element *op, *mine;

	for (op = of_template->first; op; op = op->next) {
		for (mine = own->first; mine && !same_op(mine, op);)
			mine = mine->next;
		if (!mine)
			element_copy(e->arena, own, op);
	}
}

/* The resource with what its template adds. */
static const struct element *expand_template(struct engine *e, const struct element *xml)
{
	const char *name = element_get(xml, "template");
	const struct element *template = index_get(e->ids, INDEX_ELEMENT, name);
	const struct element *their_ops = element_child(template, "operations");
	struct element_tree scratch = *e->arena;
	struct element *merged;

	if (!template || !element_is(template, "template") || template == xml)
		return xml;
	merged = element_add(e->arena, NULL, xml->name);
	e->arena->root = scratch.root;
	merged->line = xml->line;
	for (unsigned i = 0; i < template->names->n; i++)
		element_set(e->arena, merged, template->names->all[i].text, template->values[i]);
	for (unsigned i = 0; i < xml->names->n; i++)
		if (strcmp(xml->names->all[i].text, "template"))
			element_set(e->arena, merged, xml->names->all[i].text, xml->values[i]);
	for (const struct element *c = template->first; c; c = c->next)
		if (c != their_ops || !element_child(xml, "operations"))
			element_copy(e->arena, merged, c);
	for (const struct element *c = xml->first; c; c = c->next) {
		struct element *copy = element_copy(e->arena, merged, c);

		if (their_ops && element_is(copy, "operations"))
			merge_operations(e, copy, their_ops);
	}
	return merged;
}

static void read_meta(struct engine *e, struct resource *r)
{
	struct rule_input in = engine_rule_input(e, r, NULL);
	struct table fixed = { 0 };

	for (unsigned i = 0; i < r->xml->names->n; i++)
		table_set(e->arena, &r->meta, r->xml->names->all[i].text, r->xml->values[i]);
	nvset_read(e->arena, e->ids, r->xml, "meta_attributes", &in, NULL, false, &r->meta,
		&e->recheck);
	for (struct resource *p = r->parent; p; p = p->parent)
		nvset_read(e->arena, e->ids, p->xml, "meta_attributes", &in, NULL, false, &fixed,
			&e->recheck);
	for (unsigned i = 0; i < fixed.n; i++)
		table_default(e->arena, &r->meta, fixed.items[i].name, fixed.items[i].value);
	nvset_read(e->arena, e->ids, element_child(e->configuration, "rsc_defaults"),
		"meta_attributes", &in, NULL, false, &r->meta, &e->recheck);
	for (unsigned i = 0; r->parent && i < r->parent->meta.n; i++)
		table_default(e->arena, &r->meta, r->parent->meta.items[i].name,
			r->parent->meta.items[i].value);
}

static bool is_remote_agent(const struct element *xml)
{
	const char *class = element_get(xml, "class"), *provider = element_get(xml, "provider");
	const char *type = element_get(xml, "type");

	return class && provider && type && !strcasecmp(class, "ocf") &&
	       !strcasecmp(provider, "pacemaker") && !strcasecmp(type, "remote");
}

static void read_requires(struct engine *e, struct resource *r)
{
	const char *s = resource_meta(r, "requires");

	if (s && !strcasecmp(s, "unfencing") && (r->is_fence_device || !e->set.stonith_enabled))
		s = "quorum";
	if (s && strcasecmp(s, "nothing") && strcasecmp(s, "quorum") && strcasecmp(s, "fencing") &&
		strcasecmp(s, "unfencing"))
		s = NULL;
	if (!s) {
		if (r->is_fence_device || (r->kind == PRIMITIVE && is_remote_agent(r->xml)))
			s = "quorum";
		else if (e->set.have_unfencing)
			s = "unfencing";
		else if (e->set.stonith_enabled)
			s = "fencing";
		else
			s = e->set.no_quorum == QUORUM_IGNORE ? "nothing" : "quorum";
	}
	r->needs_quorum = !strcasecmp(s, "quorum");
	r->needs_unfencing = !strcasecmp(s, "unfencing");
	r->needs_fencing = r->needs_unfencing || !strcasecmp(s, "fencing");
}

static void read_flags(struct engine *e, struct resource *r)
{
	const char *multiple = resource_meta(r, "multiple-active");
	const char *restart = resource_meta(r, "restart-type");
	struct resource *top = resource_top(r);

	r->provisional = r->runnable = true;
	r->managed = table_true(&r->meta, "is-managed", true);
	r->maintenance = table_true(&r->meta, "maintenance", false) || e->set.maintenance_mode;
	if (r->maintenance)
		r->managed = false;
	r->critical = table_true(&r->meta, "critical", true);
	r->notify = table_true(&r->meta, "notify", false);
	r->unique = true;
	if (top->kind == CLONE) {
		r->unique = table_true(&r->meta, "globally-unique", false);
		r->promotable = table_true(&r->meta, "promotable", false);
	}
	if (restart && !strcasecmp(restart, "restart"))
		r->restart_type = RESTART_RESTART;
	if (multiple && !strcasecmp(multiple, "stop_only"))
		r->multiple_active = ACTIVE_STOP_ONLY;
	else if (multiple && !strcasecmp(multiple, "block"))
		r->multiple_active = ACTIVE_BLOCK;
	else if (multiple && !strcasecmp(multiple, "stop_unexpected"))
		r->multiple_active = ACTIVE_STOP_UNEXPECTED;
	r->group_ordered = table_true(&r->meta, "ordered", true);
	r->group_colocated = table_true(&r->meta, "collocated", true);
}

static void read_numbers(struct engine *e, struct resource *r)
{
	const char *threshold = resource_meta(r, "migration-threshold");
	const char *timeout = resource_meta(r, "failure-timeout");

	r->priority = value_score(resource_meta(r, "priority"), NULL);
	r->stickiness = value_score(resource_meta(r, "resource-stickiness"), NULL);
	r->migration_threshold = SCORE_INFINITY;
	if (threshold && value_score(threshold, NULL) >= 0)
		r->migration_threshold = value_score(threshold, NULL);
	if (timeout)
		r->failure_timeout_s = (int)(value_interval(timeout) / 1000);
	r->promotion_score = -1;
	r->sort_index = -1;
}

static void read_remote(struct engine *e, struct resource *r)
{
	const char *migrate = resource_meta(r, "allow-migrate");

	if (r->is_connection) {
		const char *reconnect;
		const struct table *params = resource_parameters(e, r, NULL);

		e->set.have_remote = true;
		reconnect = table_get(params, "reconnect_interval");
		if (reconnect)
			r->remote_reconnect_ms = value_interval(reconnect);
		if (r->remote_reconnect_ms)
			r->failure_timeout_s = (int)(r->remote_reconnect_ms / 1000);
	}
	/* A remote node floats: what it runs need not stop when its connection moves. */
	r->allow_migrate =
		value_true(migrate, !migrate && r->is_connection && !resource_meta(r, "container"));
}

static void read_target_role(struct resource *r)
{
	const char *s = resource_meta(r, "target-role");
	enum role role = role_read(s);

	if (!s || !strcasecmp(s, "started") || !strcasecmp(s, "default"))
		return;
	if (role == ROLE_UNPROMOTED || role == ROLE_PROMOTED) {
		if (!r->promotable)
			return;
		if (role == ROLE_PROMOTED)
			return;
	}
	r->next_role = role;
}

/* All start from one table of nodes, until a resource has something of its own to say. */
static void allow_nodes(struct engine *e, struct resource *r)
{
	bool guest = r->is_connection && resource_meta(r, "container");

	if (!e->set.symmetric && !guest) {
		/* None is allowed, which is not the same as that nothing is known of any. */
		r->slots = engine_alloc(e, sizeof(*r->slots));
		return;
	}
	if (!e->base_slots || e->base_slots->n != e->n_nodes) {
		struct slots *s = engine_alloc(e, sizeof(*s) + e->n_nodes * sizeof(struct slot));

		s->n = e->n_nodes;
		s->shared = true;
		for (unsigned i = 0; i < s->n; i++) {
			s->at[i].allowed = 1;
			s->at[i].score = e->nodes[i]->base_score;
			s->at[i].discovery = e->nodes[i]->discovery_never ? DISCOVER_NEVER : 0;
			if (e->nodes[i]->discovery_never)
				s->at[i].allowed = 0;
		}
		e->base_slots = s;
	}
	r->slots = e->base_slots;
}

/* A template is a name for all that use it, as a tag is. */
static void tag_template(struct engine *e, const struct resource *r)
{
	const char *name = element_get(r->own_xml, "template");
	struct tag *tag = index_get(e->ids, INDEX_TAG, name);

	if (!name || r->xml == r->own_xml)
		return;
	if (!tag) {
		tag = engine_alloc(e, sizeof(*tag));
		tag->id = name;
		index_set(e->ids, INDEX_TAG, name, tag);
	}
	if (tag->n && !strcmp(tag->refs[tag->n - 1], r->base_id))
		return;
	engine_grow(e, tag->refs, tag->n, tag->cap);
	tag->refs[tag->n++] = r->base_id;
}

static void name_it(struct engine *e, struct resource *r, int instance)
{
	r->base_id = r->id = element_get(r->xml, "id");
	if (instance >= 0)
		r->id = engine_printf(e, "%s:%d", r->base_id, instance);
	r->instance = instance;
	if (!index_get(e->ids, INDEX_RESOURCE, r->id))
		index_set(e->ids, INDEX_RESOURCE, r->id, r);
	if (!index_get(e->ids, INDEX_CLONE_BASE, r->base_id))
		index_set(e->ids, INDEX_CLONE_BASE, r->base_id, r);
}

static void unpack_group(struct engine *e, struct resource *r)
{
	const struct element *x = element_child(r->own_xml, "primitive");

	for (; x; x = element_sibling(x, "primitive")) {
		struct resource *child = resource_unpack(e, x, r, r->instance);

		if (child)
			resources_add(e, &r->children, child);
	}
}

static void mark_orphan(struct resource *r)
{
	r->orphan = true;
	for (unsigned i = 0; i < r->children.n; i++)
		mark_orphan(r->children.items[i]);
}

struct resource *clone_instance_new(struct engine *e, struct resource *clone)
{
	struct clone *c = clone->clone;
	struct resource *child;

	if (!c->child_xml)
		return NULL;
	child = resource_unpack(e, c->child_xml, clone, (int)c->n_created++);
	if (!child)
		return NULL;
	resources_add(e, &clone->children, child);
	if (c->n_total++ >= c->max)
		mark_orphan(child);
	return child;
}

static int count_of(const struct resource *r, const char *name, const char *legacy, int otherwise)
{
	const char *s = resource_meta(r, name);
	long long n;

	if (!s && legacy)
		s = resource_meta(r, legacy);
	if (!s)
		return otherwise;
	n = value_number(s, 0);
	return n < 0 ? 0 : n > SCORE_INFINITY ? SCORE_INFINITY : (int)n;
}

static void unpack_clone(struct engine *e, struct resource *r)
{
	struct clone *c = engine_alloc(e, sizeof(*c));

	r->clone = c;
	if (element_is(r->own_xml, "master")) {
		r->promotable = true;
		table_set(e->arena, &r->meta, "promotable", "true");
	}
	if (r->promotable) {
		c->promoted_max = count_of(r, "promoted-max", "master-max", 1);
		c->promoted_node_max = count_of(r, "promoted-node-max", "master-node-max", 1);
	}
	c->node_max = count_of(r, "clone-node-max", NULL, 1);
	c->max = count_of(r, "clone-max", NULL, e->n_nodes ? (int)e->n_nodes : 1);
	c->ordered = table_true(&r->meta, "ordered", false);
	c->interleave = table_true(&r->meta, "interleave", false);
	if (!r->unique && c->node_max > 1)
		c->node_max = 1;
	c->child_xml = element_child(r->own_xml, "group");
	for (const struct element *x = r->own_xml->first; x; x = x->next) {
		if (element_is(x, "group") || element_is(x, "primitive")) {
			c->child_xml = x;
			break;
		}
	}
	/* Slightly sticky by default: instances are not shuffled for no benefit. */
	table_default(e->arena, &r->meta, "resource-stickiness", "1");
	table_set(e->arena, &r->meta, "globally-unique", r->unique ? "true" : "false");
	/* One instance even for none, so that orphans find their clone. */
	/* The number may shrink while the first is read. */
	for (int i = 0; i < (c->max > 0 ? c->max : 1); i++)
		if (!clone_instance_new(e, r))
			break;
}

static bool kind_of(const struct element *xml, enum resource_kind *ret)
{
	static const struct {
		const char *name;
		enum resource_kind kind;
	} kinds[] = { { "primitive", PRIMITIVE }, { "group", GROUP }, { "clone", CLONE },
		{ "master", CLONE }, { "bundle", BUNDLE } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (element_is(xml, kinds[i].name)) {
			*ret = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static void read_agent(struct engine *e, struct resource *r)
{
	r->standard = element_get(r->xml, "class");
	r->provider = element_get(r->xml, "provider");
	r->type = element_get(r->xml, "type");
	if (!r->standard || strcasecmp(r->standard, "stonith"))
		return;
	r->is_fence_device = e->set.have_fence_device = true;
}

/* Agents of these standards cannot tell their instances apart: the clone becomes anonymous. */
static void force_anonymous(struct engine *e, struct resource *r)
{
	int n = (int)e->n_nodes;

	if (r->kind != PRIMITIVE || !r->unique || !r->standard || !strcasecmp(r->standard, "ocf") ||
		r->is_fence_device || resource_top(r)->kind != CLONE)
		return;
	r->unique = false;
	for (struct resource *p = r->parent; p && p->kind != BUNDLE; p = p->parent) {
		p->unique = false;
		table_set(e->arena, &p->meta, "globally-unique", "false");
		for (unsigned i = 0; i < p->children.n; i++)
			p->children.items[i]->unique = false;
		if (p->kind != CLONE)
			continue;
		p->clone->node_max = 1;
		if (p->clone->max > n)
			p->clone->max = n;
	}
}

struct resource *resource_unpack(
	struct engine *e, const struct element *xml, struct resource *parent, int instance)
{
	enum resource_kind kind;
	struct resource *r;
	struct rule_input in;
	const char *provides;

	if (!element_get(xml, "id") || !kind_of(xml, &kind))
		return NULL;
	r = engine_alloc(e, sizeof(*r));
	engine_grow(e, e->all, e->n_all, e->cap_all);
	r->index = e->n_all;
	e->all[e->n_all++] = r;
	r->kind = kind;
	r->own_xml = xml;
	r->xml = expand_template(e, xml);
	r->ops = element_child(r->xml, "operations");
	if (element_get(r->ops, "id-ref"))
		r->ops = index_get(e->ids, INDEX_ELEMENT, element_get(r->ops, "id-ref"));
	r->parent = parent;
	r->role = ROLE_STOPPED;
	name_it(e, r, instance);
	tag_template(e, r);
	read_agent(e, r);
	read_meta(e, r);
	read_flags(e, r);
	read_numbers(e, r);
	provides = resource_meta(r, "provides");
	if (r->is_fence_device && provides && !strcasecmp(provides, "unfencing"))
		e->set.have_unfencing = true;
	r->is_connection = kind == PRIMITIVE && is_remote_agent(r->xml);
	force_anonymous(e, r);
	read_requires(e, r);
	allow_nodes(e, r);
	if (kind == GROUP)
		unpack_group(e, r);
	else if (kind == CLONE)
		unpack_clone(e, r);
	if (kind == CLONE || kind == GROUP)
		r->stickiness = value_score(resource_meta(r, "resource-stickiness"), NULL);
	read_target_role(r);
	read_remote(e, r);
	in = engine_rule_input(e, r, NULL);
	nvset_read(e->arena, e->ids, r->xml, "utilization", &in, NULL, false, &r->utilization,
		&e->recheck);
	if (kind == BUNDLE)
		unpack_bundle(e, r);
	return r;
}

struct resource *resource_orphan_new(
	struct engine *e, const char *id, const struct element *lrm_resource)
{
	struct element *x = new_child(e, NULL, "primitive");
	struct resource *r;
	struct node *node;

	for (unsigned i = 0; i < lrm_resource->names->n; i++)
		element_set(e->arena, x, lrm_resource->names->all[i].text, lrm_resource->values[i]);
	element_set(e->arena, x, "id", id);
	r = resource_unpack(e, x, NULL, -1);
	if (!r)
		return NULL;
	r->orphan = true;
	r->removed_filler = element_get(lrm_resource, "container") != NULL;
	resources_add(e, &e->top, r);
	if (!r->is_connection)
		return r;
	node = node_by_name(e, r->id);
	if (!node)
		node = node_new(e, r->id, r->id, true, 0);
	remote_link(e, r);
	node->shutdown = true;
	return r;
}
