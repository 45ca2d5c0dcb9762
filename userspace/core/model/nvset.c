// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/nvset.h"

#include <string.h>
#include <strings.h>

#include "core/model/value.h"

#define SETS_MAX 64 /* more of them in one holder are read in the order of the text */

struct sorted_set {
	const struct element *set;
	int score;
};

static const struct element *follow(const struct index *ids, const struct element *e)
{
	const char *ref = element_get(e, "id-ref");
	const struct element *other = ref ? index_get(ids, INDEX_ELEMENT, ref) : e;

	return other && !strcmp(other->name, e->name) ? other : NULL;
}

static void pair_of(
	const struct index *ids, const struct element *e, const char **name, const char **value)
{
	const struct element *other = follow(ids, e);

	*name = element_get(e, "name");
	*value = element_get(e, "value");
	if (!*name)
		*name = element_get(other, "name");
	if (!*value)
		*value = element_get(other, "value");
}

/* Old configurations have one more level around the pairs. */
static const struct element *first_pair(const struct element *set)
{
	return element_is(set->first, "attributes") ? set->first->first : set->first;
}

static void read_set(struct element_tree *arena, const struct index *ids, const struct element *set,
	bool overwrite, struct table *into)
{
	for (const struct element *e = first_pair(set); e; e = e->next) {
		const char *name, *value;

		if (!element_is(e, "nvpair"))
			continue;
		pair_of(ids, e, &name, &value);
		if (!name || !value)
			continue;
		if (!strcasecmp(value, "#default"))
			table_remove(into, name);
		else if (overwrite)
			table_set(arena, into, name, value);
		else
			table_default(arena, into, name, value);
	}
}

static bool is_first(const struct sorted_set *s, const char *first)
{
	const char *id = first ? element_get(s->set, "id") : NULL;

	return id && !strcasecmp(id, first);
}

/* Among equals the later one in the text comes first. */
static bool goes_before(const struct sorted_set *a, const struct sorted_set *b, const char *first)
{
	if (is_first(a, first) || is_first(b, first))
		return is_first(a, first);
	return a->score >= b->score;
}

void nvset_read(struct element_tree *arena, const struct index *ids, const struct element *holder,
	const char *set_name, const struct rule_input *in, const char *first, bool overwrite,
	struct table *into, int64_t *next_change)
{
	struct sorted_set sets[SETS_MAX];
	unsigned n = 0;

	for (const struct element *e = element_child(holder, set_name); e;
		e = element_sibling(e, set_name)) {
		struct sorted_set s = { .set = follow(ids, e) };
		unsigned at;

		if (!s.set || n == SETS_MAX)
			continue;
		s.score = value_score(element_get(s.set, "score"), NULL);
		for (at = n++; at > 0 && goes_before(&s, &sets[at - 1], first); at--)
			sets[at] = sets[at - 1];
		sets[at] = s;
	}
	for (unsigned i = 0; i < n; i++)
		if (rule_set_passes(ids, sets[i].set, in, next_change))
			read_set(arena, ids, sets[i].set, overwrite, into);
}

const char *nvset_get(const struct index *ids, const struct element *set, const char *name)
{
	const struct element *whole = set ? follow(ids, set) : NULL;

	for (const struct element *e = whole ? first_pair(whole) : NULL; e; e = e->next) {
		const char *n, *value;

		if (!element_is(e, "nvpair"))
			continue;
		pair_of(ids, e, &n, &value);
		if (n && !strcmp(n, name))
			return value;
	}
	return NULL;
}
