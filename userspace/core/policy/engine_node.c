// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <strings.h>

#include "core/policy/engine_action.h"
#include "core/policy/engine_inside.h"

void nodes_add(struct engine *e, struct nodes *list, struct node *node)
{
	if (nodes_has(list, node))
		return;
	engine_grow(e, list->items, list->n, list->cap);
	list->items[list->n++] = node;
}

bool nodes_has(const struct nodes *list, const struct node *node)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->items[i] == node)
			return true;
	return false;
}

void nodes_remove(struct nodes *list, const struct node *node)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (list->items[i] != node)
			continue;
		memmove(&list->items[i], &list->items[i + 1],
			(list->n - i - 1) * sizeof(struct node *));
		list->n--;
		return;
	}
}

/* Names order by their numbers where both have one: n2 before n10. Case does not matter. */
static int name_compare(const char *a, const char *b)
{
	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			char *a_end, *b_end;
			long long x = strtoll(a, &a_end, 10), y = strtoll(b, &b_end, 10);

			if (x != y)
				return x < y ? -1 : 1;
			a = a_end;
			b = b_end;
			continue;
		}
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return tolower((unsigned char)*a) < tolower((unsigned char)*b) ? -1 : 1;
		a++;
		b++;
	}
	return *a ? 1 : *b ? -1 : 0;
}

static void keep_sorted(struct engine *e, struct node *node)
{
	unsigned i = e->n_nodes - 1;

	while (i > 0 && name_compare(e->by_name[i - 1]->name, node->name) > 0) {
		e->by_name[i] = e->by_name[i - 1];
		i--;
	}
	e->by_name[i] = node;
}

struct node *node_new(struct engine *e, const char *id, const char *name, bool remote, int score)
{
	struct node *node = engine_alloc(e, sizeof(*node));
	unsigned cap = e->cap_nodes;

	engine_grow(e, e->nodes, e->n_nodes, e->cap_nodes);
	if (cap != e->cap_nodes) {
		struct node **by_name = engine_alloc(e, e->cap_nodes * sizeof(*by_name));

		if (e->n_nodes)
			memcpy(by_name, e->by_name, e->n_nodes * sizeof(*by_name));
		e->by_name = by_name;
	}
	node->index = e->n_nodes;
	node->id = id;
	node->name = name ? name : id;
	node->remote = remote;
	node->base_score = score;
	node->discovery_enabled = true;
	e->nodes[e->n_nodes++] = node;
	keep_sorted(e, node);
	index_set(e->ids, INDEX_NODE_ID, node->id, node);
	index_set(e->ids, INDEX_NODE_NAME, node->name, node);
	table_set(e->arena, &node->attributes, "#kind", remote ? "remote" : "cluster");
	return node;
}

struct node *node_by_id(const struct engine *e, const char *id)
{
	return index_get(e->ids, INDEX_NODE_ID, id);
}

struct node *node_by_name(const struct engine *e, const char *name)
{
	struct node *node = index_get(e->ids, INDEX_NODE_NAME, name);

	for (unsigned i = 0; !node && name && i < e->n_nodes; i++)
		if (!strcasecmp(e->nodes[i]->name, name))
			node = e->nodes[i];
	return node;
}

bool node_is_guest(const struct node *node)
{
	return node && node->remote && node->connection && node->connection->container;
}

bool node_is_remote_only(const struct node *node)
{
	return node && node->remote && (!node->connection || !node->connection->container);
}

bool node_available(const struct node *node, bool consider_score, bool consider_guest, int score)
{
	if (!node || (consider_score && score < 0))
		return false;
	if (!node->online || node->shutdown || node->unclean || node->standby || node->maintenance)
		return false;
	if (consider_guest && node_is_guest(node)) {
		const struct resource *container = node->connection->container;

		/* A guest can run something if the plan runs its container. */
		return container->node != NULL;
	}
	return true;
}

const char *node_attribute(const struct node *node, const char *name)
{
	return node ? table_get(&node->attributes, name) : NULL;
}

bool node_can_fence(const struct engine *e, const struct node *node)
{
	if (node_is_guest(node)) {
		const struct nodes *hosts = &node->connection->container->running;

		for (unsigned i = 0; i < hosts->n; i++)
			if (!hosts->items[i]->online && !node_can_fence(e, hosts->items[i]))
				return false;
		return true;
	}
	if (!e->set.stonith_enabled || !e->set.have_fence_device)
		return false;
	if (e->set.have_quorum || e->set.no_quorum == QUORUM_IGNORE)
		return true;
	return node && node->online;
}

static void fence_guest(struct node *node)
{
	struct resource *container = node->connection->container;

	if (container->failed || !container->managed)
		return;
	/* The node is not marked unclean: it may run something again in this very plan. */
	node->remote_requires_reset = true;
	container->failed = true;
	container->stop_on_fail = true;
}

void node_fence(struct engine *e, struct node *node, const char *reason, bool priority_delay)
{
	if (!node->fence_reason)
		node->fence_reason = reason;
	if (node_is_guest(node)) {
		fence_guest(node);
	} else if (node->remote && node->connection && node->connection->orphan &&
		   !node->connection->container && node->connection->removed_filler) {
		node->connection->failed = true;
		node->connection->stop_on_fail = true;
	} else if (node->remote) {
		if (node->connection && !node->connection->managed)
			return;
		node->remote_requires_reset = true;
		node->unclean = true;
		act_fence(e, node, NULL, true, reason, false);
	} else {
		node->unclean = true;
		act_fence(e, node, NULL, true, reason, priority_delay);
	}
}
