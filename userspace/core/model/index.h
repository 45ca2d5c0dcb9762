/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Index: string → pointer, in one hash table; several kinds of thing may share a string. */
#ifndef CORE_MODEL_INDEX_H
#define CORE_MODEL_INDEX_H

#include <stddef.h>

#include "base/own.h"

struct index;

struct index *index_new(void);
void index_free(struct index *index);
own_define(index, struct index, index_free)

/* kind tells things of one string apart. The string is kept, not copied. The last one wins. */
void index_set(struct index *index, unsigned kind, const char *s, void *thing);
void *index_get(const struct index *index, unsigned kind, const char *s); /* NULL: none */
/* The same by a pair of numbers in place of a string. */
void index_set_pair(struct index *index, unsigned kind, unsigned a, unsigned b, void *thing);
void *index_get_pair(const struct index *index, unsigned kind, unsigned a, unsigned b);
/* And by an address, not by what is there. */
void index_set_address(struct index *index, unsigned kind, const void *address, void *thing);
void *index_get_address(const struct index *index, unsigned kind, const void *address);

enum index_kind { /* what the engine keeps */
	INDEX_ELEMENT,
	INDEX_RESOURCE,
	INDEX_NODE_ID,
	INDEX_NODE_NAME,
	INDEX_TAG,
	INDEX_TICKET,
	INDEX_POINT,
	INDEX_FAILCOUNT,
	INDEX_PARAMETERS,
	INDEX_OWN,
	INDEX_HISTORY,
	INDEX_CLONE_BASE,
	INDEX_DIGEST,
	INDEX_RENEWED,
};

#endif
