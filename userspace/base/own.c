/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/own.h"

static void own_exhausted(void)
{
	static const char text[] = "out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	abort();
}

void *own_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		own_exhausted();
	return p;
}

void *own_array(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n ? n : 1, size);

	if (!p)
		own_exhausted();
	return p;
}

char *own_string(const char *s)
{
	char *copy;

	if (!s)
		return NULL;
	copy = strdup(s);
	if (!copy)
		own_exhausted();
	return copy;
}

char *own_printf(const char *format, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	if (n < 0)
		own_exhausted();
	return s;
}
