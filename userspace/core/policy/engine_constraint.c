// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/rule.h"
#include "core/policy/engine_stage.h"
#include "core/policy/engine_unpack.h"

struct resource *constraint_resource(const struct engine *e, const char *id)
{
	struct resource *r = resource_by_id(e, id);

	if (r)
		return r;
	/* An instance goes by its clone. */
	r = index_get(e->ids, INDEX_CLONE_BASE, id);
	return r ? resource_top(r) : NULL;
}

static void rset_add(struct engine *e, struct rset *set, const char *id)
{
	struct resource *r = constraint_resource(e, id);

	if (!r)
		return;
	engine_grow(e, set->items, set->n, set->cap);
	set->items[set->n++] = r;
}

static void rset_refer(struct engine *e, struct rset *set, const char *id)
{
	const struct tag *tag;

	if (!id)
		return;
	if (constraint_resource(e, id)) {
		rset_add(e, set, id);
		return;
	}
	tag = index_get(e->ids, INDEX_TAG, id);
	for (unsigned i = 0; tag && i < tag->n; i++)
		rset_add(e, set, tag->refs[i]);
}

struct rset constraint_set(struct engine *e, const char *id)
{
	struct rset set = { .id = id, .sequential = true, .require_all = true };

	rset_refer(e, &set, id);
	set.tagged = id && !constraint_resource(e, id) && index_get(e->ids, INDEX_TAG, id);
	if (set.tagged)
		set.sequential = false;
	return set;
}

struct rsets constraint_sets(struct engine *e, const struct element *xml)
{
	struct rsets sets = { 0 };
	const struct element *x = element_child(xml, "resource_set"), *ref, *at;

	for (; x; x = element_sibling(x, "resource_set")) {
		const struct element *other =
			index_get(e->ids, INDEX_ELEMENT, element_get(x, "id-ref"));
		struct rset *set;

		at = other ? other : x;
		engine_grow(e, sets.items, sets.n, sets.cap);
		set = &sets.items[sets.n++];
		*set = (struct rset){
			.id = element_get(at, "id"),
			.sequential = value_true(element_get(at, "sequential"), true),
			.require_all = value_true(element_get(at, "require-all"), true),
			.role = element_get(at, "role"),
			.action = element_get(at, "action"),
			.score = element_get(at, "score"),
			.kind = element_get(at, "kind"),
			.symmetrical = element_get(at, "symmetrical"),
			.ordering = element_get(at, "ordering"),
		};
		for (ref = element_child(at, "resource_ref"); ref;
			ref = element_sibling(ref, "resource_ref"))
			rset_refer(e, set, element_get(ref, "id"));
	}
	return sets;
}

void constraints_read(struct engine *e)
{
	const struct element *list = element_child(e->configuration, "constraints");
	struct rule_input in = engine_rule_input(e, NULL, NULL);

	for (const struct element *x = list ? list->first : NULL; x; x = x->next) {
		const struct element *lifetime = element_child(x, "lifetime");

		if (!element_get(x, "id"))
			continue;
		if (lifetime && !rule_set_passes(e->ids, lifetime, &in, &e->recheck))
			continue;
		if (element_is(x, "rsc_order"))
			order_unpack(e, x);
		else if (element_is(x, "rsc_colocation"))
			colocation_unpack(e, x);
		else if (element_is(x, "rsc_location"))
			location_unpack(e, x);
		else if (element_is(x, "rsc_ticket"))
			ticket_unpack(e, x);
	}
}
