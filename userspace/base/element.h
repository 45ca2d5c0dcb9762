/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Element: a tree of names with attributes, and where each stood in its text. */
#ifndef BASE_ELEMENT_H
#define BASE_ELEMENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/own.h"

struct element_name {
	const char *text;
	unsigned short sign; /* element_sign() */
	unsigned len;
};

/* What the attributes of an element are called, in their order. A tree has few such lists, and many
 * elements: those of one list share it. */
struct element_names {
	unsigned n;
	struct element_name last;       /* the n-th */
	const struct element_name *all; /* NULL: no element has just these */
	unsigned char *slots;           /* where in all a sign is, see element.c */
	const char *guess;              /* for readers: its value the last time */
	size_t guess_len;
	const struct element_names *shorter;
	struct element_names *longer, *beside; /* with one more; with another last one */
};

struct element {
	const char *name;
	const struct element_names *names;
	const char **values; /* of its attributes, by the same numbers as their names */
	const char *text;    /* character data directly inside, NULL: none but white space */
	struct element *parent, *first, *last, *next;
	unsigned line;       /* 0: of no text */
	unsigned short sign; /* of its name */
	unsigned char room;  /* for so many more values */
};

/* All elements of one tree and their strings live and die together. */
struct element_tree {
	struct element *root;
	struct element_chunk *chunks;
	struct element_names names; /* none, and all lists that begin with it */
	struct element_names tags;  /* its longer ones: what its elements are called */
	const char **seen;          /* strings that element_keep() gave, one of each hash */
	size_t n_seen, n_missed;
};

struct element_tree *element_tree_new(void);
void element_tree_free(struct element_tree *tree);
own_define(element_tree, struct element_tree, element_tree_free)

/* Memory that lives as long as the tree, zeroed and aligned for anything. */
void *element_alloc(struct element_tree *tree, size_t size);
char *element_string(struct element_tree *tree, const char *s, size_t len);
/* The same for strings that recur: one that was kept before may be given again. */
const char *element_keep(struct element_tree *tree, const char *s, size_t len);
char *element_vprintf(struct element_tree *tree, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
char *element_printf(struct element_tree *tree, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A new last child of parent; parent NULL: the root. The name is kept as it is, not copied. */
struct element *element_add(struct element_tree *tree, struct element *parent, const char *name);
/* Sets an attribute, or changes it. Both strings are kept, not referred to; value NULL: nothing is
 * set. */
void element_set(struct element_tree *tree, struct element *e, const char *name, const char *value);
void element_set_printf(struct element_tree *tree, struct element *e, const char *name,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Takes an attribute away, if it is there. */
void element_unset(struct element_tree *tree, struct element *e, const char *name);
/* A copy of e and all below as the new last child of parent. */
struct element *element_copy(
	struct element_tree *tree, struct element *parent, const struct element *e);
void element_remove(struct element *e); /* out of its parent */

/* For readers: the list with this name more; it begins at &tree->names. */
struct element_names *element_names_add(
	struct element_tree *tree, struct element_names *names, const char *text, size_t len);
/* This name of an element, kept once. */
const char *element_tag(struct element_tree *tree, const char *text, size_t len);
/* Gives an element that has none yet its attributes; the values are kept, not copied. */
void element_fill(struct element_tree *tree, struct element *e, struct element_names *names,
	const char *const *values);

/* Tells most names apart at a glance; of a literal the compiler knows it. */
static inline unsigned short element_sign(const char *name, size_t len)
{
	return len ? (unsigned short)(len << 11 ^ (unsigned char)name[0] << 5 ^
				      (unsigned char)name[len - 1])
		   : 0;
}

/* Each of these with the sign of the name. */
const char *element_get_sign(const struct element *e, const char *name, unsigned short sign);
struct element *element_first_sign(struct element *e, const char *name, unsigned short sign);

/* NULL: e has no such attribute, or is NULL. */
static inline const char *element_get(const struct element *e, const char *name)
{
	return element_get_sign(e, name, element_sign(name, strlen(name)));
}

static inline bool element_is(const struct element *e, const char *name)
{
	return e && e->sign == element_sign(name, strlen(name)) && !strcmp(e->name, name);
}

/* The first child of that name, and the next sibling of it. NULL: none, or e is NULL. */
static inline struct element *element_child(const struct element *e, const char *name)
{
	return element_first_sign(e ? e->first : NULL, name, element_sign(name, strlen(name)));
}

static inline struct element *element_sibling(const struct element *e, const char *name)
{
	return element_first_sign(e ? e->next : NULL, name, element_sign(name, strlen(name)));
}

/* The first child of that name whose attribute id is this. */
struct element *element_child_id(const struct element *e, const char *name, const char *id);

#endif
