// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy/engine_unpack.h"

#include <strings.h>

#include "core/model/nvset.h"
#include "core/model/value.h"

struct rule_input engine_rule_input(
	const struct engine *e, const struct resource *r, const struct node *node)
{
	struct rule_input in = { .now = { .seconds = e->now },
		.zone = e->options.zone,
		.zone_ctx = e->options.zone_ctx };

	if (r) {
		in.rsc_standard = r->standard;
		in.rsc_provider = r->provider;
		in.rsc_type = r->type;
	}
	if (node)
		in.node_attributes = &node->attributes;
	return in;
}

static void index_elements(struct engine *e, const struct element *x)
{
	const char *id = element_get(x, "id");

	if (id && !index_get(e->ids, INDEX_ELEMENT, id))
		index_set(e->ids, INDEX_ELEMENT, id, (void *)x);
	for (const struct element *c = x->first; c; c = c->next)
		index_elements(e, c);
}

static enum no_quorum quorum_setting(struct engine *e)
{
	const char *s = table_get(&e->properties, "no-quorum-policy");
	bool panic = false;

	if (!s)
		return QUORUM_STOP;
	if (!strcasecmp(s, "ignore"))
		return QUORUM_IGNORE;
	if (!strcasecmp(s, "freeze"))
		return QUORUM_FREEZE;
	if (!strcasecmp(s, "demote"))
		return QUORUM_DEMOTE;
	if (!strcasecmp(s, "suicide") && e->set.stonith_enabled) {
		value_bool(element_get(e->cib, "no-quorum-panic"), &panic);
		/* A partition that never had quorum must not shoot itself while it forms. */
		return panic || e->set.have_quorum ? QUORUM_SUICIDE : QUORUM_STOP;
	}
	return QUORUM_STOP;
}

static void health_settings(struct engine *e)
{
	const struct table *t = &e->properties;
	const char *s = table_get(t, "node-health-strategy");

	e->set.health_strategy = s ? s : "none";
	e->set.health_red = value_score(table_get(t, "node-health-red"), NULL);
	if (!table_get(t, "node-health-red"))
		e->set.health_red = -SCORE_INFINITY;
	e->set.health_yellow = value_score(table_get(t, "node-health-yellow"), NULL);
	e->set.health_green = value_score(table_get(t, "node-health-green"), NULL);
	e->set.health_base = value_score(table_get(t, "node-health-base"), NULL);
	if (!strcasecmp(e->set.health_strategy, "migrate-on-red")) {
		e->set.health_red = -SCORE_INFINITY;
		e->set.health_yellow = e->set.health_green = 0;
	} else if (!strcasecmp(e->set.health_strategy, "only-green")) {
		e->set.health_red = e->set.health_yellow = -SCORE_INFINITY;
		e->set.health_green = 0;
	}
}

static void fence_settings(struct engine *e)
{
	const struct table *t = &e->properties;
	const char *action = table_get(t, "stonith-action");

	e->set.stonith_enabled = table_true(t, "stonith-enabled", true);
	e->set.failures_age_each = table_get(t, "failure-ageing") &&
				   !strcmp(table_get(t, "failure-ageing"), "operation");
	e->set.fence_action = "reboot";
	if (action && (!strcasecmp(action, "off") || !strcasecmp(action, "poweroff")))
		e->set.fence_action = "off";
	e->set.fence_timeout_ms = 60000;
	if (table_get(t, "stonith-timeout"))
		e->set.fence_timeout_ms = (int64_t)value_interval(table_get(t, "stonith-timeout"));
	e->set.concurrent_fencing = table_true(t, "concurrent-fencing", false);
	e->set.startup_fencing = table_true(t, "startup-fencing", true);
	e->set.priority_fencing_delay_s =
		(int64_t)value_interval(table_get(t, "priority-fencing-delay")) / 1000;
	/* With a watchdog on every node there is something that fences, whatever the timeout is. */
	if (value_true(table_get(t, "have-watchdog"), false))
		e->set.have_fence_device = true;
}

