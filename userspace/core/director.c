/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/director_inside.h"

struct director *director_new(const struct director_config *config)
{
	struct director *d = own_new(struct director);

	d->config = *config;
	d->name = own_string(config->name);
	d->cluster = cluster_new();
	d->events = json_array();
	d->why = json_object();
	d->hellos = json_object();
	return d;
}

static void nodes_free(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		free(d->nodes[i].boot_id);
		free(d->nodes[i].fence_why);
		free(d->nodes[i].block_why);
		json_decref(d->nodes[i].cells);
		json_decref(d->nodes[i].proof);
	}
	free(d->nodes);
	d->nodes = NULL;
	d->n_nodes = 0;
}

void director_free(struct director *d)
{
	if (!d)
		return;
	while (d->waiting) {
		struct waiting *w = d->waiting;

		d->waiting = w->next;
		json_decref(w->entry);
		free(w);
	}
	director_plan_drop(d);
	nodes_free(d);
	site_free(d->site);
	cluster_free(d->cluster);
	json_decref(d->events);
	json_decref(d->why);
	json_decref(d->hellos);
	free(d->ears);
	free(d->name);
	free(d);
}

void director_note(struct director *d, const char *kind, const char *node, const char *resource,
	const char *format, ...)
{
	char text[512];
	json_t *e;
	va_list ap;

	/* What the log tells again after a restart is no news. */
	if (!d->ready && strcmp(kind, "leader"))
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	e = json_pack("{s:I, s:I, s:I, s:s, s:s*, s:s*, s:s}", "cursor", (json_int_t)++d->cursor,
		"time_ms", (json_int_t)d->epoch_ms, "boot_ns", (json_int_t)d->now_ns, "kind", kind,
		"node", node, "resource", resource, "text", text);
	json_array_append_new(d->events, e);
	if (json_array_size(d->events) > DIRECTOR_EVENTS_MAX)
		json_array_remove(d->events, 0);
	action_add(d->out, ACTION_NOTE)->json = json_incref(e);
}

/* Every decision carries the term it was made in: the log refuses it in another. */
void director_propose(struct director *d, json_t *entry)
{
	struct action *a = action_add(d->out, ACTION_PROPOSE);

	a->json = entry;
	a->id = d->term;
}

/* What was proposed and is certainly, or perhaps, not committed is decided anew. */
static void proposals_lost(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];

		n->blocking = n->admitting = false;
		if (n->fence == FENCE_INTENT || n->fence == FENCE_PROVEN)
			n->fence = FENCE_NONE;
	}
	director_give_up(d);
}

struct director_node *director_node(struct director *d, const char *name)
{
	for (size_t i = 0; name && i < d->n_nodes; i++)
		if (!strcmp(d->nodes[i].name, name))
			return &d->nodes[i];
	return NULL;
}

struct director_ear *director_ear(struct director *d, uint32_t node)
{
	for (size_t i = 0; i < d->n_ears; i++)
		if (d->ears[i].node == node)
			return &d->ears[i];
	own_grow(d->ears, d->n_ears, d->cap_ears);
	d->ears[d->n_ears] = (struct director_ear){ .node = node };
	return &d->ears[d->n_ears++];
}

/* Nodes of the new configuration take over what is known of them by name. */
static void nodes_renew(struct director *d, const struct site *site)
{
	struct director_node *fresh = own_alloc(site->n_nodes * sizeof(*fresh));

	for (size_t i = 0; i < site->n_nodes; i++) {
		struct director_node *old = director_node(d, site->nodes[i].name), *n = &fresh[i];

		if (old && old->id == site->nodes[i].id) {
			*n = *old;
			*old = (struct director_node){ .name = "", .id = old->id };
		} else {
			const struct director_ear *ear = director_ear(d, site->nodes[i].id);

			n->cells = json_object();
			memcpy(n->heard, ear->heard, sizeof(n->heard));
			memcpy(n->last_ns, ear->last_ns, sizeof(n->last_ns));
		}
		n->name = site->nodes[i].name;
		n->id = site->nodes[i].id;
		n->n_links = site->nodes[i].n_addresses;
	}
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].cells && d->nodes[i].name[0]) {
			struct action *a = action_add(d->out, ACTION_FORGET);

			a->node_id = d->nodes[i].id;
			a->node = own_string(d->nodes[i].name);
		}
	nodes_free(d);
	d->nodes = fresh;
	d->n_nodes = site->n_nodes;
}

static int parse(const char *text, const char *name, struct problems *problems, struct site **ret,
	struct timing *timing)
{
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;

	if (document_parse(text, strlen(text), name, problems, &document) ||
		site_new(document->root, document, problems, &site) ||
		timing_of(site, problems, timing))
		return -EINVAL;
	*ret = give(site);
	return 0;
}

int director_configure(
	struct director *d, const char *text, const char *name, struct problems *problems)
{
	struct timing timing;
	struct site *site;

	if (parse(text, name, problems, &site, &timing))
		return -EINVAL;
	director_plan_drop(d);
	nodes_renew(d, site);
	site_free(d->site);
	d->site = site;
	d->timing = timing;
	d->dirty = true;
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];

		if (cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED)
			director_admit(d, n);
		if (n->connected)
			director_send(d, n,
				json_pack("{s:s, s:I}", "type", "timing", "interval_us",
					(json_int_t)timing.interval_us));
	}
	return 0;
}

