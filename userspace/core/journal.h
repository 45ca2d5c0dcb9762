/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journal: what happened, for people: a bounded list with a cursor, newest last. */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <stdint.h>

#include <jansson.h>

#define JOURNAL_MAX 4096

struct journal {
	json_t *events; /* array, oldest first; a ring once it is full */
	size_t first;
	uint64_t cursor; /* of the newest */
};

void journal_init(struct journal *journal);
void journal_done(struct journal *journal);
/* Takes more (members beside the usual ones), or NULL. Returns the event, borrowed. */
json_t *journal_add(struct journal *journal, uint64_t boot_ns, uint64_t epoch_ms, const char *kind,
	const char *node, const char *resource, const char *text, json_t *more);
/* A new array of the events after the cursor; limit 0: all. */
json_t *journal_after(const struct journal *journal, uint64_t cursor, size_t limit);

#endif
