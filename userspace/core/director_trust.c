/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The director on the cluster's CA: who trusts which, and when the next step may be taken. A host
 * is told what its ca.crt is to say, and says what it says, and which CA signed what it shows;
 * whoever does not show the certificate of the CA that signs now has itself a new one, by the
 * ordinary way of renewal. Connections stay: no lease, and no beat, hangs on it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/director_inside.h"
#include "core/trust.h"

#define AGAIN_NS (1000 * MS)

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_t *said_by(const struct director *d, const char *kind, const char *name)
{
	owned(free) char *key = own_printf("%s %s", kind, name);

	return json_object_get(d->trust.said, key);
}

static void keep_said(struct director *d, const char *kind, const char *name, json_t *message)
{
	owned(free) char *key = own_printf("%s %s", kind, name);
	const char *why = text_of(message, "why");
	json_t *kept = json_pack("{s:s, s:s, s:s*}", "mark", text_of(message, "mark"), "by",
		text_of(message, "by"), "why", *why ? why : NULL);

	if (*why && strcmp(why, text_of(json_object_get(d->trust.said, key), "why")))
		director_note(d, "ca-refused", strcmp(kind, "node") ? NULL : name, NULL,
			"%s %s does not take the cluster's CA: %s", kind, name, why);
	json_object_set_new(d->trust.said, key, kept);
	d->dirty = true;
}

void director_trust_own(struct director *d, json_t *message)
{
	struct action *a;

	free(d->trust.text);
	d->trust.text = own_string(text_of(message, "text"));
	keep_said(d, "controller", d->name, message);
	/* What our own host refused is not asked of it again before something changes. */
	d->trust.own_due = !*text_of(message, "why");
	if (quorum_count(director_members(d)) < 2)
		return;
	a = action_add(d->out, ACTION_PEER);
	a->controller = -1;
	a->json = director_trust_report(d);
}

json_t *director_trust_report(struct director *d)
{
	json_t *report = json_copy(said_by(d, "controller", d->name));

	if (report)
		json_object_set_new(report, "type", json_string("trusts"));
	return report;
}

void director_trust_peer(struct director *d, unsigned controller, json_t *message)
{
	if (d->controllers[controller])
		keep_said(d, "controller", d->controllers[controller], message);
}

/* Also of one that no configuration names yet: it says so once. */
void director_trust_node(struct director *d, const char *node, json_t *message)
{
	if (strcmp(text_of(message, "type"), "trusts"))
		return;
	keep_said(d, "node", node, message);
	d->trust.nodes_due |= !*text_of(message, "why");
}

void director_trust_committed(struct director *d, json_t *entry)
{
	const char *pin = trust_pin(cluster_ca(d->cluster));

	if (!strcmp(text_of(entry, "do"), "term")) {
		d->trust.nodes_due = true;
		return;
	}
	if (strcmp(text_of(entry, "do"), "ca"))
		return;
	d->trust.own_due = d->trust.nodes_due = true;
	d->trust.shown = false;
	d->trust.again_ns = 0;
	switch (pin ? trust_step(cluster_ca(d->cluster)) : TRUST_SETTLED) {
	case TRUST_BOTH:
		director_note(d, "ca-both", NULL, NULL, "another CA is trusted beside the old one");
		break;
	case TRUST_NEXT:
		director_note(d, "ca-next", NULL, NULL,
			"the new CA signs from now on: everybody gets a certificate of it");
		break;
	case TRUST_SETTLED:
		director_note(d, "ca-settled", NULL, NULL, "the old CA is trusted no longer");
		break;
	}
}

/* ---- what hosts are to say --------------------------------------------------------------------
 */

static bool trusts(json_t *said, const char *mark)
{
	return !strcmp(text_of(said, "mark"), mark);
}

/* NULL: nothing is wanted of anybody. */
static char *wanted(const struct director *d, char ret_mark[TRUST_MARK + 1])
{
	char *text = trust_text(cluster_ca(d->cluster), d->config.cluster);

	if (text)
		trust_mark(text, ret_mark);
	return text;
}

void director_trust_step(struct director *d)
{
	owned(free) char *text = NULL;
	char mark[TRUST_MARK + 1];

	/* What is older than what we know to be missing would take a step back. */
	if (!d->trust.own_due || !d->trust.text || !director_abreast(d))
		return;
	d->trust.own_due = false;
	text = wanted(d, mark);
	if (text && !trusts(said_by(d, "controller", d->name), mark))
		action_add(d->out, ACTION_TRUST)->text = give(text);
}

