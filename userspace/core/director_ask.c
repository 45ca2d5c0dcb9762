/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operators ask of the director, and what it answers. */
#include <stdio.h>
#include <time.h>

#include "core/director_inside.h"
#include "core/director_rehearse.h"

static void reply(struct director *d, void *token, unsigned status, json_t *body)
{
	struct action *a = action_add(d->out, ACTION_REPLY);

	a->token = token;
	a->status = status;
	a->json = body;
}

void director_problem(struct director *d, void *token, unsigned status, const char *title,
	const char *detail, json_t *errors)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title,
		"status", status, "detail", detail);

	if (errors)
		json_object_set_new(body, "errors", errors);
	reply(d, token, status, body);
}

static json_t *problems_json(const struct problems *problems)
{
	json_t *a = json_array();

	for (size_t i = 0; i < problems->n; i++)
		json_array_append_new(a,
			json_pack("{s:b, s:s, s:s}", "warning", problems->items[i].warning, "where",
				problems->items[i].where, "text", problems->items[i].text));
	return a;
}

struct director_waiting {
	void *token;
	json_t *entry;
	struct director_waiting *next;
};

void director_ask_done(struct director *d)
{
	while (d->waiting) {
		struct director_waiting *w = d->waiting;

		d->waiting = w->next;
		json_decref(w->entry);
		free(w);
	}
}

/* ---- requests ----------------------------------------------------------------------------------
 */

/* Answers when the entry is applied: it is durable by then (S9, S10). */
void director_reply_when_applied(struct director *d, void *token, json_t *entry)
{
	struct director_waiting *w = own_new(struct director_waiting);

	w->token = token;
	w->entry = json_incref(entry);
	w->next = d->waiting;
	d->waiting = w;
	director_propose(d, entry);
}

void director_answer(struct director *d, json_t *entry)
{
	for (struct director_waiting **p = &d->waiting; *p; p = &(*p)->next) {
		struct director_waiting *w = *p;

		if (!json_equal(w->entry, entry))
			continue;
		*p = w->next;
		reply(d, w->token, 200,
			json_pack("{s:b, s:I, s:I}", "applied", true, "index",
				(json_int_t)d->cluster->index, "revision",
				(json_int_t)cluster_revision(d->cluster)));
		json_decref(w->entry);
		free(w);
		return;
	}
}

void director_give_up(struct director *d)
{
	while (d->waiting) {
		struct director_waiting *w = d->waiting;

		d->waiting = w->next;
		director_problem(d, w->token, 503, "It was not committed",
			"it is not known whether this was applied: look, then ask the new leader",
			NULL);
		json_decref(w->entry);
		free(w);
	}
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* What runs under one agent cannot be stopped by another. */
static void keep_agents(struct director *d, const struct site *next, struct problems *problems)
{
	for (size_t r = 0; d->site && r < d->site->n_resources; r++) {
		const struct site_resource *is = &d->site->resources[r],
					   *will = site_resource(next, is->name);

		if (!is->type || !will ||
			(same(is->type, will->type) && same(is->standard, will->standard) &&
				same(is->provider, will->provider)))
			continue;
		for (size_t i = 0; i < d->n_nodes; i++) {
			if (director_standing(d, &d->nodes[i], is->name).role < LEDGER_STARTED)
				continue;
			problems_add(problems, false, "/resources",
				"'%s' runs on %s: stop it first (meta: {target-role: Stopped}), "
				"then give it another agent",
				is->name, d->nodes[i].name);
			break;
		}
	}
}

static void ask_configure(struct director *d, const struct event *e)
{
	const char *name = json_string_value(json_object_get(e->ask.query, "name"));
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;
	struct problems problems = { 0 };
	struct timing timing;

	if (document_parse(e->ask.text, strlen(e->ask.text), name ? name : "configuration",
		    &problems, &document) ||
		site_new(document->root, document, &problems, &site) ||
		timing_of(site, &problems, &timing) ||
		(keep_agents(d, site, &problems), problems.errors))
		director_problem(d, e->ask.token, 422, "The configuration is wrong",
			"nothing was applied", problems_json(&problems));
	else if (json_object_get(e->ask.query, "dryRun"))
		reply(d, e->ask.token, 200, director_plan_json(d, site));
	else
		director_reply_when_applied(d, e->ask.token,
			json_pack("{s:s, s:s, s:s, s:s}", "do", "configure", "text", e->ask.text,
				"name", name ? name : "configuration", "user", e->ask.user));
	problems_done(&problems);
}

static void ask_fence(struct director *d, const struct event *e, struct director_node *n)
{
	enum cluster_life life = cluster_life(d->cluster, n->name);

	if (life == CLUSTER_DEAD) {
		director_problem(d, e->ask.token, 409, "It is dead already",
			"its death is proven; nothing is left to fence", NULL);
	} else if (life == CLUSTER_BLOCKED) {
		/* It is being fenced: what holds that up, holds it up no longer. */
		storm_allow(&d->storm);
		if (n->fence.phase == FENCE_PAUSE)
			n->fence.until_ns = d->now_ns;
		reply(d, e->ask.token, 202, json_pack("{s:b}", "accepted", true));
	} else {
		n->blocking = true;
		director_reply_when_applied(d, e->ask.token,
			json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:I}", "do", "block", "node",
				n->name, "incarnation",
				(json_int_t)cluster_incarnation(d->cluster, n->name), "why",
				"an operator asked for it", "user", e->ask.user, "asked",
				(json_int_t)++d->asked, "t_ns", (json_int_t)d->now_ns));
		director_peer_bar(d, n);
	}
}

