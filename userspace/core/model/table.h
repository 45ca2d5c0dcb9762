/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Table: few names and their values, in the order they were set; owned by an arena. */
#ifndef CORE_MODEL_TABLE_H
#define CORE_MODEL_TABLE_H

#include <stdbool.h>

#include "base/element.h"

struct table_pair {
	const char *name, *value;
};

struct table {
	struct table_pair *items;
	unsigned n, cap;
};

/* The strings are kept, not copied: they live in the arena or in the tree that was read. */
void table_set(struct element_tree *arena, struct table *t, const char *name, const char *value);
/* Only if there is no such name yet. */
void table_default(struct element_tree *arena, struct table *t, const char *name,
	const char *value);
const char *table_get(const struct table *t, const char *name); /* NULL: none, or no table */
void table_remove(struct table *t, const char *name);
bool table_true(const struct table *t, const char *name, bool otherwise);

#endif
