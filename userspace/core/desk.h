/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desk: every request passes it: who asks, may he, was it asked before; what it cannot answer
 * itself goes on to the director, and comes back here. */
#ifndef CORE_DESK_H
#define CORE_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/office.h"
#include "core/warden.h"

struct desk;
struct desk_case; /* a request on its way */

/* Borrowed for the call; texts are never NULL. */
struct desk_asked {
	void *token;
	const char *method, *path, *text;
	json_t *query; /* object of strings */
	const char *content_type, *if_match, *if_none_match, *key, *authorization, *prefer;
	const char *from; /* "unix", or the address it came from */
	const char *user; /* over the UNIX socket: as the kernel says; else "" */
	unsigned rights;  /* that the way it came by alone gives (socket, certificate) */
	uint8_t random[WARDEN_RANDOM];
};

struct desk_reply {
	unsigned status;
	json_t *json;     /* stolen; or: */
	const char *text; /* borrowed */
	const char *type; /* of text; NULL: JSON, or a problem from 400 on */
	const char *etag, *allow, *location;
	unsigned retry_s; /* 0: not said */
};

/* What goes on to the director, as if asked like this. Borrowed for the call. */
struct desk_pass {
	struct desk_case *of;
	const char *method, *path, *text, *user;
	json_t *query, *body;
};

struct desk_handler {
	void (*on_reply)(void *ctx, void *token, struct desk_reply *reply);
	/* Answer with desk_answer(), now or later. */
	void (*on_pass)(void *ctx, const struct desk_pass *pass);
	/* To the log, in the director's term; the entry is borrowed. -ENOTCONN: we do not lead. */
	int (*on_propose)(void *ctx, json_t *entry);
	/* /, /ui/…: the console's files. */
	void (*on_file)(void *ctx, void *token, const char *path, const char *if_none_match);
	/* Kernel's figures added to a node's link: ages of beats. May be NULL. */
	void (*on_link)(void *ctx, uint32_t node, unsigned link, json_t *cell);
	/* A certificate for who joins, by his request (PEM); or the CA alone, with host NULL. The
	 * answer's body, or a problem's {title, detail} and its status; 0: desk_joined() follows.
	 */
	unsigned (*on_join)(void *ctx, const char *host, bool controller, const char *request,
		struct desk_case *of, json_t **ret);
	/* A message to another controller's desk (desk_relay_take()), or to the leader's (-1);
	 * borrowed. -ENOTCONN: not connected, nobody leads, or we do; -EMSGSIZE. May be NULL. */
	int (*on_relay)(void *ctx, int controller, json_t *message);
	/* director_abreast(): a token that is not known may be one that is not known yet. May be
	 * NULL. */
	bool (*on_abreast)(void *ctx);
	/* director_leads(): only such a one knows whether a change was made already, or has what is
	 * to be changed. May be NULL: it always leads. */
	bool (*on_leads)(void *ctx);
};

struct desk_config {
	const char *name; /* this controller's */
	json_t *schemas;  /* components of the OpenAPI document; borrowed for ever */
	const char *version;
};

struct desk *desk_new(
	const struct desk_config *config, const struct desk_handler *handler, void *ctx);
void desk_free(struct desk *desk);
own_define(desk, struct desk, desk_free)

/* now_ms: since the epoch. */
void desk_ask(struct desk *desk, const struct desk_asked *asked, uint64_t now_ms);
/* The director's answer to what was passed on; json is stolen, text borrowed: one of them. */
void desk_answer(
	struct desk *desk, struct desk_case *of, unsigned status, json_t *json, const char *text);
/* What on_join promised; json is stolen. A case that is over by now is nobody's. */
void desk_joined(struct desk *desk, struct desk_case *of, unsigned status, json_t *json);
/* An entry that the director proposes while a request is passed on: it says who wanted it. */
void desk_stamp(struct desk *desk, json_t *entry);
/* A committed entry. *ret_record: what the audit gained, borrowed, or NULL. */
void desk_apply(struct desk *desk, uint64_t index, json_t *entry, json_t **ret_record);
/* What the desk itself proposed will not be committed, or nobody knows. */
void desk_give_up(struct desk *desk);
/* What another controller's desk has said; borrowed. */
bool desk_relay_is(json_t *message);
void desk_relay_take(struct desk *desk, unsigned controller, json_t *message,
	const uint8_t random[WARDEN_RANDOM], uint64_t now_ms);
/* Whoever led does so no longer, or is not connected: nothing more is heard of what it was asked.
 */
void desk_relay_lost(struct desk *desk);
bool desk_busy(const struct desk *desk); /* a request is on its way */
int desk_restore(struct desk *desk, json_t *office, uint64_t revision); /* office: or NULL */
const struct office *desk_office(const struct desk *desk);

#endif
