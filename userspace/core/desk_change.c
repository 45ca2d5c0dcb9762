/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the desk changes: configurations on the revision that was read, tokens, backups. */
#include <stdio.h>
#include <string.h>

#include "core/desk_inside.h"

#define DAYS_MAX 3650
#define DAY_MS 86400000ULL

static bool id_is(const struct desk_case *of, const char *id)
{
	return !strcmp(of->match.route->id, id);
}

/* ---- the configuration
 * ---------------------------------------------------------------------------- */

bool desk_matches(struct desk *d, struct desk_case *of)
{
	owned(free) char *is = own_printf("\"%llu\"", (unsigned long long)d->office->revision);

	for (struct desk_case *c = d->cases; c; c = c->next) {
		if (c == of || !c->gathered || !json_is_true(c->gathered))
			continue;
		desk_problem(d, of, 409, "Another change is being committed",
			"Somebody else's configuration is on its way: ask again.", NULL);
		return false;
	}
	if (!*of->if_match || !strcmp(of->if_match, "*") || !strcmp(of->if_match, is))
		return true;
	desk_problem(d, of, 412, "The configuration has changed under you",
		"It is not the revision that you read: read it again, compare, and apply then.",
		json_pack("{s:I}", "revision", (json_int_t)d->office->revision));
	return false;
}

/* One at a time: between the look at the revision and the commit, no other one comes. */
static void put(struct desk *d, struct desk_case *of, const char *text)
{
	json_t *query = of->query ? json_copy(of->query) : json_object();
	owned(free) char *own = own_string(text); /* the case may be gone when the call returns */

	json_decref(of->gathered);
	of->gathered = json_object_get(query, "dryRun") ? json_false() : json_true();
	desk_pass_on(d, of, "PUT", "/v1/configuration", own, query, desk_finish);
	json_decref(query);
}

/* RFC 7396. */
static json_t *merged(json_t *into, json_t *patch)
{
	json_t *target, *v;
	const char *key;

	if (!json_is_object(patch))
		return json_incref(patch);
	target = json_is_object(into) ? json_copy(into) : json_object();
	json_object_foreach (patch, key, v) {
		if (json_is_null(v))
			json_object_del(target, key);
		else
			json_object_set_new(target, key, merged(json_object_get(target, key), v));
	}
	return target;
}

static void then_patch(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	owned(free) char *dump = NULL;
	json_t *fresh;

	if (status != 200) {
		desk_finish(d, of, status, json, text);
		return;
	}
	fresh = merged(json, of->body);
	dump = json_dumps(fresh, JSON_INDENT(2));
	json_decref(fresh);
	json_decref(json);
	put(d, of, dump);
}

static void change_rollback(struct desk *d, struct desk_case *of)
{
	json_t *number = json_object_get(of->body, "revision"), *r;

	if (!json_is_integer(number) || json_integer_value(number) < 1) {
		desk_problem(
			d, of, 422, "The body is not right", "revision: a number is wanted.", NULL);
		return;
	}
	r = office_revision(d->office, (uint64_t)json_integer_value(number));
	if (r)
		put(d, of, json_string_value(json_object_get(r, "text")));
	else
		desk_problem(d, of, 404, "That revision is not kept",
			"/v1/configuration/history lists those that are.", NULL);
}

static void then_validate(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	desk_finish(d, of, status, json, text);
}

static void change_configuration(struct desk *d, struct desk_case *of)
{
	if (!desk_matches(d, of))
		return;
	if (id_is(of, "configurationPatch"))
		desk_pass_on(d, of, "GET", "/v1/configuration", "", of->query, then_patch);
	else if (id_is(of, "configurationRollback"))
		change_rollback(d, of);
	else
		put(d, of, of->text);
}

static void change_validate(struct desk *d, struct desk_case *of)
{
	json_t *query = json_pack("{s:s, s:s}", "dryRun", "1", "name", "configuration");

	desk_pass_on(d, of, "PUT", "/v1/configuration", of->text, query, then_validate);
	json_decref(query);
}

/* ---- tokens
 * --------------------------------------------------------------------------------------- */

/* NULL: it is right. Else a sentence. */
static const char *token_wrong(struct desk *d, const struct desk_case *of)
{
	const char *name = json_string_value(json_object_get(of->body, "name"));
	const char *roles = json_string_value(json_object_get(of->body, "roles"));
	json_t *scope = json_object_get(of->body, "scope"), *v;
	json_t *days = json_object_get(of->body, "days");
	json_t *ttl = json_object_get(of->body, "ttl_s");
	unsigned rights;
	size_t i;

	if (!name || !*name || strlen(name) >= PICKET_NAME_MAX)
		return "name: 1 to 63 bytes are wanted.";
	if (!roles || warden_rights(roles, &rights))
		return "roles: viewer, operator, fencer, admin or node, or several with commas.";
	if (scope && !json_is_array(scope))
		return "scope: a list of resources is wanted.";
	json_array_foreach (scope, i, v)
		if (!json_is_string(v))
			return "scope: names of resources are wanted.";
	if (days && (!json_is_integer(days) || json_integer_value(days) < 1 ||
			    json_integer_value(days) > DAYS_MAX))
		return "days: 1 to 3650.";
	if (ttl && (!json_is_integer(ttl) || json_integer_value(ttl) < 1 ||
			   json_integer_value(ttl) > DAYS_MAX * 86400))
		return "ttl_s: 1 second to 3650 days.";
	if (rights & ROUTE_JOIN && (rights != ROUTE_JOIN || !ttl))
		return "A token to join with may do nothing else, and ends: ttl_s is wanted.";
	if (json_object_size(d->office->tokens) >= OFFICE_TOKENS_MAX)
		return "There are too many tokens: take some back.";
	return NULL;
}

