/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "core/desk_inside.h"
#include "core/shape.h"

#define READS_BURST 300
#define READS_PER_S 150
#define CHANGES_BURST 60
#define CHANGES_PER_S 10
#define STRANGERS_BURST 10 /* wrong tokens from one address */
#define STRANGERS_PER_S 0.5

struct desk *desk_new(
	const struct desk_config *config, const struct desk_handler *handler, void *ctx)
{
	struct desk *d = own_new(struct desk);

	d->name = own_string(config->name);
	d->version = own_string(config->version);
	d->schemas = config->schemas;
	d->handler = *handler;
	d->ctx = ctx;
	d->office = office_new();
	d->jobs = json_array();
	return d;
}

static void case_free(struct desk_case *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c->method);
	free(c->path);
	if (c->text)
		OPENSSL_cleanse(c->text, strlen(c->text));
	free(c->text);
	free(c->if_match);
	free(c->if_none_match);
	free(c->key);
	free(c->digest);
	free(c->from);
	json_decref(c->query);
	json_decref(c->body);
	json_decref(c->scope);
	json_decref(c->good);
	json_decref(c->gathered);
	OPENSSL_cleanse(c->random, sizeof(c->random));
	free(c);
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	while (d->cases)
		case_free(d->cases);
	office_free(d->office);
	json_decref(d->openapi);
	json_decref(d->jobs);
	free(d->name);
	free(d->version);
	free(d);
}

bool desk_busy(const struct desk *d)
{
	return d->cases != NULL;
}

const struct office *desk_office(const struct desk *d)
{
	return d->office;
}

const char *desk_query(const struct desk_case *of, const char *name)
{
	return json_string_value(json_object_get(of->query, name));
}

/* ---- answers
 * -------------------------------------------------------------------------------------- */

void desk_say(struct desk *d, struct desk_case *of, struct desk_reply *reply)
{
	void *token = of->token;

	if (d->current == of)
		d->current = NULL;
	if (of->peer >= 0)
		desk_relay_say(d, of, reply);
	else
		d->handler.on_reply(d->ctx, token, reply);
	case_free(of);
}

void desk_good(struct desk *d, struct desk_case *of, json_t *json)
{
	struct desk_reply reply = { .status = of->match.route->status, .json = json };

	desk_say(d, of, &reply);
}

static json_t *problem_json(unsigned status, const char *title, const char *detail, json_t *more)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title,
		"status", (int)status, "detail", detail);

	if (more)
		json_object_update(body, more);
	json_decref(more);
	return body;
}

json_t *desk_audit(struct desk *d, const struct desk_case *of, unsigned status, const char *text)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:s*}", "at_ms", (json_int_t)of->now_ms,
		"user", of->who.user, "from", of->from, "method", of->method, "path", of->path,
		"status", (int)status, "text", text);
}

/* What was refused, and what left no entry of its own, is recorded all the same: but a flood of
 * refusals is no way to fill the log. */
static void audit_alone(struct desk *d, struct desk_case *of, unsigned status, const char *text)
{
	owned(free) char *also = NULL;
	json_t *entry, *audit;
	int r;

	if (of->stamped || (status >= 400 && !warden_count(&d->warden, "the audit", 20,
						     DESK_REFUSALS_PER_S, d->now_ms))) {
		d->missed += !of->stamped;
		return;
	}
	if (d->missed)
		also = own_printf("%s%s(%llu further refusals were not recorded)", text ? text : "",
			text ? " " : "", (unsigned long long)d->missed);
	audit = desk_audit(d, of, status, also ? also : text);
	if (status < 300 && of->key) {
		json_object_set_new(audit, "key", json_string(of->key));
		json_object_set_new(audit, "digest", json_string(of->digest));
	}
	entry = json_pack("{s:s, s:o}", "do", "audit", "audit", audit);
	r = d->handler.on_propose(d->ctx, entry);
	json_object_set_new(entry, "type", json_string("api-audit"));
	if (r && d->handler.on_relay)
		r = d->handler.on_relay(d->ctx, -1, entry);
	if (!r)
		d->missed = 0;
	json_decref(entry);
}

