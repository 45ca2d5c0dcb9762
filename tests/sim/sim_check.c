/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold at every step, and what must be true again when everything is whole. */
#include <stdio.h>

#include "sim.h"

/* S1: no two incarnations are active for one resource. */
void check_active(struct sim *s, int h)
{
	for (int r = 0; r < SIM_RESOURCES; r++)
		for (int o = 0; o < (int)s->n_nodes; o++)
			if (o != h && s->host[o].on && s->host[h].n.active[r] &&
				s->host[o].n.active[r])
				sim_violate(s, "S1: %s is active on n%d and on n%d",
					sim_resources[r], o + 1, h + 1);
}

static json_int_t number(json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

/* S2: a leader orders no start of what somebody runs, or ran when he was last alive, who is blocked
 * and not dead as far as the leader's own log tells. */
static void sent(struct sim *s, int c, json_t *order)
{
	json_t *action = json_object_get(order, "action");
	uint64_t index = (uint64_t)number(order, "index");
	int r = sim_resource_of(json_string_value(json_object_get(action, "resource")));

	if (strcmp(json_string_value(json_object_get(action, "op")), "start") || r < 0 || !index ||
		index > s->n_entries)
		return;
	for (int h = 0; h < (int)s->n_nodes; h++)
		if (s->entries[index - 1].blocked >> h & 1 && s->host[h].n.may[r])
			sim_violate(s,
				"S2: c%d starts %s while n%d, which runs it, is blocked and not "
				"dead",
				c + 1, sim_resources[r], h + 1);
}

/* S6, S11, S12: what a node carries out was meant for this life of it, by the newest leader it has
 * seen, and it holds a lease. h below 0: a controller sends it. */
void check_start(struct sim *s, int h, json_t *order)
{
	const struct node *n;
	const struct allegiance *a;

	if (h < 0) {
		sent(s, -1 - h, order);
		return;
	}
	n = &s->host[h].n;
	a = worker_allegiance(n->worker);
	if (!json_object_get(order, "true-term"))
		return; /* of before a restart of the agent */
	if ((uint64_t)number(order, "true-incarnation") != a->incarnation)
		sim_violate(s, "S12: n%d obeys an order for incarnation %lld, and is %llu", h + 1,
			(long long)number(order, "true-incarnation"),
			(unsigned long long)a->incarnation);
	if ((uint64_t)number(order, "true-term") < a->term)
		sim_violate(s, "S6: n%d obeys an order of term %lld, and has seen %llu", h + 1,
			(long long)number(order, "true-term"), (unsigned long long)a->term);
	if (!n->holds || n->dying)
		sim_violate(s, "S12: n%d starts something without a lease", h + 1);
}

/* S3: without a fresh majority for T the node is gone within its time. */
void check_leases(struct sim *s)
{
	for (int h = 0; h < (int)s->n_nodes; h++) {
		const struct node *n = &s->host[h].n;
		uint64_t sorted[SIM_HOSTS], bound;
		unsigned m = log_majority(s);

		if (!s->host[h].on || !n->holds)
			continue;
		memcpy(sorted, n->granted, sizeof(sorted));
		for (unsigned i = 0; i < s->n_controllers; i++)
			for (unsigned j = i + 1; j < s->n_controllers; j++)
				if (sorted[j] > sorted[i]) {
					uint64_t t = sorted[i];

					sorted[i] = sorted[j];
					sorted[j] = t;
				}
		bound = sorted[m - 1] + sim_true(s, h, n->lease_ns) + s->late_ns + s->kill_ns +
			2 * MS;
		if (sorted[m - 1] && s->now > bound)
			sim_violate(s, "S3: n%d lives %.1f ms longer than its last majority allows",
				h + 1, (double)(s->now - bound) / 1e6);
	}
}

static bool intended(struct sim *s, const char *node)
{
	uint64_t incarnation = cluster_incarnation(s->truth, node);

	for (size_t i = s->n_entries; i-- > 0;) {
		json_t *e = s->entries[i].json;
		const char *what = json_string_value(json_object_get(e, "do"));
		const char *whom = json_string_value(json_object_get(e, "node"));

		if (!what || !whom || strcmp(whom, node))
			continue;
		if (!strcmp(what, "admit") || !strcmp(what, "dead"))
			return false;
		if (!strcmp(what, "fence-intent"))
			return (uint64_t)number(e, "incarnation") == incarnation;
	}
	return false;
}

/* S4, S5: no packet to a BMC without a committed intent against a blocked incarnation. */
void check_fence(struct sim *s, int c, const char *node)
{
	if (!intended(s, node))
		sim_violate(s, "S5: c%d fences %s without a committed intent", c + 1, node);
	else if (cluster_life(s->truth, node) == CLUSTER_ADMITTED)
		sim_violate(s, "S4: c%d fences %s, which is admitted", c + 1, node);
}

/* Unknown is never success: whoever is proven dead is dead. */
void check_commit(struct sim *s, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));
	const char *node = json_string_value(json_object_get(entry, "node"));
	struct host *h;

	if (!what || !node || strcmp(what, "dead"))
		return;
	h = &s->host[sim_host_of(node)];
	if (h->on && h->n.holds && h->n.incarnation == (uint64_t)number(entry, "incarnation"))
		sim_violate(s, "S2: incarnation %llu of %s is proven dead, and lives",
			(unsigned long long)h->n.incarnation, node);
	memset(h->n.may, 0, sizeof(h->n.may));
}

static uint64_t blocked_in(const struct sim *s, const char *node, uint64_t incarnation)
{
	for (size_t i = s->n_entries; i-- > 0;) {
		json_t *e = s->entries[i].json;
		const char *what = json_string_value(json_object_get(e, "do"));
		const char *whom = json_string_value(json_object_get(e, "node"));

		if (what && whom && !strcmp(what, "block") && !strcmp(whom, node) &&
			(uint64_t)number(e, "incarnation") == incarnation)
			return s->entries[i].term;
	}
	return 0;
}

/*
 * S11: who has promised grants no more, in no later life of the daemon either: the wait that was
 * begun upon the promise goes on. A promise to a leader whose block never came to be may end.
 */
void check_grant(struct sim *s, int c, int node, uint64_t incarnation)
{
	const struct controller *ctl = &s->host[c].c;
	char name[8] = "n1";

	name[1] = (char)('1' + node);
	if (ctl->promised[node] == incarnation &&
		ctl->promised_term[node] == blocked_in(s, name, incarnation))
		sim_violate(s, "S11: c%d grants incarnation %llu of n%d, and had promised not to",
			c + 1, (unsigned long long)incarnation, node + 1);
}

bool check_converged(struct sim *s, char *why, size_t size)
{
	char name[8] = "n1";

	for (int h = 0; h < (int)s->n_nodes; h++) {
		name[1] = (char)('1' + h);
		if (!s->host[h].on || cluster_life(s->truth, name) != CLUSTER_ADMITTED ||
			s->host[h].n.incarnation != cluster_incarnation(s->truth, name)) {
			snprintf(why, size, "n%d is not back (%s, life %d)", h + 1,
				s->host[h].on ? "on" : "off", cluster_life(s->truth, name));
			return false;
		}
	}
	for (int r = 0; r < SIM_RESOURCES; r++) {
		int n = 0;

		for (int h = 0; h < (int)s->n_nodes; h++)
			n += s->host[h].on && s->host[h].n.active[r];
		if (n != 1) {
			snprintf(why, size, "%s runs on %d nodes", sim_resources[r], n);
			return false;
		}
	}
	return true;
}
