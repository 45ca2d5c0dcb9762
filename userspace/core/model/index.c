// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/index.h"

#include <stdint.h>

enum form { EMPTY, BY_STRING, BY_PAIR };

struct entry { /* small: there are twice as many as things, and a search touches one */
	uint32_t hash : 30, form : 2;
	unsigned kind;
	union {
		const char *s;
		struct {
			unsigned a, b;
		} pair;
	} key;
	void *thing;
};

struct index {
	struct entry *entries;
	size_t n, cap; /* cap is a power of two */
};

struct index *index_new(void)
{
	struct index *index = own_new(struct index);

	index->cap = 64;
	index->entries = own_alloc(index->cap * sizeof(*index->entries));
	return index;
}

void index_free(struct index *index)
{
	if (!index)
		return;
	free(index->entries);
	free(index);
}

static uint32_t hash_of(const struct entry *key)
{
	uint64_t h = 1469598103934665603ULL ^ key->kind;

	if (key->form == BY_STRING) {
		for (const unsigned char *p = (const unsigned char *)key->key.s; *p; p++)
			h = (h ^ *p) * 1099511628211ULL;
	} else {
		h = (h ^ key->key.pair.a) * 0x9e3779b97f4a7c15ULL;
		h = (h ^ (h >> 29) ^ key->key.pair.b) * 0xbf58476d1ce4e5b9ULL;
	}
	return (uint32_t)(h ^ (h >> 31)) & ((1U << 30) - 1);
}

static bool same(const struct entry *e, const struct entry *key)
{
	if (e->hash != key->hash || e->kind != key->kind || e->form != key->form)
		return false;
	if (key->form == BY_STRING)
		return e->key.s == key->key.s || !strcmp(e->key.s, key->key.s);
	return e->key.pair.a == key->key.pair.a && e->key.pair.b == key->key.pair.b;
}

static struct entry *place(struct entry *entries, size_t cap, const struct entry *key)
{
	size_t i = key->hash & (cap - 1);

	while (entries[i].form != EMPTY && !same(&entries[i], key))
		i = (i + 1) & (cap - 1);
	return &entries[i];
}

static void grow(struct index *index)
{
	size_t cap = 2 * index->cap;
	struct entry *entries = own_alloc(cap * sizeof(*entries));

	for (size_t i = 0; i < index->cap; i++)
		if (index->entries[i].form != EMPTY)
			*place(entries, cap, &index->entries[i]) = index->entries[i];
	free(index->entries);
	index->entries = entries;
	index->cap = cap;
}

static void put(struct index *index, struct entry key)
{
	struct entry *e;

	if (3 * (index->n + 1) > 2 * index->cap)
		grow(index);
	key.hash = hash_of(&key);
	e = place(index->entries, index->cap, &key);
	if (e->form == EMPTY)
		index->n++;
	*e = key;
}

static void *look(const struct index *index, struct entry key)
{
	key.hash = hash_of(&key);
	return place(index->entries, index->cap, &key)->thing;
}

static struct entry by_string(unsigned kind, const char *s, void *thing)
{
	return (struct entry){ .form = BY_STRING, .kind = kind, .key.s = s, .thing = thing };
}

static struct entry by_pair(unsigned kind, unsigned a, unsigned b, void *thing)
{
	return (struct entry){
		.form = BY_PAIR, .kind = kind, .key.pair = { a, b }, .thing = thing
	};
}

void index_set(struct index *index, unsigned kind, const char *s, void *thing)
{
	put(index, by_string(kind, s, thing));
}

void index_set_pair(struct index *index, unsigned kind, unsigned a, unsigned b, void *thing)
{
	put(index, by_pair(kind, a, b, thing));
}

void *index_get(const struct index *index, unsigned kind, const char *s)
{
	return s ? look(index, by_string(kind, s, NULL)) : NULL;
}

void *index_get_pair(const struct index *index, unsigned kind, unsigned a, unsigned b)
{
	return look(index, by_pair(kind, a, b, NULL));
}

/* An address is a pair of numbers as well. */
void index_set_address(struct index *index, unsigned kind, const void *address, void *thing)
{
	uint64_t n = (uintptr_t)address;

	index_set_pair(index, kind, (unsigned)(n >> 32), (unsigned)n, thing);
}

void *index_get_address(const struct index *index, unsigned kind, const void *address)
{
	uint64_t n = (uintptr_t)address;

	return index_get_pair(index, kind, (unsigned)(n >> 32), (unsigned)n);
}