void unpack_settings(struct engine *e)
{
	struct rule_input in = engine_rule_input(e, NULL, NULL);
	const struct table *t = &e->properties;
	const char *strategy;

	nvset_read(e->arena, e->ids, element_child(e->configuration, "crm_config"),
		"cluster_property_set", &in, "cib-bootstrap-options", false, &e->properties,
		&e->recheck);
	value_bool(element_get(e->cib, "have-quorum"), &e->set.have_quorum);
	fence_settings(e);
	e->set.no_quorum = quorum_setting(e);
	e->set.symmetric = table_true(t, "symmetric-cluster", true);
	e->set.enable_startup_probes = table_true(t, "enable-startup-probes", true);
	e->set.stop_all_resources = table_true(t, "stop-all-resources", false);
	e->set.stop_orphans = table_true(t, "stop-orphan-resources", true);
	e->set.stop_orphan_actions = table_true(t, "stop-orphan-actions", true);
	e->set.remove_after_stop = table_true(t, "remove-after-stop", false);
	e->set.start_failure_fatal = table_true(t, "start-failure-is-fatal", true);
	e->set.maintenance_mode = table_true(t, "maintenance-mode", false);
	e->set.shutdown_lock = table_true(t, "shutdown-lock", false);
	e->set.shutdown_lock_limit_s =
		(int64_t)value_interval(table_get(t, "shutdown-lock-limit")) / 1000;
	strategy = table_get(t, "placement-strategy");
	if (strategy && !strcasecmp(strategy, "utilization"))
		e->set.placement = PLACE_UTILIZATION;
	else if (strategy && !strcasecmp(strategy, "minimal"))
		e->set.placement = PLACE_MINIMAL;
	else if (strategy && !strcasecmp(strategy, "balanced"))
		e->set.placement = PLACE_BALANCED;
	health_settings(e);
}

void node_attributes_read(
	struct engine *e, struct node *node, const struct element *xml, bool overwrite)
{
	struct rule_input in = engine_rule_input(e, NULL, node);
	const char *cluster = table_get(&e->properties, "cluster-name");
	const char *site = NULL;

	table_set(e->arena, &node->attributes, "#uname", node->name);
	table_set(e->arena, &node->attributes, "#id", node->id);
	table_set(e->arena, &node->attributes, "#is_dc", node->dc ? "true" : "false");
	if (cluster)
		table_set(e->arena, &node->attributes, "#cluster-name", cluster);
	nvset_read(e->arena, e->ids, xml, "instance_attributes", &in, NULL, overwrite,
		&node->attributes, &e->recheck);
	nvset_read(e->arena, e->ids, xml, "utilization", &in, NULL, false, &node->utilization,
		&e->recheck);
	site = table_get(&node->attributes, "site-name");
	if (!table_get(&node->attributes, "#site-name")) {
		if (site)
			table_set(e->arena, &node->attributes, "#site-name", site);
		else if (cluster)
			table_set(e->arena, &node->attributes, "#site-name", cluster);
	}
}

/* Until a status says otherwise, a node may run anything. */
void node_startup_fencing(struct engine *e, struct node *node)
{
	if (node->remote && !node->connection)
		return;
	node->unclean = e->set.startup_fencing && e->set.stonith_enabled;
	node->unseen = true;
}

void unpack_nodes(struct engine *e)
{
	const char *dc = element_get(e->cib, "dc-uuid");
	const struct element *x = element_child(element_child(e->configuration, "nodes"), "node");

	for (; x; x = element_sibling(x, "node")) {
		const char *id = element_get(x, "id"), *name = element_get(x, "uname");
		const char *type = element_get(x, "type");
		struct node *node;

		if (!id || node_by_id(e, id))
			continue;
		if (type && strcasecmp(type, "member") && strcasecmp(type, "remote") &&
			strcasecmp(type, ""))
			continue;
		node = node_new(e, id, name ? name : id, type && !strcasecmp(type, "remote"),
			value_score(element_get(x, "score"), NULL));
		if (dc && !strcmp(dc, id)) {
			node->dc = true;
			e->dc = node;
		}
		node_startup_fencing(e, node);
		node_attributes_read(e, node, x, false);
	}
}

static void unpack_tags(struct engine *e)
{
	const struct element *x = element_child(element_child(e->configuration, "tags"), "tag");

	for (; x; x = element_sibling(x, "tag")) {
		struct tag *tag;
		const struct element *ref;

		if (!element_get(x, "id"))
			continue;
		tag = engine_alloc(e, sizeof(*tag));
		tag->id = element_get(x, "id");
		tag->next = e->tags;
		e->tags = tag;
		for (ref = element_child(x, "obj_ref"); ref;
			ref = element_sibling(ref, "obj_ref")) {
			if (!element_get(ref, "id"))
				continue;
			engine_grow(e, tag->refs, tag->n, tag->cap);
			tag->refs[tag->n++] = element_get(ref, "id");
		}
		index_set(e->ids, INDEX_TAG, tag->id, tag);
	}
}

void unpack_all(struct engine *e)
{
	index_elements(e, e->configuration);
	unpack_settings(e);
	unpack_nodes(e);
	unpack_resources(e);
	unpack_tags(e);
}
