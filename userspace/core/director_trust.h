/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Director trust: one CA gives way to the next, host by host, while everything runs. */
#ifndef CORE_DIRECTOR_TRUST_H
#define CORE_DIRECTOR_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct director;
struct event;

struct director_trust {
	json_t *said; /* "node NAME" or "controller NAME" → what it said last: mark, by, why? */
	char *text;   /* what ca.crt says on our own host */
	bool own_due, nodes_due; /* look whether our own host, or nodes, must be told */
	bool shown;              /* that everybody shows the next CA's certificate was told */
	uint64_t again_ns;       /* no further proposal before */
};

void director_trust_own(struct director *d, json_t *message); /* of our own host: "trusts" */
void director_trust_node(struct director *d, const char *node, json_t *message); /* any message */
void director_trust_peer(struct director *d, unsigned controller, json_t *message);
json_t *director_trust_report(struct director *d); /* what peers are told; NULL: not known yet */
void director_trust_committed(struct director *d, json_t *entry);
void director_trust_step(struct director *d);  /* on every controller */
void director_trust_watch(struct director *d); /* on the leader */
uint64_t director_trust_due(const struct director *d);
json_t *director_trust_json(struct director *d);
void director_trust_ask(struct director *d, const struct event *event, bool retire);
void director_trust_done(struct director *d);

#endif
