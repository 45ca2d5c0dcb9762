/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cluster: the replicated state, as the committed entries made it. The same on every controller. */
#ifndef CORE_CLUSTER_H
#define CORE_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

/*
 * Entries are JSON objects; what is not understood, or does not apply any more, changes nothing:
 *  {do: term, leader, controller, life, nonce}         a leader's first: all before it is applied
 *  {do: caught, controller, life}                      proposed after that controller started
 *  {do: configure, text, name, user}                   a checked configuration, whole
 *  {do: admit, node, boot_id, self, lease_ms}          incarnation = the entry's index
 *  {do: block, node, incarnation, why, lost}           that incarnation gets no more grants
 *  {do: fence-intent, node, incarnation, device}       before the first packet to a BMC
 *  {do: fence-failed, node, incarnation, device, why}
 *  {do: dead, node, incarnation, proof: {...}}         proven; what it ran may start elsewhere
 *  {do: powered, node, incarnation}                    switched on again after it was proven off
 *  {do: stopped, node, incarnation}                    the agent said a clean goodbye
 *  {do: node, node, set: {standby|maintenance|stop: bool}}
 *  {do: attribute, store, node, set?, name, value|null} see attributes.h; with an incarnation go
 *                                                      its transient ones
 *  {do: fail, node, resource, op, interval_ms, at_ms, fatal}
 *  {do: cleanup, resource|null, node|null, op|null, interval_ms}
 *  {do: ticket, ticket, set: {granted|standby: bool}, at_ms}
 *  {do: rekey, user?}                              every heartbeat key gives way to the next
 *  {do: ca, step, ...}                             see trust.h
 *  {do: controllers}, {do: voters}, {do: recovered}   see roll.h
 */
#define CLUSTER_VOUCHED_MAX 256
#define CLUSTER_FAILS_MAX 1000000 /* so often is for ever: INFINITY */

struct cluster {
	uint64_t index, term; /* of the last entry applied */
	uint64_t attributes;  /* how often they changed */
	json_t *state;        /* {configuration, revision, nodes: {}, fails: {node: {resource:
				 {OP_INTERVAL: …}}}, ...} */
};

/* Where an incarnation is in its life. */
enum cluster_life {
	CLUSTER_NEVER, /* no incarnation was ever admitted */
	CLUSTER_ADMITTED,
	CLUSTER_BLOCKED, /* and not proven dead */
	CLUSTER_DEAD,
	CLUSTER_STOPPED, /* said goodbye with nothing running */
};

struct cluster *cluster_new(void);
void cluster_free(struct cluster *cluster);
own_define(cluster, struct cluster, cluster_free)

void cluster_apply(struct cluster *cluster, uint64_t index, uint64_t term, json_t *entry);
/* malloc()ed text. */
char *cluster_snapshot(const struct cluster *cluster);
int cluster_restore(struct cluster *cluster, const char *text, size_t len); /* -EINVAL */

enum cluster_life cluster_life(const struct cluster *cluster, const char *node);
uint64_t cluster_incarnation(const struct cluster *cluster, const char *node);
/* A field of a node's record, or NULL. */
json_t *cluster_node(const struct cluster *cluster, const char *node, const char *field);
bool cluster_flag(const struct cluster *cluster, const char *node, const char *flag);
/* All of a resource's on a node together. */
unsigned cluster_fails(const struct cluster *cluster, const char *node, const char *resource);
/* node → resource → "OP_INTERVAL" → {n, at_s}; borrowed. */
json_t *cluster_failures(const struct cluster *cluster);
json_t *cluster_tickets(const struct cluster *cluster);    /* name → {granted, standby, at_s} */
json_t *cluster_attributes(const struct cluster *cluster); /* as attributes.h has it; borrowed */
/* Rises when attributes changed. */
uint64_t cluster_attributes_changed(const struct cluster *cluster);
const char *cluster_configuration(const struct cluster *cluster); /* NULL: none yet */
uint64_t cluster_revision(const struct cluster *cluster);
/* The run of a controller that was named last, 0: none. */
uint64_t cluster_started(const struct cluster *cluster, unsigned controller);
/* Who the controllers are, as roll.h has it; NULL: what the files say. Borrowed. */
json_t *cluster_roll(const struct cluster *cluster);
json_t *cluster_ca(const struct cluster *cluster); /* as trust.h has it, or NULL; borrowed */
/* Who vouched for deaths, newest last: [{node, incarnation, user, at_ms}]. */
json_t *cluster_vouched(const struct cluster *cluster);

#endif
