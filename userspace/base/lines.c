/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/lines.h"

static void lines_room(struct lines *lines, size_t more)
{
	if (lines->len + more < lines->cap)
		return;
	lines->cap = 2 * (lines->len + more + 1);
	lines->data = own_array(lines->data, lines->cap, 1);
}

void lines_add(struct lines *lines, const char *format, ...)
{
	va_list ap;
	int n;

	lines_room(lines, 128);
	va_start(ap, format);
	n = vsnprintf(lines->data + lines->len, lines->cap - lines->len, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (lines->len + (size_t)n >= lines->cap) {
		lines_room(lines, (size_t)n);
		va_start(ap, format);
		vsnprintf(lines->data + lines->len, lines->cap - lines->len, format, ap);
		va_end(ap);
	}
	lines->len += (size_t)n;
}

void lines_put(struct lines *lines, const char *s, size_t n)
{
	lines_room(lines, n);
	memcpy(lines->data + lines->len, s, n);
	lines->len += n;
	lines->data[lines->len] = '\0';
}

size_t lines_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void lines_pad(struct lines *lines, const char *s, size_t width)
{
	size_t n = lines_width(s);

	lines_add(lines, "%s%*s", s, n < width ? (int)(width - n) : 0, "");
}

void lines_done(struct lines *lines)
{
	free(lines->data);
	*lines = (struct lines){ 0 };
}
