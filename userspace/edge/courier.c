/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <string.h>

#include "base/own.h"
#include "edge/council.h"
#include "edge/courier.h"

/* Ours: carried off, no answer yet. Theirs: an answer is owed to that controller. */
struct errand {
	uint64_t id;
	unsigned controller;
	void *token; /* ours */
	struct errand *next;
};

struct courier {
	struct council *council;
	struct courier_handler handler;
	void *ctx;
	uint64_t ids;
	struct errand *ours, *theirs;
	json_t *mark; /* of the request from elsewhere that is being worked on */
};

struct courier *courier_new(
	struct council *council, const struct courier_handler *handler, void *ctx)
{
	struct courier *c = own_new(struct courier);

	c->council = council;
	c->handler = *handler;
	c->ctx = ctx;
	return c;
}

static void drop_all(struct errand **list)
{
	struct errand *e;

	while ((e = *list)) {
		*list = e->next;
		free(e);
	}
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	drop_all(&c->ours);
	drop_all(&c->theirs);
	free(c);
}

static struct errand *errand_add(struct errand **list, uint64_t id, unsigned controller)
{
	struct errand *e = own_new(struct errand);

	e->id = id;
	e->controller = controller;
	e->next = *list;
	*list = e;
	return e;
}

/* Out of the list; the caller frees it. NULL: not there. */
static struct errand *errand_take(
	struct errand **list, uint64_t id, unsigned controller, const struct errand *which)
{
	for (struct errand **at = list, *e; (e = *at); at = &e->next)
		if (which ? e == which : e->id == id && e->controller == controller) {
			*at = e->next;
			return e;
		}
	return NULL;
}

static void tell(struct courier *c, unsigned controller, json_t *message)
{
	council_tell(c->council, (int)controller, message);
	json_decref(message);
}

/* ---- carried off --------------------------------------------------------------------------- */

void courier_ask(struct courier *c, unsigned leader, const struct event *event, json_t *mark)
{
	struct errand *e = errand_add(&c->ours, ++c->ids, leader);

	e->token = event->ask.token;
	tell(c, leader,
		json_pack("{s:s, s:I, s:s, s:s, s:s?, s:s?, s:O?, s:O?, s:O?}", "type", "ask", "id",
			(json_int_t)e->id, "method", event->ask.method, "path", event->ask.path,
			"user", event->ask.user, "text", event->ask.text, "query",
			event->ask.query, "body", event->ask.body, "mark", mark));
}

void courier_propose(struct courier *c, unsigned leader, json_t *entry)
{
	tell(c, leader, json_pack("{s:s, s:O}", "type", "propose", "entry", entry));
}

static void answered(struct courier *c, unsigned controller, json_t *m)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(m, "id"));
	owned(free) struct errand *e = errand_take(&c->ours, id, controller, NULL);
	const char *text = json_string_value(json_object_get(m, "text"));

	if (!e)
		return;
	c->handler.on_reply(c->ctx, e->token,
		(unsigned)json_integer_value(json_object_get(m, "status")),
		text ? NULL : json_incref(json_object_get(m, "json")), text);
}

void courier_lost(struct courier *c)
{
	struct errand *e;

	while (c && (e = c->ours)) {
		c->ours = e->next;
		c->handler.on_reply(c->ctx, e->token, 503,
			json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				"The leader has changed", "status", 503, "detail",
				"it is not known whether this was applied: look, then ask again"),
			NULL);
		free(e);
	}
}

/* ---- from elsewhere ------------------------------------------------------------------------ */

static void asked(struct courier *c, unsigned controller, json_t *m)
{
	struct event event = { .kind = EVENT_ASKED };
	const char *text = json_string_value(json_object_get(m, "text"));
	const char *user = json_string_value(json_object_get(m, "user"));
	json_t *none = json_object(), *query = json_object_get(m, "query");

	event.ask.token = errand_add(&c->theirs,
		(uint64_t)json_integer_value(json_object_get(m, "id")), controller);
	event.ask.method = json_string_value(json_object_get(m, "method"));
	event.ask.path = json_string_value(json_object_get(m, "path"));
	event.ask.user = user ? user : "";
	event.ask.text = text ? text : "";
	event.ask.query = query ? query : none;
	event.ask.body = json_object_get(m, "body");
	c->mark = json_object_get(m, "mark");
	if (event.ask.method && event.ask.path)
		c->handler.on_event(c->ctx, &event);
	c->mark = NULL;
	json_decref(none);
}

void courier_stamp(struct courier *c, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));
	const char *path = json_string_value(
		json_object_get(c ? json_object_get(c->mark, "audit") : NULL, "path"));

	if (!path || !what || json_object_get(entry, "audit"))
		return;
	if (json_object_get(entry, "user") || !strcmp(what, "cleanup") ||
		(!strcmp(what, "dead") && strstr(path, "/confirm")))
		json_object_set(entry, "audit", json_object_get(c->mark, "audit"));
}

bool courier_reply(
	struct courier *c, void *token, unsigned status, json_t *json, const char *text)
{
	owned(free) struct errand *e = c ? errand_take(&c->theirs, 0, 0, token) : NULL;

	if (!e)
		return false;
	tell(c, e->controller,
		json_pack("{s:s, s:I, s:i, s:o*, s:s*}", "type", "answer", "id", (json_int_t)e->id,
			"status", (int)status, "json", json, "text", text));
	return true;
}

bool courier_take(struct courier *c, unsigned controller, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (!type)
		return false;
	if (!strcmp(type, "ask"))
		asked(c, controller, message);
	else if (!strcmp(type, "answer"))
		answered(c, controller, message);
	else if (!strcmp(type, "propose"))
		c->handler.on_propose(c->ctx, json_object_get(message, "entry"));
	else
		return false;
	return true;
}