void desk_problem(struct desk *d, struct desk_case *of, unsigned status, const char *title,
	const char *detail, json_t *more)
{
	struct desk_reply reply = { .status = status,
		.json = problem_json(status, title, detail, more),
		.allow = status == 405 ? of->match.allow : NULL,
		.retry_s = status == 429 || status == 503 || status == 409 ? 1 : 0 };

	if (of->match.route && (route_changes(of->match.route) || status == 403) && status < 500)
		audit_alone(d, of, status, title);
	desk_say(d, of, &reply);
}

/* ---- the director's part
 * -------------------------------------------------------------------------- */

void desk_pass_on(struct desk *d, struct desk_case *of, const char *method, const char *path,
	const char *text, json_t *query, desk_then *then)
{
	struct desk_pass pass = { .of = of,
		.method = method,
		.path = path,
		.text = text,
		.user = of->who.user,
		.query = query,
		.body = of->body };

	of->then = then;
	d->current = of;
	d->handler.on_pass(d->ctx, &pass);
	d->current = NULL;
}

void desk_answer(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	of->then(d, of, status, json, text);
}

void desk_stamp(struct desk *d, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));
	struct desk_case *of = d->current;
	json_t *audit;

	if (!of || !what || !of->match.route || !route_changes(of->match.route))
		return;
	if (!json_object_get(entry, "user") && strcmp(what, "cleanup") &&
		(strcmp(what, "dead") || strcmp(of->match.route->id, "nodeConfirm")))
		return;
	audit = desk_audit(d, of, 200, NULL);
	if (of->key && !of->stamped) {
		json_object_set_new(audit, "key", json_string(of->key));
		json_object_set_new(audit, "digest", json_string(of->digest));
	}
	of->stamped = true;
	json_object_set_new(entry, "audit", audit);
}

static struct desk_case *case_with(struct desk *d, const char *nonce)
{
	for (struct desk_case *c = d->cases; nonce && c; c = c->next)
		if (c->nonce[0] && !strcmp(c->nonce, nonce))
			return c;
	return NULL;
}

void desk_apply(struct desk *d, uint64_t index, json_t *entry, json_t **ret_record)
{
	struct desk_case *of = case_with(d, json_string_value(json_object_get(entry, "nonce")));
	bool late = of && of->who.token[0] && !json_object_get(d->office->tokens, of->who.token);

	unsigned refused = office_apply(d->office, index, entry, ret_record);

	if (late)
		desk_problem(d, of, 409, "The token is used up",
			"Another host was let in with it at the same moment. If that was not you, "
			"find out who it was.",
			NULL);
	else if (of && refused)
		desk_problem(d, of, refused,
			refused == 404 ? "No such token" : "There are too many tokens",
			refused == 404 ? "/v1/tokens lists them; it may have been taken back."
				       : "Take some back.",
			NULL);
	else if (of)
		desk_good(d, of, json_incref(of->good));
}

void desk_give_up(struct desk *d)
{
	struct desk_case *next;

	for (struct desk_case *c = d->cases; c; c = next) {
		next = c->next;
		if (c->nonce[0])
			desk_problem(d, c, 503, "It was not committed",
				"It is not known whether this was applied: ask again with the same "
				"Idempotency-Key.",
				NULL);
	}
}

static void no_leader(struct desk *d, struct desk_case *of)
{
	desk_problem(d, of, 503, "No leader",
		"This controller does not lead, or not yet: ask again in a moment.", NULL);
}

/* A leader that has not applied all that was acknowledged before its term would do again what was
 * done, and find nothing of what is there. */
bool desk_leads(struct desk *d, struct desk_case *of)
{
	if (!d->handler.on_leads || d->handler.on_leads(d->ctx))
		return true;
	no_leader(d, of);
	return false;
}

