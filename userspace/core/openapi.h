/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openapi: the route table as an OpenAPI 3.1 document. */
#ifndef CORE_OPENAPI_H
#define CORE_OPENAPI_H

#include <jansson.h>

/* schemas: the document's components/schemas; borrowed. */
json_t *openapi_new(json_t *schemas, const char *version);

#endif
