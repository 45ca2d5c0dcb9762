// SPDX-License-Identifier: GPL-2.0-or-later
#include <strings.h>

#include "core/policy/engine_stage.h"

static struct ticket *ticket_of(struct engine *e, const char *id)
{
	struct ticket *t;

	for (t = e->tickets; t; t = t->next)
		if (!strcmp(t->id, id))
			return t;
	t = engine_alloc(e, sizeof(*t));
	t->id = id;
	t->next = e->tickets;
	e->tickets = t;
	return t;
}

static void lose(struct engine *e, struct resource *r, const struct ticket_need *need)
{
	bool role_matches = need->role == ROLE_UNKNOWN || need->role == r->role;

	switch (need->loss) {
	case LOSS_STOP:
		score_node(e, r, NULL, -SCORE_INFINITY, "ticket", need->ticket->id);
		break;
	case LOSS_DEMOTE:
		/* The promoted role is taken away where promotion is decided. */
		if (need->role != ROLE_PROMOTED)
			score_node(e, r, NULL, -SCORE_INFINITY, "ticket", need->ticket->id);
		break;
	case LOSS_FENCE:
		if (!role_matches)
			return;
		score_node(e, r, NULL, -SCORE_INFINITY, "ticket", need->ticket->id);
		for (unsigned i = 0; i < r->running.n; i++)
			node_fence(e, r->running.items[i], "deadman ticket was lost", false);
		break;
	case LOSS_FREEZE:
		if (!role_matches)
			return;
		r->managed = false;
		r->blocked = true;
		break;
	}
}

static void apply(struct engine *e, struct resource *r, const struct ticket_need *need)
{
	const struct ticket *t = need->ticket;

	if (t->granted && !t->standby)
		return;
	for (unsigned i = 0; i < r->children.n; i++)
		apply(e, r->children.items[i], need);
	if (r->children.n)
		return;
	if (!t->granted && r->running.n)
		lose(e, r, need);
	else if (need->role != ROLE_PROMOTED || need->loss == LOSS_STOP)
		score_node(e, r, NULL, -SCORE_INFINITY, "ticket", t->id);
}

static void need_new(
	struct engine *e, const struct element *xml, struct resource *r, const char *role)
{
	const char *loss = element_get(xml, "loss-policy");
	struct ticket_need *need = engine_alloc(e, sizeof(*need));

	need->ticket = ticket_of(e, element_get(xml, "ticket"));
	need->role = role_read(role);
	need->loss = need->role == ROLE_PROMOTED ? LOSS_DEMOTE : LOSS_STOP;
	if (loss && !strcasecmp(loss, "fence"))
		need->loss = e->set.stonith_enabled ? LOSS_FENCE : LOSS_STOP;
	else if (loss && !strcasecmp(loss, "freeze"))
		need->loss = LOSS_FREEZE;
	else if (loss && !strcasecmp(loss, "demote"))
		need->loss = LOSS_DEMOTE;
	else if (loss && !strcasecmp(loss, "stop"))
		need->loss = LOSS_STOP;
	need->next = r->tickets;
	r->tickets = need;
	apply(e, r, need);
}

void ticket_unpack(struct engine *e, const struct element *xml)
{
	struct rsets sets = constraint_sets(e, xml);
	struct rset set;

	if (!element_get(xml, "ticket"))
		return;
	for (unsigned i = 0; i < sets.n; i++)
		for (unsigned j = 0; j < sets.items[i].n; j++)
			need_new(e, xml, sets.items[i].items[j], sets.items[i].role);
	if (sets.n)
		return;
	set = constraint_set(e, element_get(xml, "rsc"));
	for (unsigned i = 0; i < set.n; i++)
		need_new(e, xml, set.items[i], element_get(xml, "rsc-role"));
}