void desk_propose(struct desk *d, struct desk_case *of, json_t *entry, json_t *good)
{
	json_t *audit = desk_audit(d, of, of->match.route->status, NULL);
	int r;

	if (of->key) {
		json_object_set_new(audit, "key", json_string(of->key));
		json_object_set_new(audit, "digest", json_string(of->digest));
	}
	for (size_t i = 0; i < 16; i++)
		snprintf(of->nonce + 2 * i, 3, "%02x", of->random[WARDEN_RANDOM - 16 + i] ^ 0x5a);
	of->stamped = true;
	of->good = good;
	json_object_set_new(entry, "audit", audit);
	json_object_set_new(entry, "nonce", json_string(of->nonce));
	r = d->handler.on_propose(d->ctx, entry);
	json_decref(entry);
	if (!r)
		return;
	of->nonce[0] = '\0';
	no_leader(d, of);
}

/* The last word of the director on a change. */
void desk_finish(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	owned(free) char *etag = NULL, *location = NULL;
	struct desk_reply reply = { .status = status, .json = json, .text = text };
	const char *title = json_string_value(json_object_get(json, "title"));

	if (route_changes(of->match.route) && status < 500 && !desk_query(of, "dryRun"))
		audit_alone(d, of, status, status >= 400 ? title : NULL);
	if (status < 300 && json_object_get(json, "revision")) {
		etag = own_printf("%" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(json, "revision")));
		reply.etag = etag;
	}
	if (status < 300 && of->async && route_changes(of->match.route)) {
		json_t *job = desk_job_add(d, of);

		location = own_printf("/v1/jobs/%s", json_string_value(json_object_get(job, "id")));
		json_decref(json);
		reply.json = json_incref(job);
		reply.status = 202;
		reply.location = location;
	}
	reply.retry_s = status == 503 ? 1 : 0;
	desk_say(d, of, &reply);
}

/* ---- the gate
 * ------------------------------------------------------------------------------------- */

static struct desk_case *case_new(struct desk *d, const struct desk_asked *a)
{
	struct desk_case *c = own_new(struct desk_case);

	c->token = a->token;
	c->method = own_string(a->method);
	c->path = own_string(a->path);
	c->text = own_string(a->text);
	c->if_match = own_string(a->if_match);
	c->if_none_match = own_string(a->if_none_match);
	c->from = own_string(a->from);
	c->query = json_incref(a->query);
	c->now_ms = d->now_ms;
	c->peer = -1;
	c->async = strstr(a->prefer, "respond-async") != NULL;
	memcpy(c->random, a->random, sizeof(c->random));
	c->next = d->cases;
	c->link = &d->cases;
	if (c->next)
		c->next->link = &c->next;
	d->cases = c;
	return c;
}

/* Who is it? False: the case has been answered. */
static bool gate_who(struct desk *d, struct desk_case *of, const struct desk_asked *a)
{
	owned(free) char *caller = own_printf("stranger %s", a->from);
	int r = -EKEYREJECTED;

	snprintf(of->who.user, sizeof(of->who.user), "%s", *a->user ? a->user : "nobody");
	of->who.rights = a->rights;
	if (!*a->authorization)
		r = a->rights || of->match.route->right == ROUTE_OPEN ? 0 : -ENOKEY;
	else
		r = warden_bearer(d->office->tokens, a->authorization, d->now_ms, &of->who);
	if (r && !warden_count(&d->warden, caller, STRANGERS_BURST, STRANGERS_PER_S, d->now_ms)) {
		desk_problem(d, of, 429, "Too many wrong tokens",
			"Too many requests without a valid token came from this address: wait.",
			NULL);
		return false;
	}
	if (r && *a->authorization && d->handler.on_abreast && !d->handler.on_abreast(d->ctx)) {
		desk_problem(d, of, 503, "This controller has just started",
			"It has not read yet who may ask what: ask again in a second, or another "
			"controller.",
			NULL);
		return false;
	}
	if (r) {
		audit_alone(d, of, 401, r == -EKEYEXPIRED ? "the token has run out" : "no token");
		desk_problem(d, of, 401, "Who are you?",
			r == -EKEYEXPIRED ? "That token has run out: make another one with "
					    "'picket token create'."
					  : "A token is needed: Authorization: Bearer TOKEN. "
					    "'picket token create NAME' makes one.",
			NULL);
		return false;
	}
	of->scope = json_incref(of->who.scope);
	return true;
}

