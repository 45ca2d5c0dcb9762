/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/director_inside.h"
#include "core/director_rehearse.h"

/* A proposal that came to nothing is not made again at once: we may lead no more, and learn so
 * soon. */
#define HOLD_NS (50 * MS)

struct director *director_new(const struct director_config *config)
{
	struct director *d = own_new(struct director);

	assert(config->index < PICKET_CONTROLLERS_MAX);
	d->config = *config;
	if (!d->config.voters.now)
		d->config.voters.now = 1u << config->index;
	d->name = own_string(config->name);
	d->node = own_string(config->node);
	d->boot_id = own_string(config->boot_id ? config->boot_id : "");
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		d->controllers[c] = config->controllers[c] ? own_string(config->controllers[c])
				    : c == config->index   ? own_string(config->name)
							   : own_printf("c%u", c + 1);
	d->cluster = cluster_new();
	grant_init(&d->grant, config->life, config->museum);
	membership_init(&d->members, config->index, d->config.voters);
	membership_mute(&d->members, config->index, !grant_may(&d->grant));
	d->log.files = roll_of_files(config->members);
	journal_init(&d->journal);
	d->attributes = attributes_new();
	d->hellos = json_object();
	d->trust.said = json_object();
	d->faults = json_array();
	return d;
}

static void nodes_free(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		free(d->nodes[i].boot_id);
		json_decref(d->nodes[i].self);
		ledger_done(&d->nodes[i].ledger);
		director_fence_done(&d->nodes[i]);
	}
	free(d->nodes);
	d->nodes = NULL;
	d->n_nodes = 0;
}

void director_free(struct director *d)
{
	if (!d)
		return;
	director_ask_done(d);
	director_voters_done(d);
	director_rehearse_done(d);
	director_plan_drop(d);
	nodes_free(d);
	site_free(d->site);
	cluster_free(d->cluster);
	grant_done(&d->grant);
	membership_done(&d->members);
	storm_done(&d->storm);
	journal_done(&d->journal);
	attributes_free(d->attributes);
	json_decref(d->world);
	json_decref(d->attention);
	free(d->observed);
	json_decref(d->why);
	json_decref(d->hellos);
	director_trust_done(d);
	json_decref(d->faults);
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		free(d->controllers[c]);
	free(d->name);
	free(d->node);
	free(d->boot_id);
	free(d);
}

/* What the log tells again after a restart is no news, and what a follower sees the leader tells.
 */
static bool news(const struct director *d, const char *kind)
{
	return d->ready || !strcmp(kind, "leader") || !strncmp(kind, "controller-", 11);
}

static void note(struct director *d, const char *kind, const char *node, const char *resource,
	const char *text, json_t *more)
{
	json_t *e;

	if (!news(d, kind)) {
		json_decref(more);
		return;
	}
	e = journal_add(&d->journal, d->now_ns, d->epoch_ms, kind, node, resource, text, more);
	action_add(d->out, ACTION_NOTE)->json = json_incref(e);
	if (d->leader && strncmp(kind, "controller-", 11))
		director_peer_note(d, e);
}

void director_note(struct director *d, const char *kind, const char *node, const char *resource,
	const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	note(d, kind, node, resource, text, NULL);
}

void director_note_more(
	struct director *d, const char *kind, const char *node, const char *text, json_t *more)
{
	note(d, kind, node, NULL, text, more);
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
		if (n->fence.phase == FENCE_INTENT || n->fence.phase == FENCE_PROVEN)
			n->fence.phase = FENCE_NONE;
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

struct director_node *director_node_id(struct director *d, uint32_t id)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].id == id)
			return &d->nodes[i];
	return NULL;
}

static void members_renew(struct director *d, const struct site *site)
{
	uint32_t *ids = own_alloc(site->n_nodes * sizeof(*ids) + 1);
	unsigned *links = own_alloc(site->n_nodes * sizeof(*links) + 1);

	for (size_t i = 0; i < site->n_nodes; i++) {
		ids[i] = site->nodes[i].id;
		links[i] = site->nodes[i].n_addresses;
	}
	membership_nodes(&d->members, ids, links, site->n_nodes);
	free(ids);
	free(links);
}

/* Nodes of the new configuration take over what is known of them by name. */
static void nodes_renew(struct director *d, const struct site *site)
{
	struct director_node *fresh = own_alloc(site->n_nodes * sizeof(*fresh) + 1);

	for (size_t i = 0; i < site->n_nodes; i++) {
		struct director_node *old = director_node(d, site->nodes[i].name), *n = &fresh[i];

		if (old && old->id == site->nodes[i].id) {
			*n = *old;
			*old = (struct director_node){ .name = "", .id = old->id };
		} else {
			ledger_init(&n->ledger);
			n->met_ns = d->now_ns;
		}
		n->name = site->nodes[i].name;
		n->id = site->nodes[i].id;
		n->n_links = site->nodes[i].n_addresses;
	}
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].ledger.resources && d->nodes[i].name[0]) {
			struct action *a = action_add(d->out, ACTION_FORGET);

			a->node_id = d->nodes[i].id;
			a->node = own_string(d->nodes[i].name);
		}
	nodes_free(d);
	d->nodes = fresh;
	d->n_nodes = site->n_nodes;
	members_renew(d, site);
	for (size_t i = 0; i < d->n_nodes; i++) {
		enum cluster_life life = cluster_life(d->cluster, fresh[i].name);

		fresh[i].heard = membership_heard(&d->members, fresh[i].id);
		membership_expect(&d->members, fresh[i].id, life == CLUSTER_ADMITTED);
	}
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
	director_rehearse_configure(d);
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

