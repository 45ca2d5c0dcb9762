/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a controller that does not lead is asked, the leader answers; who asks, and how often, is
 * looked at where it came in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/own.h"
#include "core/desk_inside.h"

#define RELAY_TEXT_MAX                                                                             \
	(3u << 20) /* of a body, or of an answer: what a message between controllers takes */

/* What each controller says of itself. */
static bool relay_own(const struct route *route)
{
	static const char *const own[] = { "console", "consoleFile", "healthz", "readyz", "metrics",
		"openapi", "whoami", "events", "links", "leases",
		"authority" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!strcmp(route->id, own[i]))
			return true;
	return false;
}

static const char *text_of(json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

bool desk_relay(struct desk *d, struct desk_case *of, const struct desk_asked *a)
{
	json_t *message;
	int r;

	if (!d->handler.on_relay || relay_own(of->match.route) || strlen(of->text) > RELAY_TEXT_MAX)
		return false; /* too large a body: the director here says who leads */
	message = json_pack(
		"{s:s, s:I, s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:O*,"
		" s:s, s:s, s:b}",
		"type", "api-ask", "id", (json_int_t)(d->relay + 1), "method", of->method, "path",
		of->path, "text", of->text, "query", of->query, "content_type", a->content_type,
		"if_match", a->if_match, "if_none_match", a->if_none_match, "key", a->key, "prefer",
		a->prefer, "from", of->from, "user", of->who.user, "rights", (int)of->who.rights,
		"scope", of->scope, "token", of->who.token, "host", of->who.host, "controller",
		(int)of->who.controller);
	if (!message) /* a text that is no UTF-8: told here, as it would be there */
		return false;
	r = d->handler.on_relay(d->ctx, -1, message);
	json_decref(message);
	if (r)
		return false;
	of->relay = ++d->relay;
	return true;
}

/* At the leader: what another controller was asked. It has looked who asks. */
static void relay_ask(struct desk *d, unsigned controller, json_t *message,
	const uint8_t random[WARDEN_RANDOM], uint64_t now_ms)
{
	struct desk_asked asked = { .method = text_of(message, "method"),
		.path = text_of(message, "path"),
		.text = text_of(message, "text"),
		.query = json_object_get(message, "query"),
		.content_type = text_of(message, "content_type"),
		.if_match = text_of(message, "if_match"),
		.if_none_match = text_of(message, "if_none_match"),
		.key = text_of(message, "key"),
		.authorization = "",
		.prefer = text_of(message, "prefer"),
		.from = text_of(message, "from"),
		.user = text_of(message, "user"),
		.rights = (unsigned)json_integer_value(json_object_get(message, "rights")) };
	struct desk_vouched vouched = { .peer = (int)controller,
		.relay = (uint64_t)json_integer_value(json_object_get(message, "id")),
		.scope = json_object_get(message, "scope"),
		.token = text_of(message, "token"),
		.host = text_of(message, "host"),
		.controller = json_is_true(json_object_get(message, "controller")) };

	struct route_match match;

	if (!json_is_object(asked.query) || !route_find(asked.method, asked.path, &match) ||
		relay_own(match.route))
		return; /* nothing that a desk sends */
	memcpy(asked.random, random, sizeof(asked.random));
	desk_ask_vouched(d, &asked, &vouched, now_ms);
	OPENSSL_cleanse(asked.random, sizeof(asked.random));
}

static json_t *relay_answer_new(uint64_t id, const struct desk_reply *r)
{
	return json_pack("{s:s, s:I, s:i, s:O*, s:s*, s:s*, s:s*, s:s*, s:s*, s:i}", "type",
		"api-answer", "id", (json_int_t)id, "status", (int)r->status, "json", r->json,
		"text", r->text, "content_type", r->type, "etag", r->etag, "allow", r->allow,
		"location", r->location, "retry_s", (int)r->retry_s);
}

void desk_relay_say(struct desk *d, const struct desk_case *of, struct desk_reply *reply)
{
	json_t *message = relay_answer_new(of->relay, reply), *problem;
	struct desk_reply large = { .status = 502 };

	if (message && d->handler.on_relay(d->ctx, of->peer, message) == -EMSGSIZE) {
		json_decref(message);
		problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
			"The answer is too large", "status", 502, "detail",
			"It does not fit between controllers: ask the leader itself.");
		large.json = problem;
		message = relay_answer_new(of->relay, &large);
		d->handler.on_relay(d->ctx, of->peer, message);
		json_decref(problem);
	}
	json_decref(message);
	json_decref(reply->json);
	reply->json = NULL;
}

/* Where it came in: what the leader says. */
static void relay_answer(struct desk *d, json_t *message)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "id"));
	json_t *text = json_object_get(message, "text"), *type;
	struct desk_reply reply = { .status = (unsigned)json_integer_value(
					    json_object_get(message, "status")),
		.json = json_incref(json_object_get(message, "json")),
		.text = json_string_value(text),
		.type = json_string_value(json_object_get(message, "content_type")),
		.etag = json_string_value(json_object_get(message, "etag")),
		.allow = json_string_value(json_object_get(message, "allow")),
		.location = json_string_value(json_object_get(message, "location")),
		.retry_s = (unsigned)json_integer_value(json_object_get(message, "retry_s")) };

	type = json_object_get(message, "content_type");
	if (text && !type)
		reply.type = "text/plain; charset=utf-8";
	for (struct desk_case *c = d->cases; id && c; c = c->next)
		if (c->relay == id && c->peer < 0) {
			desk_say(d, c, &reply);
			return;
		}
	json_decref(reply.json);
}

void desk_relay_take(struct desk *d, unsigned controller, json_t *message,
	const uint8_t random[WARDEN_RANDOM], uint64_t now_ms)
{
	const char *type = text_of(message, "type");
	json_t *entry;

	d->now_ms = now_ms;
	if (!strcmp(type, "api-ask")) {
		relay_ask(d, controller, message, random, now_ms);
	} else if (!strcmp(type, "api-answer")) {
		relay_answer(d, message);
	} else if (!strcmp(type, "api-audit") &&
		   json_is_object(json_object_get(message, "audit"))) {
		entry = json_pack(
			"{s:s, s:O}", "do", "audit", "audit", json_object_get(message, "audit"));
		d->handler.on_propose(d->ctx, entry);
		json_decref(entry);
	}
}

bool desk_relay_is(json_t *message)
{
	return !strncmp(text_of(message, "type"), "api-", 4);
}

void desk_relay_lost(struct desk *d)
{
	struct desk_case *next;

	for (struct desk_case *c = d->cases; c; c = next) {
		next = c->next;
		if (!c->relay || c->peer >= 0)
			continue;
		c->relay = 0;
		desk_problem(d, c, 503, "The leader is gone",
			route_changes(c->match.route)
				? "It is not known whether this was applied: ask again with the "
				  "same Idempotency-Key."
				: "Ask again in a moment.",
			NULL);
	}
}
