// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/index.h"

#include <stdint.h>

struct entry {
	uint64_t hash;
	unsigned kind, a, b;
	const char *s; /* NULL: a pair, or an empty place */
	void *thing;
	bool used;
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

static uint64_t hash_of(const struct entry *key)
{
	uint64_t h = 1469598103934665603ULL ^ key->kind;

	if (key->s) {
		for (const unsigned char *p = (const unsigned char *)key->s; *p; p++)
			h = (h ^ *p) * 1099511628211ULL;
	} else {
		h = (h ^ key->a) * 0x9e3779b97f4a7c15ULL;
		h = (h ^ (h >> 29) ^ key->b) * 0xbf58476d1ce4e5b9ULL;
	}
	return h ^ (h >> 31);
}

static bool same(const struct entry *e, const struct entry *key)
{
	if (e->hash != key->hash || e->kind != key->kind || !e->s != !key->s)
		return false;
	return key->s ? !strcmp(e->s, key->s) : e->a == key->a && e->b == key->b;
}

static struct entry *place(struct entry *entries, size_t cap, const struct entry *key)
{
	size_t i = key->hash & (cap - 1);

	while (entries[i].used && !same(&entries[i], key))
		i = (i + 1) & (cap - 1);
	return &entries[i];
}

static void grow(struct index *index)
{
	size_t cap = 2 * index->cap;
	struct entry *entries = own_alloc(cap * sizeof(*entries));

	for (size_t i = 0; i < index->cap; i++)
		if (index->entries[i].used)
			*place(entries, cap, &index->entries[i]) = index->entries[i];
	free(index->entries);
	index->entries = entries;
	index->cap = cap;
}

static void put(struct index *index, struct entry key)
{
	struct entry *e;

	if (2 * (index->n + 1) > index->cap)
		grow(index);
	key.hash = hash_of(&key);
	e = place(index->entries, index->cap, &key);
	if (!e->used)
		index->n++;
	*e = key;
	e->used = true;
}

void index_set(struct index *index, unsigned kind, const char *s, void *thing)
{
	put(index, (struct entry){ .kind = kind, .s = s, .thing = thing });
}

void index_set_pair(struct index *index, unsigned kind, unsigned a, unsigned b, void *thing)
{
	put(index, (struct entry){ .kind = kind, .a = a, .b = b, .thing = thing });
}

static void *look(const struct index *index, struct entry key)
{
	const struct entry *e;

	key.hash = hash_of(&key);
	e = place(index->entries, index->cap, &key);
	return e->used ? e->thing : NULL;
}

void *index_get(const struct index *index, unsigned kind, const char *s)
{
	return s ? look(index, (struct entry){ .kind = kind, .s = s }) : NULL;
}

void *index_get_pair(const struct index *index, unsigned kind, unsigned a, unsigned b)
{
	return look(index, (struct entry){ .kind = kind, .a = a, .b = b });
}
