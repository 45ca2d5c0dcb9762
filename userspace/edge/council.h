/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Council: the controllers among themselves: a connection between any two, and beats in eBPF. */
#ifndef EDGE_COUNCIL_H
#define EDGE_COUNCIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

#include <picket/event.h>
#include <picket/limits.h>

struct council;
struct daemoncfg_controller;
struct heartbeat;
struct identity;
struct link;

struct council_config {
	const struct daemoncfg_controller *members; /* by index, ourselves included */
	const char *name; /* ours; NULL: as members has it */
	size_t n;
	unsigned index; /* our own */
	const char *const *ifaces;
	size_t n_ifaces;
	uint64_t cluster;
	struct identity *identity;
	struct heartbeat *heartbeat; /* hears the others' beats; NULL: nothing is sent either */
	struct link *link;           /* the door at which those of higher index knock */
};

/* Messages are borrowed for the call. */
struct council_handler {
	void (*on_up)(void *ctx, unsigned controller);
	void (*on_says)(void *ctx, unsigned controller, json_t *message);
	void (*on_down)(void *ctx, unsigned controller);
	/* Its beats have ended on every link, or its connection was closed from there. */
	void (*on_silent)(void *ctx, unsigned controller);
};

/* Of two controllers the one with the higher index calls the other, for ever. */
int council_new(uv_loop_t *loop, const struct council_config *config,
	const struct council_handler *handler, void *ctx, struct council **ret);
/* Another controller in that place, as the roll has it ({name, link, addresses}), or none: NULL. Our
 * own place stays. */
void council_set(struct council *council, unsigned controller, json_t *member);
const char *council_name(const struct council *council, unsigned controller);
void council_free(struct council *council); /* no callbacks; NULL is fine */

/* To one, or to all others (-1); who is not connected hears of it when it greets anew. Borrowed. */
void council_tell(struct council *council, int controller, json_t *message);
/* To one. -ENOTCONN; -EMSGSIZE. Borrowed. */
int council_say(struct council *council, unsigned controller, json_t *message);

/* What the door and the ear take in is shown here first. true: it was a controller's. */
bool council_link_up(struct council *council, const char *name, json_t *hello);
bool council_link_says(struct council *council, const char *name, json_t *message);
bool council_link_down(struct council *council, const char *name, const char *why);
bool council_beat(struct council *council, const struct picket_event *beat);

#endif
