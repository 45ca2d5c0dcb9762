// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, find: which resource, or which instance of a clone, a history speaks of. */
#include <ctype.h>
#include <string.h>

#include "core/policy/status_inside.h"

/* How long id is without the instance's number behind it. */
static size_t base_length(const char *id)
{
	size_t len = strlen(id), at = len;

	while (at > 1 && isdigit((unsigned char)id[at - 1]))
		at--;
	return at > 1 && id[at - 1] == ':' ? at - 1 : len;
}

/* The part of an instance (itself, or a member of a cloned group) of that name. */
static struct resource *part_of(struct resource *instance, const char *base)
{
	struct resource *found = NULL;

	if (instance->kind == PRIMITIVE)
		return strcmp(instance->base_id, base) ? NULL : instance;
	for (unsigned i = 0; i < instance->children.n && !found; i++)
		found = part_of(instance->children.items[i], base);
	return found;
}

/* Where an instance, or any member, is active or about to be: as far as the histories are read. */
static struct node *place_of(const struct resource *r)
{
	struct node *node = NULL;

	if (r->kind == PRIMITIVE)
		return r->running.n ? r->running.items[0] : r->pending_node;
	for (unsigned i = 0; i < r->children.n && !node; i++)
		node = place_of(r->children.items[i]);
	return node;
}

/*
 * In order of preference: the instance that is active on that node; one that is active nowhere; a
 * new one, beyond the number that is wanted.
 */
static struct resource *instance_of(
	struct engine *e, const struct node *node, struct resource *clone, const char *base)
{
	struct resource *active = NULL, *idle = NULL, *r;
	bool no_idle = false;

	for (unsigned i = 0; i < clone->children.n && !active; i++) {
		struct resource *child = clone->children.items[i];
		const struct node *place = place_of(child);

		if (place == node) {
			active = part_of(child, base);
			if (active && active->running.n) {
				/* A second history of one node is of an instance too many. */
				active = NULL;
				no_idle = true;
			}
		} else if (!place && !no_idle && !idle && !child->blocked) {
			idle = part_of(child, base);
			if (idle && idle->pending_node && idle->pending_node != node)
				idle = NULL;
		}
	}
	r = active ? active : no_idle ? NULL : idle;
	/* What ran on a lost node does not use up a number that may start elsewhere at once, if it
	 * does not wait for fencing. */
	if (r && !r->needs_fencing && (!node->online || node->unclean) && !node_is_guest(node) &&
		(unsigned)clone->clone->max != e->n_nodes)
		r = NULL;
	if (r)
		return r;
	r = clone_instance_new(e, clone); /* NULL: it is a clone of nothing that there is */
	return r ? part_of(r, base) : NULL;
}

/* What ran once and is configured no more. */
static struct resource *orphan_of(
	struct engine *e, const char *id, const struct element *lrm_resource)
{
	struct resource *r = resource_orphan_new(e, id, lrm_resource);

	if (!r)
		return NULL;
	if (!e->set.stop_orphans)
		r->managed = false;
	else
		status_ban(e, r, NULL);
	return r;
}

struct resource *resource_of_history(struct engine *e, const struct node *node, const char *id,
	const struct element *lrm_resource)
{
	struct resource *r = resource_by_id(e, id), *top = NULL;
	char base[256];
	size_t len = base_length(id);

	len = len < sizeof(base) ? len : sizeof(base) - 1;
	memcpy(base, id, len);
	base[len] = '\0';
	if (!r) {
		/* Of an anonymous clone the history does not know the number. */
		r = index_get(e->ids, INDEX_CLONE_BASE, base);
		if (r && r->unique)
			r = NULL;
	} else if (r->kind != PRIMITIVE) {
		r = NULL; /* what it was when it ran is no resource any more */
	}
	if (r) {
		top = resource_top(r);
		if (top->kind == CLONE && !top->unique)
			r = top->parent ? bundle_child_on(top->parent, node)
					: instance_of(e, node, top, base);
	}
	if (!r) {
		if (!element_child(lrm_resource, "lrm_rsc_op"))
			return NULL;
		r = orphan_of(e, id, lrm_resource);
	}
	if (r && strcmp(id, r->id))
		r->history_id = id;
	return r;
}

