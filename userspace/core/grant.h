/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant: when this controller's kernel may grant leases, and what it has promised not to. */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/museum.h"

/* A promise: this incarnation gets no grant of ours. It is given before the block is committed. */
struct grant_bar {
	uint32_t node;
	uint64_t incarnation, term;
};

struct grant {
	const struct museum *museum; /* NULL: none */
	uint64_t life;               /* tells this run of the daemon from every other */
	bool caught;                 /* an entry that names this life was applied */
	struct grant_bar *bars;
	size_t n, cap;
};

void grant_init(struct grant *grant, uint64_t life, const struct museum *museum);
void grant_done(struct grant *grant);

/* An entry was applied that a leader proposed when it had heard of that life. */
void grant_catch(struct grant *grant, uint64_t life);
bool grant_may(const struct grant *grant);
/* Until when the kernel may grant, CLOCK_BOOTTIME ns; 0: not at all. A hung daemon does not push it
 * forward, and so grants no more after one lease length. */
uint64_t grant_until(const struct grant *grant, uint64_t now_ns, uint64_t lease_ns);

void grant_bar(struct grant *grant, uint32_t node, uint64_t incarnation, uint64_t term);
bool grant_barred(const struct grant *grant, uint32_t node, uint64_t incarnation);
/* The term of the leader to whom that was promised; 0: it was not. */
uint64_t grant_barred_term(const struct grant *grant, uint32_t node, uint64_t incarnation);
/* An entry of this term was applied: a promise to a leader of an earlier term whose block is not in
 * the log by now was for nothing. Returns a node whose promise ended, 0: none; ask until then. */
uint32_t grant_release(struct grant *grant, uint64_t term);

#endif