/* We lead when this is committed, and everything before it is. */
static void take_office(struct director *d)
{
	d->hold_ns = 0;
	director_propose(d, json_pack("{s:s, s:s, s:i, s:I, s:I}", "do", "term", "leader", d->name,
				    "controller", d->config.index, "life",
				    (json_int_t)d->config.life, "nonce", (json_int_t)d->nonce));
}

static void role(struct director *d, const struct event *event)
{
	d->term = event->term;
	d->ready = false;
	if (event->leader && !d->leader)
		director_note(d, "leader", NULL, NULL, "%s leads in term %llu", d->name,
			(unsigned long long)event->term);
	proposals_lost(d);
	director_rehearse_give_up(d);
	attributes_forget(d->attributes);
	json_decref(d->world);
	d->world = NULL;
	d->leader = event->leader;
	d->leader_since_ns = d->now_ns;
	d->log.rekey_ns = 0;
	d->hold_ns = 0;
	/* A new leader has seen no wait begin, and nobody has told it what runs. */
	for (size_t i = 0; i < d->n_nodes; i++) {
		director_fence_reset(d, &d->nodes[i]);
		ledger_clear(&d->nodes[i].ledger);
		d->nodes[i].synced = false;
		d->nodes[i].lost_at_ns = 0;
	}
	director_plan_drop(d);
	/* One for all attempts: whichever of them is committed will do. */
	d->nonce = d->now_ns;
	if (d->leader)
		take_office(d);
}

static void configured(struct director *d, json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	struct problems problems = { 0 };

	if (director_configure(d, cluster_configuration(d->cluster), name ? name : "", &problems))
		director_note(d, "configuration-refused", NULL, NULL, "%s: %s",
			problems.items[0].where, problems.items[0].text);
	else
		director_note(d, "configured", NULL, NULL,
			"configuration revision %llu is in force",
			(unsigned long long)cluster_revision(d->cluster));
	problems_done(&problems);
}

/* An entry names this life of ours: it was proposed after we started. True: that is new. */
static bool caught_up(struct director *d)
{
	bool before = grant_may(&d->grant);

	grant_catch(&d->grant, cluster_started(d->cluster, d->config.index));
	if (before || !grant_may(&d->grant))
		return false;
	director_peer_granting(d);
	return true;
}

/* A promise to a leader whose block never came to be ends with its term. */
static void release(struct director *d, uint64_t term)
{
	uint32_t id;

	while ((id = grant_release(&d->grant, term))) {
		struct director_node *n = director_node_id(d, id);

		if (n && cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED)
			director_admit(d, n);
	}
}

/* What the plan that is being carried out did not know. What is under way ends, no more is sent. */
static void replan(struct director *d, const char *what, json_t *entry)
{
	static const char *const kinds[] = { "attribute", "node", "cleanup", "ticket", "fail" };
	const char *store = json_string_value(json_object_get(entry, "store"));

	if (store && !strcmp(store, "private"))
		return;
	if (!strcmp(what, "attribute"))
		director_attend(d, entry);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], what))
			transition_abort(d->transition);
}

static void committed(struct director *d, const struct event *event)
{
	const char *what = json_string_value(json_object_get(event->json, "do"));
	uint64_t changed;
	bool greet = false;

	what = what ? what : "";
	d->n_commits++;
	/* Somebody else leads, and we have not been told yet. */
	if (d->leader && event->term > d->term)
		role(d, &(struct event){ .kind = EVENT_ROLE, .term = event->term });
	changed = cluster_attributes_changed(d->cluster);
	cluster_apply(d->cluster, event->index, event->term, event->json);
	if (!strcmp(what, "configure")) {
		configured(d, event->json);
		greet = true;
	}
	greet |= caught_up(d);
	director_voters_committed(d, event->json);
	director_keys_committed(d, event->json);
	director_trust_committed(d, event->json);
	/* Everything older has been applied when our own first entry is, and it alone tells: a
	 * single voter goes on in the term it had before it was restarted. */
	if (d->leader && !d->ready && !strcmp(what, "term") &&
		(uint64_t)json_integer_value(json_object_get(event->json, "nonce")) == d->nonce) {
		d->ready = true;
		greet = true;
		director_peer_ready(d);
	}
	replan(d, what, event->json);
	release(d, event->term);
	if (greet)
		for (size_t i = 0; i < d->n_nodes; i++)
			director_admit(d, &d->nodes[i]);
	director_committed(d, event->json);
	director_answer(d, event->json);
	if (greet)
		director_greet(d);
	if (!strcmp(what, "attribute"))
		director_attribute_committed(d, event->json);
	else if (cluster_attributes_changed(d->cluster) != changed)
		director_attribute_again(d);
	d->dirty = true;
}

