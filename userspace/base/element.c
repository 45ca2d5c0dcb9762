// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/element.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define CHUNK (64 << 10)
#define CHUNK_MAX (1 << 20) /* as trees grow, so do their chunks: large ones come zeroed */
#define ALIGN (sizeof(max_align_t))

struct element_chunk {
	struct element_chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

static struct element_chunk *chunk_new(struct element_tree *tree, size_t size)
{
	struct element_chunk *c = own_alloc(sizeof(*c) + size);

	c->size = size;
	c->next = tree->chunks;
	tree->chunks = c;
	return c;
}

struct element_tree *element_tree_new(void)
{
	struct element_tree *tree = own_new(struct element_tree);

	chunk_new(tree, CHUNK);
	return tree;
}

void element_tree_free(struct element_tree *tree)
{
	struct element_chunk *c, *next;

	if (!tree)
		return;
	for (c = tree->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(tree->text);
	free(tree);
}

void element_tree_take(struct element_tree *tree, char *text)
{
	free(tree->text);
	tree->text = text;
}

static void *take(struct element_tree *tree, size_t size, size_t align)
{
	struct element_chunk *c = tree->chunks;
	size_t at = (c->used + align - 1) / align * align;

	if (at + size > c->size) {
		/* What is large gets a chunk of its own, behind the one that still has room. */
		if (size > CHUNK / 4) {
			struct element_chunk *large = chunk_new(tree, size);

			tree->chunks = c;
			large->next = c->next;
			c->next = large;
			large->used = size;
			return large->bytes;
		}
		c = chunk_new(tree, c->size < CHUNK_MAX / 2 ? 2 * c->size : CHUNK_MAX);
		at = 0;
	}
	c->used = at + size;
	return (char *)c->bytes + at;
}

void *element_alloc(struct element_tree *tree, size_t size)
{
	return take(tree, size, ALIGN);
}

char *element_string(struct element_tree *tree, const char *s, size_t len)
{
	char *copy = take(tree, len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

char *element_printf(struct element_tree *tree, const char *format, ...)
{
	owned(free) char *s = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0)
		abort();
	va_end(args);
	return element_string(tree, s, strlen(s));
}

static void append(struct element *parent, struct element *e)
{
	e->parent = parent;
	if (parent->last)
		parent->last->next = e;
	else
		parent->first = e;
	parent->last = e;
}

struct element *element_add(struct element_tree *tree, struct element *parent, const char *name)
{
	struct element *e = element_alloc(tree, sizeof(*e));

	e->name = name;
	if (parent)
		append(parent, e);
	else
		tree->root = e;
	return e;
}

void element_set(struct element_tree *tree, struct element *e, const char *name, const char *value)
{
	struct element_attribute *a;

	if (!value)
		return;
	value = element_string(tree, value, strlen(value));
	for (unsigned i = 0; i < e->n_attributes; i++) {
		if (!strcmp(e->attributes[i].name, name)) {
			e->attributes[i].value = value;
			return;
		}
	}
	if (e->n_attributes == e->cap_attributes) {
		unsigned cap = e->cap_attributes ? 2 * e->cap_attributes : 4;

		a = element_alloc(tree, cap * sizeof(*a));
		if (e->n_attributes)
			memcpy(a, e->attributes, e->n_attributes * sizeof(*a));
		e->attributes = a;
		e->cap_attributes = cap;
	}
	e->attributes[e->n_attributes++] =
		(struct element_attribute){ .name = name, .value = value };
}

void element_unset(struct element *e, const char *name)
{
	for (unsigned i = 0; i < e->n_attributes; i++) {
		if (strcmp(e->attributes[i].name, name))
			continue;
		memmove(&e->attributes[i], &e->attributes[i + 1],
			(e->n_attributes - i - 1) * sizeof(*e->attributes));
		e->n_attributes--;
		return;
	}
}

struct element *element_copy(
	struct element_tree *tree, struct element *parent, const struct element *e)
{
	struct element *copy =
		element_add(tree, parent, element_string(tree, e->name, strlen(e->name)));

	copy->line = e->line;
	if (e->text)
		copy->text = element_string(tree, e->text, strlen(e->text));
	for (unsigned i = 0; i < e->n_attributes; i++) {
		const char *name = e->attributes[i].name;

		element_set(tree, copy, element_string(tree, name, strlen(name)),
			e->attributes[i].value);
	}
	for (const struct element *c = e->first; c; c = c->next)
		element_copy(tree, copy, c);
	return copy;
}

void element_remove(struct element *e)
{
	struct element *parent = e->parent, *before = NULL;

	if (!parent)
		return;
	for (struct element *c = parent->first; c != e; c = c->next)
		before = c;
	if (before)
		before->next = e->next;
	else
		parent->first = e->next;
	if (parent->last == e)
		parent->last = before;
	e->parent = e->next = NULL;
}

/* Most names differ in their first two characters: a call is made for few. */
static bool same(const char *a, const char *b)
{
	if (a[0] != b[0])
		return false;
	return !a[0] || (a[1] == b[1] && (!a[1] || !strcmp(a + 2, b + 2)));
}

const char *element_get(const struct element *e, const char *name)
{
	for (unsigned i = 0; e && i < e->n_attributes; i++)
		if (same(e->attributes[i].name, name))
			return e->attributes[i].value;
	return NULL;
}

bool element_is(const struct element *e, const char *name)
{
	return e && same(e->name, name);
}

static struct element *named(struct element *e, const char *name)
{
	while (e && !same(e->name, name))
		e = e->next;
	return e;
}

struct element *element_child(const struct element *e, const char *name)
{
	return e ? named(e->first, name) : NULL;
}

struct element *element_sibling(const struct element *e, const char *name)
{
	return e ? named(e->next, name) : NULL;
}

struct element *element_child_id(const struct element *e, const char *name, const char *id)
{
	struct element *c;

	for (c = element_child(e, name); c; c = element_sibling(c, name)) {
		const char *its = element_get(c, "id");

		if (its && !strcmp(its, id))
			return c;
	}
	return NULL;
}
