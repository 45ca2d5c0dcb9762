/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/file.h"
#include "base/moment.h"
#include "base/own.h"
#include "edge/api_desk.h"
#include "edge/console.h"
#include "edge/identity.h"
#include "edge/signer.h"

#define CA_MAX (1 << 20)

struct api_desk {
	struct api *local, *remote;
	struct desk *desk;
	struct signer *signer;
	json_t *schemas;
	struct api_desk_handler handler;
	void *ctx;
	uv_loop_t *loop;
	char *pki, *address;
	json_t *controllers;
};

/* ---- from the desk
 * -------------------------------------------------------------------------------- */

static void on_reply(void *ctx, void *token, struct desk_reply *r)
{
	owned(free) char *more = NULL, *all = NULL;
	struct api_desk *d = ctx;
	char number[16];

	if (r->allow)
		api_header(token, "Allow", r->allow);
	if (r->location)
		api_header(token, "Location", r->location);
	if (r->retry_s) {
		snprintf(number, sizeof(number), "%u", r->retry_s);
		api_header(token, "Retry-After", number);
	}
	if (r->status == 401)
		api_header(token, "WWW-Authenticate", "Bearer");
	if (r->json && r->status >= 400 && json_object_get(r->json, "title")) {
		api_reply_problem(token, r->status, r->json);
	} else if (r->json || !r->text) {
		api_reply(token, r->status, r->etag, r->json);
	} else {
		if (r->etag) {
			owned(free) char *quoted = own_printf("\"%s\"", r->etag);

			api_header(token, "ETag", quoted);
		}
		/* Text without a type is the director's figures. */
		if (!r->type && d->handler.on_figures)
			more = d->handler.on_figures(d->ctx);
		all = own_printf("%s%s", r->text, more ? more : "");
		api_reply_text(token, r->status,
			r->type ? r->type : "text/plain; version=0.0.4; charset=utf-8", all);
	}
}

static void on_pass(void *ctx, const struct desk_pass *pass)
{
	struct event event = { .kind = EVENT_ASKED };
	struct api_desk *d = ctx;

	event.ask.token = pass->of;
	event.ask.method = pass->method;
	event.ask.path = pass->path;
	event.ask.user = pass->user;
	event.ask.query = pass->query;
	event.ask.body = pass->body;
	event.ask.text = pass->text;
	d->handler.on_event(d->ctx, &event);
}

static int on_propose(void *ctx, json_t *entry)
{
	struct api_desk *d = ctx;

	return d->handler.on_propose(d->ctx, entry);
}

static void on_link(void *ctx, uint32_t node, unsigned link, json_t *cell)
{
	struct api_desk *d = ctx;

	d->handler.on_link(d->ctx, node, link, cell);
}

static int on_relay(void *ctx, int controller, json_t *message)
{
	struct api_desk *d = ctx;

	return d->handler.on_relay(d->ctx, controller, message);
}

static bool on_abreast(void *ctx)
{
	struct api_desk *d = ctx;

	return d->handler.on_abreast(d->ctx);
}

static bool on_leads(void *ctx)
{
	struct api_desk *d = ctx;

	return d->handler.on_leads(d->ctx);
}

/* As a list, whether it comes from a file (a list) or from the log (by index). */
static json_t *controllers_list(json_t *controllers)
{
	json_t *list = json_array(), *one, *copy;
	char key[16];

	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		snprintf(key, sizeof(key), "%u", i);
		one = json_is_array(controllers) ? json_array_get(controllers, i)
						 : json_object_get(controllers, key);
		if (!json_is_object(one))
			continue;
		copy = json_copy(one);
		json_object_set_new(copy, "index", json_integer(i));
		json_array_append_new(list, copy);
	}
	return list;
}

static void on_signed(void *ctx, void *cookie, unsigned status, json_t *json)
{
	struct api_desk *d = ctx;

	if (status == 200)
		json_object_set_new(json, "controllers", controllers_list(d->controllers));
	desk_joined(d->desk, cookie, status, json);
}

