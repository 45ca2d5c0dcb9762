/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replica: a node's copy of attributes, nodes and resources, as the leader tells them. */
#ifndef CORE_REPLICA_H
#define CORE_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

#define REPLICA_ERRANDS_MAX 4096 /* writes that the leader has not taken yet */
#define REPLICA_VALUE_MAX 65536  /* bytes of one value */

/*
 * The leader sends {"type": "replica", "serial": N, "full": bool, ...} with any of:
 *  attributes: [{store, node, set?, name, value|null}]  full: all there are; else changes
 *              store: transient, permanent, private, utilization (of a node),
 *              property (node ""), resource-utilization (node: the resource)
 *  nodes: [{id, name, online, member, unclean, standby, maintenance, dc}]
 *  resources: [{id, instance, clone?, promotable?, agent, role, active, failed, managed, node?}]
 *  planned: [text], quorate: bool
 *
 * A write goes to the leader as {"type": "attribute", id, store, node, set?, name, value|null,
 * dampen_ms?}, any other wish as {"type": "request", id, what, ...}. It answers {"type":
 * "accepted", id, serial}: to be seen in every replica from that serial on; or {"type": "denied",
 * id, reason}. Until then what we wrote lies over what we were told: who writes reads it.
 */
struct replica;

struct replica *replica_new(const char *node, const char *prefix);
void replica_free(struct replica *replica);
own_define(replica, struct replica, replica_free)

	/* Takes a message of the leader's in: "replica", "accepted" or "denied"; anything else is
	   ignored. */
	void replica_take(struct replica *replica, json_t *message);

/* A write or wish, as a local program said it: adds an id and keeps it until it is answered. The
 * message to send is borrowed until then; NULL and -EINVAL, -ENOSPC: *why is a sentence, the
 * caller frees it. */
int replica_write(struct replica *replica, json_t *request, json_t **ret_message, char **why);
/* Calls on_message for what has no answer yet, oldest first: a new connection is told again. */
void replica_repeat(
	struct replica *replica, void (*on_message)(void *ctx, json_t *message), void *ctx);
/* The errand was answered, and its effect is to be seen here. *ret_denied: why not, or NULL;
 * borrowed until it is forgotten. */
bool replica_done(const struct replica *replica, const char *id, const char **ret_denied);
/* Its asker does not wait for it any more (whether it was answered or not). */
void replica_forget(struct replica *replica, const char *id);

/* Answers a question: {"ask": "attribute", store, node, set?, name} {value} or {missing: true};
 * {"ask": "attributes", store?, name?, node?} {items}; {"ask": "nodes"}, {"ask": "resources"},
 * {"ask": "all"}. NULL: not a question. */
json_t *replica_answer(const struct replica *replica, json_t *request);

#endif
