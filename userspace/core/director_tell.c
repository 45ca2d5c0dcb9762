/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the director tells people: status as one document, plans, figures for Prometheus. */
#include <inttypes.h>
#include <stdio.h>

#include "base/lines.h"
#include "core/director_inside.h"
#include "core/director_rehearse.h"

/* ---- status -----------------------------------------------------------------------------------
 */

static json_t *links_json(struct director *d, struct director_node *n)
{
	const struct membership_row *row = membership_row(&d->members, n->id);
	json_t *links = json_array();

	for (size_t l = 0; row && l < n->n_links; l++) {
		json_t *by = json_object(), *link;
		uint32_t heard = 0;
		uint64_t last = 0;

		for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++) {
			if (!(d->members.present & 1u << c))
				continue;
			heard |= (uint32_t)row->cell[c][l].heard << c;
			last = row->cell[c][l].last_ns > last ? row->cell[c][l].last_ns : last;
			json_object_set_new(by, d->controllers[c],
				json_string(row->cell[c][l].heard ? "heard" : "silent"));
		}
		link = json_pack("{s:i, s:s}", "link", (int)l, "state", heard ? "heard" : "silent");
		if (quorum_count(d->members.present) > 1)
			json_object_set(link, "by", by);
		if (!heard && last)
			json_object_set_new(
				link, "silent_ms", json_integer((d->now_ns - last) / MS));
		json_decref(by);
		json_array_append_new(links, link);
	}
	return links;
}

static json_t *fencing_json(struct director *d, struct director_node *n)
{
	static const char *const phases[] = { "waiting", "intent", "running", "asking", "lease",
		"listening", "proven", "pause", "off", "switching-on" };
	const struct director_fence *f = &n->fence;
	enum cluster_life life = cluster_life(d->cluster, n->name);
	json_t *j;

	if (life != CLUSTER_BLOCKED && (life != CLUSTER_DEAD || f->phase == FENCE_NONE))
		return NULL;
	j = json_pack(
		"{s:s, s:I}", "phase", phases[f->phase], "level", (json_int_t)f->place.level + 1);
	if (f->why)
		json_object_set_new(j, "why", json_string(f->why));
	if (f->wait.promised)
		json_object_set_new(j, "promises", json_integer(quorum_count(f->wait.promised)));
	return j;
}

static char *node_why(struct director *d, struct director_node *n)
{
	const char *why = json_string_value(cluster_node(d->cluster, n->name, "why"));
	enum cluster_life life = cluster_life(d->cluster, n->name);

	if (life == CLUSTER_BLOCKED)
		return own_printf("%s%s%s", why ? why : "",
			n->fence.why ? "; fencing failed: " : "",
			n->fence.why  ? n->fence.why
			: d->storming ? "; fencing is paused: too many nodes are lost at once"
				      : "; fencing is under way");
	if (life == CLUSTER_ADMITTED && n->hung_ns)
		return own_string("its agent does not get on: the host hangs, or the agent does");
	return NULL;
}

static json_t *node_json(struct director *d, struct director_node *n)
{
	owned(free) char *todo = director_todo(d, n), *text = node_why(d, n);
	json_t *fencing = fencing_json(d, n), *j;

	j = json_pack("{s:s, s:i, s:s, s:I, s:b, s:o, s:b, s:b, s:b}", "name", n->name, "id", n->id,
		"state", director_state(d, n), "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, n->name), "connected", n->connected,
		"links", links_json(d, n), "standby", cluster_flag(d->cluster, n->name, "standby"),
		"maintenance", cluster_flag(d->cluster, n->name, "maintenance"), "stopping",
		cluster_flag(d->cluster, n->name, "stop"));
	if (text)
		json_object_set_new(j, "why", json_string(text));
	if (todo)
		json_object_set_new(j, "todo", json_string(todo));
	if (fencing)
		json_object_set_new(j, "fencing", fencing);
	json_object_set_new(j, "fence_tests", rehearsal_json(&d->rehearse.all, n->name));
	if (cluster_node(d->cluster, n->name, "proof"))
		json_object_set(j, "proof", cluster_node(d->cluster, n->name, "proof"));
	return j;
}

static json_t *place_json(
	struct director *d, struct director_node *n, const struct site_resource *res)
{
	struct ledger_standing s = director_standing(d, n, res->name);
	bool unclean = cluster_life(d->cluster, n->name) == CLUSTER_BLOCKED;
	const char *role = director_role(d->site, res, s);

	if (s.role == LEDGER_STOPPED || s.role == LEDGER_UNKNOWN)
		return NULL;
	return json_pack("{s:s, s:s}", "node", n->name, "state",
		unclean ? "unclean" : director_state_name(s, role));
}