/* ---- where it runs ------------------------------------------------------------------------------
 */

static void add_priority(struct resource *r, struct node *node, bool failed)
{
	int priority = r->priority;

	if (!priority || failed)
		return;
	if (r->role == ROLE_PROMOTED)
		priority++;
	node->priority += priority;
	if (node_is_guest(node)) {
		const struct nodes *hosts = &node->connection->container->running;

		for (unsigned i = 0; i < hosts->n; i++)
			hosts->items[i]->priority += priority;
	}
}

/* On how many nodes it counts as active: on lost ones only if it waits for their fencing. */
static unsigned active_count(const struct resource *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->running.n; i++) {
		const struct node *node = r->running.items[i];

		n += r->needs_fencing || (node->online && !node->unclean);
	}
	return n;
}

static void block(struct resource *r)
{
	r->managed = false;
	r->blocked = true;
}

static void recover_multiple(struct engine *e, struct resource *r)
{
	struct resource *parent = r->parent;

	switch (r->multiple_active) {
	case ACTIVE_STOP_ONLY:
		status_ban(e, r, NULL);
		break;
	case ACTIVE_BLOCK:
		block(r);
		if (!parent || (parent->kind != GROUP && parent->kind != BUNDLE) ||
			parent->multiple_active != ACTIVE_BLOCK)
			break;
		for (unsigned i = 0; i < parent->children.n; i++)
			block(parent->children.items[i]);
		break;
	default:
		break;
	}
}

/* An unmanaged resource stays where it is. */
static void pin(struct engine *e, struct resource *r, struct node *node)
{
	struct slot *slot = resource_slot(e, r, node);

	slot->score = slot->allowed ? score_add(slot->score, SCORE_INFINITY)
				    : score_add(node->base_score, SCORE_INFINITY);
	slot->allowed = 1;
	for (struct resource *p = r->parent; p && node->online; p = p->parent)
		nodes_add(e, &p->running, node);
}

void status_running(struct engine *e, struct resource *r, struct node *node, bool failed)
{
	if (nodes_has(&r->running, node))
		return;
	nodes_add(e, &r->running, node);
	if (r->kind == PRIMITIVE) {
		resources_add(e, &node->running, r);
		add_priority(r, node, failed);
		if (node->maintenance)
			r->managed = false;
	}
	if (!r->managed && r->kind == PRIMITIVE) {
		pin(e, r, node);
		return;
	}
	if (r->kind == PRIMITIVE && active_count(r) > 1)
		recover_multiple(e, r);
	if (r->parent)
		status_running(e, r->parent, node, false);
}

static void running_tell(struct resource *r, engine_running_fn *fn, void *ctx)
{
	enum role role = r->role;

	for (unsigned i = 0; i < r->children.n; i++)
		running_tell(r->children.items[i], fn, ctx);
	if (r->kind != PRIMITIVE || !resource_active(r, true))
		return;
	if (role == ROLE_STARTED && resource_top(r)->promotable)
		role = ROLE_UNPROMOTED;
	for (unsigned i = 0; i < r->running.n; i++)
		fn(ctx, r->unique ? r->id : r->base_id, r->running.items[i]->name, role_name(role));
}

void engine_running(const struct engine *e, engine_running_fn *fn, void *ctx)
{
	for (unsigned i = 0; i < e->top.n; i++) {
		struct resource *r = e->top.items[i];

		/* What is left alone on a node that is gone does not make the whole active. */
		if (r->kind == PRIMITIVE || r->running.n)
			running_tell(r, fn, ctx);
	}
}