/* How often? Root on this host is not counted: what mends the cluster must get through. */
static bool gate_count(struct desk *d, struct desk_case *of, const struct desk_asked *a)
{
	bool changes = route_changes(of->match.route);
	owned(free) char *caller = own_printf("%s %s", changes ? "w" : "r",
		strcmp(of->who.user, "nobody") ? of->who.user : a->from);

	if (!strcmp(of->who.user, "root") ||
		warden_count(&d->warden, caller, changes ? CHANGES_BURST : READS_BURST,
			changes ? CHANGES_PER_S : READS_PER_S, d->now_ms))
		return true;
	desk_problem(d, of, 429, "Too many requests",
		"This caller asks more often than one caller may: wait a second.", NULL);
	return false;
}

static bool gate_may(struct desk *d, struct desk_case *of)
{
	const char *resource =
		strstr(of->match.route->path, "{resource}") ? of->match.argument[0] : NULL;
	owned(free) char *detail = NULL;

	if (warden_may(&of->who, of->match.route, resource))
		return true;
	detail = own_printf("%s may not %s here: ask whoever administers the cluster.",
		of->who.user, warden_right_name(of->match.route->right));
	desk_problem(d, of, 403, "That is not allowed", detail, NULL);
	return false;
}

static int json_depth(const json_t *v, int left)
{
	const char *key;
	size_t i;
	json_t *w;

	if (!left)
		return -E2BIG;
	json_object_foreach ((json_t *)v, key, w)
		if (json_depth(w, left - 1))
			return -E2BIG;
	json_array_foreach (v, i, w)
		if (json_depth(w, left - 1))
			return -E2BIG;
	return 0;
}

/* False: answered, with every place that is wrong; a wish that nobody reads is one. */
static bool shape_right(
	struct desk *d, struct desk_case *of, const char *title, struct problems *problems)
{
	bool right = !problems->errors;
	owned(free) char *detail = NULL;

	if (!right) {
		detail = own_printf("%s: %s", problems->items[0].where, problems->items[0].text);
		desk_problem(d, of, 422, title, detail,
			json_pack("{s:o}", "errors", problems_json(problems)));
	}
	problems_done(problems);
	return right;
}

/* "dryrun" instead of "dryRun" would change what was only to be looked at. */
static bool gate_query(struct desk *d, struct desk_case *of)
{
	struct problems problems = { 0 };

	if (of->match.route->right != ROUTE_OPEN)
		shape_check_query(of->match.route->query, of->query, &problems);
	return shape_right(d, of, "The query is not right", &problems);
}

static bool gate_body(struct desk *d, struct desk_case *of, const struct desk_asked *a)
{
	struct problems problems = { 0 };
	const struct route *route = of->match.route;
	owned(free) char *detail = NULL;
	json_error_t error;

	if (!route->body || !strcmp(route->body, "text"))
		return true;
	if (*a->content_type && !strstr(a->content_type, "json")) {
		desk_problem(d, of, 415, "The body must be JSON", "Content-Type: application/json",
			NULL);
		return false;
	}
	of->body = *of->text ? json_loads(of->text, JSON_REJECT_DUPLICATES, &error) : json_object();
	if (!of->body)
		detail = own_printf("%d:%d: %s", error.line, error.column, error.text);
	else if (!json_is_object(of->body))
		detail = own_string("An object is wanted.");
	else if (json_depth(of->body, PICKET_DEPTH_MAX))
		detail = own_string("It is nested too deeply.");
	if (detail) {
		desk_problem(d, of, 400, "The body is not right", detail, NULL);
		return false;
	}
	shape_check(d->schemas, route->body, of->body, &problems);
	return shape_right(d, of, "The body is not right", &problems);
}

