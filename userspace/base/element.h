/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Element: a tree of names with attributes, and where each stood in its text. */
#ifndef BASE_ELEMENT_H
#define BASE_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/own.h"

struct element_attribute {
	const char *name, *value;
};

struct element {
	const char *name;
	struct element_attribute *attributes;
	unsigned n_attributes, cap_attributes;
	unsigned line;    /* 0: of no text */
	const char *text; /* character data directly inside, NULL: none but white space */
	struct element *parent, *first, *last, *next;
};

/* All elements of one tree and their strings live and die together. */
struct element_tree {
	struct element *root;
	struct element_chunk *chunks;
	char *text; /* what its strings may point into, NULL: none */
};

struct element_tree *element_tree_new(void);
void element_tree_free(struct element_tree *tree);
own_define(element_tree, struct element_tree, element_tree_free)

/* The text, which is malloc()ed, is freed with the tree; only one may be. */
void element_tree_take(struct element_tree *tree, char *text);

/* Memory that lives as long as the tree, zeroed and aligned for anything. */
void *element_alloc(struct element_tree *tree, size_t size);
char *element_string(struct element_tree *tree, const char *s, size_t len);
char *element_printf(struct element_tree *tree, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A new last child of parent; parent NULL: the root. The name is kept as it is, not copied. */
struct element *element_add(struct element_tree *tree, struct element *parent, const char *name);
/* Sets an attribute, or changes it. The name is kept as it is, the value is copied; NULL: nothing
 * is set. */
void element_set(struct element_tree *tree, struct element *e, const char *name, const char *value);
/* Takes an attribute away, if it is there. */
void element_unset(struct element *e, const char *name);
/* A copy of e and all below as the new last child of parent. */
struct element *element_copy(
	struct element_tree *tree, struct element *parent, const struct element *e);
void element_remove(struct element *e); /* out of its parent */

/* NULL: e has no such attribute, or is NULL. */
const char *element_get(const struct element *e, const char *name);
bool element_is(const struct element *e, const char *name);
/* The first child of that name, and the next sibling of it. NULL: none, or e is NULL. */
struct element *element_child(const struct element *e, const char *name);
struct element *element_sibling(const struct element *e, const char *name);
/* The first child of that name whose attribute id is this. */
struct element *element_child_id(const struct element *e, const char *name, const char *id);

#endif