static json_t *resource_json(struct director *d, const struct site_resource *res, json_t *reasons)
{
	const struct site_resource *up = res->parent >= 0 ? &d->site->resources[res->parent] : NULL;
	const struct site_resource *top = site_top(d->site, res);
	const char *group = up && up->kind == SITE_GROUP ? up->name : NULL;
	const char *clone = top->kind == SITE_CLONE || top->kind == SITE_BUNDLE ? top->name : NULL;
	json_t *on = json_array(), *failures = json_object();

	for (size_t i = 0; i < d->n_nodes; i++) {
		json_t *place = place_json(d, &d->nodes[i], res);
		unsigned fails = cluster_fails(d->cluster, d->nodes[i].name, res->name);

		if (place)
			json_array_append_new(on, place);
		if (fails)
			json_object_set_new(failures, d->nodes[i].name, json_integer(fails));
	}
	return json_pack("{s:s, s:s, s:s*, s:s*, s:b, s:o, s:o, s:s*}", "name", res->name, "type",
		res->type, "group", group, "clone", clone, "promotable", top->promotable, "on", on,
		"failures", failures, "why",
		json_array_size(on) ? NULL
				    : json_string_value(json_object_get(reasons, res->name)));
}

static json_t *resources_json(struct director *d)
{
	json_t *list = json_array(), *reasons = d->leader && d->ready ? director_why(d) : NULL;

	for (size_t r = 0; d->site && r < d->site->n_resources; r++)
		if (d->site->resources[r].kind == SITE_PRIMITIVE)
			json_array_append_new(
				list, resource_json(d, &d->site->resources[r], reasons));
	return list;
}

static json_t *actions_json(struct director *d)
{
	const struct transition *t = d->transition;
	json_t *list = json_array();

	for (size_t i = 0; t && i < t->plan->n; i++) {
		const struct plan_action *a = t->plan->actions[i];
		bool out = t->steps[i].phase == TRANSITION_OUT;

		if (a->kind == PLAN_PSEUDO || (!out && t->steps[i].phase != TRANSITION_WAITING))
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s*, s:s*, s:b}", "op", a->op, "resource",
				      a->resource, "node", a->node, "running", out));
	}
	return list;
}

