/* SPDX-License-Identifier: GPL-2.0-or-later */
/* API desk: the doors (UNIX socket, TLS) with the desk behind them: requests in, events out. */
#ifndef EDGE_API_DESK_H
#define EDGE_API_DESK_H

#include "core/desk.h"
#include "core/event.h"
#include "edge/api.h"

struct api_desk;

struct api_desk_config {
	const char *name, *version;
	const char *socket;  /* the UNIX socket */
	const char *group;   /* who may open it; NULL: root alone */
	const char *address; /* "address:port" for TLS; NULL: none */
	const char *pki;
	json_t *controllers; /* what a host that joins is to know of them; or NULL. Borrowed. */
};

struct api_desk_handler {
	/* The director is asked: event->ask.token goes to api_desk_reply(). */
	void (*on_event)(void *ctx, const struct event *event);
	int (*on_propose)(void *ctx, json_t *entry); /* as desk_handler */
	void (*on_link)(void *ctx, uint32_t node, unsigned link, json_t *cell);
	int (*on_relay)(void *ctx, int controller, json_t *message); /* as desk_handler */
	bool (*on_abreast)(void *ctx); /* as desk_handler */
	bool (*on_leads)(void *ctx);   /* as desk_handler */
	char *(*on_figures)(void *ctx); /* further lines of /metrics; may be NULL */
};

/* -errno with *why, a sentence that the caller frees. */
int api_desk_new(uv_loop_t *loop, const struct api_desk_config *config,
	const struct api_desk_handler *handler, void *ctx, struct api_desk **ret, char **why);
void api_desk_free(struct api_desk *doors);
/* The director's answer. json is stolen, text borrowed: one of them. */
void api_desk_reply(
	struct api_desk *doors, void *token, unsigned status, json_t *json, const char *text);
/* A message of another controller; false: it is none of the desks' affairs. */
bool api_desk_relayed(struct api_desk *doors, unsigned controller, json_t *message);
/* Another list of controllers, as in the configuration; borrowed. */
void api_desk_controllers(struct api_desk *doors, json_t *controllers);
/* Has a certificate renewed: wish as in renewal.h. One on_renewed(cookie) follows, maybe at once.
 */
void api_desk_renew(struct api_desk *doors, json_t *wish,
	void (*on_renewed)(void *cookie, unsigned status, json_t *json), void *cookie);
/* A request is on its way through. */
bool api_desk_busy(const struct api_desk *doors);
/* The door over TLS is opened anew, with the files as they are now; not while it is busy. */
int api_desk_reload(struct api_desk *doors, char **why);
void api_desk_publish(struct api_desk *doors, json_t *event);
struct desk *api_desk_desk(struct api_desk *doors);

#endif