static void take(struct director *d, const struct event *event)
{
	switch (event->kind) {
	case EVENT_ROLE:
		role(d, event);
		break;
	case EVENT_COMMITTED:
		committed(d, event);
		break;
	case EVENT_NOT_COMMITTED:
		proposals_lost(d);
		director_attribute_lost(d);
		d->hold_ns = d->now_ns + HOLD_NS;
		break;
	case EVENT_LOG:
		director_voters_log(d, event);
		break;
	case EVENT_DISK:
		director_peer_stalled(d, event->log.stalled);
		break;
	case EVENT_HEARTBEAT:
		director_beat(d, &event->beat);
		break;
	case EVENT_BARRED:
		director_barred(d, event->node, event->incarnation);
		break;
	case EVENT_LINK_UP:
	case EVENT_LINK_SAYS:
	case EVENT_LINK_DOWN:
		director_link(d, event);
		break;
	case EVENT_PEER_UP:
	case EVENT_PEER_SAYS:
	case EVENT_PEER_DOWN:
		director_peer(d, event);
		break;
	case EVENT_FENCED:
		if (!director_rehearsed(d, event))
			director_fenced(d, event);
		break;
	case EVENT_TRUSTS:
		director_trust_own(d, event->json);
		break;
	case EVENT_ASKED:
		director_ask(d, event);
		break;
	case EVENT_TIME:
		break;
	}
}

void director_step(struct director *d, const struct event *event, uint64_t now_ns,
	uint64_t epoch_ms, struct actions *actions)
{
	assert(now_ns >= d->now_ns);
	d->now_ns = now_ns;
	d->epoch_ms = epoch_ms;
	d->out = actions;
	take(d, event);
	/* A log that is overrun refuses our first entry like any other, and goes on following us.
	 */
	if (d->leader && !d->ready && d->hold_ns && d->now_ns >= d->hold_ns)
		take_office(d);
	if (d->leader && d->ready && d->site && d->now_ns >= d->hold_ns) {
		bool news = d->dirty;

		director_watch(d);
		director_voters_watch(d);
		director_keys_watch(d);
		director_trust_watch(d);
		director_rehearse_watch(d);
		director_attribute_watch(d);
		director_drive(d);
		if (news)
			director_attribute_world(d);
	}
	director_trust_step(d);
	if (d->site)
		director_faults(d);
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
	if (!rc)
		director_voters_restored(d);
	d->trust.own_due = d->trust.nodes_due = true;
	if (!rc && caught_up(d))
		for (size_t i = 0; i < d->n_nodes; i++)
			director_admit(d, &d->nodes[i]);
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
	uint64_t due = d->leader && !d->ready ? d->hold_ns : 0;

	if (!d->site)
		return due;
	if (d->faults_ns)
		sooner(&due, d->faults_ns + d->timing.confirm_ms * MS);
	if (!d->leader)
		return due;
	for (size_t i = 0; i < d->n_nodes; i++) {
		sooner(&due, d->nodes[i].lost_at_ns);
		sooner(&due, d->nodes[i].fence.until_ns);
	}
	if (d->now_ns < d->leader_since_ns + d->timing.join_ms * MS)
		sooner(&due, d->leader_since_ns + d->timing.join_ms * MS);
	sooner(&due, transition_due(d->transition));
	sooner(&due, director_rehearse_due(d));
	sooner(&due, director_recheck_ns(d));
	sooner(&due, d->attention_ns);
	sooner(&due, director_voters_due(d));
	sooner(&due, director_keys_due(d));
	sooner(&due, director_trust_due(d));
	if (d->dirty && d->now_ns < d->breath_ns)
		sooner(&due, d->breath_ns);
	if (d->dirty && d->transition && d->now_ns < d->overtake_ns)
		sooner(&due, d->overtake_ns);
	if (d->now_ns < d->hold_ns)
		return d->hold_ns;
	/* What is overdue was looked at in this step: nothing comes of it before something else
	 * does, but a slow second look costs nothing. */
	if (due && due <= d->now_ns)
		due = d->now_ns + 100 * MS;
	return due;
}

uint64_t director_grant_until(const struct director *d, uint64_t now_ns)
{
	/* Who is a controller no more grants nothing; its promise ends with the last push. */
	if (d->log.retired || !(director_members((struct director *)d) & 1u << d->config.index))
		return 0;
	return d->site ? grant_until(&d->grant, now_ns, d->timing.lease_ms * MS) : 0;
}

bool director_abreast(const struct director *d)
{
	return grant_may(&d->grant);
}

bool director_leads(const struct director *d)
{
	return d->leader && d->ready;
}

uint64_t director_term(const struct director *d)
{
	return d->term;
}

uint64_t director_lease_ns(const struct director *d)
{
	return d->site ? d->timing.lease_ms * MS : 0;
}
