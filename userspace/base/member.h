/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Member: what a JSON object has under a key, for those to whom "not there" and "of another type"
 * are one thing. */
#ifndef BASE_MEMBER_H
#define BASE_MEMBER_H

#include <jansson.h>

/* Borrowed; "" where there is no text. object may be NULL. */
static inline const char *member_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

#endif
