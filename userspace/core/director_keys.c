/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heartbeat keys. Both ends of a node's connection derive the key of any epoch from the connection
 * itself, so that a change of keys is a change of the number. The kernels at both ends know two: the
 * one before stays good until the next change, and no beat is missed.
 */
#include "core/director_inside.h"

static void rekey(struct director *d, struct director_node *n)
{
	if (!n->connected || !n->welcomed ||
		cluster_life(d->cluster, n->name) != CLUSTER_ADMITTED)
		return;
	n->epoch++;
	director_admit(d, n); /* our kernel first: it must understand what is sent with it */
	director_send(d, n, json_pack("{s:s, s:i}", "type", "rekey", "key_epoch", (int)n->epoch));
}

void director_keys_committed(struct director *d, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));

	if (!what || strcmp(what, "rekey"))
		return;
	for (size_t i = 0; i < d->n_nodes; i++)
		rekey(d, &d->nodes[i]);
	d->rekey_ns = 0;
	director_note(d, "keys-changed", NULL, NULL, "the heartbeat keys have changed");
}

/* Whoever leads sees to it; a change of leader puts it off by one term of the keys at most. */
void director_keys_watch(struct director *d)
{
	if (!d->timing.rekey_ms) {
		d->rekey_ns = 0;
		return;
	}
	if (!d->rekey_ns)
		d->rekey_ns = d->now_ns + d->timing.rekey_ms * MS;
	if (d->now_ns < d->rekey_ns)
		return;
	d->rekey_ns = d->now_ns + d->timing.rekey_ms * MS;
	director_propose(d, json_pack("{s:s}", "do", "rekey"));
}

uint64_t director_keys_due(const struct director *d)
{
	return d->rekey_ns;
}

void director_keys_ask(struct director *d, const struct event *e)
{
	director_reply_when_applied(d, e->ask.token,
		json_pack("{s:s, s:s, s:I}", "do", "rekey", "user", e->ask.user, "asked",
			(json_int_t)++d->asked));
}
