// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, migration: how far a live migration came, from the records of both nodes. */
#include <strings.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

static const struct element *record_of(
	const struct engine *e, const struct resource *r, const char *node_name)
{
	const struct node *node = node_by_name(e, node_name);

	return node ? element_child_id(
			      element_child(element_child(node->state, "lrm"), "lrm_resources"),
			      "lrm_resource", r->id)
		    : NULL;
}

static bool attribute_is(const struct element *e, const char *name, const char *value)
{
	const char *is = element_get(e, name);

	return is && !strcmp(is, value);
}

/* An operation of that name in the record; peer: with that other end of a migration. expected: it
 * must be done, with that exit status; -1: anyhow. */
static const struct element *find_op(
	const struct element *record, const char *task, const char *peer, int expected)
{
	const char *peer_name = !strcmp(task, "migrate_to") ? "migrate_target" : "migrate_source";
	const struct element *op = element_child(record, "lrm_rsc_op");

	for (; op; op = element_sibling(op, "lrm_rsc_op"))
		if (attribute_is(op, "operation", task) &&
			(!peer || attribute_is(op, peer_name, peer)))
			break;
	if (op && expected >= 0 &&
		(value_number(element_get(op, "rc-code"), EXIT_ERROR) != expected ||
			value_number(element_get(op, "op-status"), EXEC_ERROR) != EXEC_DONE))
		return NULL;
	return op;
}

/* Nothing there has ended: it was cleaned up, and will be probed. */
static bool is_unknown(const struct element *record)
{
	for (const struct element *op = element_child(record, "lrm_rsc_op"); op;
		op = element_sibling(op, "lrm_rsc_op"))
		if (element_get(op, "rc-code") && !attribute_is(op, "rc-code", "193"))
			return false;
	return true;
}

static bool moved_since(const struct element *record, const struct element *event, bool same_node)
{
	static const char *const tasks[] = { "start", "stop", "migrate_to", "migrate_from" };

	for (const struct element *op = element_child(record, "lrm_rsc_op"); op;
		op = element_sibling(op, "lrm_rsc_op")) {
		if (op == event)
			continue;
		for (unsigned i = 0; i < sizeof(tasks) / sizeof(*tasks); i++)
			if (attribute_is(op, "operation", tasks[i]) &&
				status_order(op, event, same_node) > 0)
				return true;
	}
	return false;
}

static bool found_stopped_since(
	const struct element *record, const struct element *event, bool same_node)
{
	const struct element *monitor = find_op(record, "monitor", NULL, EXIT_NOT_RUNNING);

	return monitor && status_order(monitor, event, same_node) > 0;
}

/* Whether that node knows more about the resource than the migration's events say. */
static bool newer_state(const struct element *record, const char *node_name,
	const struct element *to, const struct element *from)
{
	const struct element *event = from ? from : to;
	const char *source = element_get(event, "migrate_source");
	const char *target = element_get(event, "migrate_target");
	bool same_node = false;

	/* Call numbers of one node compare better than clocks of two. */
	if (target && !strcasecmp(node_name, target)) {
		event = from ? from : to;
		same_node = from;
	} else if (source && !strcasecmp(node_name, source)) {
		event = to ? to : from;
		same_node = to;
	}
	return moved_since(record, event, same_node) ||
	       found_stopped_since(record, event, same_node);
}

/* The ends as the entry names them; the one that recorded it must be this node. */
static bool ends_of(
	const struct history *h, bool is_source, const char **source, const char **target)
{
	*source = element_get(h->xml, "migrate_source");
	*target = element_get(h->xml, "migrate_target");
	return *source && *target && !strcasecmp(is_source ? *source : *target, h->node->name);
}

static void needs_recovery(struct resource *r)
{
	r->failed = true;
	r->stop_on_fail = true;
	r->allow_migrate = false;
}

/*
 * A migration is migrate_to on the source, migrate_from on the target, stop on the source. Without
 * the second it is half done, without the third the source still has to be stopped.
 */
void migration_to_succeeded(struct engine *e, struct history *h)
{
	const struct element *on_source, *on_target, *from;
	const char *source, *target;
	bool source_moved, target_newer, active;
	long long exit = EXIT_OK, status = EXEC_PENDING;
	struct node *target_node, *source_node;
	struct resource *r = h->r;

	if (!ends_of(h, true, &source, &target))
		return;
	on_source = record_of(e, r, source);
	on_target = record_of(e, r, target);
	source_moved = moved_since(on_source, h->xml, true);
	from = find_op(on_target, "migrate_from", source, -1);
	if (from) {
		if (source_moved)
			return;
		exit = value_number(element_get(from, "rc-code"), EXIT_OK);
		status = value_number(element_get(from, "op-status"), EXEC_PENDING);
	}
	target_newer = newer_state(on_target, target, h->xml, from);
	if (source_moved && target_newer)
		return;
	if (exit == EXIT_OK && status == EXEC_DONE) {
		r->role = ROLE_STOPPED;
		nodes_add(e, &r->dangling, h->node);
		return;
	}
	r->role = ROLE_STARTED;
	target_node = node_by_name(e, target);
	source_node = node_by_name(e, source);
	active = !target_newer && target_node && target_node->online;
	if (status != EXEC_PENDING) { /* migrate_from failed */
		if (active)
			status_running(e, r, target_node, true);
		else
			needs_recovery(r);
		return;
	}
	if (target_node && target_node->online && is_unknown(on_target))
		return;
	if (active) {
		status_running(e, r, target_node, false);
		if (source_node && source_node->online) {
			r->migration_target = target_node;
			r->migration_source = source_node;
		}
	} else if (!source_moved) {
		needs_recovery(r);
	}
}

void migration_to_failed(struct engine *e, struct history *h)
{
	const struct element *on_target, *from;
	const char *source, *target;
	struct node *node;

	if (!ends_of(h, true, &source, &target))
		return;
	h->r->role = ROLE_STARTED;
	on_target = record_of(e, h->r, target);
	from = find_op(on_target, "migrate_from", source, EXIT_OK);
	if (!is_unknown(on_target) && !newer_state(on_target, target, h->xml, from)) {
		node = node_by_name(e, target);
		if (node && node->online)
			status_running(e, h->r, node, false);
	} else if (!moved_since(record_of(e, h->r, source), h->xml, true)) {
		nodes_add(e, &h->r->dangling, h->node);
	}
}

void migration_from_failed(struct engine *e, struct history *h)
{
	const struct element *on_source, *to;
	const char *source, *target;
	struct node *node;

	if (!ends_of(h, false, &source, &target))
		return;
	h->r->role = ROLE_STARTED;
	on_source = record_of(e, h->r, source);
	to = find_op(on_source, "migrate_to", target, EXIT_OK);
	if (is_unknown(on_source) || newer_state(on_source, source, to, h->xml))
		return;
	node = node_by_name(e, source);
	if (node && node->online)
		status_running(e, h->r, node, true);
}
