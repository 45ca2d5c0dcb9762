// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/xml_plain.h"

#include <string.h>

#include <picket/limits.h>

/* What each character may be; the end of the text, a NUL, is nothing. */
enum { FIRST = 1, NAME = 2, VALUE = 4, COMMENT = 8 };

struct plain {
	struct element_tree *tree;
	struct element *at;
	char *p;
	unsigned depth, line;
	unsigned char is[256];
	struct element_attribute attributes[64]; /* of the tag that is read */
	unsigned char lengths[64];               /* of their names, modulo 256 */
};

static void classes_init(unsigned char *is)
{
	for (int c = 0x20; c < 0x7f; c++)
		is[c] = VALUE | COMMENT;
	for (int c = 'a'; c <= 'z'; c++)
		is[c] |= FIRST | NAME;
	for (int c = 'A'; c <= 'Z'; c++)
		is[c] |= FIRST | NAME;
	for (int c = '0'; c <= '9'; c++)
		is[c] |= NAME;
	is['_'] |= FIRST | NAME;
	is['-'] |= NAME;
	is['.'] |= NAME;
	is['\n'] = is['\t'] = is['\r'] = COMMENT;
	is['<'] &= (unsigned char)~VALUE;
	is['&'] &= (unsigned char)~VALUE;
	is['"'] &= (unsigned char)~VALUE;
	is['\''] &= (unsigned char)~VALUE;
}

static unsigned char class_of(const struct plain *x, char c)
{
	return x->is[(unsigned char)c];
}

/* Whether there was any. */
static bool space_skip(struct plain *x)
{
	const char *begin = x->p;

	for (; *x->p == ' ' || *x->p == '\n' || *x->p == '\t'; x->p++)
		x->line += *x->p == '\n';
	return x->p != begin;
}

/* The name is not ended yet: what stands behind it is still to be looked at. */
static char *name_read(struct plain *x)
{
	char *begin = x->p;

	if (!(class_of(x, *begin) & FIRST))
		return NULL;
	do
		x->p++;
	while (class_of(x, *x->p) & NAME);
	return begin;
}

/* One of the five that every document knows, NUL: another. */
static char entity_read(struct plain *x)
{
	static const struct {
		const char *text;
		size_t len;
		char c;
	} known[] = { { "&amp;", 5, '&' }, { "&lt;", 4, '<' }, { "&gt;", 4, '>' },
		{ "&quot;", 6, '"' }, { "&apos;", 6, '\'' } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strncmp(x->p, known[i].text, known[i].len))
			continue;
		x->p += known[i].len;
		return known[i].c;
	}
	return '\0';
}

/* The value between two quotes, in its place; NULL: it is not plain. */
static char *value_read(struct plain *x)
{
	char quote = *x->p, *begin, *to;

	if (quote != '"' && quote != '\'')
		return NULL;
	begin = to = ++x->p;
	while (*x->p != quote) {
		if (class_of(x, *x->p) & VALUE || *x->p == '"' || *x->p == '\'')
			*to++ = *x->p++;
		else if (*x->p != '&' || !(*to++ = entity_read(x)))
			return NULL;
	}
	x->p++;
	*to = '\0';
	return begin;
}

static bool is_double(const struct plain *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (x->lengths[i] == x->lengths[n] &&
			!strcmp(x->attributes[i].name, x->attributes[n].name))
			return true;
	return false;
}

static bool attribute_read(struct plain *x, unsigned n)
{
	char *name = name_read(x), *name_end = x->p, *value;

	if (!name || n >= sizeof(x->attributes) / sizeof(*x->attributes) || *x->p != '=')
		return false;
	x->p++;
	value = value_read(x);
	if (!value)
		return false;
	*name_end = '\0';
	x->attributes[n] = (struct element_attribute){ .name = name, .value = value };
	x->lengths[n] = (unsigned char)(name_end - name);
	return strncmp(name, "xml", 3) && !is_double(x, n);
}

static bool element_begin(struct plain *x)
{
	char *name = name_read(x), *name_end = x->p, *at;
	struct element *e;
	unsigned n = 0;
	bool space;

	if (!name || (!x->at && x->tree->root) || ++x->depth > PICKET_DEPTH_MAX)
		return false;
	space = space_skip(x);
	while (*x->p != '>' && *x->p != '/') {
		if (!space || !attribute_read(x, n))
			return false;
		n++;
		space = space_skip(x);
	}
	at = x->p;
	if (*at == '/' && at[1] != '>')
		return false;
	x->p += *at == '/' ? 2 : 1;
	e = element_add(x->tree, x->at, name);
	e->line = x->line;
	e->attributes = element_alloc(x->tree, (n + 1) * sizeof(*e->attributes));
	memcpy(e->attributes, x->attributes, n * sizeof(*e->attributes));
	e->n_attributes = n;
	e->cap_attributes = n + 1;
	if (*at == '/')
		x->depth--;
	else
		x->at = e;
	*name_end = '\0';
	return true;
}

static bool element_end(struct plain *x)
{
	size_t len;

	if (!x->at)
		return false;
	len = strlen(x->at->name);
	if (strncmp(x->p, x->at->name, len))
		return false;
	x->p += len;
	space_skip(x);
	if (*x->p++ != '>')
		return false;
	x->at = x->at->parent;
	x->depth--;
	return true;
}

static bool comment_skip(struct plain *x)
{
	for (x->p += 4; class_of(x, *x->p) & COMMENT; x->p++) {
		x->line += *x->p == '\n';
		if (x->p[0] == '-' && x->p[1] == '-') {
			x->p += 3;
			return x->p[-1] == '>';
		}
	}
	return false;
}

static bool declaration_skip(struct plain *x)
{
	static const char *const known[] = { "<?xml version=\"1.0\"?>",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>" };

	if (strncmp(x->p, "<?", 2))
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strncmp(x->p, known[i], strlen(known[i])))
			continue;
		x->p += strlen(known[i]);
		return true;
	}
	return false;
}

static bool document_read(struct plain *x, const char *end)
{
	if (!declaration_skip(x))
		return false;
	for (;;) {
		bool good;

		space_skip(x);
		if (*x->p != '<')
			return x->p == end && x->tree->root && !x->at;
		if (x->p[1] == '/') {
			x->p += 2;
			good = element_end(x);
		} else if (!strncmp(x->p, "<!--", 4)) {
			good = comment_skip(x);
		} else {
			x->p++;
			good = element_begin(x);
		}
		if (!good)
			return false;
	}
}

/* Names and values stay where they are in the text, which lives as long as the tree. */
static struct element_tree *parse(struct element_tree *tree, char *text, size_t len)
{
	struct plain x = { .tree = tree, .p = text, .line = 1 };

	classes_init(x.is);
	if (document_read(&x, text + len))
		return tree;
	element_tree_free(tree);
	return NULL;
}

struct element_tree *xml_plain_parse(const char *text, size_t len)
{
	struct element_tree *tree = element_tree_new();

	return parse(tree, element_string(tree, text, len), len);
}

struct element_tree *xml_plain_take(char *text, size_t len)
{
	struct element_tree *tree = element_tree_new();

	element_tree_take(tree, text);
	return parse(tree, text, len);
}
