/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storm: so many nodes lost at once that the trouble is rather ours than theirs. */
#ifndef CORE_STORM_H
#define CORE_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORM_WINDOW_NS 60000000000ULL

struct storm_loss {
	uint32_t node;
	uint64_t t_ns;
	bool open; /* not proven dead yet */
};

struct storm {
	struct storm_loss *losses;
	size_t n, cap;
	bool allowed; /* an operator said: go on. Until everybody lost so far is settled */
};

void storm_done(struct storm *storm);
void storm_lost(struct storm *storm, uint32_t node, uint64_t now_ns);
void storm_settled(struct storm *storm, uint32_t node); /* proven dead, or not lost after all */
void storm_allow(struct storm *storm);
/* More than max(2, 20 %) of the nodes lost within one window, and some of them still open: power
 * fencing pauses and asks. */
bool storm_rages(struct storm *storm, size_t nodes, uint64_t now_ns);
size_t storm_limit(size_t nodes);

#endif
