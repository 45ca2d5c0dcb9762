// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/table.h"

#include <string.h>

#include "core/model/value.h"

static struct table_pair *find(const struct table *t, const char *name)
{
	for (unsigned i = 0; t && i < t->n; i++)
		if (t->items[i].name == name || !strcmp(t->items[i].name, name))
			return &t->items[i];
	return NULL;
}

void table_set(struct element_tree *arena, struct table *t, const char *name, const char *value)
{
	struct table_pair *p = find(t, name);

	if (p) {
		p->value = value;
		return;
	}
	if (t->n == t->cap) {
		unsigned cap = t->cap ? 2 * t->cap : 8;

		p = element_alloc(arena, cap * sizeof(*p));
		if (t->n)
			memcpy(p, t->items, t->n * sizeof(*p));
		t->items = p;
		t->cap = cap;
	}
	t->items[t->n++] = (struct table_pair){ .name = name, .value = value };
}

void table_default(
	struct element_tree *arena, struct table *t, const char *name, const char *value)
{
	if (value && !find(t, name))
		table_set(arena, t, name, value);
}

const char *table_get(const struct table *t, const char *name)
{
	const struct table_pair *p = find(t, name);

	return p ? p->value : NULL;
}

void table_remove(struct table *t, const char *name)
{
	struct table_pair *p = find(t, name);

	if (!p)
		return;
	memmove(p, p + 1, (size_t)(&t->items[t->n] - (p + 1)) * sizeof(*p));
	t->n--;
}

bool table_true(const struct table *t, const char *name, bool otherwise)
{
	return value_true(table_get(t, name), otherwise);
}