static void tell_nodes(struct director *d, const char *text, const char *mark)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		json_t *said = said_by(d, "node", n->name);

		/* It says so by itself once it is connected. */
		if (n->connected && said && !trusts(said, mark))
			director_send(d, n, json_pack("{s:s, s:s}", "type", "ca", "text", text));
	}
}

static json_t *left_behind(const struct director *d)
{
	return json_object_get(cluster_ca(d->cluster), "without");
}

/* ---- who is where -----------------------------------------------------------------------------
 */

struct hosts {
	const char *mark, *pin; /* what is wanted of them */
	bool shows;             /* the certificate as well */
	json_t *without;        /* but not of these */
	char *missing;          /* "node n3, controller c2"; NULL: nobody */
};

static bool host_good(const struct hosts *h, json_t *said)
{
	return trusts(said, h->mark) && (!h->shows || !strcmp(text_of(said, "by"), h->pin));
}

static void look_at(struct director *d, struct hosts *h, const char *kind, const char *name)
{
	char *before = h->missing;

	if (trust_without(h->without, name) || host_good(h, said_by(d, kind, name)))
		return;
	h->missing = own_printf("%s%s%s %s", before ? before : "", before ? ", " : "", kind, name);
	free(before);
}

/* Who does not do yet what the step wants; NULL: everybody does. free() it. */
static char *missing(struct director *d, const char *mark, bool shows, json_t *without)
{
	struct hosts h = { .mark = mark,
		.pin = trust_pin(cluster_ca(d->cluster)),
		.shows = shows,
		.without = without };

	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		if (director_members(d) & 1u << c && d->controllers[c])
			look_at(d, &h, "controller", d->controllers[c]);
	for (size_t i = 0; i < d->n_nodes; i++)
		look_at(d, &h, "node", d->nodes[i].name);
	return h.missing;
}

void director_trust_watch(struct director *d)
{
	enum trust_step step = trust_step(cluster_ca(d->cluster));
	owned(free) char *text = NULL, *who = NULL;
	char mark[TRUST_MARK + 1];

	if (!d->trust.nodes_due && step == TRUST_SETTLED)
		return;
	text = wanted(d, mark);
	if (text && d->trust.nodes_due)
		tell_nodes(d, text, mark);
	d->trust.nodes_due = false;
	if (step == TRUST_SETTLED || d->now_ns < d->trust.again_ns)
		return;
	who = missing(d, mark, step == TRUST_NEXT, left_behind(d));
	if (who)
		return;
	if (step == TRUST_BOTH) {
		d->trust.again_ns = d->now_ns + AGAIN_NS;
		director_propose(d, json_pack("{s:s, s:s, s:s, s:I}", "do", "ca", "step", "next",
					    "pin", trust_pin(cluster_ca(d->cluster)), "since_ms",
					    (json_int_t)d->epoch_ms));
	} else if (!d->trust.shown) {
		d->trust.shown = true;
		director_note(d, "ca-shown", NULL, NULL,
			"every host shows a certificate of the new CA: 'picket ca retire' ends "
			"the old one's time");
	}
}

uint64_t director_trust_due(const struct director *d)
{
	return trust_step(cluster_ca(d->cluster)) == TRUST_BOTH ? d->trust.again_ns : 0;
}

/* ---- what operators ask -----------------------------------------------------------------------
 */

static void host_add(
	struct director *d, json_t *list, const struct hosts *h, const char *kind, const char *name)
{
	json_t *said = said_by(d, kind, name);

	json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:b, s:s*}", "name", name,
					    "kind", kind, "trusts", trusts(said, h->mark), "shows",
					    said && !strcmp(text_of(said, "by"), h->pin), "without",
					    trust_without(left_behind(d), name), "why",
					    json_string_value(json_object_get(said, "why"))));
}

