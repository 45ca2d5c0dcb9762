/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quorum: which controllers are enough: to elect, to hear, to promise. */
#ifndef CORE_QUORUM_H
#define CORE_QUORUM_H

#include <stdbool.h>
#include <stdint.h>

/* Masks of controller indexes. next: the voters to be, while they change; else 0. */
struct quorum {
	uint32_t now, next;
};

unsigned quorum_count(uint32_t who);
unsigned quorum_majority(uint32_t voters); /* n / 2 + 1 */
/* A majority of the voters; while they change, of both sets. */
bool quorum_enough(const struct quorum *quorum, uint32_t who);
/* So many promised not to grant, n - m + 1 of each set, that no majority is left that could. */
bool quorum_barred(const struct quorum *quorum, uint32_t who);

#endif
