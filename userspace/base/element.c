// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/element.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define CHUNK (64 << 10)
#define CHUNK_MAX (1 << 20) /* as trees grow, so do their chunks */
#define ALIGN (_Alignof(max_align_t))

/* Under the sanitizer each piece stands alone, so that it sees what is written beyond one. */
#if defined(__SANITIZE_ADDRESS__)
#define ALONE true
#else
#define ALONE false
#endif

struct element_chunk {
	struct element_chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

static struct element_chunk *chunk_new(struct element_tree *tree, size_t size)
{
	struct element_chunk *c = own_array(NULL, sizeof(*c) + size, 1);

	*c = (struct element_chunk){ .size = size, .next = tree->chunks };
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
	free(tree->seen);
	free(tree);
}

/* Not zeroed: of a chunk only what is used shall be touched. */
static void *take(struct element_tree *tree, size_t size, size_t align)
{
	struct element_chunk *c = tree->chunks;
	size_t at = (c->used + align - 1) / align * align;

	if (ALONE || at + size > c->size) {
		/* What is large gets a chunk of its own, behind the one that still has room. */
		if (ALONE || size > CHUNK / 4) {
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

static void *take_zeroed(struct element_tree *tree, size_t size, size_t align)
{
	return memset(take(tree, size, align), 0, size);
}

void *element_alloc(struct element_tree *tree, size_t size)
{
	return take_zeroed(tree, size, ALIGN);
}

char *element_string(struct element_tree *tree, const char *s, size_t len)
{
	char *copy = take(tree, len + 1, 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* ---- strings that recur
 * ------------------------------------------------------------------------- */

/* How many are remembered: as many as there seem to be, within these. */
#define SEEN_LEAST 64
#define SEEN_MAX (1 << 15)

static uint64_t hash_step(uint64_t h, uint64_t part)
{
	h = (h ^ part) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

/* Eight characters at a time. */
static uint64_t hash_of(const char *s, size_t len)
{
	uint64_t h = len, part;

	for (; len >= sizeof(part); s += sizeof(part), len -= sizeof(part)) {
		memcpy(&part, s, sizeof(part));
		h = hash_step(h, part);
	}
	for (part = 0; len; len--)
		part = part << 8 | (unsigned char)*s++;
	return hash_step(h, part);
}

static void seen_grow(struct element_tree *tree)
{
	size_t n = tree->n_seen ? 4 * tree->n_seen : SEEN_LEAST;
	const char **seen = own_alloc(n * sizeof(*seen));

	for (size_t i = 0; i < tree->n_seen; i++)
		if (tree->seen[i])
			seen[hash_of(tree->seen[i], strlen(tree->seen[i])) & (n - 1)] =
				tree->seen[i];
	free(tree->seen);
	tree->seen = seen;
	tree->n_seen = n;
	tree->n_missed = 0;
}

const char *element_keep(struct element_tree *tree, const char *s, size_t len)
{
	const char **seen;

	if (tree->n_missed >= tree->n_seen && tree->n_seen < SEEN_MAX)
		seen_grow(tree);
	seen = &tree->seen[hash_of(s, len) & (tree->n_seen - 1)];
	if (!*seen || strncmp(*seen, s, len) || (*seen)[len]) {
		*seen = element_string(tree, s, len);
		tree->n_missed++;
	}
	return *seen;
}

char *element_vprintf(struct element_tree *tree, const char *format, va_list args)
{
	char small[256], *s;
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(small, sizeof(small), format, args);
	if (n < 0)
		abort();
	s = take(tree, (size_t)n + 1, 1);
	if ((size_t)n < sizeof(small))
		memcpy(s, small, (size_t)n + 1);
	else
		vsnprintf(s, (size_t)n + 1, format, again);
	va_end(again);
	return s;
}

char *element_printf(struct element_tree *tree, const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	s = element_vprintf(tree, format, args);
	va_end(args);
	return s;
}

/* ---- names
 * ------------------------------------------------------------------------------------------ */

/* So many lists that differ in their last name are looked through, then one is made again: time is
 * bounded, whatever the text is. Those used last come first. */
#define BESIDE_MAX 16

static bool is_last(const struct element_names *names, const char *text, size_t len)
{
	return names->last.len == len && !memcmp(names->last.text, text, len);
}

struct element_names *element_names_add(
	struct element_tree *tree, struct element_names *names, const char *text, size_t len)
{
	struct element_names **at = &names->longer, *x;

	for (unsigned i = 0; *at && i < BESIDE_MAX && !is_last(*at, text, len); i++)
		at = &(*at)->beside;
	x = *at;
	if (x && is_last(x, text, len)) {
		*at = x->beside;
	} else {
		x = take_zeroed(tree, sizeof(*x), _Alignof(struct element_names));
		x->n = names->n + 1;
		x->shorter = names;
		x->last.text = element_string(tree, text, len);
		x->last.sign = element_sign(text, len);
		x->last.len = len;
	}
	x->beside = names->longer;
	names->longer = x;
	return x;
}

#define SLOTS 64 /* what a name's sign says of its place: nowhere, one place, or one of several */
#define SLOT_NONE 255
#define SLOT_SEVERAL 254

static unsigned slot_of(unsigned short sign)
{
	return (sign ^ sign >> 5 ^ sign >> 10) % SLOTS;
}

static void slots_fill(struct element_tree *tree, struct element_names *names)
{
	names->slots = memset(take(tree, SLOTS, 1), SLOT_NONE, SLOTS);
	for (unsigned i = 0; i < names->n; i++) {
		unsigned char *slot = &names->slots[slot_of(names->all[i].sign)];

		*slot = *slot == SLOT_NONE && i < SLOT_SEVERAL ? (unsigned char)i : SLOT_SEVERAL;
	}
}

/* Most lists are only the beginning of one that elements have. */
static void names_settle(struct element_tree *tree, struct element_names *names)
{
	struct element_name *all;

	if (names->all)
		return;
	all = take(tree, names->n * sizeof(*all), _Alignof(struct element_name));
	for (const struct element_names *x = names; x->n; x = x->shorter)
		all[x->n - 1] = x->last;
	names->all = all;
	slots_fill(tree, names);
}

const char *element_tag(struct element_tree *tree, const char *text, size_t len)
{
	return element_names_add(tree, &tree->tags, text, len)->last.text;
}

/* ---- elements
 * --------------------------------------------------------------------------------------- */

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
	struct element *e = take_zeroed(tree, sizeof(*e), _Alignof(struct element));

	e->name = name;
	e->sign = element_sign(name, strlen(name));
	e->names = &tree->names;
	if (parent)
		append(parent, e);
	else
		tree->root = e;
	return e;
}

static const char **values_new(struct element_tree *tree, size_t n)
{
	return take(tree, n * sizeof(const char *), _Alignof(const char *));
}

void element_fill(struct element_tree *tree, struct element *e, struct element_names *names,
	const char *const *values)
{
	assert(!e->names->n);
	if (!names->n)
		return;
	names_settle(tree, names);
	e->names = names;
	e->values = values_new(tree, names->n);
	memcpy(e->values, values, names->n * sizeof(*values));
}

static bool is_called(const struct element_name *x, const char *name, unsigned short sign)
{
	return x->sign == sign && !strcmp(x->text, name);
}

static int place_of(const struct element *e, const char *name, unsigned short sign)
{
	const struct element_names *names = e->names;
	unsigned slot = names->n ? names->slots[slot_of(sign)] : SLOT_NONE;

	if (slot < SLOT_SEVERAL)
		return is_called(&names->all[slot], name, sign) ? (int)slot : -1;
	for (unsigned i = 0; slot == SLOT_SEVERAL && i < names->n; i++)
		if (is_called(&names->all[i], name, sign))
			return (int)i;
	return -1;
}

void element_set(struct element_tree *tree, struct element *e, const char *name, const char *value)
{
	size_t len = strlen(name);
	unsigned n = e->names->n, more = n < 4 ? 4 : n < UCHAR_MAX ? n : UCHAR_MAX;
	struct element_names *names;
	int at;

	if (!value)
		return;
	value = element_keep(tree, value, strlen(value));
	at = place_of(e, name, element_sign(name, len));
	if (at >= 0) {
		e->values[at] = value;
		return;
	}
	if (!e->room) {
		const char **values = values_new(tree, n + more);

		if (n)
			memcpy(values, e->values, n * sizeof(*values));
		e->values = values;
		e->room = (unsigned char)more;
	}
	/* The lists are the tree's, which is not const here. */
	names = element_names_add(tree, (struct element_names *)e->names, name, len);
	names_settle(tree, names);
	e->names = names;
	e->values[n] = value;
	e->room--;
}

void element_set_printf(
	struct element_tree *tree, struct element *e, const char *name, const char *format, ...)
{
	owned(free) char *large = NULL;
	char small[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n >= (int)sizeof(small)) {
		va_start(args, format);
		n = vasprintf(&large, format, args);
		va_end(args);
	}
	if (n < 0)
		abort();
	element_set(tree, e, name, large ? large : small);
}

/* The same list without one, name by name. */
void element_unset(struct element_tree *tree, struct element *e, const char *name)
{
	int at = place_of(e, name, element_sign(name, strlen(name)));
	struct element_names *names = &tree->names;

	if (at < 0)
		return;
	for (unsigned i = 0; i < e->names->n; i++) {
		const struct element_name *x = &e->names->all[i];

		if (i != (unsigned)at)
			names = element_names_add(tree, names, x->text, x->len);
		if (i > (unsigned)at)
			e->values[i - 1] = e->values[i];
	}
	if (names->n)
		names_settle(tree, names);
	e->names = names;
	if (e->room < UCHAR_MAX)
		e->room++;
}

/* Of another tree perhaps. */
static void copy_attributes(
	struct element_tree *tree, struct element *copy, const struct element *e)
{
	struct element_names *names = &tree->names;

	for (unsigned i = 0; i < e->names->n; i++)
		names = element_names_add(tree, names, e->names->all[i].text, e->names->all[i].len);
	element_fill(tree, copy, names, e->values);
	for (unsigned i = 0; i < names->n; i++)
		copy->values[i] = element_keep(tree, copy->values[i], strlen(copy->values[i]));
}

struct element *element_copy(
	struct element_tree *tree, struct element *parent, const struct element *e)
{
	struct element *copy =
		element_add(tree, parent, element_tag(tree, e->name, strlen(e->name)));

	copy->line = e->line;
	if (e->text)
		copy->text = element_string(tree, e->text, strlen(e->text));
	copy_attributes(tree, copy, e);
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

const char *element_get_sign(const struct element *e, const char *name, unsigned short sign)
{
	int at = e ? place_of(e, name, sign) : -1;

	return at < 0 ? NULL : e->values[at];
}

struct element *element_first_sign(struct element *e, const char *name, unsigned short sign)
{
	while (e && (e->sign != sign || strcmp(e->name, name)))
		e = e->next;
	return e;
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