static void ask_confirm(struct director *d, const struct event *e, struct director_node *n)
{
	if (cluster_life(d->cluster, n->name) != CLUSTER_BLOCKED) {
		director_problem(d, e->ask.token, 409, "Nothing to confirm",
			"the node is not waiting for a proof of its death", NULL);
		return;
	}
	if (membership_voices(&d->members, n->id)) {
		director_problem(d, e->ask.token, 409, "The node is on",
			"it is heard at this moment: make sure that it is off first", NULL);
		return;
	}
	director_reply_when_applied(d, e->ask.token,
		json_pack("{s:s, s:s, s:I, s:o, s:I}", "do", "dead", "node", n->name, "incarnation",
			(json_int_t)cluster_incarnation(d->cluster, n->name), "proof",
			proof_of_operator(e->ask.user), "at_ms", (json_int_t)d->epoch_ms));
}

static void ask_node(struct director *d, const struct event *e, const char *name, const char *verb)
{
	static const struct {
		const char *verb, *flag;
		bool on;
	} flags[] = { { "standby", "standby", true }, { "online", "standby", false },
		{ "maintenance", "maintenance", true }, { "unmaintenance", "maintenance", false },
		{ "stop", "stop", true } };
	struct director_node *n = director_node(d, name);

	if (!n) {
		director_problem(d, e->ask.token, 404, "No such node", name, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(flags[i].verb, verb)) {
			director_reply_when_applied(d, e->ask.token,
				json_pack("{s:s, s:s, s:{s:b}, s:s, s:I}", "do", "node", "node",
					name, "set", flags[i].flag, flags[i].on, "user",
					e->ask.user, "asked", (json_int_t)++d->asked));
			return;
		}
	if (!strcmp(verb, "fence"))
		ask_fence(d, e, n);
	else if (!strcmp(verb, "confirm"))
		ask_confirm(d, e, n);
	else if (!strcmp(verb, "fence-test") && !director_rehearse_ask(d, e->ask.token, name))
		director_problem(d, e->ask.token, 409, "Nothing to test",
			"no fence device is configured for it (a lease of its own needs no test)",
			NULL);
	else if (!strcmp(verb, "fence-test"))
		d->dirty = true;
	else
		director_problem(d, e->ask.token, 404, "No such action on a node", verb, NULL);
}

/* The configuration with a constraint more, or with those of picket's own making taken away. */
static json_t *constrained(
	struct director *d, const char *resource, const char *node, int score, const char *expires)
{
	json_t *root = json_deep_copy(d->site->root), *rules = json_object_get(root, "constraints"),
	       *kept;
	owned(free) char *id = own_printf("cli-%s", resource);
	json_t *rule, *rule_id;
	size_t i;

	kept = json_array();
	json_array_foreach (rules, i, rule) {
		rule_id = json_object_get(rule, "id");
		if (!rule_id || strcmp(json_string_value(rule_id), id))
			json_array_append(kept, rule);
	}
	if (node)
		json_array_append_new(
			kept, json_pack("{s:s, s:s, s:s, s:o, s:s*}", "id", id, "location",
				      resource, "node", node, "score",
				      json_string(score > 0 ? "INFINITY" : "-INFINITY"), "expires",
				      expires));
	json_object_set_new(root, "constraints", kept);
	return root;
}

static const char *where_it_runs(struct director *d, const char *resource)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		for (size_t r = 0; r < d->site->n_resources; r++) {
			const struct site_resource *res = &d->site->resources[r];

			if (res->kind == SITE_PRIMITIVE && site_inside(d->site, res, resource) &&
				director_standing(d, &d->nodes[i], res->name).role >=
					LEDGER_STARTED)
				return d->nodes[i].name;
		}
	return NULL;
}

