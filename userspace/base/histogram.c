/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/histogram.h"

static const double bounds[HISTOGRAM_BUCKETS - 1] = { 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2,
	3, 5, 10, 30, 120 };

void histogram_add(struct histogram *h, double seconds)
{
	int i = 0;

	while (i < HISTOGRAM_BUCKETS - 1 && seconds > bounds[i])
		i++;
	h->buckets[i]++;
	h->n++;
	h->sum_s += seconds;
}

void histogram_print(
	const struct histogram *h, const char *name, const char *help, struct lines *lines)
{
	uint64_t n = 0;

	lines_add(lines, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		n += h->buckets[i];
		lines_add(lines, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[i], n);
	}
	lines_add(lines, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.9g\n%s_count %" PRIu64 "\n",
		name, h->n, name, h->sum_s, name, h->n);
}
