// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, nodes: whether each is there, and what its transient attributes say. */
#include <ctype.h>
#include <strings.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

static bool is(const char *a, const char *b)
{
	return a && !strcasecmp(a, b);
}

/* Since when it is a member of the cluster layer: now if that is all that is known, 0: it is not,
 * -1: nobody has seen it. */
static int64_t member_since(const struct engine *e, const struct element *state)
{
	const char *text = element_get(state, "in_ccm");
	long long when;
	bool yes;

	if (!value_bool(text, &yes))
		return yes ? (e->now > 0 ? e->now : 1) : 0;
	if (value_integer(text, &when) || when < 0)
		return -1;
	return when;
}

/* The same for its policy daemon's process group: true, or since when. */
static int64_t online_since(const struct element *state)
{
	const char *text = element_get(state, "crmd");

	if (is(text, "online"))
		return 1;
	return text && !is(text, "offline") ? value_number(text, 0) : 0;
}

static bool wants_shutdown(const struct node *node)
{
	const char *text = node_attribute(node, "shutdown");

	return text && strcmp(text, "0");
}

static bool wants_termination(const struct node *node)
{
	const char *text = node_attribute(node, "terminate");

	/* It may be the time of the request. */
	return text && (value_true(text, false) || (isdigit((unsigned char)*text) && *text != '0'));
}

static bool online_without_fencing(struct engine *e, struct node *node, const struct element *state)
{
	if (member_since(e, state) <= 0)
		return false;
	if (online_since(state) > 0)
		return is(element_get(state, "join"), "member");
	if (node->expected_up)
		node_fence(e, node, "peer is unexpectedly down", false);
	return false;
}

static void is_pending(struct node *node)
{
	node->standby = true;
	node->pending = true;
}

/* A node on its way up may take its time, but not for ever if there is a limit. */
static bool pending_too_long(struct engine *e, int64_t member, int64_t online)
{
	int64_t limit = e->set.node_pending_timeout_s;

	if (limit <= 0 || member <= 0 || online > 0)
		return false;
	if (e->now >= member + limit)
		return true;
	engine_recheck_at(e, member + limit);
	return false;
}

static bool online_with_fencing(struct engine *e, struct node *node, const struct element *state)
{
	const char *join = element_get(state, "join"), *expected = element_get(state, "expected");
	int64_t member = member_since(e, state), online = online_since(state);
	bool terminate = wants_termination(node);

	if (node->shutdown)
		return online > 0;
	if (member < 0) {
		node_fence(e, node, "peer has not been seen by the cluster", false);
		return false;
	}
	if (is(join, "banned")) {
		node_fence(e, node, "peer failed Pacemaker membership criteria", false);
	} else if (!terminate && (!expected || is(expected, "down"))) {
		if (pending_too_long(e, member, online))
			node_fence(e, node, "peer pending timed out on joining the process group",
				false);
		else if (member > 0 || online > 0)
			is_pending(node);
	} else if (terminate && is(join, "down") && member <= 0 && online <= 0) {
		return false; /* fenced as it was asked for */
	} else if (member <= 0) {
		node_fence(e, node, "peer is no longer part of the cluster", true);
	} else if (online <= 0) {
		node_fence(e, node, "peer process is no longer available", false);
	} else if (terminate) {
		node_fence(e, node, "termination was requested", false);
	} else if (is(join, "pending") || is(join, "down")) {
		is_pending(node);
	} else if (!is(join, "member")) {
		node_fence(e, node, "peer was in an unknown state", false);
	}
	return member > 0;
}

static void attributes_decide(struct node *node)
{
	if (value_true(node_attribute(node, "standby"), false))
		node->standby = true;
	if (value_true(node_attribute(node, "maintenance"), false))
		node->maintenance = true;
}

void node_state_read(struct engine *e, const struct element *state)
{
	const char *id = element_get(state, "id"), *name = element_get(state, "uname");
	struct node *node = id ? node_by_id(e, id) : NULL;
	bool online;

	if (!node && name)
		node = node_by_name(e, name);
	if (!id || !node)
		return;
	node->state = state;
	if (node->remote) {
		/* Whether it is there shows only once its connection's history is read. */
		node->remote_was_fenced = value_number(element_get(state, "node_fenced"), 0) > 0;
		return;
	}
	node_attributes_read(e, node, element_child(state, "transient_attributes"), true);
	attributes_decide(node);
	node->unclean = false;
	node->unseen = false;
	node->shutdown = wants_shutdown(node);
	node->expected_up = !node->shutdown && is(element_get(state, "expected"), "member");
	online = e->set.stonith_enabled ? online_with_fencing(e, node, state)
					: online_without_fencing(e, node, state);
	node->online = online;
	if (!online || node->shutdown)
		node->base_score = -SCORE_INFINITY;
	if (!e->set.have_quorum && online && e->set.no_quorum == QUORUM_SUICIDE)
		node_fence(e, node, "cluster does not have quorum", false);
}

void node_remote_online(struct node *node)
{
	const struct resource *connection = node->connection, *container;
	const struct node *host = NULL;

	if (!connection) {
		node->online = false;
		return;
	}
	container = connection->container;
	if (container && connection->running.n == 1)
		host = connection->running.items[0];
	if (connection->role == ROLE_STARTED)
		node->online = true;
	if (connection->role == ROLE_STARTED && connection->next_role == ROLE_STOPPED)
		node->shutdown = true;
	if (container && container->failed) {
		node->online = false;
		node->remote_requires_reset = true;
	} else if (connection->failed) {
		node->online = false;
	} else if (connection->role == ROLE_STOPPED ||
		   (container && container->role == ROLE_STOPPED)) {
		node->online = false;
		node->remote_requires_reset = false;
	} else if (host && !host->online && host->unclean) {
		node->online = false;
		node->remote_requires_reset = true;
	}
}

void node_remote_attributes(struct engine *e, struct node *node, const struct element *state)
{
	const struct resource *connection = node->connection;
	const char *discovery;

	if (!node->remote)
		return;
	node->remote_maintenance = value_number(element_get(state, "node_in_maintenance"), 0) > 0;
	if (!node->remote_requires_reset) {
		node->unclean = false;
		node->unseen = false;
	}
	node_attributes_read(e, node, element_child(state, "transient_attributes"), true);
	if (wants_shutdown(node))
		node->shutdown = true;
	attributes_decide(node);
	if (connection && !connection->managed)
		node->maintenance = true;
	discovery = node_attribute(node, "resource-discovery-enabled");
	/* Without fencing nobody could tell what a remote node that is not probed runs. */
	if (discovery && !value_true(discovery, false) &&
		(node_is_guest(node) || e->set.stonith_enabled))
		node->discovery_enabled = false;
}
