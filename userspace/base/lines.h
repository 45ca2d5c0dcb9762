/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines: a string that grows at its end, and columns. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stddef.h>

struct lines {
	char *data; /* NUL-terminated; NULL while empty */
	size_t len, cap;
};

void lines_add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lines_put(struct lines *lines, const char *s, size_t n); /* as it is */
/* Columns that s takes on a terminal: code points of UTF-8. */
size_t lines_width(const char *s);
/* Adds s and spaces up to width columns. */
void lines_pad(struct lines *lines, const char *s, size_t width);
void lines_done(struct lines *lines);

#endif