/* The CA alone, for who has nothing but its fingerprint; else a certificate, which comes later. */
static unsigned on_join(void *ctx, const char *host, bool controller, const char *request,
	struct desk_case *of, json_t **ret)
{
	owned(free) char *ca = NULL, *path = NULL;
	struct api_desk *d = ctx;
	struct signer_wish wish = { .request = request,
		.name = host,
		.roles = IDENTITY_NODE | (controller ? IDENTITY_CONTROLLER : 0),
		.on_signed = on_signed,
		.ctx = d,
		.cookie = of };
	size_t len;

	if (host) {
		signer_sign(d->signer, &wish);
		return 0;
	}
	path = own_printf("%s/ca.crt", d->pki);
	*ret = file_read(path, CA_MAX, &ca, &len) ? NULL : json_pack("{s:s}", "ca", ca);
	return *ret ? 200 : 404;
}

static bool on_sign(void *ctx, json_t *message)
{
	struct api_desk *d = ctx;
	bool asked = false;

	for (int i = 0; d->handler.on_relay && i < PICKET_CONTROLLERS_MAX; i++)
		asked |= !d->handler.on_relay(d->ctx, i, message);
	return asked;
}

static void on_signature(void *ctx, unsigned controller, json_t *message)
{
	struct api_desk *d = ctx;

	d->handler.on_relay(d->ctx, (int)controller, message);
}

static void on_file(void *ctx, void *token, const char *path, const char *if_none_match)
{
	const struct console_file *f = console_file(path);
	owned(free) char *tag = NULL;

	if (!f) {
		api_problem(token, 404, "No such file", path, NULL);
		return;
	}
	tag = own_printf("\"%s\"", f->etag);
	api_header(token, "ETag", tag);
	api_header(token, "Cache-Control", "no-cache");
	api_header(token, "Content-Security-Policy", console_policy);
	api_header(token, "X-Frame-Options", "DENY");
	if (!strcmp(if_none_match, tag))
		api_reply_file(token, 304, f->type, "", 0);
	else
		api_reply_file(token, 200, f->type, f->data, f->len);
}

/* ---- from the doors
 * ------------------------------------------------------------------------------- */

/* Roles that a certificate names are those of tokens. */
static unsigned certificate_rights(unsigned roles)
{
	unsigned rights = 0, more;

	for (unsigned i = 0; i < IDENTITY_ROLES; i++)
		if (roles & 1u << i && (!i || roles & IDENTITY_CLIENT) &&
			!warden_rights(identity_role_names[i], &more))
			rights |= more;
	return rights;
}

static void on_request(void *ctx, struct api_token *token, const struct api_request *r)
{
	bool local = !strcmp(r->from, "unix"), head = !strcmp(r->method, "HEAD");
	struct desk_asked asked = { .token = token,
		.method = head ? "GET" : r->method,
		.path = r->path,
		.text = r->body,
		.query = r->query,
		.content_type = r->content_type,
		.if_match = r->if_match,
		.if_none_match = r->if_none_match,
		.key = r->idempotency_key,
		.authorization = r->authorization,
		.prefer = r->prefer,
		.from = r->from,
		.user = r->user };
	struct api_desk *d = ctx;

	/* Who may open the socket may run the cluster, but not hand out rights. */
	if (local)
		asked.rights =
			ROUTE_READ | ROUTE_OPERATE | ROUTE_FENCE | (r->uid ? 0 : ROUTE_ADMIN);
	else
		asked.rights = certificate_rights(r->roles);
	if (strlen(r->body) != r->body_len) {
		api_problem(token, 400, "Bad Request", "The body holds a NUL byte.", NULL);
		return;
	}
	if (getrandom(asked.random, sizeof(asked.random), 0) != sizeof(asked.random)) {
		api_problem(token, 503, "Service Unavailable", "No random numbers.", NULL);
		return;
	}
	desk_ask(d->desk, &asked, moment_epoch_ms());
}

static void on_stream_gone(void *ctx, struct api_stream *stream)
{
}

static const struct api_handler doors = { on_request, on_stream_gone };

static json_t *schemas_load(void)
{
	const struct console_file *f = console_file("/ui/schemas.json");

	return f ? json_loadb(f->data, f->len, 0, NULL) : NULL;
}

