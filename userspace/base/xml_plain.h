/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xml, plain: documents of tags and attributes in ASCII, read at the speed of memory. */
#ifndef BASE_XML_PLAIN_H
#define BASE_XML_PLAIN_H

#include "base/element.h"

/* The tree of a document that has nothing but elements, attributes, comments and white space.
 * NULL: it has something else, or is not well-formed; the library shall say what. */
struct element_tree *xml_plain_parse(const char *text, size_t len);
/* The same of a file of at most max bytes, which is never in memory as a whole. NULL also: it
 * cannot be read, or is larger. */
struct element_tree *xml_plain_file(const char *path, size_t max);

#endif
