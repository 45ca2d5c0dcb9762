/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes: what agents write down about nodes, resources and the cluster, as the leader keeps
 * it. */
#ifndef CORE_ATTRIBUTES_H
#define CORE_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

#define ATTRIBUTES_MAX 65536       /* kept; a write of one more is denied */
#define ATTRIBUTES_VALUE_MAX 65536 /* bytes */
#define ATTRIBUTES_DAMPEN_MAX_MS 3600000

/*
 * What is kept is a part of the replicated state: an object, key → {store, node, set?, name,
 * value}. All of it goes through the log, transient ones too: a new leader must know the promotion
 * scores that the old one went by, and who reads must see what was written, wherever. A value that
 * is written again as it is changes nothing, and is not logged.
 *
 * An entry is {do: attribute, store, node, set?, name, value|null, for: [{node, id}]}.
 */

/* An entry is applied. True: something is different now. Without a store it is permanent. */
bool attributes_put(json_t *all, json_t *entry);
/* A node's incarnation is over: its transient and private ones are. True: there were some. */
bool attributes_leave(json_t *all, const char *node);
/* NULL: not there. set: NULL or "" is none. */
const char *attributes_get(
	const json_t *all, const char *store, const char *node, const char *set, const char *name);
/* {"type": "replica"} with all of them, as a new connection is told. */
json_t *attributes_replica(const json_t *all, uint64_t serial);
/* The same with what an entry changes. */
json_t *attributes_change(json_t *entry, uint64_t serial);

/* ---- the leader's desk: what is proposed, and what waits for others to come along --------------
 */

struct attributes;

struct attributes *attributes_new(void);
void attributes_free(struct attributes *desk);
own_define(attributes, struct attributes, attributes_free)

/* A node says {"type": "attribute", id, store, node, set?, name, value|null, dampen_ms?}.
   *ret_entry: to propose, or NULL; *ret_answer: to say at once (accepted, denied), or NULL:
   attributes_accepted() will, once it is committed. Both are the caller's. */
void attributes_ask(struct attributes *desk, const json_t *all, uint64_t serial, const char *from,
	json_t *message, uint64_t now_ns, json_t **ret_entry, json_t **ret_answer);
/* The next that has waited long enough: an entry to propose, or NULL. */
json_t *attributes_due(struct attributes *desk, uint64_t now_ns);
uint64_t attributes_wake_ns(const struct attributes *desk); /* UINT64_MAX: nothing waits */
/* An entry is committed: no longer on its way. Calls on_accepted for each who asked for it. */
void attributes_accepted(struct attributes *desk, json_t *entry, uint64_t serial,
	void (*on_accepted)(void *ctx, const char *node, json_t *message), void *ctx);
/* No longer the leader, or what was proposed may be lost: who asked will ask again. */
void attributes_forget(struct attributes *desk);

#endif
