// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/policy/engine_inside.h"

struct resource *resource_by_id(const struct engine *e, const char *id)
{
	return index_get(e->ids, INDEX_RESOURCE, id);
}

struct resource *resource_top(struct resource *r)
{
	while (r->parent && r->parent->kind != BUNDLE)
		r = r->parent;
	return r;
}

bool resource_active_on(const struct resource *r, const struct node *node)
{
	return nodes_has(&r->running, node);
}

bool resource_known_on(const struct resource *r, const struct node *node)
{
	return r->known && node->index < r->n_known &&
	       r->known[node->index / 64] >> node->index % 64 & 1;
}

bool resource_known_anywhere(const struct resource *r)
{
	for (unsigned i = 0; i < r->n_known / 64; i++)
		if (r->known[i])
			return true;
	return false;
}

void resource_set_known(struct engine *e, struct resource *r, const struct node *node)
{
	if (node->index >= r->n_known) {
		unsigned n = (e->n_nodes + 63) / 64 * 64;
		uint64_t *known = engine_alloc(e, n / 8);

		if (r->known)
			memcpy(known, r->known, r->n_known / 8);
		r->known = known;
		r->n_known = n;
	}
	r->known[node->index / 64] |= 1ULL << node->index % 64;
}

enum role role_read(const char *s)
{
	static const struct {
		const char *name;
		enum role role;
	} roles[] = { { "Stopped", ROLE_STOPPED }, { "Started", ROLE_STARTED },
		{ "Unpromoted", ROLE_UNPROMOTED }, { "Slave", ROLE_UNPROMOTED },
		{ "Promoted", ROLE_PROMOTED }, { "Master", ROLE_PROMOTED } };

	for (size_t i = 0; s && i < sizeof(roles) / sizeof(*roles); i++)
		if (!strcasecmp(s, roles[i].name))
			return roles[i].role;
	return ROLE_UNKNOWN;
}

const char *role_name(enum role role)
{
	static const char *const names[] = { "Unknown", "Stopped", "Started", "Unpromoted",
		"Promoted" };

	return names[role];
}

const char *resource_meta(const struct resource *r, const char *name)
{
	return table_get(&r->meta, name);
}

struct slot *resource_slot(struct engine *e, struct resource *r, const struct node *node)
{
	if (!r->slots || r->slots->shared || node->index >= r->slots->n) {
		unsigned n = e->n_nodes;
		struct slots *own = engine_alloc(e, sizeof(*own) + n * sizeof(*own->at));

		if (r->slots)
			memcpy(own->at, r->slots->at,
				(r->slots->n < n ? r->slots->n : n) * sizeof(*own->at));
		own->n = n;
		r->slots = own;
	}
	return &r->slots->at[node->index];
}

struct slot resource_sees(const struct resource *r, const struct node *node)
{
	if (!r->slots || node->index >= r->slots->n)
		return (struct slot){ .score = -SCORE_INFINITY };
	return r->slots->at[node->index];
}

void resources_add(struct engine *e, struct resources *list, struct resource *r)
{
	engine_grow(e, list->items, list->n, list->cap);
	list->items[list->n++] = r;
}

/* As in Pacemaker, a parent's role is the highest of any child's, not what history says. */
enum role resource_role(const struct resource *r, bool current)
{
	enum role role = ROLE_UNKNOWN;

	if (r->kind == PRIMITIVE)
		return current ? r->role : r->next_role;
	for (unsigned i = 0; i < r->children.n; i++) {
		enum role child = resource_role(r->children.items[i], current);

		if (child > role)
			role = child;
	}
	return role;
}

bool resource_active(const struct resource *r, bool all)
{
	if (r->kind == PRIMITIVE) {
		for (unsigned i = 0; i < r->running.n; i++) {
			const struct node *node = r->running.items[i];

			if (node->unclean || node->online || !r->managed)
				return true;
		}
		return false;
	}
	for (unsigned i = 0; i < r->children.n; i++) {
		bool active = resource_active(r->children.items[i], all);

		if (all != active)
			return active;
	}
	return all && r->children.n;
}

/* Where it (any member, for a collection) is active: current, or where it is assigned. */
static void locations_of(
	struct engine *e, const struct resource *r, bool current, struct nodes *into)
{
	if (r->kind == PRIMITIVE) {
		if (!current) {
			if (r->node)
				nodes_add(e, into, r->node);
			return;
		}
		for (unsigned i = 0; i < r->running.n; i++)
			nodes_add(e, into, r->running.items[i]);
		return;
	}
	for (unsigned i = 0; i < r->children.n; i++)
		locations_of(e, r->children.items[i], current, into);
}

/* NULL unless it is on exactly one node. */
struct node *resource_location(struct engine *e, const struct resource *r, bool current)
{
	struct nodes list = { 0 };

	if (r->kind == PRIMITIVE)
		return current ? (r->running.n == 1 ? r->running.items[0] : NULL) : r->node;
	locations_of(e, r, current, &list);
	return list.n == 1 ? list.items[0] : NULL;
}

/* The node it counts as active on where one must be named: a partial migration's source; else, if
 * it needs no fencing, the first that is well; else the first. */
struct node *resource_current(const struct resource *r, unsigned *ret_n, unsigned *ret_n_clean)
{
	struct node *active = NULL;
	unsigned clean = 0;

	for (unsigned i = 0; i < r->running.n; i++) {
		struct node *node = r->running.items[i];
		bool well = node->online && !node->unclean;

		clean += well;
		if (r->migration_source) {
			if (node == r->migration_source)
				active = node;
		} else if (!r->needs_fencing) {
			if (well && (!active || !active->online || active->unclean))
				active = node;
		}
		if (!active)
			active = node;
	}
	if (ret_n)
		*ret_n = r->running.n;
	if (ret_n_clean)
		*ret_n_clean = clean;
	return active;
}
