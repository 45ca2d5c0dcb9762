/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/action.h"

struct action *action_add(struct actions *actions, enum action_kind kind)
{
	struct action *a;

	own_grow(actions->items, actions->n, actions->cap);
	a = &actions->items[actions->n++];
	*a = (struct action){ .kind = kind };
	return a;
}

void actions_done(struct actions *actions)
{
	for (size_t i = 0; i < actions->n; i++) {
		struct action *a = &actions->items[i];

		free(a->node);
		free(a->device);
		free(a->agent);
		free(a->op);
		free(a->text);
		json_decref(a->json);
	}
	free(actions->items);
	*actions = (struct actions){ 0 };
}
