/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Courier: carries what a controller that does not lead is asked to the leader, and back. */
#ifndef EDGE_COURIER_H
#define EDGE_COURIER_H

#include <stdbool.h>

#include <jansson.h>

#include "core/event.h"

struct council;
struct courier;

struct courier_handler {
	/* We lead, and are asked from elsewhere: answer with courier_reply(). */
	void (*on_event)(void *ctx, const struct event *event);
	int (*on_propose)(void *ctx, json_t *entry); /* for the desk over there; borrowed */
	/* The answer to what was carried off; json is stolen, text borrowed: one of them. */
	void (*on_reply)(
		void *ctx, void *token, unsigned status, json_t *json, const char *text);
};

struct courier *courier_new(
	struct council *council, const struct courier_handler *handler, void *ctx);
void courier_free(struct courier *courier); /* no callbacks; NULL is fine */

/* To the leader. mark: what its entries are to be stamped with, or NULL; borrowed. */
void courier_ask(
	struct courier *courier, unsigned leader, const struct event *event, json_t *mark);
void courier_propose(struct courier *courier, unsigned leader, json_t *entry);
/* A message of another controller's: true when it was for the courier. */
bool courier_take(struct courier *courier, unsigned controller, json_t *message);
/* true: the token was of a request from elsewhere, and json (stolen then) or text goes there. */
bool courier_reply(struct courier *courier, void *token, unsigned status, json_t *json,
	const char *text);
/* An entry proposed while a request from elsewhere is being worked on says who wanted it. */
void courier_stamp(struct courier *courier, json_t *entry);
/* The leader is another one, or cannot be reached: nobody will answer what is on its way. */
void courier_lost(struct courier *courier);

#endif
