/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/own.h"
#include "core/storm.h"

void storm_done(struct storm *s)
{
	free(s->losses);
	*s = (struct storm){ 0 };
}

void storm_lost(struct storm *s, uint32_t node, uint64_t now_ns)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->losses[i].node == node) {
			s->losses[i].t_ns = now_ns;
			s->losses[i].open = true;
			return;
		}
	own_grow(s->losses, s->n, s->cap);
	s->losses[s->n++] = (struct storm_loss){ node, now_ns, true };
}

void storm_settled(struct storm *s, uint32_t node)
{
	bool open = false;

	for (size_t i = 0; i < s->n; i++) {
		if (s->losses[i].node == node)
			s->losses[i].open = false;
		open |= s->losses[i].open;
	}
	if (!open)
		s->allowed = false;
}

void storm_allow(struct storm *s)
{
	s->allowed = true;
}

size_t storm_limit(size_t nodes)
{
	return nodes / 5 > 2 ? nodes / 5 : 2;
}

bool storm_rages(struct storm *s, size_t nodes, uint64_t now_ns)
{
	size_t kept = 0;

	/* Who was settled, and long ago, is no part of today's weather. */
	for (size_t i = 0; i < s->n; i++)
		if (s->losses[i].open || s->losses[i].t_ns + STORM_WINDOW_NS > now_ns)
			s->losses[kept++] = s->losses[i];
	s->n = kept;
	if (s->allowed)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		size_t together = 0;

		if (!s->losses[i].open)
			continue;
		for (size_t k = 0; k < s->n; k++) {
			uint64_t a = s->losses[i].t_ns, b = s->losses[k].t_ns;

			together += (a > b ? a - b : b - a) < STORM_WINDOW_NS;
		}
		if (together > storm_limit(nodes))
			return true;
	}
	return false;
}