/* For each primitive inside of it, under each name that it has on the node. */
static void each_history(struct director *d, struct director_node *n, const char *resource,
	void (*fn)(struct director *d, struct director_node *n, const char *name))
{
	const char *name;
	json_t *row;
	void *next;

	for (size_t r = 0; r < d->site->n_resources; r++) {
		const struct site_resource *p = &d->site->resources[r];

		if (p->kind != SITE_PRIMITIVE || !site_inside(d->site, p, resource))
			continue;
		json_object_foreach_safe(n->ledger.resources, next, name, row)
		{
			owned(free) char *copy = own_string(name);

			if (director_is_instance(copy, p->name))
				fn(d, n, copy);
		}
	}
}

static void forget(struct director *d, struct director_node *n, const char *name)
{
	ledger_forget(&n->ledger, name);
	if (director_usable(d, n))
		director_errand(d, n, "forgive", name);
}

static void renew(struct director *d, struct director_node *n, const char *name)
{
	ledger_renew(&n->ledger, name);
}

/* What failed to start or stop is asked again. */
static void ask_cleanup(struct director *d, const struct event *e, const struct site_resource *res)
{
	const char *node = json_string_value(json_object_get(e->ask.body, "node"));
	json_t *entry = NULL;

	for (size_t i = 0; i < d->n_nodes; i++)
		if (!node || !strcmp(node, d->nodes[i].name))
			each_history(d, &d->nodes[i], res->name, forget);
	for (size_t r = 0; r < d->site->n_resources; r++) {
		const struct site_resource *p = &d->site->resources[r];

		if (p->kind != SITE_PRIMITIVE || !site_inside(d->site, p, res->name))
			continue;
		if (entry)
			director_propose(d, entry);
		entry = json_pack("{s:s, s:s, s:s*, s:I}", "do", "cleanup", "resource", p->name,
			"node", node, "asked", (json_int_t)++d->asked);
	}
	if (entry)
		director_reply_when_applied(d, e->ask.token, entry);
	else
		director_problem(d, e->ask.token, 404, "Nothing to clean up", res->name, NULL);
}

static void ask_restart(struct director *d, const struct event *e, const struct site_resource *res)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		each_history(d, &d->nodes[i], res->name, renew);
	d->dirty = true;
	reply(d, e->ask.token, 202, json_pack("{s:b}", "accepted", true));
}

/* Until when a move or a ban holds: {for: "2h"}. False: it does not say so in a way that is known.
 */
