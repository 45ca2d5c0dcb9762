/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Document: YAML or JSON text as a JSON value that remembers where each part of it stood. */
#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

#include <jansson.h>

#include "core/model/problem.h"

struct document {
	json_t *root;
	json_t *places; /* JSON pointer (RFC 6901) → "file:line:column" */
};

/* JSON is a subset of the YAML 1.2 that is read here. -EINVAL: problems say what and where. */
int document_parse(const char *text, size_t len, const char *name, struct problems *problems,
	struct document **ret);
/* "file:line:column" of a pointer, or of its nearest ancestor that stands in the text. */
const char *document_where(const struct document *document, const char *pointer);
void document_free(struct document *document);
own_define(document, struct document, document_free)

#endif
