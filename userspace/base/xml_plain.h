/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xml, plain: documents of tags and attributes in ASCII, read at the speed of memory. */
#ifndef BASE_XML_PLAIN_H
#define BASE_XML_PLAIN_H

#include "base/element.h"

/* The tree of a document that has nothing but elements, attributes, comments and white space.
 * NULL: it has something else, or is not well-formed; the library shall say what. */
struct element_tree *xml_plain_parse(const char *text, size_t len);
/* The same, but the text, which is malloc()ed and ends with a NUL, becomes the tree's: nothing is
 * copied. If it returns NULL, the text is freed. */
struct element_tree *xml_plain_take(char *text, size_t len);

#endif
