/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "core/model/problem.h"

/* What did not fit ends between two characters of UTF-8: half of one is no JSON. */
static void cut(char *text, size_t len)
{
	size_t at = len;

	while (at && (text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at && (text[at - 1] & 0xc0) == 0xc0)
		text[at - 1] = '\0';
}

void problems_add(
	struct problems *problems, bool warning, const char *where, const char *format, ...)
{
	struct problem *p;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) >= (int)sizeof(text))
		cut(text, sizeof(text) - 1);
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

json_t *problems_json(const struct problems *problems)
{
	json_t *a = json_array();

	for (size_t i = 0; i < problems->n; i++)
		json_array_append_new(a,
			json_pack("{s:b, s:s, s:s}", "warning", problems->items[i].warning, "where",
				problems->items[i].where, "text", problems->items[i].text));
	return a;
}
