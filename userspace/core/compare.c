/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/own.h"
#include "core/compare.h"

#define CELLS_MAX (4u << 20) /* of the table; beyond it everything between is told as replaced */

struct line {
	const char *at;
	size_t len;
};

struct text {
	struct line *lines;
	size_t n, cap;
};

static void text_cut(struct text *t, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "\n");

		own_grow(t->lines, t->n, t->cap);
		t->lines[t->n++] = (struct line){ s, len };
		s += len + (s[len] == '\n');
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

static void put(json_t *out, const char *kind, const struct line *l)
{
	json_t *text = json_stringn(l->at, l->len);

	json_array_append_new(out, json_pack("[s, o]", kind, text ? text : json_string("?")));
}

/* Longest common subsequence of what lies between the equal head and the equal tail. */
static void middle(json_t *out, const struct line *a, size_t n, const struct line *b, size_t m)
{
	size_t i = 0, j = 0, w = m + 1;
	owned(free) uint32_t *best = NULL;

	if ((n + 1) * w <= CELLS_MAX) {
		best = own_alloc((n + 1) * w * sizeof(*best));
		for (i = n; i-- > 0;)
			for (j = m; j-- > 0;)
				best[i * w + j] = same(&a[i], &b[j]) ? best[(i + 1) * w + j + 1] + 1
						  : best[(i + 1) * w + j] > best[i * w + j + 1]
							  ? best[(i + 1) * w + j]
							  : best[i * w + j + 1];
	}
	i = j = 0;
	while (i < n || j < m)
		if (best && i < n && j < m && same(&a[i], &b[j])) {
			put(out, " ", &a[i]);
			i++;
			j++;
		} else if (i < n &&
			   (j == m || !best || best[(i + 1) * w + j] >= best[i * w + j + 1])) {
			put(out, "-", &a[i++]);
		} else {
			put(out, "+", &b[j++]);
		}
}

static bool is_kept(const json_t *all, size_t at, size_t around)
{
	size_t n = json_array_size(all), from = at > around ? at - around : 0;

	for (size_t i = from; i < n && i <= at + around; i++)
		if (json_string_value(json_array_get(json_array_get(all, i), 0))[0] != ' ')
			return true;
	return false;
}

static json_t *shortened(json_t *all, size_t around)
{
	json_t *out = json_array(), *line;
	bool gap = false;
	size_t i;

	json_array_foreach (all, i, line) {
		bool kept = is_kept(all, i, around);

		if (kept)
			json_array_append(out, line);
		else if (!gap)
			json_array_append_new(out, json_pack("[s, s]", "…", ""));
		gap = !kept;
	}
	json_decref(all);
	return out;
}

json_t *compare_lines(const char *a, const char *b, size_t around)
{
	struct text x = { 0 }, y = { 0 };
	size_t head = 0, tail = 0;
	json_t *all = json_array();

	text_cut(&x, a);
	text_cut(&y, b);
	while (head < x.n && head < y.n && same(&x.lines[head], &y.lines[head]))
		head++;
	while (tail < x.n - head && tail < y.n - head &&
		same(&x.lines[x.n - 1 - tail], &y.lines[y.n - 1 - tail]))
		tail++;
	if (head < x.n || head < y.n) {
		for (size_t i = 0; i < head; i++)
			put(all, " ", &x.lines[i]);
		middle(all, x.lines + head, x.n - head - tail, y.lines + head, y.n - head - tail);
		for (size_t i = x.n - tail; i < x.n; i++)
			put(all, " ", &x.lines[i]);
		all = shortened(all, around);
	}
	free(x.lines);
	free(y.lines);
	return all;
}
