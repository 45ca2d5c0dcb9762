/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would be: the policy is asked with a picture in which the wishes are true. */
#include <string.h>

#include "core/director_inside.h"

static json_t *placement(struct director *d, const struct picture *p)
{
	const struct site *site = p->site;
	json_t *all = json_object();

	for (size_t r = 0; r < site->n_resources; r++) {
		const struct site_resource *res = &site->resources[r];
		json_t *on;

		if (res->kind != SITE_PRIMITIVE)
			continue;
		on = json_array();
		for (size_t i = 0; i < p->n_nodes; i++) {
			struct ledger_standing s = ledger_standing(&p->nodes[i].ledger, res->name);

			if (s.role >= LEDGER_STARTED)
				json_array_append_new(on,
					json_pack("{s:s, s:s}", "node", p->nodes[i].name, "state",
						director_state_name(
							s, director_role(site, res, s))));
		}
		json_object_set_new(all, res->name, on);
	}
	return all;
}

/* NULL, or why a wish cannot be. */
static const char *wish_take(struct picture *p, const char *name, const char *wish, json_t *actions)
{
	struct picture_node *n = picture_node(p, name);

	if (!n)
		return "No such node";
	if (!wish || (strcmp(wish, "down") && strcmp(wish, "standby") && strcmp(wish, "online")))
		return "A node can be down, standby or online";
	if (!strcmp(wish, "down")) {
		json_array_append_new(
			actions, json_pack("{s:s, s:s, s:s}", "op", "off", "node", name, "reason",
					 "it is lost: its death is proven first"));
		n->state = PICTURE_DOWN;
		ledger_clear(&n->ledger);
	} else if (!strcmp(wish, "standby")) {
		n->standby = true;
	} else {
		if (n->state != PICTURE_ONLINE)
			ledger_clear(&n->ledger);
		n->state = PICTURE_ONLINE;
		n->standby = n->maintenance = n->stopping = false;
	}
	return NULL;
}

/* The same of a ticket, as the order would be committed. */
static const char *ticket_take(
	struct director *d, struct picture *p, const char *name, const char *verb)
{
	json_t *entry, *all, *ticket, *set;

	if (!director_ticket_known(d, name))
		return "No constraint names this ticket";
	entry = verb ? director_ticket_entry(d, name, verb, "") : NULL;
	if (!entry)
		return "A ticket can be granted, revoked, put on standby or activated: grant, "
		       "revoke, standby, activate";
	all = p->tickets ? json_deep_copy(p->tickets) : json_object();
	json_decref(p->tickets); /* the cluster's own: it is not to change */
	p->tickets = all;
	ticket = json_object_get(all, name);
	if (!ticket) {
		ticket = json_object();
		json_object_set_new(all, name, ticket);
	}
	set = json_object_get(entry, "set");
	json_object_update(ticket, set);
	if (json_is_true(json_object_get(set, "granted")))
		json_object_set_new(
			ticket, "at_s", json_integer((json_int_t)(d->epoch_ms / 1000)));
	json_decref(entry);
	return NULL;
}

static json_t *after(const struct decision *decision)
{
	json_t *all = decision_placement(decision), *on, *one;
	const char *name;
	size_t i;

	json_object_foreach (all, name, on)
		json_array_foreach (on, i, one)
			json_object_set_new(one, "state",
				json_string(director_role_name(
					json_string_value(json_object_get(one, "role")))));
	return all;
}

static unsigned refuse(json_t **ret, unsigned status, const char *title, const char *detail)
{
	*ret = json_pack("{s:s, s:s}", "title", title, "detail", detail);
	return status;
}

/* Makes the wishes true; NULL, or why one cannot be, and which. */
static const char *wishes_take(struct director *d, struct picture *p, json_t *wishes,
	json_t *actions, const char **ret_name)
{
	const char *wrong;
	json_t *wish;

	json_object_foreach (json_object_get(wishes, "nodes"), *ret_name, wish) {
		wrong = wish_take(p, *ret_name, json_string_value(wish), actions);
		if (wrong)
			return wrong;
	}
	json_object_foreach (json_object_get(wishes, "tickets"), *ret_name, wish) {
		wrong = ticket_take(d, p, *ret_name, json_string_value(wish));
		if (wrong)
			return wrong;
	}
	return NULL;
}

unsigned director_whatif(struct director *d, json_t *wishes, json_t **ret)
{
	int64_t at_s = json_integer_value(json_object_get(wishes, "at_s"));
	owned(picture) struct picture *picture =
		d->site ? director_picture(d, d->site, true) : NULL;
	owned(decision) struct decision *decision = NULL;
	owned(free) char *why = NULL;
	const char *name = NULL, *wrong;
	json_t *actions, *before, *plan;

	if (!picture)
		return refuse(ret, 409, "There is no configuration yet",
			"Apply one first: picket apply FILE.");
	actions = json_array();
	before = placement(d, picture);
	wrong = wishes_take(d, picture, wishes, actions, &name);
	if (!wrong && decision_new(picture, at_s ? at_s : (int64_t)(d->epoch_ms / 1000), true,
			      &decision, &why))
		wrong = name = why;
	if (wrong) {
		json_decref(before);
		json_decref(actions);
		return refuse(ret, 422, wrong, name);
	}
	plan = decision_json(decision);
	json_array_extend(actions, json_object_get(plan, "actions"));
	*ret = json_pack("{s:o, s:o, s:o, s:O, s:o*}", "before", before, "after", after(decision),
		"actions", actions, "changes", json_object_get(plan, "changes"), "why",
		decision_why(decision));
	json_decref(plan);
	return 200;
}