static bool until(struct director *d, const struct event *e, char ret[32])
{
	const char *length = json_string_value(json_object_get(e->ask.body, "for"));
	struct tm tm;
	uint64_t ms;
	time_t end;

	ret[0] = 0;
	if (!json_object_get(e->ask.body, "for"))
		return true;
	if (!length || site_duration(length, &ms))
		return false;
	end = (time_t)((d->epoch_ms + ms) / 1000);
	gmtime_r(&end, &tm);
	strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return true;
}

static void ask_resource(
	struct director *d, const struct event *e, const char *name, const char *verb)
{
	const struct site_resource *res = d->site ? site_resource(d->site, name) : NULL;
	const char *node = json_string_value(json_object_get(e->ask.body, "node"));
	json_t *root = NULL;
	char *text, end[32];

	if (!res) {
		director_problem(d, e->ask.token, 404, "No such resource", name, NULL);
		return;
	}
	res = site_top(d->site, res);
	if (node && !site_node(d->site, node)) {
		director_problem(d, e->ask.token, 404, "No such node", node, NULL);
		return;
	}
	if (!strcmp(verb, "cleanup")) {
		ask_cleanup(d, e, res);
		return;
	}
	if (!strcmp(verb, "restart")) {
		ask_restart(d, e, res);
		return;
	}
	if (!until(d, e, end)) {
		director_problem(
			d, e->ask.token, 422, "For how long?", "for: a duration, as in 2h", NULL);
		return;
	}
	if (!strcmp(verb, "move") && node)
		root = constrained(d, res->name, node, SITE_INFINITY, *end ? end : NULL);
	else if (!strcmp(verb, "move") || !strcmp(verb, "ban"))
		root = constrained(d, res->name, node ? node : where_it_runs(d, res->name),
			-SITE_INFINITY, *end ? end : NULL);
	else if (!strcmp(verb, "clear"))
		root = constrained(d, res->name, NULL, 0, NULL);
	if (!root) {
		director_problem(d, e->ask.token, 404, "No such action on a resource", verb, NULL);
		return;
	}
	text = json_dumps(root, JSON_COMPACT);
	director_reply_when_applied(d, e->ask.token,
		json_pack("{s:s, s:s, s:s, s:s}", "do", "configure", "text", text, "name",
			"configuration", "user", e->ask.user));
	free(text);
	json_decref(root);
}

static uint64_t query_number(const struct event *e, const char *name)
{
	const char *text = json_string_value(json_object_get(e->ask.query, name));

	return text ? strtoull(text, NULL, 10) : 0;
}

static void ask_events(struct director *d, const struct event *e)
{
	reply(d, e->ask.token, 200,
		json_pack("{s:o, s:I}", "events",
			journal_after(
				&d->journal, query_number(e, "after"), query_number(e, "limit")),
			"cursor", (json_int_t)d->journal.cursor));
}

static void ask_metrics(struct director *d, const struct event *e)
{
	struct action *a = action_add(d->out, ACTION_REPLY);

	a->token = e->ask.token;
	a->status = 200;
	a->text = director_metrics(d);
}

static bool split(
	const char *path, const char *prefix, char *name, size_t size, const char **ret_verb)
{
	const char *rest, *slash;

	if (strncmp(path, prefix, strlen(prefix)))
		return false;
	rest = path + strlen(prefix);
	slash = strchr(rest, '/');
	if (!slash || (size_t)(slash - rest) >= size)
		return false;
	snprintf(name, size, "%.*s", (int)(slash - rest), rest);
	*ret_verb = slash + 1;
	return true;
}

static void ask_ticket(
	struct director *d, const struct event *e, const char *name, const char *verb)
{
	json_t *entry = NULL;

	if (!director_ticket_known(d, name)) {
		director_problem(d, e->ask.token, 404, "No such ticket",
			"no constraint names it: {ticket: NAME, resource: ...}", NULL);
		return;
	}
	entry = director_ticket_entry(d, name, verb, e->ask.user);
	if (entry)
		director_reply_when_applied(d, e->ask.token, entry);
	else
		director_problem(d, e->ask.token, 404, "No such action on a ticket", verb, NULL);
}

