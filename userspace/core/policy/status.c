// SPDX-License-Identifier: GPL-2.0-or-later
/* Status: what the nodes' states and operation histories say about now. */
#include "core/model/value.h"
#include "core/policy/status_inside.h"

static struct ticket *ticket_of(struct engine *e, const char *id)
{
	struct ticket *ticket = index_get(e->ids, INDEX_TICKET, id);

	if (ticket)
		return ticket;
	ticket = engine_alloc(e, sizeof(*ticket));
	ticket->id = id;
	ticket->last_granted = -1;
	ticket->next = e->tickets;
	e->tickets = ticket;
	index_set(e->ids, INDEX_TICKET, id, ticket);
	return ticket;
}

static void tickets_read(struct engine *e, const struct element *tickets)
{
	for (const struct element *state = element_child(tickets, "ticket_state"); state;
		state = element_sibling(state, "ticket_state")) {
		const char *id = element_get(state, "id");
		struct ticket *ticket;

		if (!id || !*id)
			continue;
		ticket = ticket_of(e, id);
		for (unsigned i = 0; i < state->names->n; i++)
			if (strcmp(state->names->all[i].text, "id"))
				table_set(e->arena, &ticket->state, state->names->all[i].text,
					state->values[i]);
		ticket->granted = table_true(&ticket->state, "granted", false);
		ticket->standby = table_true(&ticket->state, "standby", false);
		ticket->last_granted = value_number(table_get(&ticket->state, "last-granted"), -1);
	}
}

/* Whether a node's history can be read yet: what a remote node ran is of use only once it is known
 * whether its connection is up. */
static bool is_ready(const struct engine *e, const struct node *node, bool last)
{
	const struct resource *connection = node->connection;

	if (last)
		return true;
	if (node_is_guest(node))
		return connection->role == ROLE_STARTED &&
		       connection->container->role == ROLE_STARTED;
	if (node->remote)
		return connection && (e->set.shutdown_lock || connection->role == ROLE_STARTED);
	/* Without fencing the nodes that are there get the numbers of instances first. */
	return node->online || e->set.stonith_enabled || e->set.shutdown_lock;
}

/* One pass over the histories; whether it read any, on which others may depend. */
static bool histories_read(struct engine *e, bool last)
{
	bool any = false;

	for (const struct element *state = element_child(e->status, "node_state"); state;
		state = element_sibling(state, "node_state")) {
		const char *id = element_get(state, "id"), *name = element_get(state, "uname");
		struct node *node;

		if (!id || !name)
			continue;
		node = node_by_id(e, id);
		if (!node)
			node = node_by_name(e, name);
		if (!node || node->unpacked || !is_ready(e, node, last))
			continue;
		if (node->remote) {
			node_remote_online(node);
			node_remote_attributes(e, node, state);
			failcount_read(e, node);
		}
		node->unpacked = true;
		history_read(e, node, state);
		any = true;
	}
	return any;
}

/* Containers whose connection failed stop where they are, which is known only now. */
static void containers_stop(struct engine *e)
{
	for (unsigned i = 0; i < e->stop_needed.n; i++) {
		struct resource *container = e->stop_needed.items[i];
		struct node *node = resource_current(container, NULL, NULL);

		if (node)
			act_get(e, container, TASK_STOP, 0, node, false);
	}
}

void status_read(struct engine *e)
{
	for (const struct element *state = e->status ? e->status->first : NULL; state;
		state = state->next) {
		if (element_is(state, "tickets"))
			tickets_read(e, state);
		else if (element_is(state, "node_state"))
			node_state_read(e, state);
	}
	for (unsigned i = 0; i < e->n_nodes; i++)
		if (!e->nodes[i]->remote)
			failcount_read(e, e->nodes[i]);
	while (histories_read(e, false))
		;
	histories_read(e, e->set.stonith_enabled);
	containers_stop(e);
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->nodes[i];

		if (!node->remote)
			continue;
		if (node->shutdown && node->connection)
			node->connection->next_role = ROLE_STOPPED;
		if (!node->unpacked)
			node_remote_online(node);
	}
}

void status_ban(struct engine *e, struct resource *r, const struct node *node)
{
	for (unsigned i = 0; i < r->children.n; i++)
		status_ban(e, r->children.items[i], node);
	if (r->children.n)
		return;
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct slot *slot;

		if (node && e->nodes[i] != node)
			continue;
		slot = resource_slot(e, r, e->nodes[i]);
		slot->allowed = 1;
		slot->score = -SCORE_INFINITY;
	}
}