int api_desk_new(uv_loop_t *loop, const struct api_desk_config *config,
	const struct api_desk_handler *handler, void *ctx, struct api_desk **ret, char **why)
{
	static const struct signer_handler signer = { on_sign, on_signature };
	struct desk_handler inside = { on_reply, on_pass, on_propose, on_file,
		handler->on_link ? on_link : NULL, on_join, handler->on_relay ? on_relay : NULL,
		handler->on_abreast ? on_abreast : NULL, handler->on_leads ? on_leads : NULL };
	struct api_config local = { .socket = config->socket, .group = config->group };
	struct api_config remote = { .address = config->address, .pki = config->pki };
	struct api_desk *d = own_new(struct api_desk);
	struct desk_config desk = { .name = config->name, .version = config->version };
	int r;

	d->handler = *handler;
	d->ctx = ctx;
	d->loop = loop;
	d->address = own_string(config->address);
	d->pki = own_string(config->pki ? config->pki : "");
	d->controllers = json_incref(config->controllers);
	d->schemas = schemas_load();
	d->signer = signer_new(loop, d->pki, &signer, d);
	desk.schemas = d->schemas;
	d->desk = desk_new(&desk, &inside, d);
	r = api_new(loop, &local, &doors, d, &d->local, why);
	if (!r && config->address)
		r = api_new(loop, &remote, &doors, d, &d->remote, why);
	if (r) {
		api_desk_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

void api_desk_free(struct api_desk *d)
{
	if (!d)
		return;
	api_free(d->remote);
	api_free(d->local);
	desk_free(d->desk);
	signer_free(d->signer);
	free(d->pki);
	free(d->address);
	json_decref(d->controllers);
	json_decref(d->schemas);
	free(d);
}

void api_desk_reply(
	struct api_desk *d, void *token, unsigned status, json_t *json, const char *text)
{
	desk_answer(d->desk, token, status, json, text);
}

bool api_desk_relayed(struct api_desk *d, unsigned controller, json_t *message)
{
	uint8_t random[WARDEN_RANDOM];

	if (signer_take(d->signer, controller, message))
		return true;
	if (!desk_relay_is(message))
		return false;
	if (getrandom(random, sizeof(random), 0) == sizeof(random))
		desk_relay_take(d->desk, controller, message, random, moment_epoch_ms());
	explicit_bzero(random, sizeof(random));
	return true;
}

void api_desk_controllers(struct api_desk *d, json_t *controllers)
{
	json_decref(d->controllers);
	d->controllers = json_incref(controllers);
}

struct renewing {
	void (*on_renewed)(void *cookie, unsigned status, json_t *json);
	void *cookie;
};

static void on_renewed(void *ctx, void *cookie, unsigned status, json_t *json)
{
	struct renewing r = *(struct renewing *)cookie;

	(void)ctx;
	free(cookie);
	r.on_renewed(r.cookie, status, json);
}

void api_desk_renew(struct api_desk *d, json_t *wish,
	void (*renewed)(void *cookie, unsigned status, json_t *json), void *cookie)
{
	const char *request = json_string_value(json_object_get(wish, "request"));
	const char *certificate = json_string_value(json_object_get(wish, "certificate"));
	struct renewing *r = own_new(struct renewing);
	struct signer_wish w = { .request = request ? request : "",
		.renews = certificate ? certificate : "",
		.on_signed = on_renewed,
		.cookie = r };

	*r = (struct renewing){ renewed, cookie };
	signer_sign(d->signer, &w);
}

bool api_desk_busy(const struct api_desk *d)
{
	return desk_busy(d->desk);
}

int api_desk_reload(struct api_desk *d, char **why)
{
	struct api_config remote = { .address = d->address, .pki = d->pki };

	if (!d->remote)
		return 0;
	api_free(d->remote);
	d->remote = NULL;
	return api_new(d->loop, &remote, &doors, d, &d->remote, why);
}

void api_desk_publish(struct api_desk *d, json_t *event)
{
	api_publish(d->local, event);
	if (d->remote)
		api_publish(d->remote, event);
}

struct desk *api_desk_desk(struct api_desk *d)
{
	return d->desk;
}
