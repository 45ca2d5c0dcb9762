/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director on tickets: which there are, who grants them; and the model that the policy sees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xml.h"
#include "core/director_inside.h"
#include "core/model/value.h"

static const struct element *constraints(const struct director *d)
{
	const struct element *c =
		d->site ? element_child(d->site->tree->root, "configuration") : NULL;

	return element_child(c, "constraints");
}

/* What runs under it; sets of resources are told by their constraint's name. */
static json_t *dependents(const struct director *d, const char *ticket)
{
	json_t *list = json_array();

	for (const struct element *t = element_child(constraints(d), "rsc_ticket"); t;
		t = element_sibling(t, "rsc_ticket")) {
		const char *rsc = element_get(t, "rsc");

		if (!strcmp(element_get(t, "ticket") ? element_get(t, "ticket") : "", ticket))
			json_array_append_new(list, json_string(rsc ? rsc : element_get(t, "id")));
	}
	return list;
}

static json_t *ticket_json(const struct director *d, const char *name, json_t *state)
{
	return json_pack("{s:s, s:b, s:b, s:O*, s:o}", "name", name, "granted",
		json_is_true(json_object_get(state, "granted")), "standby",
		json_is_true(json_object_get(state, "standby")), "granted_at_s",
		json_object_get(state, "at_s"), "resources", dependents(d, name));
}

/* Those that a constraint names, and those that somebody granted. */
json_t *director_tickets(struct director *d)
{
	json_t *known = cluster_tickets(d->cluster),
	       *all = known ? json_copy(known) : json_object();
	json_t *list = json_array(), *state;
	const char *name;

	for (const struct element *t = element_child(constraints(d), "rsc_ticket"); t;
		t = element_sibling(t, "rsc_ticket"))
		if (element_get(t, "ticket") && !json_object_get(all, element_get(t, "ticket")))
			json_object_set_new(all, element_get(t, "ticket"), json_object());
	json_object_foreach (all, name, state)
		json_array_append_new(list, ticket_json(d, name, state));
	json_decref(all);
	return json_pack("{s:o}", "tickets", list);
}

/* NULL: no such verb. */
json_t *director_ticket_entry(
	struct director *d, const char *ticket, const char *verb, const char *user)
{
	static const struct {
		const char *verb, *flag;
		bool on;
	} rows[] = { { "grant", "granted", true }, { "revoke", "granted", false },
		{ "standby", "standby", true }, { "activate", "standby", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].verb, verb))
			return json_pack("{s:s, s:s, s:{s:b}, s:I, s:s, s:I}", "do", "ticket",
				"ticket", ticket, "set", rows[i].flag, rows[i].on, "at_ms",
				(json_int_t)d->epoch_ms, "user", user, "asked",
				(json_int_t)++d->asked);
	return NULL;
}

/* A misspelt ticket would be granted, and nothing would come of it. */
bool director_ticket_known(const struct director *d, const char *ticket)
{
	if (json_object_get(cluster_tickets(d->cluster), ticket))
		return true;
	for (const struct element *t = element_child(constraints(d), "rsc_ticket"); t;
		t = element_sibling(t, "rsc_ticket"))
		if (element_get(t, "ticket") && !strcmp(element_get(t, "ticket"), ticket))
			return true;
	return false;
}

/* ---- the model
 * -------------------------------------------------------------------------------------- */

static void mask(struct element_tree *tree, struct element *e)
{
	if (element_is(e, "nvpair") && value_is_secret(element_get(e, "name")))
		element_set(tree, e, "value", "********");
	for (struct element *c = e->first; c; c = c->next)
		mask(tree, c);
}

json_t *director_model(struct director *d)
{
	owned(picture) struct picture *picture = director_picture(d, d->site, true);
	owned(element_tree) struct element_tree *tree = picture_cib(picture);
	owned(free) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len); /* of memory only */

	element_set(tree, tree->root, "execution-date",
		element_printf(tree, "%llu", (unsigned long long)(d->epoch_ms / 1000)));
	mask(tree, tree->root);
	xml_print(tree->root, out);
	fclose(out);
	return json_pack("{s:s}", "cib", text);
}
