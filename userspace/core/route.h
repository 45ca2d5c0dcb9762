/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Route: what the operators' door answers to: one table for dispatch, rights, OpenAPI and docs. */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include <picket/limits.h>

#define ROUTE_ARGUMENTS_MAX 2

/* What somebody must be allowed to do. Roles are sets of these (core/warden.h). */
enum route_right {
	ROUTE_OPEN = 0, /* nobody is asked who he is */
	ROUTE_READ = 1 << 0,
	ROUTE_OPERATE = 1 << 1,
	ROUTE_FENCE = 1 << 2,
	ROUTE_ADMIN = 1 << 3,
	ROUTE_JOIN = 1 << 4, /* once: to become the host that the token names */
};

struct route {
	const char *id;            /* operationId; unique */
	const char *method, *path; /* "/v1/nodes/{node}/standby" */
	enum route_right right;
	const char *summary;
	const char *query;  /* "after:integer limit:integer"; NULL: none */
	const char *body;   /* schema of the body, or "text"; NULL: none is read */
	const char *answer; /* schema, or "text"; NULL: none */
	unsigned status;    /* of a good answer */
};

/* What the braces of a path stood for. */
struct route_match {
	const struct route *route; /* NULL: no such path, or not this method */
	char argument[ROUTE_ARGUMENTS_MAX][PICKET_NAME_MAX];
	size_t n;
	char allow[64]; /* the methods that the path knows, for 405; "" when the path is unknown */
};

extern const struct route routes[];
extern const size_t routes_n;

/* Whether there is one; *ret is filled in any case. path: decoded, without query. */
bool route_find(const char *method, const char *path, struct route_match *ret);
/* A change of something: what is audited, limited more strictly, and may carry an idempotency key.
 */
bool route_changes(const struct route *route);

#endif
