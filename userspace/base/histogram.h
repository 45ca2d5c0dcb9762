/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram: how often something took how long, in the buckets that Prometheus adds up. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#include "base/lines.h"

/* Bounds in seconds, from what a heartbeat takes to what an operator takes; the last is infinite.
 */
#define HISTOGRAM_BUCKETS 15

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* of each alone, not added up */
	uint64_t n;
	double sum_s;
};

void histogram_add(struct histogram *histogram, double seconds);
/* Prometheus exposition format 0.0.4. */
void histogram_print(
	const struct histogram *histogram, const char *name, const char *help, struct lines *lines);

#endif