/* The same request again, with the same key: it is answered, and not done twice. */
static bool gate_key(struct desk *d, struct desk_case *of, const struct desk_asked *a)
{
	owned(free) char *what = NULL;
	char digest[WARDEN_HASH_LEN];
	json_t *before;

	if (!*a->key || !route_changes(of->match.route))
		return true;
	if (!desk_leads(d, of))
		return false;
	if (strlen(a->key) > 128) {
		desk_problem(
			d, of, 400, "The Idempotency-Key is too long", "At most 128 bytes.", NULL);
		return false;
	}
	what = own_printf("%s %s\n%s", of->method, of->path, of->text);
	warden_hash(what, digest);
	of->digest = own_string(digest);
	of->key = own_printf("%s/%s", of->who.user, a->key);
	for (struct desk_case *c = d->cases; c; c = c->next)
		if (c != of && c->key && !strcmp(c->key, of->key)) {
			desk_problem(d, of, 409, "It is being done",
				"A request with this Idempotency-Key is on its way: ask again.",
				NULL);
			return false;
		}
	before = office_key(d->office, of->key);
	if (!before)
		return true;
	if (strcmp(json_string_value(json_object_get(before, "digest")), digest))
		desk_problem(d, of, 422, "Another request had this key",
			"An Idempotency-Key stands for one request; this one differs.", NULL);
	else
		desk_good(d, of,
			json_pack("{s:b, s:b, s:O, s:O, s:O*}", "applied", true, "repeated", true,
				"index", json_object_get(before, "index"), "revision",
				json_object_get(before, "revision"), "id",
				json_object_get(before, "id")));
	return false;
}

/* The other controller has looked who it is, and counted. */
static bool gate_vouched(
	struct desk_case *of, const struct desk_asked *a, const struct desk_vouched *vouched)
{
	snprintf(of->who.user, sizeof(of->who.user), "%s", *a->user ? a->user : "nobody");
	of->who.rights = a->rights;
	of->who.scope = of->scope = json_incref(vouched->scope);
	snprintf(of->who.token, sizeof(of->who.token), "%s", vouched->token);
	snprintf(of->who.host, sizeof(of->who.host), "%s", vouched->host);
	of->who.controller = vouched->controller;
	return true;
}

void desk_ask(struct desk *d, const struct desk_asked *a, uint64_t now_ms)
{
	desk_ask_vouched(d, a, NULL, now_ms);
}

void desk_ask_vouched(struct desk *d, const struct desk_asked *a,
	const struct desk_vouched *vouched, uint64_t now_ms)
{
	struct desk_case *of;

	d->now_ms = now_ms;
	of = case_new(d, a);
	if (vouched) {
		of->peer = vouched->peer;
		of->relay = vouched->relay;
	}
	if (!route_find(a->method, a->path, &of->match)) {
		bool known = of->match.allow[0];

		desk_problem(d, of, known ? 405 : 404,
			known ? "Not by this method" : "No such path",
			known ? of->match.allow : "/v1/openapi.json lists what there is.", NULL);
		return;
	}
	if (vouched ? !gate_vouched(of, a, vouched)
		    : !gate_who(d, of, a) || !gate_count(d, of, a) || desk_relay(d, of, a))
		return;
	if (!gate_may(d, of) || !gate_query(d, of) || !gate_body(d, of, a) || !gate_key(d, of, a))
		return;
	if (!strcmp(of->match.route->answer, "text") &&
		!strncmp(of->match.route->id, "console", 7)) {
		void *token = of->token;

		case_free(of);
		d->handler.on_file(d->ctx, token, a->path, a->if_none_match);
	} else if (!desk_look(d, of) && !desk_change(d, of)) {
		desk_problem(d, of, 404, "No such path", a->path, NULL);
	}
}

int desk_restore(struct desk *d, json_t *office, uint64_t revision)
{
	if (office)
		return office_restore(d->office, office);
	office_free(d->office);
	d->office = office_new();
	d->office->revision = revision;
	return 0;
}
