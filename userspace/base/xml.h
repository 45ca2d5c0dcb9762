/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xml: text to a tree of elements and back. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdio.h>

#include "base/element.h"

/* Well-formed XML 1.0 without entity definitions of its own; nothing outside the text is read.
 * -EINVAL: *why is a sentence and *line the place; the caller frees it. */
int xml_parse(const char *text, size_t len, struct element_tree **ret, unsigned *ret_line,
	char **ret_why);
/* e and all below, indented by two blanks, lines ended. */
void xml_print(const struct element *e, FILE *out);

#endif
