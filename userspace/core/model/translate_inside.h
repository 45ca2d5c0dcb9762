/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the translation of a document: what its files share. */
#ifndef CORE_MODEL_TRANSLATE_INSIDE_H
#define CORE_MODEL_TRANSLATE_INSIDE_H

#include "core/model/form.h"
#include "core/model/translate.h"

struct translate {
	struct element_tree *tree;
	const struct document *document;
	struct problems *problems;
	json_t *root;
	bool whole;
	json_t *names;   /* what constraints may speak of → "primitive", "group", … */
	json_t *inner;   /* resource → what it is inside of */
	json_t *remotes; /* nodes that a resource makes */
	json_t *ids;     /* of elements, so far */
	char *file;      /* that the document came from; NULL: none, or not known yet */
};

/* translate.c */
void translate_wrong(struct translate *t, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void translate_warn(struct translate *t, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* e comes from there: its line is kept. */
void translate_place(struct translate *t, struct element *e, const char *pointer);
/* The pointer of a member of what pointer names; the caller's. */
char *translate_at(const char *pointer, const char *key);
char *translate_at_index(const char *pointer, size_t index);
/* A scalar as text, in the tree; NULL: it is none. */
const char *translate_text(struct translate *t, const json_t *value);
/* Sets a new id that nothing else has. */
void translate_id(struct translate *t, struct element *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What the form knows of the object becomes attributes of e; what it does not is refused. */
void translate_form(struct translate *t, const struct form *form, json_t *object,
	const char *pointer, struct element *e);
/* False, and said: v is there, and is no mapping. */
bool translate_is_mapping(struct translate *t, const json_t *v, const char *pointer);
bool translate_is_list(struct translate *t, const json_t *v, const char *pointer);

/* translate_block.c: names and values, with rules */
void translate_block(struct translate *t, json_t *v, const char *pointer, struct element *parent,
	const char *element, const char *id);
void translate_rule(struct translate *t, json_t *v, const char *pointer, struct element *parent,
	const char *id);

/* translate_resource.c */
void translate_names(struct translate *t); /* before anything that speaks of resources */
void translate_resources(struct translate *t, struct element *parent);
const char *const *translate_meta_names(void);

/* translate_constraint.c */
void translate_constraints(struct translate *t, struct element *parent);

#endif
