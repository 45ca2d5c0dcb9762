/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "core/model/problem.h"

void problems_add(
	struct problems *problems, bool warning, const char *where, const char *format, ...)
{
	struct problem *p;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	own_grow(problems->items, problems->n, problems->cap);
	p = &problems->items[problems->n++];
	*p = (struct problem){ warning, own_string(where ? where : ""), own_string(text) };
	problems->errors += !warning;
}

void problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->items[i].where);
		free(problems->items[i].text);
	}
	free(problems->items);
	*problems = (struct problems){ 0 };
}
