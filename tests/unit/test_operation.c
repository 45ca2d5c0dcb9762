/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/operation.h"

static const char good[] =
	"{'id':'1:2','term':3,'index':4,'incarnation':5,'action':{'op':'start','resource':'web:0',"
	"'class':'ocf','provider':'heartbeat','agent':'nginx','timeout_ms':7000,'params':{'a':'b'}}"
	"}";

static struct operation *parse(const char *text, char **why)
{
	struct operation *o = NULL;
	owned(free) char *json = own_string(text);
	json_t *order;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	order = json_loads(json, 0, NULL);
	cr_assert_not_null(order, "%s", json);
	cr_assert_eq(operation_parse(order, &o, why), o ? 0 : -EINVAL);
	json_decref(order);
	return o;
}

/* `good`, with one piece replaced. */
static struct operation *parse_with(const char *from, const char *to, char **why)
{
	const char *at = strstr(good, from);
	owned(free) char *text = NULL;

	cr_assert_not_null(at);
	text = own_printf("%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return parse(text, why);
}

Test(operation, an_order_is_read)
{
	char *why = NULL;
	owned(operation) struct operation *o = parse(good, &why);

	cr_assert_not_null(o, "%s", why);
	cr_assert_eq(o->kind, OPERATION_START);
	cr_assert_eq(o->term, 3);
	cr_assert_eq(o->index, 4);
	cr_assert_eq(o->incarnation, 5);
	cr_assert_eq(o->timeout_ms, 7000);
	cr_assert_eq(o->target_rc, -1);
	cr_assert_str_eq(o->resource, "web:0");
	cr_assert_str_eq(json_string_value(json_object_get(o->params, "a")), "b");
	cr_assert_eq(json_object_size(o->meta), 0);
}

Test(operation, what_cannot_be_meant_is_refused)
{
	static const char *const cases[][3] = {
		{ "'web:0'", "'../x'", "resource" },
		{ "'web:0'", "'.x'", "resource" },
		{ "'web:0'", "''", "resource" },
		{ "'web:0'", "7", "resource" },
		{ "'nginx'", "'a/b'", "agent" },
		{ "'nginx'", "'..'", "agent" },
		{ "'heartbeat'", "''", "provider" },
		{ "'heartbeat'", "'a b'", "provider" },
		{ "'ocf'", "''", "class" },
		{ "'start'", "'dance'", "dance" },
		{ "'start'", "'start','interval_ms':5", "recur" },
		{ "7000", "-1", "timeout_ms" },
		{ "7000", "1e99", "timeout_ms" },
		{ "{'a':'b'}", "{'a=':'b'}", "bad name" },
		{ "{'a':'b'}", "{'a':1}", "params.a" },
		{ "{'a':'b'}", "[]", "params" },
		{ "'1:2'", "''", "id" },
		{ "'term':3", "'term':-3", "term" },
		{ "7000", "7000,'target_rc':900", "target_rc" },
		{ "7000", "7000,'target_rc':'x'", "target_rc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		owned(free) char *why = NULL;

		cr_assert_null(parse_with(cases[i][0], cases[i][1], &why), "case %zu", i);
		cr_assert(why && strstr(why, cases[i][2]), "case %zu: %s", i, why);
	}
}

Test(operation, ret_is_left_alone_on_failure)
{
	struct operation *o = (struct operation *)&o;
	json_t *order = json_object();
	owned(free) char *why = NULL;

	cr_assert_eq(operation_parse(order, &o, &why), -EINVAL);
	cr_assert_eq(o, (struct operation *)&o);
	json_decref(order);
}

Test(operation, kinds_know_their_names_and_traits)
{
	for (int kind = OPERATION_START; kind <= OPERATION_SHUTDOWN; kind++)
		cr_assert_eq(operation_kind_of(operation_name((enum operation_kind)kind)), kind);
	cr_assert_eq(operation_kind_of("status"), -1);
	cr_assert(operation_needs_lease(OPERATION_START));
	cr_assert(operation_needs_lease(OPERATION_PROMOTE));
	cr_assert(operation_needs_lease(OPERATION_MIGRATE_FROM));
	cr_assert_not(operation_needs_lease(OPERATION_STOP));
	cr_assert_not(operation_needs_lease(OPERATION_DEMOTE));
	cr_assert_not(operation_needs_lease(OPERATION_MONITOR));
	cr_assert(operation_changes(OPERATION_STOP));
	cr_assert_not(operation_changes(OPERATION_MONITOR));
	cr_assert_not(operation_changes(OPERATION_NOTIFY));
}

Test(operation, what_needs_no_agent_needs_no_agent)
{
	char *why = NULL;
	owned(operation) struct operation *a = parse("{'id':'x','action':{'op':'shutdown'}}", &why);
	owned(operation) struct operation *b =
		parse("{'id':'x','action':{'op':'cancel','resource':'r','interval_ms':10}}", &why);

	cr_assert(a && b);
	cr_assert_not(operation_recorded(a));
	cr_assert_not(operation_recorded(b));
}
