/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/member.h"
#include "edge/electorate.h"
#include "edge/store.h"

static void tell(struct electorate *e, int result)
{
	struct event event = { .kind = EVENT_LOG };
	struct store_status status;

	store_status(e->store, &status);
	event.log.voters = status.voters;
	event.log.standbys = status.standbys;
	event.log.spares = status.spares;
	event.log.status = result;
	e->on_event(e->ctx, &event);
}

void electorate_look(struct electorate *e, struct store *store)
{
	e->store = store;
	tell(e, 0);
}

bool electorate_result(struct electorate *e, const void *cookie, int status)
{
	if (cookie != e)
		return false;
	tell(e, status);
	return true;
}

void electorate_order(struct electorate *e, struct store *store, const struct action *a)
{
	struct store_peer peer = { .id = (unsigned)json_integer_value(
					   json_object_get(a->json, "id")),
		.name = member_text(a->json, "name"),
		.address = member_text(a->json, "raft") };

	e->store = store;
	if (!strcmp(a->op, "add"))
		store_add(store, &peer, e);
	else if (!strcmp(a->op, "listen"))
		store_assign(store, peer.id, false, e);
	else if (!strcmp(a->op, "promote"))
		store_assign(store, peer.id, true, e);
	else if (!strcmp(a->op, "remove"))
		store_remove(store, peer.id, e);
	else
		store_transfer(store, peer.id, e);
}
