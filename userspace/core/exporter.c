/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>

#include "base/lines.h"
#include "base/member.h"
#include "core/exporter.h"

static void head(struct lines *t, const char *name, const char *help)
{
	lines_add(t, "# HELP ha_cluster_%s %s\n# TYPE ha_cluster_%s gauge\n", name, help, name);
}

static void nodes(struct lines *t, json_t *status)
{
	json_t *node;
	size_t i;

	head(t, "pacemaker_nodes",
		"The status of each node: 1 means it has it, 0 that it has not.");
	json_array_foreach (json_object_get(status, "nodes"), i, node) {
		bool online = !strcmp(member_text(node, "state"), "online");
		const struct {
			const char *word;
			bool on;
		} rows[] = { { "online", online },
			{ "standby", json_is_true(json_object_get(node, "standby")) },
			{ "maintenance", json_is_true(json_object_get(node, "maintenance")) },
			{ "shutdown", json_is_true(json_object_get(node, "stopping")) },
			{ "pending", !strcmp(member_text(node, "state"), "pending") },
			{ "unclean", !strcmp(member_text(node, "state"), "lost") },
			{ "expected_up",
				json_integer_value(json_object_get(node, "incarnation")) != 0 },
			{ "dc", false } };

		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
			lines_add(t,
				"ha_cluster_pacemaker_nodes{node=\"%s\",status=\"%s\",type="
				"\"member\"} "
				"%d\n",
				member_text(node, "name"), rows[k].word, rows[k].on);
	}
}

static void resources(struct lines *t, json_t *status)
{
	json_t *r, *on;
	size_t i, k;

	head(t, "pacemaker_resources",
		"The status of each resource on each node: 1 means it has it, 0 that it has not.");
	json_array_foreach (json_object_get(status, "resources"), i, r)
		json_array_foreach (json_object_get(r, "on"), k, on) {
			const char *role = member_text(on, "role"),
				   *state = member_text(on, "state");
			bool failed = strstr(state, "fail") != NULL;

			if (!*role)
				role = strcmp(state, "started") ? "unknown" : "started";
			lines_add(t,
				"ha_cluster_pacemaker_resources{agent=\"%s\",clone=\"\",group=\"%"
				"s\","
				"managed=\"true\",node=\"%s\",resource=\"%s\",role=\"%s\","
				"status=\"active\"} %d\n",
				member_text(r, "type"), member_text(r, "group"),
				member_text(on, "node"), member_text(r, "name"), role, !failed);
			lines_add(t,
				"ha_cluster_pacemaker_resources{agent=\"%s\",clone=\"\",group=\"%"
				"s\","
				"managed=\"true\",node=\"%s\",resource=\"%s\",role=\"%s\","
				"status=\"failed\"} %d\n",
				member_text(r, "type"), member_text(r, "group"),
				member_text(on, "node"), member_text(r, "name"), role, failed);
		}
}

static void fails(struct lines *t, json_t *status)
{
	json_t *r, *n;
	const char *node;
	size_t i;

	head(t, "pacemaker_fail_count", "The fail count per node and resource.");
	json_array_foreach (json_object_get(status, "resources"), i, r)
		json_object_foreach (json_object_get(r, "failures"), node, n)
			lines_add(t,
				"ha_cluster_pacemaker_fail_count{node=\"%s\",resource=\"%s\"} "
				"%" JSON_INTEGER_FORMAT "\n",
				node, member_text(r, "name"), json_integer_value(n));
}

char *exporter_ha_cluster(json_t *status)
{
	struct lines t = { 0 };
	size_t all = json_array_size(json_object_get(status, "controllers")), up = 0, i;
	json_t *c;

	json_array_foreach (json_object_get(status, "controllers"), i, c)
		up += json_is_true(json_object_get(c, "connected"));
	nodes(&t, status);
	resources(&t, status);
	fails(&t, status);
	head(&t, "pacemaker_config_last_change", "The revision of the configuration in force.");
	lines_add(&t, "ha_cluster_pacemaker_config_last_change %" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(status, "revision")));
	head(&t, "corosync_quorate", "Whether a majority of the controllers is there.");
	lines_add(&t, "ha_cluster_corosync_quorate %d\n", !all || 2 * up > all);
	head(&t, "corosync_quorum_votes", "Votes of the controllers.");
	lines_add(&t, "ha_cluster_corosync_quorum_votes{type=\"expected_votes\"} %zu\n",
		all ? all : 1);
	lines_add(&t, "ha_cluster_corosync_quorum_votes{type=\"total_votes\"} %zu\n", all ? up : 1);
	lines_add(&t, "ha_cluster_corosync_quorum_votes{type=\"quorum\"} %zu\n",
		(all ? all : 1) / 2 + 1);
	return t.data;
}

