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
const char *table_get(const struct table *t, const char *name); /* NULL: none */
void table_remove(struct table *t, const char *name);
bool table_true(const struct table *t, const char *name, bool otherwise);

/* true, yes, on, y, 1; false, no, off, n, 0. Else -EINVAL. */
int text_bool(const char *s, bool *ret);
bool text_true(const char *s);
/* "10", "10s", "2min", "1h", "PT20S" … in milliseconds; -1: none of these. */
long long text_ms(const char *s);

#endif
