/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Value: what the texts of attributes mean: scores, truth, numbers, intervals, versions. */
#ifndef CORE_MODEL_VALUE_H
#define CORE_MODEL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#define VALUE_INFINITY 1000000

/* What the names of colours stand for where a score may be one: node health. */
struct value_colours {
	int red, yellow, green;
};

/* "-INFINITY", "12", "red"; no text, or no number: 0; bounded to plus and minus infinity.
 * colours NULL: red is minus infinity, the others 0. */
int value_score(const char *text, const struct value_colours *colours);
/* Whether text is a score at all, for validation. */
bool value_is_score(const char *text);
/* Minus infinity wins over plus infinity, and either over any number. */
static inline int value_score_add(int a, int b)
{
	if (a <= -VALUE_INFINITY || b <= -VALUE_INFINITY)
		return -VALUE_INFINITY;
	if (a >= VALUE_INFINITY || b >= VALUE_INFINITY)
		return VALUE_INFINITY;
	a += b;
	return a > VALUE_INFINITY ? VALUE_INFINITY : a < -VALUE_INFINITY ? -VALUE_INFINITY : a;
}

/* Whether what has this name must not be shown: passwords, keys. */
bool value_is_secret(const char *name);

/* true, on, yes, y, 1 and false, off, no, n, 0 in any case. -EINVAL: none of these, or no text. */
int value_bool(const char *text, bool *ret);
/* The same, with what to take instead. */
bool value_true(const char *text, bool otherwise);

/* Where the digits that text begins with end. NULL, and nothing set: it begins otherwise, or they
 * may be too many. */
const char *value_digits(const char *text, long long *ret);
/* The leading integer: -EINVAL: there is none; -ERANGE: it is bounded to what fits, and set. */
int value_integer(const char *text, long long *ret);
/* The same, with what to take instead of what is none. */
long long value_number(const char *text, long long otherwise);

/* "10", "10s", "2min", "1h", "500ms", "PT5M" in milliseconds. -EINVAL: no interval. */
int value_ms(const char *text, uint64_t *ret);
/* The same; 0 for what is none, or no text. */
uint64_t value_interval(const char *text);

/* Versions are compared number by number: "1.10" > "1.9". < 0, 0, > 0; NULL is the oldest. */
int value_version_compare(const char *a, const char *b);

#endif
