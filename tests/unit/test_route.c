/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "core/route.h"

Test(route, finds_by_method_and_path)
{
	struct route_match m;

	cr_assert(route_find("GET", "/v1/status", &m));
	cr_assert_str_eq(m.route->id, "status");
	cr_assert_eq(m.n, 0);
	cr_assert(route_find("POST", "/v1/nodes/n1/standby", &m));
	cr_assert_str_eq(m.route->id, "nodeStandby");
	cr_assert_eq(m.n, 1);
	cr_assert_str_eq(m.argument[0], "n1");
	cr_assert(route_find("GET", "/v1/resources/web", &m));
	cr_assert_str_eq(m.argument[0], "web");
}

Test(route, a_path_that_is_known_says_its_methods)
{
	struct route_match m;

	cr_assert_not(route_find("DELETE", "/v1/configuration", &m));
	cr_assert_null(m.route);
	cr_assert_str_eq(m.allow, "GET, PUT, PATCH");
	cr_assert_not(route_find("GET", "/v1/nothing", &m));
	cr_assert_str_empty(m.allow);
}

Test(route, odd_paths_are_no_paths)
{
	static const char *const odd[] = { "", "/v1", "/v1/nodes/", "/v1/nodes//standby",
		"/v1/nodes/a/b/standby", "/v1/status/", "/v1/nodes/n1/standby/x" };
	char name[200] = "/v1/nodes/";
	struct route_match m;

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		cr_assert_not(route_find("POST", odd[i], &m), "%s", odd[i]);
	memset(name + 10, 'x', 64); /* one byte more than a name has */
	cr_assert_not(route_find("GET", name, &m));
}

Test(route, every_row_can_be_found_and_is_named_once)
{
	struct route_match m;
	char path[128];

	for (size_t i = 0; i < routes_n; i++) {
		const char *at = routes[i].path;
		size_t n = 0;

		for (; *at; at++)
			if (*at == '{') {
				path[n++] = 'x';
				at = strchr(at, '}');
			} else {
				path[n++] = *at;
			}
		path[n] = '\0';
		cr_assert(route_find(routes[i].method, path, &m), "%s", path);
		cr_assert_eq(m.route, &routes[i], "%s", path);
		for (size_t k = 0; k < i; k++)
			cr_assert_str_neq(routes[k].id, routes[i].id);
	}
}

Test(route, what_changes)
{
	struct route_match m;

	route_find("POST", "/v1/whatif", &m);
	cr_assert_not(route_changes(m.route));
	route_find("DELETE", "/v1/tokens/abc", &m);
	cr_assert(route_changes(m.route));
}
