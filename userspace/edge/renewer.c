/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "edge/api_desk.h"
#include "edge/authority.h"
#include "edge/identity.h"
#include "edge/link.h"
#include "edge/renewal.h"
#include "edge/renewer.h"

#define RENEWER_AGAIN_S 5

/* For whom: a node, or "" for this controller itself. */
struct client {
	struct renewer *renewer;
	char *node;
};

static void failed(struct renewer *r, const char *who, const char *why)
{
	owned(free) char *text = own_printf(
		"the certificate of %s was not renewed: %s", *who ? who : "this controller", why);

	r->say(r->ctx, false, text);
}

static void take_own(struct renewer *r, json_t *json)
{
	owned(free) char *why = NULL;

	if (renewal_take(r->identity, r->pki, json, &why)) {
		failed(r, "", why);
		return;
	}
	r->reload = true;
	r->told = false;
	r->say(r->ctx, true, "this controller's certificate was renewed");
}

static void on_renewed(void *ctx, unsigned status, json_t *json)
{
	struct client *c = ctx;
	struct renewer *r = c->renewer;
	const char *detail = json_string_value(json_object_get(json, "detail"));

	if (status != 200) {
		failed(r, c->node, detail ? detail : "without a reason");
	} else if (!*c->node) {
		take_own(r, json);
	} else {
		json_object_set_new(json, "type", json_string("renewed"));
		link_send(r->link, c->node, json);
	}
	json_decref(json);
	free(c->node);
	free(c);
}

static void ask(struct renewer *r, const char *node, json_t *wish)
{
	struct client *c = own_new(struct client);

	c->renewer = r;
	c->node = own_string(node);
	api_desk_renew(r->api, wish, on_renewed, c);
}

bool renewer_take(struct renewer *r, const char *node, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (!type || strcmp(type, "renew"))
		return false;
	ask(r, node, message);
	return true;
}

void renewer_done(struct renewer *r)
{
	free(r->wanted);
}

void renewer_trust(struct renewer *r, const char *text)
{
	free(r->wanted);
	r->wanted = own_string(text);
	r->told = false;
}

/* The CA's own key follows, where it is. Contexts made before stay with their connections. */
static void tell_trust(struct renewer *r)
{
	owned(free) char *text = give(r->wanted);
	owned(free) char *why = NULL, *unsettled = NULL;
	json_t *what;

	r->told = true;
	if (text && !identity_trust(r->identity, text, &why)) {
		r->reload = true;
		r->again_s = 0;
		r->say(r->ctx, true, "the cluster's CA has changed");
		if (authority_settle(r->pki, &unsettled))
			r->say(r->ctx, false, unsettled);
	}
	what = identity_trusts(r->identity);
	if (why) {
		r->say(r->ctx, false, why);
		json_object_set_new(what, "why", json_string(why));
	}
	r->trusts(r->ctx, what);
	json_decref(what);
}

void renewer_tick(struct renewer *r, long now_s)
{
	owned(free) char *why = NULL;
	json_t *wish;

	if (!r->told)
		tell_trust(r);

	/* The door waits for a moment in which nobody stands in it. */
	if (r->reload && !api_desk_busy(r->api)) {
		r->reload = false;
		if (api_desk_reload(r->api, &why))
			failed(r, "", why);
	}
	if (now_s < r->again_s || !renewal_due(r->identity, now_s))
		return;
	r->again_s = now_s + RENEWER_AGAIN_S;
	free(give(why));
	wish = renewal_wish(r->pki, &why);
	if (wish)
		ask(r, "", wish);
	else
		failed(r, "", why);
	json_decref(wish);
}
