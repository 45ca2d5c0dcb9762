/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picture: what is wanted and what is seen of a cluster, as the <cib> that the policy decides on.
 */
#ifndef CORE_PICTURE_H
#define CORE_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ledger.h"
#include "core/model/rule.h"
#include "core/model/site.h"

enum picture_state {
	PICTURE_DOWN,    /* proven dead, cleanly stopped, or never seen: runs nothing */
	PICTURE_ONLINE,  /* admitted, connected, its history is known */
	PICTURE_UNCLEAN, /* may run anything: lost, and not proven dead */
};

struct picture_node {
	const char *name;
	uint32_t id;
	enum picture_state state;
	bool standby, maintenance;
	bool stopping; /* it is to be emptied, and may end then */
	struct ledger ledger;
};

struct picture {
	const struct site *site;
	struct picture_node *nodes; /* in the order of site->nodes */
	size_t n_nodes;
	json_t *attributes; /* as attributes.h has them */
	json_t *fails;      /* node → resource → "OP_INTERVAL" → {n, at_s} */
	json_t *tickets;    /* name → {granted, standby, at_s}; NULL: none */
	const char *leader; /* the node on the leader's host; NULL: it is none */
	rule_zone_fn *zone; /* for rules that name a time zone; NULL: they do not hold */
};

/* The caller fills in the nodes; site is borrowed. Ledgers are the picture's own once set. */
struct picture *picture_new(const struct site *site);
void picture_free(struct picture *picture);
own_define(picture, struct picture, picture_free)

struct picture_node *picture_node(const struct picture *picture, const char *name);
/* The tree; it is the caller's. */
struct element_tree *picture_cib(const struct picture *picture);

#endif