static void ask_write(struct director *d, const struct event *e)
{
	char name[PICKET_NAME_MAX];
	const char *verb;

	if (!d->leader || !d->ready)
		director_problem(d, e->ask.token, 503, "No leader",
			"this controller does not lead, or not yet", NULL);
	else if (!strcmp(e->ask.method, "PUT") && !strcmp(e->ask.path, "/v1/configuration"))
		ask_configure(d, e);
	else if (!strcmp(e->ask.method, "POST") && !strcmp(e->ask.path, "/v1/controllers"))
		director_voters_ask(d, e);
	else if (!strcmp(e->ask.method, "POST") && !strcmp(e->ask.path, "/v1/keys/rotate"))
		director_keys_ask(d, e);
	else if (!strcmp(e->ask.method, "POST") &&
		 (!strcmp(e->ask.path, "/v1/ca/rotate") || !strcmp(e->ask.path, "/v1/ca/retire")))
		director_trust_ask(d, e, !strcmp(e->ask.path, "/v1/ca/retire"));
	else if (!strcmp(e->ask.method, "POST") &&
		 split(e->ask.path, "/v1/nodes/", name, sizeof(name), &verb))
		ask_node(d, e, name, verb);
	else if (!strcmp(e->ask.method, "POST") &&
		 split(e->ask.path, "/v1/resources/", name, sizeof(name), &verb))
		ask_resource(d, e, name, verb);
	else if (!strcmp(e->ask.method, "POST") &&
		 split(e->ask.path, "/v1/tickets/", name, sizeof(name), &verb))
		ask_ticket(d, e, name, verb);
	else
		director_problem(d, e->ask.token, 404, "No such path", e->ask.path, NULL);
}

static void ask_whatif(struct director *d, const struct event *e)
{
	json_t *answer = NULL;
	unsigned status = director_whatif(d, e->ask.body, &answer);

	if (status == 200) {
		reply(d, e->ask.token, status, answer);
		return;
	}
	director_problem(d, e->ask.token, status,
		json_string_value(json_object_get(answer, "title")),
		json_string_value(json_object_get(answer, "detail")), NULL);
	json_decref(answer);
}

void director_ask(struct director *d, const struct event *e)
{
	bool get = !strcmp(e->ask.method, "GET");

	if (get && !strcmp(e->ask.path, "/v1/status"))
		reply(d, e->ask.token, 200, director_status(d));
	else if (get && !strcmp(e->ask.path, "/v1/events"))
		ask_events(d, e);
	else if (get && !strcmp(e->ask.path, "/v1/configuration"))
		reply(d, e->ask.token, 200, d->site ? json_incref(d->site->root) : json_object());
	else if (get && !strcmp(e->ask.path, "/metrics"))
		ask_metrics(d, e);
	else if (get && !strcmp(e->ask.path, "/healthz"))
		reply(d, e->ask.token, 200, json_pack("{s:s}", "status", "ok"));
	else if (get && !strcmp(e->ask.path, "/readyz"))
		reply(d, e->ask.token, d->leader && d->ready ? 200 : 503,
			json_pack("{s:b}", "ready", d->leader && d->ready));
	else if (get && !strcmp(e->ask.path, "/v1/ca/rotation"))
		reply(d, e->ask.token, 200, director_trust_json(d));
	else if (get && !strcmp(e->ask.path, "/v1/tickets"))
		reply(d, e->ask.token, 200, director_tickets(d));
	else if (get && !strcmp(e->ask.path, "/v1/model") && !d->site)
		director_problem(d, e->ask.token, 409, "There is no configuration yet",
			"Apply one first: picket apply FILE.", NULL);
	else if (get && !strcmp(e->ask.path, "/v1/model"))
		reply(d, e->ask.token, 200, director_model(d));
	else if (!strcmp(e->ask.path, "/v1/whatif"))
		ask_whatif(d, e);
	else if (get)
		director_problem(d, e->ask.token, 404, "No such path", e->ask.path, NULL);
	else
		ask_write(d, e);
}