/* ---- under our own names
 * ------------------------------------------------------------------------------------------- */

static void own_head(struct lines *t, const char *name, const char *type, const char *help)
{
	lines_add(t, "# HELP picket_%s %s\n# TYPE picket_%s %s\n", name, help, name, type);
}

static void own_resources(struct lines *t, json_t *list)
{
	const char *node;
	json_t *r, *on, *n;
	size_t i, k;

	own_head(t, "resource_role", "gauge", "1 for the role that a resource has on a node.");
	json_array_foreach (list, i, r)
		json_array_foreach (json_object_get(r, "on"), k, on)
			lines_add(t,
				"picket_resource_role{resource=\"%s\",node=\"%s\",role=\"%s\"} 1\n",
				member_text(r, "name"), member_text(on, "node"),
				member_text(on, "state"));
	own_head(t, "resource_failures", "gauge",
		"Failures that a resource has on a node's account.");
	json_array_foreach (list, i, r)
		json_object_foreach (json_object_get(r, "failures"), node, n)
			lines_add(t,
				"picket_resource_failures{resource=\"%s\",node=\"%s\"} "
				"%" JSON_INTEGER_FORMAT "\n",
				member_text(r, "name"), node, json_integer_value(n));
	own_head(t, "primaries", "gauge", "Nodes on which a resource is promoted.");
	json_array_foreach (list, i, r) {
		unsigned primaries = 0;

		json_array_foreach (json_object_get(r, "on"), k, on)
			primaries += !strcmp(member_text(on, "state"), "promoted");
		if (json_is_true(json_object_get(r, "promotable")))
			lines_add(t, "picket_primaries{resource=\"%s\"} %u\n",
				member_text(r, "name"), primaries);
	}
}

static void own_leases(struct lines *t, json_t *leases)
{
	json_t *l;
	size_t i;

	own_head(t, "lease_remaining_seconds", "gauge",
		"What a node's lease has left if this controller is not heard again.");
	json_array_foreach (leases, i, l)
		if (json_object_get(l, "ends_in_ms"))
			lines_add(t, "picket_lease_remaining_seconds{node=\"%s\"} %.6f\n",
				member_text(l, "node"),
				json_number_value(json_object_get(l, "ends_in_ms")) / 1000);
}

/* One line for each link on which this controller has heard the node. */
static void own_beats(struct lines *t, json_t *links, const char *self, const char *name,
	const char *key, double scale)
{
	json_t *node, *link;
	size_t i, l;

	json_array_foreach (json_object_get(links, "nodes"), i, node)
		json_array_foreach (json_object_get(node, "links"), l, link) {
			json_t *cell = json_object_get(json_object_get(link, "by"), self);
			json_t *v = json_object_get(cell, key);

			if (v)
				lines_add(t, "picket_%s{node=\"%s\",link=\"%zu\"} %.9g\n", name,
					member_text(node, "name"), l, json_number_value(v) * scale);
		}
}

char *exporter_status(json_t *status, json_t *leases, json_t *links, const char *version)
{
	const char *self = member_text(status, "controller");
	struct lines t = { 0 };

	own_head(&t, "build_info", "gauge", "1; which controller answers, and of which version.");
	lines_add(&t, "picket_build_info{controller=\"%s\",version=\"%s\"} 1\n", self, version);
	own_resources(&t, json_object_get(status, "resources"));
	own_leases(&t, json_object_get(leases, "leases"));
	own_head(&t, "heartbeat_age_seconds", "gauge", "Since the last beat on a link.");
	own_beats(&t, links, self, "heartbeat_age_seconds", "age_ms", 0.001);
	own_head(&t, "heartbeats_total", "counter",
		"Beats heard on a link: what is lost is what its rate lacks.");
	own_beats(&t, links, self, "heartbeats_total", "beats", 1);
	return t.data;
}
