// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/table.h"

#include <errno.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static struct table_pair *find(const struct table *t, const char *name)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->items[i].name == name || !strcmp(t->items[i].name, name))
			return &t->items[i];
	return NULL;
}

void table_set(struct element_tree *arena, struct table *t, const char *name, const char *value)
{
	struct table_pair *p = find(t, name);

	if (p) {
		p->value = value;
		return;
	}
	if (t->n == t->cap) {
		unsigned cap = t->cap ? 2 * t->cap : 4;

		p = element_alloc(arena, cap * sizeof(*p));
		if (t->n)
			memcpy(p, t->items, t->n * sizeof(*p));
		t->items = p;
		t->cap = cap;
	}
	t->items[t->n++] = (struct table_pair){ .name = name, .value = value };
}

void table_default(
	struct element_tree *arena, struct table *t, const char *name, const char *value)
{
	if (value && !find(t, name))
		table_set(arena, t, name, value);
}

const char *table_get(const struct table *t, const char *name)
{
	const struct table_pair *p = find(t, name);

	return p ? p->value : NULL;
}

void table_remove(struct table *t, const char *name)
{
	struct table_pair *p = find(t, name);

	if (!p)
		return;
	memmove(p, p + 1, (size_t)(&t->items[t->n] - (p + 1)) * sizeof(*p));
	t->n--;
}

bool table_true(const struct table *t, const char *name, bool otherwise)
{
	bool b = otherwise;

	text_bool(table_get(t, name), &b);
	return b;
}

int text_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "true", "on", "yes", "y", "1" };
	static const char *const no[] = { "false", "off", "no", "n", "0" };

	for (unsigned i = 0; s && i < 5; i++) {
		if (!strcasecmp(s, yes[i])) {
			*ret = true;
			return 0;
		}
		if (!strcasecmp(s, no[i])) {
			*ret = false;
			return 0;
		}
	}
	return -EINVAL;
}

bool text_true(const char *s)
{
	bool b = false;

	text_bool(s, &b);
	return b;
}

/* PnYnMnDTnHnMnS, with a month of 30 days: what durations of operations are written in. */
static long long iso_ms(const char *s)
{
	long long total = 0;
	bool time = false;

	for (s++; *s; s++) {
		long long n = 0;

		if (*s == 'T') {
			time = true;
			continue;
		}
		if (!isdigit((unsigned char)*s))
			return -1;
		for (; isdigit((unsigned char)*s); s++)
			if (n < INT64_MAX / 1000000000000LL)
				n = 10 * n + (*s - '0');
		switch (*s) {
		case 'S':
			total += n * 1000;
			break;
		case 'M':
			total += n * (time ? 60000LL : 30LL * 86400000);
			break;
		case 'H':
			total += n * 3600000;
			break;
		case 'D':
			total += n * 86400000;
			break;
		case 'W':
			total += n * 7 * 86400000;
			break;
		case 'Y':
			total += n * 365 * 86400000;
			break;
		default:
			return -1;
		}
	}
	return total;
}

long long text_ms(const char *s)
{
	static const struct {
		const char *unit;
		long long ms;
	} units[] = { { "ms", 1 }, { "msec", 1 }, { "us", 0 }, { "usec", 0 }, { "s", 1000 },
		{ "sec", 1000 }, { "m", 60000 }, { "min", 60000 }, { "h", 3600000 },
		{ "hr", 3600000 } };
	long long n = 0;
	size_t len;

	if (!s)
		return -1;
	while (isspace((unsigned char)*s))
		s++;
	if (*s == 'P')
		return iso_ms(s);
	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s); s++)
		if (n < INT64_MAX / 100000000)
			n = 10 * n + (*s - '0');
	while (isspace((unsigned char)*s))
		s++;
	for (len = 0; isalpha((unsigned char)s[len]);)
		len++;
	if (!len)
		return n * 1000;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].unit) == len && !strncasecmp(units[i].unit, s, len))
			return units[i].ms ? n * units[i].ms : n / 1000;
	return -1;
}