static void role(struct director *d, const struct event *event)
{
	d->term = event->term;
	d->ready = false;
	if (event->leader && !d->leader)
		director_note(d, "leader", NULL, NULL, "%s leads in term %llu", d->name,
			(unsigned long long)event->term);
	proposals_lost(d);
	d->leader = event->leader;
	d->leader_since_ns = d->now_ns;
	for (size_t i = 0; i < d->n_nodes; i++)
		d->nodes[i].fence = FENCE_NONE;
	director_plan_drop(d);
	if (d->leader)
		director_propose(d, json_pack("{s:s, s:s, s:I}", "do", "term", "leader", d->name,
					    "nonce", (json_int_t)(d->nonce = d->now_ns)));
}

static void committed(struct director *d, const struct event *event)
{
	const char *what = json_string_value(json_object_get(event->json, "do"));
	struct problems problems = { 0 };
	bool greet = what && !strcmp(what, "configure");

	cluster_apply(d->cluster, event->index, event->term, event->json);
	if (what && !strcmp(what, "configure")) {
		const char *name = json_string_value(json_object_get(event->json, "name"));

		if (director_configure(
			    d, cluster_configuration(d->cluster), name ? name : "", &problems))
			director_note(d, "configuration-refused", NULL, NULL, "%s: %s",
				problems.items[0].where, problems.items[0].text);
		else
			director_note(d, "configured", NULL, NULL,
				"configuration revision %llu is in force",
				(unsigned long long)cluster_revision(d->cluster));
		problems_done(&problems);
	}
	/* Everything older has been applied when our own first entry is, and it alone tells: a
	 * single voter goes on in the term it had before it was restarted. */
	if (d->leader && !d->ready && what && !strcmp(what, "term") &&
		(uint64_t)json_integer_value(json_object_get(event->json, "nonce")) == d->nonce) {
		d->ready = true;
		greet = true;
		for (size_t i = 0; i < d->n_nodes; i++)
			director_admit(d, &d->nodes[i]);
	}
	director_committed(d, event->json);
	director_answer(d, event->json);
	if (greet && d->ready && d->leader)
		director_greet(d);
	d->dirty = true;
}

void director_step(struct director *d, const struct event *event, uint64_t now_ns,
	uint64_t epoch_ms, struct actions *actions)
{
	d->now_ns = now_ns;
	d->epoch_ms = epoch_ms;
	d->out = actions;
	switch (event->kind) {
	case EVENT_ROLE:
		role(d, event);
		break;
	case EVENT_COMMITTED:
		committed(d, event);
		break;
	case EVENT_HEARTBEAT:
		director_beat(d, &event->beat);
		break;
	case EVENT_LINK_UP:
	case EVENT_LINK_SAYS:
	case EVENT_LINK_DOWN:
		director_link(d, event);
		break;
	case EVENT_FENCED:
		director_fenced(d, event);
		break;
	case EVENT_NOT_COMMITTED:
		proposals_lost(d);
		break;
	case EVENT_ASKED:
		director_ask(d, event);
		break;
	case EVENT_TIME:
		break;
	}
	if (d->leader && d->ready && d->site) {
		director_watch(d);
		director_drive(d);
	}
	d->out = NULL;
}

int director_restore(
	struct director *d, const char *text, size_t len, uint64_t now_ns, struct actions *actions)
{
	struct problems problems = { 0 };
	int rc = cluster_restore(d->cluster, text, len);

	d->now_ns = now_ns;
	d->out = actions;
	if (!rc && cluster_configuration(d->cluster))
		rc = director_configure(
			d, cluster_configuration(d->cluster), "configuration", &problems);
	d->out = NULL;
	problems_done(&problems);
	return rc;
}

static void sooner(uint64_t *due, uint64_t t)
{
	if (t && (!*due || t < *due))
		*due = t;
}

uint64_t director_due(const struct director *d)
{
	uint64_t due = 0;

	if (!d->leader || !d->site)
		return 0;
	for (size_t i = 0; i < d->n_nodes; i++) {
		sooner(&due, d->nodes[i].lost_at_ns);
		sooner(&due, d->nodes[i].until_ns);
	}
	if (d->now_ns < d->leader_since_ns + d->timing.join_ms * MS)
		sooner(&due, d->leader_since_ns + d->timing.join_ms * MS);
	for (size_t i = 0; d->plan && i < d->plan->n; i++)
		if (d->steps[i].phase == STEP_OUT)
			sooner(&due, d->steps[i].until_ns);
	/* What is overdue was looked at in this step: nothing comes of it before something else
	 * does, but a slow second look costs nothing. */
	if (due && due <= d->now_ns)
		due = d->now_ns + 100 * MS;
	return due;
}

uint64_t director_grant_until(const struct director *d, uint64_t now_ns)
{
	return d->ready && d->site ? now_ns + d->timing.lease_ms * MS : 0;
}

uint64_t director_lease_ns(const struct director *d)
{
	return d->site ? d->timing.lease_ms * MS : 0;
}
