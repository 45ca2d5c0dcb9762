// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/xml_plain.h"

#include <errno.h>
#include <fcntl.h>

#include <picket/limits.h>

#define ATTRIBUTES_MAX 64 /* of one tag */
#define WINDOW (64 << 10) /* how much of a file is looked at, unless one tag is larger */
#define NEAR 64           /* no more is looked at ahead */

/* What each character may be; the end of the text, a NUL, is nothing. */
enum { FIRST = 1, NAME = 2, VALUE = 4, COMMENT = 8 };

struct plain {
	struct element_tree *tree;
	struct element *at;
	const char *p, *end; /* of what is in sight */
	unsigned depth, line;
	unsigned char is[256];
	const char *values[ATTRIBUTES_MAX]; /* of the tag that is read */
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

/* Whether this stands at p, and that behind it. */
static bool stands(const struct plain *x, const char *p, const char *text, size_t len, char then)
{
	return (size_t)(x->end - p) > len && p[len] == then && !memcmp(p, text, len);
}

/* Whether there was any. */
static bool space_skip(struct plain *x)
{
	const char *begin = x->p;

	for (; *x->p == ' ' || *x->p == '\n' || *x->p == '\t'; x->p++)
		x->line += *x->p == '\n';
	return x->p != begin;
}

/* Its length; 0: there is none. */
static size_t name_read(struct plain *x)
{
	const char *begin = x->p;

	if (!(class_of(x, *begin) & FIRST))
		return 0;
	do
		x->p++;
	while (class_of(x, *x->p) & NAME);
	return (size_t)(x->p - begin);
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

/* The rest of a value in which something stands for another character. */
static const char *value_resolve(struct plain *x, const char *begin, char quote)
{
	size_t len = (size_t)(x->p - begin), cap = 2 * len + 64;
	owned(free) char *s = own_array(NULL, cap, 1);

	memcpy(s, begin, len);
	while (*x->p != quote) {
		if (len + 2 > cap)
			s = own_array(s, cap *= 2, 1);
		if (class_of(x, *x->p) & VALUE || *x->p == '"' || *x->p == '\'')
			s[len++] = *x->p++;
		else if (*x->p != '&' || !(s[len++] = entity_read(x)))
			return NULL;
	}
	x->p++;
	return element_keep(x->tree, s, len);
}

/* The value between two quotes; NULL: it is not plain. Most values are what they were the last
 * time, and are known then without a look at each character. */
static const char *value_read(struct plain *x, struct element_names *names)
{
	char quote = *x->p;
	const char *begin;

	if (quote != '"' && quote != '\'')
		return NULL;
	begin = ++x->p;
	if (names->guess && stands(x, begin, names->guess, names->guess_len, quote)) {
		x->p += names->guess_len + 1;
		return names->guess;
	}
	while (class_of(x, *x->p) & VALUE)
		x->p++;
	if (*x->p != quote)
		return value_resolve(x, begin, quote);
	names->guess_len = (size_t)(x->p++ - begin);
	names->guess = element_keep(x->tree, begin, names->guess_len);
	return names->guess;
}

static bool is_double(const struct element_names *names, const char *name, size_t len)
{
	for (; names->n; names = names->shorter)
		if (names->last.len == len && !memcmp(names->last.text, name, len))
			return true;
	return false;
}

/* The list with the name that stands here; NULL: none, or not a good one. What stood there the last
 * time is most often what stands there now, and is known to be good. */
static struct element_names *name_add(struct plain *x, struct element_names *names)
{
	struct element_names *last_time = names->longer;
	const char *name = x->p;
	size_t len;

	if (last_time && stands(x, name, last_time->last.text, last_time->last.len, '=')) {
		x->p += last_time->last.len;
		return last_time;
	}
	len = name_read(x);
	if (!len || *x->p != '=' || names->n == ATTRIBUTES_MAX || !strncmp(name, "xml", 3) ||
		is_double(names, name, len))
		return NULL;
	return element_names_add(x->tree, names, name, len);
}

static struct element_names *attribute_read(struct plain *x, struct element_names *names)
{
	const char *value;

	names = name_add(x, names);
	if (!names)
		return NULL;
	x->p++;
	value = value_read(x, names);
	x->values[names->n - 1] = value;
	return value ? names : NULL;
}

static bool element_begin(struct plain *x)
{
	struct element_names *names = &x->tree->names;
	const char *name = x->p, *at;
	size_t len = name_read(x);
	struct element *e;
	bool space;

	if (!len || (!x->at && x->tree->root) || x->depth == PICKET_DEPTH_MAX)
		return false;
	space = space_skip(x);
	while (*x->p != '>' && *x->p != '/') {
		names = space ? attribute_read(x, names) : NULL;
		if (!names)
			return false;
		space = space_skip(x);
	}
	at = x->p;
	if (*at == '/' && at[1] != '>')
		return false;
	x->p += *at == '/' ? 2 : 1;
	e = element_add(x->tree, x->at, element_tag(x->tree, name, len));
	e->line = x->line;
	element_fill(x->tree, e, names, x->values);
	if (*at != '/') {
		x->depth++;
		x->at = e;
	}
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

/* One tag or comment. */
static bool tag_read(struct plain *x)
{
	if (*x->p != '<')
		return false;
	if (x->p[1] == '/') {
		x->p += 2;
		return element_end(x);
	}
	if (!strncmp(x->p, "<!--", 4))
		return comment_skip(x);
	x->p++;
	return element_begin(x);
}

/* As far as it is plain: to the end, or to where the first tag begins that is not, or that is not
 * there as a whole. Returns how far that one was understood. */
static const char *read_on(struct plain *x)
{
	const char *begin, *end;
	unsigned line;

	do {
		space_skip(x);
		begin = x->p;
		line = x->line;
	} while (tag_read(x));
	end = x->p;
	x->p = begin;
	x->line = line;
	return end;
}

/* ---- the text, through a window
 * --------------------------------------------------------------------- */

struct window {
	int fd;           /* where the rest comes from; -1: from memory */
	const char *rest; /* in memory */
	size_t n_rest;    /* how much there may be still */
	char *text;       /* what is in sight, ended by a NUL */
	size_t n, cap;
	bool failed; /* it cannot be read, or there is more than there may be */
};

static size_t rest_read(struct window *w, char *to, size_t room)
{
	ssize_t n;

	if (w->fd < 0) {
		n = (ssize_t)(room < w->n_rest ? room : w->n_rest);
		memcpy(to, w->rest, (size_t)n);
		w->rest += n;
	} else {
		do
			n = read(w->fd, to, room);
		while (n < 0 && errno == EINTR);
	}
	if (n < 0 || (size_t)n > w->n_rest)
		w->failed = true;
	if (w->failed)
		return 0;
	w->n_rest -= (size_t)n;
	return (size_t)n;
}

/* On to what is behind, without losing what begins at from. Whether there was any more. */
static bool window_move(struct window *w, const char *from)
{
	size_t kept = w->text ? (size_t)(w->text + w->n - from) : 0, n;

	if (kept)
		memmove(w->text, from, kept);
	if (kept >= w->cap / 2) {
		w->cap = w->cap ? 2 * w->cap : WINDOW;
		w->text = own_array(w->text, w->cap, 1);
	}
	w->n = kept;
	do {
		n = rest_read(w, w->text + w->n, w->cap - 1 - w->n);
		w->n += n;
	} while (n && w->n < w->cap - 1);
	w->text[w->n] = '\0';
	return w->n > kept;
}

static struct element_tree *window_parse(struct window *w)
{
	struct plain x = { .tree = element_tree_new(), .line = 1 };
	bool good;

	classes_init(x.is);
	window_move(w, NULL);
	x.p = w->text;
	x.end = w->text + w->n;
	good = declaration_skip(&x);
	while (good) {
		const char *end = read_on(&x);

		/* Far from the edge it is not the window that ends too early. */
		good = end + NEAR >= w->text + w->n;
		if (!good || !window_move(w, x.p))
			break;
		x.p = w->text;
		x.end = w->text + w->n;
	}
	good = good && !w->failed && !w->n && x.tree->root && !x.at;
	free(w->text);
	if (good)
		return x.tree;
	element_tree_free(x.tree);
	return NULL;
}

struct element_tree *xml_plain_parse(const char *text, size_t len)
{
	struct window w = { .fd = -1, .rest = text, .n_rest = len };

	return window_parse(&w);
}

struct element_tree *xml_plain_file(const char *path, size_t max)
{
	owned(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct window w = { .fd = fd, .n_rest = max };

	return fd < 0 ? NULL : window_parse(&w);
}
