/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "core/office.h"
#include "core/openapi.h"
#include "core/route.h"
#include "core/warden.h"

static json_t *reference(const char *schema)
{
	owned(free) char *at = own_printf("#/components/schemas/%s", schema);

	return json_pack("{s:s}", "$ref", at);
}

static json_t *content(const struct route *route, const char *schema, bool body)
{
	if (strcmp(schema, "text"))
		return json_pack("{s:{s:o}}", "application/json", "schema", reference(schema));
	return json_pack("{s:{s:{s:s}}}", body ? "application/yaml" : "text/plain", "schema",
		"type", "string");
}

/* A flag is there, or not: what stands behind it says so. */
static void parameter(json_t *list, const char *in, const char *name, size_t len, const char *type)
{
	json_t *schema = !strcmp(type, "flag") ? json_pack("{s:[ss]}", "enum", "1", "true")
			 : !strcmp(type, "integer")
				 ? json_pack("{s:s, s:i}", "type", type, "minimum", 0)
				 : json_pack("{s:s}", "type", type);

	json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:o}", "name", name, len, "in", in,
					    "required", !strcmp(in, "path"), "schema", schema));
}

static void parameter_key(json_t *list)
{
	owned(free) char *text = own_printf("The caller's own name for this change: asked again "
					    "with it, at any controller, it is done once. A "
					    "repetition is answered with \"repeated\", the index, "
					    "the revision and the id of a token. The last %d are "
					    "known, and the last %d for %d minutes.",
		OFFICE_KEYS_MIN, OFFICE_KEYS_MAX, OFFICE_KEYS_MS / 60000);

	parameter(list, "header", "Idempotency-Key", 15, "string");
	json_object_set_new(
		json_array_get(list, json_array_size(list) - 1), "description", json_string(text));
}

static json_t *parameters(const struct route *route)
{
	json_t *list = json_array();
	const char *at = route->path;

	while ((at = strchr(at, '{'))) {
		parameter(list, "path", at + 1, strcspn(at + 1, "}"), "string");
		at++;
	}
	for (at = route->query; at && *at; at += *at == ' ') {
		size_t name = strcspn(at, ":"), type = strcspn(at + name + 1, " ");

		parameter(list, "query", at, name,
			!strncmp(at + name + 1, "integer", type) ? "integer"
			: !strncmp(at + name + 1, "flag", type)  ? "flag"
								 : "string");
		at += name + 1 + type;
	}
	if (strstr(route->path, "/v1/configuration") && route_changes(route))
		parameter(list, "header", "If-Match", 8, "string");
	if (route_changes(route)) {
		parameter_key(list);
		parameter(list, "header", "Prefer", 6, "string");
	}
	return list;
}

static json_t *answers(const struct route *route)
{
	json_t *all = json_object(), *good;
	char status[8];

	snprintf(status, sizeof(status), "%u", route->status);
	good = json_pack("{s:s}", "description", "done");
	if (route->answer)
		json_object_set_new(good, "content", content(route, route->answer, false));
	if (!strcmp(route->id, "events"))
		json_object_set_new(json_object_get(good, "content"), "text/event-stream",
			json_pack("{s:{s:s}}", "schema", "type", "string"));
	if (!strcmp(route->id, "configuration"))
		json_object_set_new(json_object_get(good, "content"), "application/yaml",
			json_pack("{s:{s:s}}", "schema", "type", "string"));
	json_object_set_new(all, status, good);
	if (route_changes(route))
		json_object_set_new(all, "202",
			json_pack("{s:s, s:o}", "description",
				"accepted; a job with Prefer: respond-async", "content",
				content(route, "Accepted", false)));
	if (!strcmp(route->id, "readyz"))
		json_object_set_new(all, "503",
			json_pack("{s:s, s:o}", "description", "not ready", "content",
				content(route, "Ready", false)));
	json_object_set_new(all, "default",
		json_pack("{s:s, s:{s:{s:o}}}", "description", "a problem (RFC 9457)", "content",
			"application/problem+json", "schema", reference("Problem")));
	return all;
}

static json_t *operation(const struct route *route)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "operationId", route->id, "summary",
		route->summary, "parameters", parameters(route), "responses", answers(route));

	if (route->right != ROUTE_OPEN) {
		json_object_set_new(o, "x-right", json_string(warden_right_name(route->right)));
		json_object_set_new(o, "security", json_pack("[{s:[]}]", "bearer"));
	} else {
		json_object_set_new(o, "security", json_array());
	}
	if (route->body)
		json_object_set_new(o, "requestBody",
			json_pack("{s:b, s:o}", "required", strcmp(route->body, "Empty") != 0,
				"content", content(route, route->body, true)));
	return o;
}

json_t *openapi_new(json_t *schemas, const char *version)
{
	json_t *paths = json_object();
	char method[8];

	for (size_t i = 0; i < routes_n; i++) {
		json_t *path = json_object_get(paths, routes[i].path);
		size_t k = 0;

		if (!path)
			json_object_set_new(paths, routes[i].path, path = json_object());
		for (; routes[i].method[k]; k++)
			method[k] = (char)tolower(routes[i].method[k]);
		method[k] = '\0';
		json_object_set_new(path, method, operation(&routes[i]));
	}
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:O, s:{s:{s:s, s:s}}}}", "openapi",
		"3.1.0", "info", "title", "picket", "version", version, "description",
		"The operators' door of a picket controller.", "paths", paths, "components",
		"schemas", schemas, "securitySchemes", "bearer", "type", "http", "scheme",
		"bearer");
}