/* What is broken, or would be when it matters. */
static json_t *faults_json(struct director *d)
{
	json_t *list = json_copy(d->faults);

	for (size_t i = 0; i < d->rehearse.all.n; i++) {
		const struct rehearsal_row *row = &d->rehearse.all.rows[i];
		owned(free) char *text = NULL;

		if (row->state != REHEARSAL_FAILED)
			continue;
		text = own_printf(
			"%s could not be fenced through %s: %s", row->node, row->device, row->text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *director_status(struct director *d)
{
	json_t *nodes = json_array(), *j;
	size_t bad = 0;

	for (size_t i = 0; i < d->n_nodes; i++) {
		json_array_append_new(nodes, node_json(d, &d->nodes[i]));
		bad += !director_usable(d, &d->nodes[i]);
	}
	j = json_pack("{s:i, s:s, s:s*, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "schema", 1,
		"controller", d->name, "cluster", d->site ? d->site->name : NULL, "leader",
		d->leader && d->ready, "term", (json_int_t)d->term, "index",
		(json_int_t)d->cluster->index, "revision", (json_int_t)cluster_revision(d->cluster),
		"nodes", nodes, "resources", resources_json(d), "actions", actions_json(d));
	json_object_set_new(j, "nodes_not_online", json_integer((json_int_t)bad));
	if (d->site) {
		json_object_set_new(j, "silence_ms",
			json_real((double)d->timing.interval_us * d->timing.misses / 1000));
		json_object_set_new(j, "lease_ms", json_integer((json_int_t)d->timing.lease_ms));
	}
	json_object_set_new(j, "controllers", director_voters_json(d));
	if (d->log.waits)
		json_object_set_new(j, "voters_wait", json_string(d->log.waits));
	json_object_set_new(j, "observe", json_boolean(director_observes(d)));
	json_object_set_new(j, "granting", json_boolean(grant_may(&d->grant)));
	json_object_set_new(j, "faults", faults_json(d));
	json_object_set_new(j, "fencing_paused", json_boolean(d->storming));
	json_object_set(j, "vouched", cluster_vouched(d->cluster));
	return j;
}

/* What would be done under this configuration, as things are. */
json_t *director_plan_json(struct director *d, const struct site *site)
{
	owned(picture) struct picture *picture = director_picture(d, site, false);
	owned(decision) struct decision *decision = NULL;
	owned(free) char *wrong = NULL;
	json_t *j;

	if (decision_new(picture, (int64_t)(d->epoch_ms / 1000), true, &decision, &wrong))
		return json_pack("{s:b, s:s}", "applied", false, "undecided", wrong);
	j = decision_json(decision);
	json_object_set_new(j, "applied", json_false());
	json_object_set_new(j, "why", decision_why(decision));
	return j;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static void figure(struct lines *t, const char *name, const char *kind, const char *help, double v)
{
	lines_add(t, "# HELP picket_%s %s\n# TYPE picket_%s %s\npicket_%s %.17g\n", name, help,
		name, kind, name, v);
}

static void head(struct lines *t, const char *name, const char *help)
{
	lines_add(t, "# HELP picket_%s %s\n# TYPE picket_%s gauge\n", name, help, name);
}

static void node_figures(struct director *d, struct lines *t)
{
	head(t, "node_online", "1 when the node is usable: admitted, heard, connected.");
	for (size_t i = 0; i < d->n_nodes; i++)
		lines_add(t, "picket_node_online{node=\"%s\"} %d\n", d->nodes[i].name,
			director_usable(d, &d->nodes[i]));
	head(t, "node_lost", "1 when the node is blocked and not proven dead.");
	for (size_t i = 0; i < d->n_nodes; i++)
		lines_add(t, "picket_node_lost{node=\"%s\"} %d\n", d->nodes[i].name,
			cluster_life(d->cluster, d->nodes[i].name) == CLUSTER_BLOCKED);
	head(t, "link_heard", "1 when this controller hears the node on the link.");
	for (size_t i = 0; i < d->n_nodes; i++) {
		const struct membership_row *row = membership_row(&d->members, d->nodes[i].id);

		for (size_t l = 0; row && l < d->nodes[i].n_links; l++)
			lines_add(t, "picket_link_heard{node=\"%s\",link=\"%zu\"} %d\n",
				d->nodes[i].name, l, row->cell[d->config.index][l].heard);
	}
}

static bool runs_well(struct director *d, struct director_node *n, const char *resource)
{
	struct ledger_standing s = director_standing(d, n, resource);

	return s.role >= LEDGER_STARTED && !s.failed &&
	       cluster_life(d->cluster, n->name) != CLUSTER_BLOCKED;
}

static void resource_figures(struct director *d, struct lines *t)
{
	head(t, "resource_up", "Nodes on which the resource runs well.");
	for (size_t r = 0; r < d->site->n_resources; r++) {
		int up = 0;

		for (size_t i = 0; i < d->n_nodes; i++)
			up += runs_well(d, &d->nodes[i], d->site->resources[r].name);
		if (d->site->resources[r].kind == SITE_PRIMITIVE)
			lines_add(t, "picket_resource_up{resource=\"%s\"} %d\n",
				d->site->resources[r].name, up);
	}
}

/* Prometheus exposition format 0.0.4. */
char *director_metrics(struct director *d)
{
	struct lines t = { 0 };

	figure(&t, "leader", "gauge", "1 when this controller leads.", d->leader && d->ready);
	figure(&t, "granting", "gauge", "1 when this controller may grant leases.",
		grant_may(&d->grant));
	figure(&t, "term", "gauge", "The term of the log.", (double)d->term);
	figure(&t, "applied_index", "gauge", "Index of the last entry applied.",
		(double)d->cluster->index);
	figure(&t, "configuration_revision", "gauge", "Revision of the configuration in force.",
		(double)cluster_revision(d->cluster));
	figure(&t, "entries_applied_total", "counter", "Entries of the log applied.",
		(double)d->n_commits);
	figure(&t, "controllers_connected", "gauge", "Controllers whose views are up to date.",
		quorum_count(d->members.present));
	figure(&t, "fencing_paused", "gauge", "1 while too many nodes are lost at once.",
		d->storming);
	figure(&t, "fence_orders_total", "counter", "Orders given to fence devices.",
		(double)d->n_fences);
	figure(&t, "fence_failures_total", "counter", "Fencing methods that gave no proof.",
		(double)d->n_fence_failures);
	figure(&t, "nodes_lost_total", "counter", "Nodes that were blocked.", (double)d->n_losses);
	figure(&t, "failovers_total", "counter", "Lost nodes whose resources were taken over.",
		(double)d->n_failovers);
	figure(&t, "failover_last_seconds", "gauge", "Last beat to the end of the last recovery.",
		d->times.last_ms / 1000);
	histogram_print(&d->times.detections, "picket_detection_seconds",
		"Last beat of a node to the verdict that it is lost.", &t);
	histogram_print(&d->times.fencings, "picket_fencing_seconds",
		"First order to a fence device to the proof of death.", &t);
	histogram_print(&d->times.failovers, "picket_failover_seconds",
		"Last beat of a node to the end of the recovery of what it ran.", &t);
	figure(&t, "transitions_total", "counter", "Plans carried out.", d->transitions);
	node_figures(d, &t);
	director_rehearse_figures(d, &t);
	if (d->site)
		resource_figures(d, &t);
	return t.data;
}

/* ---- for those who want to be told
 * --------------------------------------------------------------- */

json_t *director_alerts(const struct director *d, const char **ret_cluster)
{
	*ret_cluster = d->site ? d->site->name : "";
	return d->site ? json_object_get(d->site->root, "alerts") : NULL;
}

json_t *director_deaths(const struct director *d)
{
	json_t *list;

	if (!d->leader || !d->ready)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < d->n_nodes; i++) {
		const char *name = d->nodes[i].name;
		json_t *proof = cluster_node(d->cluster, name, "proof");

		if (cluster_life(d->cluster, name) != CLUSTER_DEAD)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:O, s:O*, s:I, s:I, s:b}", "kind", "node-dead",
				      "node", name, "proof", proof, "text",
				      json_object_get(proof, "text"), "incarnation",
				      (json_int_t)cluster_incarnation(d->cluster, name), "time_ms",
				      (json_int_t)d->epoch_ms, "again", 1));
	}
	return list;
}
