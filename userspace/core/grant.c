/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/own.h"
#include "core/grant.h"

void grant_init(struct grant *g, uint64_t life, const struct museum *museum)
{
	*g = (struct grant){ .life = life, .museum = museum };
}

void grant_done(struct grant *g)
{
	free(g->bars);
	*g = (struct grant){ 0 };
}

/*
 * The log on our disk may be older than a promise that our last life gave. An entry that names this
 * life was proposed after we started; every block whose wait anybody counts upon a promise of an
 * earlier life of ours lies before it. An entry of the current term alone would not do: blocks of
 * the same term may follow it.
 */
void grant_catch(struct grant *g, uint64_t life)
{
	if (life && life == g->life)
		g->caught = true;
}

bool grant_may(const struct grant *g)
{
	return g->caught || (g->museum && g->museum->grants_uncaught);
}

uint64_t grant_until(const struct grant *g, uint64_t now_ns, uint64_t lease_ns)
{
	return grant_may(g) ? now_ns + lease_ns : 0;
}

static struct grant_bar *find(const struct grant *g, uint32_t node)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->bars[i].node == node)
			return &g->bars[i];
	return NULL;
}

void grant_bar(struct grant *g, uint32_t node, uint64_t incarnation, uint64_t term)
{
	struct grant_bar *bar = find(g, node);

	if (!bar) {
		own_grow(g->bars, g->n, g->cap);
		bar = &g->bars[g->n++];
		*bar = (struct grant_bar){ .node = node };
	}
	if (incarnation < bar->incarnation)
		return;
	if (incarnation > bar->incarnation || term > bar->term)
		bar->term = term;
	bar->incarnation = incarnation;
}

bool grant_barred(const struct grant *g, uint32_t node, uint64_t incarnation)
{
	const struct grant_bar *bar = find(g, node);

	return bar && incarnation <= bar->incarnation;
}

uint64_t grant_barred_term(const struct grant *g, uint32_t node, uint64_t incarnation)
{
	return grant_barred(g, node, incarnation) ? find(g, node)->term : 0;
}

uint32_t grant_release(struct grant *g, uint64_t term)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->bars[i].term < term) {
			uint32_t node = g->bars[i].node;

			g->bars[i] = g->bars[--g->n];
			return node;
		}
	return 0;
}
