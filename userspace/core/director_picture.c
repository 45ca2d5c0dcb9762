/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the director sees, as a picture for the policy. */
#include <string.h>

#include "core/director_inside.h"

static enum picture_state state_of(struct director *d, struct director_node *n)
{
	switch (cluster_life(d->cluster, n->name)) {
	case CLUSTER_ADMITTED:
		return director_usable(d, n) ? PICTURE_ONLINE : PICTURE_UNCLEAN;
	case CLUSTER_BLOCKED:
		return PICTURE_UNCLEAN;
	default:
		return PICTURE_DOWN;
	}
}

static void node(struct director *d, struct picture_node *to, bool copy)
{
	struct director_node *n = director_node(d, to->name);

	to->standby = cluster_flag(d->cluster, to->name, "standby");
	to->maintenance = cluster_flag(d->cluster, to->name, "maintenance");
	to->stopping = cluster_flag(d->cluster, to->name, "stop");
	to->state = n ? state_of(d, n) : PICTURE_DOWN;
	if (!n || to->state == PICTURE_DOWN)
		ledger_init(&to->ledger);
	else if (copy)
		to->ledger.resources = json_deep_copy(n->ledger.resources);
	else
		to->ledger.resources = json_incref(n->ledger.resources);
}

struct picture *director_picture(struct director *d, const struct site *site, bool copy)
{
	struct picture *p = picture_new(site);

	for (size_t i = 0; i < p->n_nodes; i++)
		node(d, &p->nodes[i], copy);
	p->attributes = json_incref(cluster_attributes(d->cluster));
	p->fails = json_incref(cluster_failures(d->cluster));
	p->tickets = json_incref(cluster_tickets(d->cluster));
	p->leader = d->node;
	p->zone = d->config.zone;
	return p;
}

struct ledger_standing director_standing(
	struct director *d, struct director_node *n, const char *resource)
{
	enum picture_state state = state_of(d, n);

	if (state == PICTURE_DOWN)
		return (struct ledger_standing){ .role = LEDGER_STOPPED };
	return ledger_standing(&n->ledger, resource);
}

const char *director_role_name(const char *role)
{
	return !strncmp(role, "Unpromoted", 10) ? "unpromoted"
	       : !strncmp(role, "Promoted", 8)  ? "promoted"
	       : !strcmp(role, "Stopped")       ? "stopped"
						: "started";
}

/* As status says it; role is director_role()'s. */
const char *director_state_name(struct ledger_standing s, const char *role)
{
	if (s.stop_failed)
		return "stop-failed";
	if (s.failed)
		return "failed";
	if (s.impossible)
		return "impossible";
	if (s.role == LEDGER_UNKNOWN)
		return "unknown";
	return director_role_name(role);
}

/* What goes by this name in a node's history: itself, or its instances where they differ. */
bool director_is_instance(const char *instance, const char *resource)
{
	size_t n = strlen(resource);

	return !strncmp(instance, resource, n) && (!instance[n] || instance[n] == ':');
}

/* In the role that people know it by: what is part of a promotable clone is unpromoted. */
const char *director_role(
	const struct site *site, const struct site_resource *r, struct ledger_standing s)
{
	if (s.role == LEDGER_PROMOTED)
		return "Promoted";
	if (s.role != LEDGER_STARTED)
		return "Stopped";
	for (; r; r = r->parent >= 0 ? &site->resources[r->parent] : NULL)
		if (r->promotable)
			return "Unpromoted";
	return "Started";
}

/* Why what does not run does not run: asked for by people, and not at every plan. */
json_t *director_why(struct director *d)
{
	owned(picture) struct picture *p = NULL;
	owned(decision) struct decision *decision = NULL;
	owned(free) char *wrong = NULL;

	if (d->why || !d->site)
		return d->why;
	p = director_picture(d, d->site, false);
	if (!decision_new(p, (int64_t)(d->epoch_ms / 1000), true, &decision, &wrong))
		d->why = decision_why(decision);
	return d->why;
}
