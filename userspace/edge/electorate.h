/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Electorate: carries out what the director wants of the log's own voters, and tells what came of it.
 */
#ifndef EDGE_ELECTORATE_H
#define EDGE_ELECTORATE_H

#include <stdbool.h>

#include "core/action.h"
#include "core/event.h"

struct store;

struct electorate {
	void (*on_event)(void *ctx, const struct event *event);
	void *ctx;
	struct store *store;
};

/* ACTION_VOTER: one EVENT_LOG follows. */
void electorate_order(struct electorate *electorate, struct store *store, const struct action *a);
/* Of what the store answers. True: it was an order of ours. */
bool electorate_result(struct electorate *electorate, const void *cookie, int status);
/* EVENT_LOG, with who is in the log's configuration now. */
void electorate_look(struct electorate *electorate, struct store *store);

#endif