json_t *director_trust_json(struct director *d)
{
	json_t *state = cluster_ca(d->cluster), *list = json_array();
	json_t *own = said_by(d, "controller", d->name);
	owned(free) char *text = NULL;
	char mark[TRUST_MARK + 1] = "";
	struct hosts h = { .mark = mark, .pin = trust_pin(state) };

	text = wanted(d, mark);
	/* No CA ever gave way: everybody is compared with this host. */
	if (!text)
		h.mark = text_of(own, "mark");
	if (!h.pin)
		h.pin = text_of(own, "by");
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		if (director_members(d) & 1u << c && d->controllers[c])
			host_add(d, list, &h, "controller", d->controllers[c]);
	for (size_t i = 0; i < d->n_nodes; i++)
		host_add(d, list, &h, "node", d->nodes[i].name);
	return json_pack("{s:s, s:s, s:O*, s:O*, s:o}", "step", trust_step_names[trust_step(state)],
		"fingerprint", h.pin, "since_ms", json_object_get(state, "since_ms"), "user",
		json_object_get(state, "user"), "hosts", list);
}

/* A list of names, or nothing. */
static bool without_good(struct director *d, const struct event *e)
{
	json_t *list = json_object_get(e->ask.body, "without"), *name;
	bool good = !list || json_is_array(list);
	size_t i;

	json_array_foreach (list, i, name)
		good &= json_is_string(name);
	if (!good)
		director_problem(d, e->ask.token, 422, "Without whom?",
			"without: a list of hosts' names, as in [\"n3\"]", NULL);
	return good;
}

static json_t *entry_of(struct director *d, const struct event *e, const char *step)
{
	json_t *without = json_object_get(e->ask.body, "without");

	return json_pack("{s:s, s:s, s:I, s:s, s:O*, s:I}", "do", "ca", "step", step, "since_ms",
		(json_int_t)d->epoch_ms, "user", e->ask.user, "without",
		without ? without : left_behind(d), "asked", (json_int_t)++d->asked);
}

static void rotate(struct director *d, const struct event *e)
{
	const char *next = text_of(e->ask.body, "certificate");
	owned(free) char *why = NULL;
	char pin[DIRECTOR_PIN + 1];
	json_t *entry;

	if (!d->config.certificate || d->config.certificate(next, pin, &why)) {
		director_problem(d, e->ask.token, 422, "That cannot be the next CA",
			why ? why : "certificate: its certificate in PEM form", NULL);
		return;
	}
	if (trust_step(cluster_ca(d->cluster)) == TRUST_NEXT || !d->trust.text) {
		director_problem(d, e->ask.token, 409, "A CA is giving way already",
			"See it through first: picket ca retire.", NULL);
		return;
	}
	if (!strcmp(pin, text_of(said_by(d, "controller", d->name), "by"))) {
		director_problem(d, e->ask.token, 409, "That is the CA that there is",
			"Give the certificate of another one: picket ca rotate makes it.", NULL);
		return;
	}
	entry = entry_of(d, e, "both");
	if (!json_object_get(e->ask.body, "without"))
		json_object_set_new(entry, "without", json_array());
	json_object_set_new(
		entry, "now", json_string(trust_now(cluster_ca(d->cluster), d->trust.text)));
	json_object_set_new(entry, "next", json_string(next));
	json_object_set_new(entry, "pin", json_string(pin));
	director_reply_when_applied(d, e->ask.token, entry);
}

static void retire(struct director *d, const struct event *e)
{
	json_t *state = cluster_ca(d->cluster), *without = json_object_get(e->ask.body, "without");
	json_t *entry;
	owned(free) char *text = NULL, *who = NULL, *detail = NULL;
	char mark[TRUST_MARK + 1];

	if (trust_step(state) != TRUST_NEXT) {
		director_problem(d, e->ask.token, 409, "No CA can be retired",
			trust_step(state) == TRUST_BOTH
				? "The new one does not sign yet: see picket ca."
				: "There is only one: picket ca rotate makes another.",
			NULL);
		return;
	}
	text = wanted(d, mark);
	who = missing(d, mark, true, without ? without : left_behind(d));
	if (who) {
		detail = own_printf(
			"They would be shut out: %s. Wait for them, or leave them behind "
			"(without) and let them join again.",
			who);
		director_problem(d, e->ask.token, 409,
			"Not everybody shows a certificate of the new CA", detail, NULL);
		return;
	}
	entry = entry_of(d, e, "settled");
	json_object_set_new(entry, "pin", json_string(trust_pin(state)));
	director_reply_when_applied(d, e->ask.token, entry);
}

void director_trust_ask(struct director *d, const struct event *e, bool leaves)
{
	if (!without_good(d, e))
		return;
	if (leaves)
		retire(d, e);
	else
		rotate(d, e);
}

void director_trust_done(struct director *d)
{
	json_decref(d->trust.said);
	free(d->trust.text);
}
