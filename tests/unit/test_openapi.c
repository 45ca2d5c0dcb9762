/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/file.h"
#include "base/own.h"
#include "core/openapi.h"
#include "core/route.h"

static json_t *schemas(void)
{
	return json_load_file("userspace/ui/schemas.json", 0, NULL);
}

Test(openapi, has_every_route_and_every_schema_it_names)
{
	json_t *known = schemas(), *document;

	cr_assert(known, "run from the top of the tree");
	document = openapi_new(known, "1");
	for (size_t i = 0; i < routes_n; i++) {
		json_t *path = json_object_get(json_object_get(document, "paths"), routes[i].path);

		cr_assert(path, "%s", routes[i].path);
		if (routes[i].answer && strcmp(routes[i].answer, "text"))
			cr_assert(json_object_get(known, routes[i].answer), "%s", routes[i].answer);
		if (routes[i].body && strcmp(routes[i].body, "text"))
			cr_assert(json_object_get(known, routes[i].body), "%s", routes[i].body);
	}
	cr_assert_str_eq(json_string_value(json_object_get(document, "openapi")), "3.1.0");
	json_decref(document);
	json_decref(known);
}

Test(openapi, names_parameters)
{
	json_t *known = schemas(), *document = openapi_new(known, "1"), *operation, *parameters;

	operation = json_object_get(
		json_object_get(json_object_get(document, "paths"), "/v1/events"), "get");
	parameters = json_object_get(operation, "parameters");
	cr_assert_eq(json_array_size(parameters), 3);
	cr_assert_str_eq(
		json_string_value(json_object_get(json_array_get(parameters, 0), "name")), "after");
	cr_assert_str_eq(json_string_value(json_object_get(
				 json_object_get(json_array_get(parameters, 0), "schema"), "type")),
		"integer");
	json_decref(document);
	json_decref(known);
}
