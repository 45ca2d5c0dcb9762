/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Problem: what is wrong with a document, where, and what would be right. */
#ifndef CORE_MODEL_PROBLEM_H
#define CORE_MODEL_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/own.h"

struct problem {
	bool warning; /* legal but suspicious */
	char *where;  /* "site.yaml:12:5" or a JSON path */
	char *text;   /* what is wrong and what would be right */
};

struct problems {
	struct problem *items;
	size_t n, cap;
	size_t errors;
};

void problems_add(struct problems *problems, bool warning, const char *where, const char *format,
	...) __attribute__((format(printf, 4, 5)));
/* [{"warning", "where", "text"}]: the errors of a problem document. */
json_t *problems_json(const struct problems *problems);
void problems_done(struct problems *problems);

#endif
