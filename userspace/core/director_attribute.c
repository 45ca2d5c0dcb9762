/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nodes write down and read back: attributes, and the cluster as agents ask for it. */
#include "core/attributes.h"
#include "core/director_inside.h"

static bool leads(const struct director *d)
{
	return d->leader && d->ready && d->site;
}

static void tell(struct director *d, json_t *message)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].connected && d->nodes[i].synced)
			director_send(d, &d->nodes[i], json_incref(message));
	json_decref(message);
}

/* ---- the cluster, as agents see it -------------------------------------------------------------
 */

static json_t *nodes_json(struct director *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		enum cluster_life life = cluster_life(d->cluster, n->name);
		bool online = director_usable(d, n);

		json_array_append_new(list,
			json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b, s:b}", "id", n->id, "name",
				n->name, "online", online, "member", online, "unclean",
				life == CLUSTER_BLOCKED || (life == CLUSTER_ADMITTED && !online),
				"standby", cluster_flag(d->cluster, n->name, "standby"),
				"maintenance", cluster_flag(d->cluster, n->name, "maintenance"),
				"dc", d->node && !strcmp(d->node, n->name)));
	}
	return list;
}

static json_t *resource_json(struct director *d, const struct site_resource *res,
	struct ledger_standing s, const char *node)
{
	const struct site_resource *top = site_top(d->site, res);
	const char *role = director_role(d->site, res, s);
	bool active = s.role == LEDGER_STARTED || s.role == LEDGER_PROMOTED;

	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s*, s:s*}", "id", res->name,
		"instance", res->name, "agent", res->type, "role", role, "active", active, "failed",
		s.failed, "managed", 1, "promotable", top->promotable, "node", node, "clone",
		top->kind == SITE_CLONE ? top->name : NULL);
}

static json_t *resources_json(struct director *d)
{
	json_t *list = json_array();

	for (size_t r = 0; r < d->site->n_resources; r++) {
		const struct site_resource *res = &d->site->resources[r];
		bool any = false;

		for (size_t i = 0; res->type && i < d->n_nodes; i++) {
			struct ledger_standing s =
				director_standing(d, &d->nodes[i], res->name);

			if (s.role != LEDGER_STARTED && s.role != LEDGER_PROMOTED)
				continue;
			any = true;
			json_array_append_new(list, resource_json(d, res, s, d->nodes[i].name));
		}
		if (res->type && !any)
			json_array_append_new(list,
				resource_json(d, res,
					(struct ledger_standing){ .role = LEDGER_STOPPED }, NULL));
	}
	return list;
}

static json_t *planned_json(struct director *d)
{
	const struct transition *t = d->transition;
	json_t *list = json_array();

	for (size_t i = 0; t && i < t->plan->n; i++) {
		const struct plan_action *a = t->plan->actions[i];
		owned(free) char *line = NULL;

		if (a->kind == PLAN_PSEUDO || !a->op || !a->resource ||
			t->steps[i].phase != TRANSITION_WAITING)
			continue;
		line = own_printf("%s %s ( %s )", a->op, a->resource, a->node ? a->node : "");
		json_array_append_new(list, json_string(line));
	}
	return list;
}

/* As attributes of their nodes are called that count failures: fail-count-RESOURCE#OP_MS. */
static json_t *failures_json(struct director *d)
{
	json_t *list = json_array(), *of_node, *of_resource, *fail;
	const char *node, *resource, *op;

	json_object_foreach (cluster_failures(d->cluster), node, of_node)
		json_object_foreach (of_node, resource, of_resource)
			json_object_foreach (of_resource, op, fail)
				json_array_append_new(list,
					json_pack("{s:s, s:o, s:O*}", "node", node, "name",
						json_sprintf("fail-count-%s#%s", resource, op),
						"count", json_object_get(fail, "n")));
	return list;
}

/* Tells what agents may ask about, when it is not what was told before. */
void director_attribute_world(struct director *d)
{
	json_t *world;

	if (!leads(d))
		return;
	world = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:b}", "type", "replica", "serial",
		(json_int_t)d->told, "nodes", nodes_json(d), "resources", resources_json(d),
		"planned", planned_json(d), "failures", failures_json(d), "quorate", 1);
	if (d->world && json_equal(d->world, world)) {
		json_decref(world);
		return;
	}
	json_decref(d->world);
	d->world = world;
	tell(d, json_incref(world));
}

/* ---- attributes --------------------------------------------------------------------------------
 */

/* One that has just told us everything is told everything. */
void director_attribute_greet(struct director *d, struct director_node *n)
{
	if (!leads(d))
		return;
	if (d->told < d->cluster->index)
		d->told = d->cluster->index;
	director_send(d, n, attributes_replica(cluster_attributes(d->cluster), d->told));
	if (d->world)
		director_send(d, n, json_incref(d->world));
}

static void deny(struct director *d, struct director_node *n, json_t *message, const char *reason)
{
	director_send(d, n,
		json_pack("{s:s, s:O?, s:s}", "type", "denied", "id",
			json_object_get(message, "id"), "reason", reason));
}

void director_attribute_says(struct director *d, struct director_node *n, json_t *message)
{
	json_t *entry, *answer;

	if (!leads(d) || !json_is_string(json_object_get(message, "id")))
		return;
	attributes_ask(d->attributes, cluster_attributes(d->cluster), d->told, n->name, message,
		d->now_ns, &entry, &answer);
	if (entry)
		director_propose(d, entry);
	if (answer)
		director_send(d, n, answer);
}

/* An agent's wish to change the configuration, or to fence: that is for people to decide. */
void director_attribute_request(struct director *d, struct director_node *n, json_t *message)
{
	if (leads(d))
		deny(d, n, message, "not for agents: `picket resource` and `picket fence` do this");
}

static void on_accepted(void *ctx, const char *node, json_t *message)
{
	struct director *d = ctx;
	struct director_node *n = director_node(d, node);

	if (n && n->connected)
		director_send(d, n, json_incref(message));
}

void director_attribute_committed(struct director *d, json_t *entry)
{
	if (!leads(d))
		return;
	d->told = d->cluster->index;
	tell(d, attributes_change(entry, d->told));
	attributes_accepted(d->attributes, entry, d->told, on_accepted, d);
}

/* Everybody is told everything again: what is kept changed otherwise than by a write, or writes
 * may be lost and whoever waits for one is to repeat it. */
void director_attribute_again(struct director *d)
{
	if (!leads(d))
		return;
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].connected && d->nodes[i].synced)
			director_attribute_greet(d, &d->nodes[i]);
}

/* No longer the leader, or not any more what we were as one. */
void director_attribute_lost(struct director *d)
{
	attributes_forget(d->attributes);
	director_attribute_again(d);
}

void director_attribute_watch(struct director *d)
{
	json_t *entry;

	while ((entry = attributes_due(d->attributes, d->now_ns)))
		director_propose(d, entry);
}
