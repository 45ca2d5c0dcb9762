/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shape: whether a value is what the API's document says that it must be, and where it is not. */
#ifndef CORE_SHAPE_H
#define CORE_SHAPE_H

#include <jansson.h>

#include "core/model/problem.h"

#define SHAPE_PROBLEMS_MAX 16 /* told at once */

/* schemas: by name, as in components/schemas of an OpenAPI document. Of JSON Schema it knows $ref,
 * type, enum, const, properties, required, additionalProperties, items, minItems, minimum, maximum,
 * minLength and maxLength; what else a schema says is for other readers. where: a JSON pointer. */
void shape_check(
	const json_t *schemas, const char *name, const json_t *value, struct problems *problems);

/* The same for parameters of a query, "after:integer limit:integer follow:string", and no others.
 * A flag, "dryRun:flag", is there or not. Words may be NULL: none is known. */
void shape_check_query(const char *words, const json_t *query, struct problems *problems);

#endif
