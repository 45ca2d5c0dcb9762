/* SPDX-License-Identifier: GPL-2.0-or-later */
/* View: what is seen of a cluster: who can be used, and what runs or may run where. */
#ifndef CORE_MODEL_VIEW_H
#define CORE_MODEL_VIEW_H

#include "core/model/site.h"

enum view_state {
	VIEW_UNKNOWN = 0, /* never asked: a probe is due */
	VIEW_STOPPED,
	VIEW_STARTED,
	VIEW_FAILED,      /* was active and answers wrongly, or its start failed: stop it first */
	VIEW_STOP_FAILED, /* nothing but the node's end makes it stop for sure */
	VIEW_IMPOSSIBLE,  /* its software is not there, or its arguments are wrong here */
};

struct view_cell {
	enum view_state state;
	unsigned fails;
	bool recurring;  /* its monitors recur */
	char digest[17]; /* of the parameters it was started with; "" unknown */
};

struct view_node {
	const char *name;
	bool usable;  /* admitted, connected, its history is known */
	bool unclean; /* may run anything: lost, and not proven dead */
	bool standby, maintenance, stopping;
};

struct view {
	const struct site *site;
	struct view_node *nodes; /* in the order of site->nodes */
	struct view_cell *cells; /* nodes × resources */
};

struct view *view_new(const struct site *site);
void view_free(struct view *view);
own_define(view, struct view, view_free)

	struct view_cell *view_cell(const struct view *view, size_t node, size_t resource);

/* The digest that view_cell.digest holds: over a resource's parameters, 16 hex digits. */
void view_digest(const struct site_resource *resource, char ret[17]);

/* What the result of an operation says about the state: the cell is changed in place. */
void view_cell_note(
	struct view_cell *cell, const char *op, uint64_t interval_ms, int rc, const char *status);
const char *view_state_name(enum view_state state);

#endif
