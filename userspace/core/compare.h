/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compare: the difference of two texts, line by line. */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include <stddef.h>

#include <jansson.h>

/* An array of [kind, line]: "+" is in b alone, "-" in a alone, " " in both and near to a change,
 * "…" stands for lines in both that are not. Empty: there is no difference. */
json_t *compare_lines(const char *a, const char *b, size_t around);

#endif
