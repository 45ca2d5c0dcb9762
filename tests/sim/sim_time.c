/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time, chance, and what is to happen when. */
#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

static bool before(const struct timer *a, const struct timer *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void swap(struct sim *s, size_t i, size_t j)
{
	struct timer *t = s->heap[i];

	s->heap[i] = s->heap[j];
	s->heap[j] = t;
}

struct timer *sim_after(struct sim *s, uint64_t delay, void (*fire)(struct sim *, struct timer *))
{
	struct timer *t = own_new(struct timer);
	size_t i = s->n_heap;

	t->at = s->now + delay;
	t->seq = ++s->seq;
	t->fire = fire;
	own_grow(s->heap, s->n_heap, s->cap_heap);
	s->heap[s->n_heap++] = t;
	for (; i && before(s->heap[i], s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(s, i, (i - 1) / 2);
	return t;
}

static struct timer *first(struct sim *s)
{
	struct timer *t = s->heap[0];
	size_t i = 0, least;

	s->heap[0] = s->heap[--s->n_heap];
	for (;;) {
		least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < s->n_heap; k++)
			if (before(s->heap[k], s->heap[least]))
				least = k;
		if (least == i)
			return t;
		swap(s, i, least);
		i = least;
	}
}

bool sim_turn(struct sim *s, uint64_t until)
{
	struct timer *t;

	if (!s->n_heap || s->heap[0]->at > until) {
		s->now = until;
		return false;
	}
	t = first(s);
	s->now = t->at;
	s->steps++;
	t->fire(s, t);
	json_decref(t->json);
	free(t);
	return true;
}

/* splitmix64 */
uint64_t sim_random(struct sim *s, uint64_t below)
{
	uint64_t z = (s->rng += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return below ? z % below : 0;
}

bool sim_chance(struct sim *s, unsigned permille)
{
	return sim_random(s, 1000) < permille;
}

uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high)
{
	return low + sim_random(s, high - low + 1);
}

uint64_t sim_clock(const struct sim *s, int h)
{
	const struct host *host = &s->host[h];

	return host->base + (uint64_t)((double)(s->now - host->booted_at) * host->rate);
}

uint64_t sim_true(const struct sim *s, int h, uint64_t ns)
{
	return (uint64_t)((double)ns / s->host[h].rate) + 1;
}

void sim_say(struct sim *s, const char *format, ...)
{
	va_list ap;

	if (!s->trace)
		return;
	printf("%12.6f ", (double)s->now / 1e9);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

void sim_violate(struct sim *s, const char *format, ...)
{
	char text[300];
	va_list ap;

	if (s->violation[0])
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	snprintf(s->violation, sizeof(s->violation), "%.6f s: %s", (double)s->now / 1e9, text);
	sim_say(s, "VIOLATION %s", text);
}