static void change_token(struct desk *d, struct desk_case *of)
{
	const char *wrong = token_wrong(d, of);
	char id[17], token[WARDEN_TOKEN_MAX], hash[WARDEN_HASH_LEN];
	json_int_t days = json_integer_value(json_object_get(of->body, "days"));
	uint64_t ttl_ms = (uint64_t)json_integer_value(json_object_get(of->body, "ttl_s")) * 1000;
	json_t *record, *entry;

	if (wrong) {
		desk_problem(d, of, 422, "The body is not right", wrong, NULL);
		return;
	}
	warden_token(of->random, id, token);
	warden_hash(token, hash);
	record = json_pack("{s:O, s:O, s:s, s:I, s:s, s:O*}", "name",
		json_object_get(of->body, "name"), "roles", json_object_get(of->body, "roles"),
		"hash", hash, "created_ms", (json_int_t)of->now_ms, "user", of->who.user, "scope",
		json_object_get(of->body, "scope"));
	if (days)
		json_object_set_new(record, "expires_ms",
			json_integer((json_int_t)(of->now_ms + (uint64_t)days * DAY_MS)));
	else if (ttl_ms)
		json_object_set_new(
			record, "expires_ms", json_integer((json_int_t)(of->now_ms + ttl_ms)));
	entry = json_pack("{s:s, s:s, s:o}", "do", "token", "id", id, "token", record);
	desk_propose(d, of, entry,
		json_pack("{s:s, s:s, s:O}", "id", id, "token", token, "name",
			json_object_get(of->body, "name")));
	explicit_bzero(token, sizeof(token));
}

static void change_token_drop(struct desk *d, struct desk_case *of)
{
	/* Whether it is there, the log decides: who leads no longer and has not heard of it yet
	 * does not know the newest. */
	desk_propose(d, of,
		json_pack("{s:s, s:s}", "do", "token-drop", "id", of->match.argument[0]),
		json_pack("{s:b}", "applied", true));
}

/* Signed first, used up in the log next, and only then handed out: a token that two hosts show at
 * once lets in the one whose entry came first. */
static void change_join(struct desk *d, struct desk_case *of)
{
	const char *request = json_string_value(json_object_get(of->body, "request"));
	json_t *good = NULL;
	unsigned status;

	if (!request) {
		desk_problem(d, of, 422, "The body is not right",
			"request: a certificate request in PEM form is wanted.", NULL);
		return;
	}
	status = d->handler.on_join(d->ctx, of->who.host, of->who.controller, request, of, &good);
	if (status)
		desk_joined(d, of, status, good);
}

void desk_joined(struct desk *d, struct desk_case *of, unsigned status, json_t *json)
{
	struct desk_case *c = d->cases;

	while (c && c != of)
		c = c->next;
	if (!c) {
		json_decref(json);
	} else if (status != 200) {
		desk_problem(d, of, status, json_string_value(json_object_get(json, "title")),
			json_string_value(json_object_get(json, "detail")), NULL);
		json_decref(json);
	} else {
		json_object_set_new(json, "name", json_string(of->who.host));
		desk_propose(d, of,
			json_pack("{s:s, s:s}", "do", "token-drop", "id", of->who.token), json);
	}
}

/* ---- a backup comes back
 * -------------------------------------------------------------------------- */

/* The configuration is right: now the tokens, and it. */
static void then_restore(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	const char *configuration = json_string_value(json_object_get(of->body, "configuration"));
	json_t *token, *entry;
	const char *id;

	if (status != 200) {
		desk_finish(d, of, status, json, text);
		return;
	}
	json_decref(json);
	if (!desk_matches(d, of))
		return;
	json_object_foreach (json_object_get(of->body, "tokens"), id, token) {
		entry = json_pack("{s:s, s:s, s:O}", "do", "token", "id", id, "token", token);
		d->handler.on_propose(d->ctx, entry);
		json_decref(entry);
	}
	put(d, of, configuration);
}

/* All of it or nothing: a backup whose configuration is refused leaves no token behind. */
static void change_restore(struct desk *d, struct desk_case *of)
{
	json_t *query = json_pack("{s:s, s:s}", "dryRun", "1", "name", "configuration");
	owned(free) char *text =
		own_string(json_string_value(json_object_get(of->body, "configuration")));

	if (!text || json_integer_value(json_object_get(of->body, "schema")) != 1)
		desk_problem(d, of, 422, "The body is not a backup",
			"GET /v1/backup makes one; schema 1 is known here.", NULL);
	else if (desk_matches(d, of))
		desk_pass_on(d, of, "PUT", "/v1/configuration", text, query, then_restore);
	json_decref(query);
}

bool desk_change(struct desk *d, struct desk_case *of)
{
	if (route_changes(of->match.route) && !desk_query(of, "dryRun") && !desk_leads(d, of))
		return true;
	if (id_is(of, "configure") || id_is(of, "configurationPatch") ||
		id_is(of, "configurationRollback"))
		change_configuration(d, of);
	else if (id_is(of, "configurationValidate"))
		change_validate(d, of);
	else if (id_is(of, "tokenCreate"))
		change_token(d, of);
	else if (id_is(of, "tokenDrop"))
		change_token_drop(d, of);
	else if (id_is(of, "join"))
		change_join(d, of);
	else if (id_is(of, "restore"))
		change_restore(d, of);
	else if (!strcmp(of->method, "POST"))
		desk_pass_on(d, of, of->method, of->path, of->text, of->query, desk_finish);
	else
		return false;
	return true;
}
