/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/own.h"
#include "core/route.h"
#include "core/shape.h"

/* The first problem as "where: text", or "". */
static char *said(struct problems *problems)
{
	char *text = problems->n ? own_printf("%s: %s", problems->items[0].where,
					   problems->items[0].text)
				 : own_string("");

	problems_done(problems);
	return text;
}

static void says(const json_t *schemas, const char *name, const char *body, const char *expected)
{
	json_t *value = json_loads(body, JSON_DECODE_ANY, NULL);
	struct problems problems = { 0 };
	owned(free) char *text = NULL;

	cr_assert(value, "%s", body);
	shape_check(schemas, name, value, &problems);
	text = said(&problems);
	cr_assert_str_eq(text, expected, "%s as %s: %s", body, name, text);
	json_decref(value);
}

Test(shape, says_where_a_value_is_not_as_it_must_be_and_what_would_be)
{
	json_t *schemas = json_loads(
		"{\"A\": {\"type\": \"object\", \"additionalProperties\": false, \"required\": "
		"[\"n\"],"
		"  \"properties\": {\"n\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9},"
		"    \"s\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 3},"
		"    \"l\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": "
		"\"#/components/schemas/B\"}},"
		"    \"m\": {\"type\": \"object\", \"additionalProperties\": {\"enum\": [\"x\", "
		"\"y\", 1]}},"
		"    \"b\": {\"type\": \"boolean\"}, \"f\": {\"type\": \"number\"}, \"c\": "
		"{\"const\": 1}}},"
		" \"B\": {\"type\": \"object\", \"additionalProperties\": false, \"required\": "
		"[\"name\"],"
		"  \"properties\": {\"name\": {\"type\": \"string\"}}},"
		" \"E\": {\"type\": \"object\", \"additionalProperties\": false},"
		" \"O\": {\"type\": \"object\"}}",
		0, NULL);

	cr_assert(schemas);
	says(schemas, "A",
		"{\"n\": 1, \"s\": \"abc\", \"l\": [{\"name\": \"\"}], \"m\": {\"k\": \"x\", "
		"\"j\": 1}, \"b\": true, \"f\": 1, \"c\": 1}",
		"");
	says(schemas, "A", "[]", "/: an object is wanted.");
	says(schemas, "A", "{}", "/n: it is missing.");
	says(schemas, "A", "{\"n\": 0}", "/n: 1 to 9 is wanted.");
	says(schemas, "A", "{\"n\": 1.5}", "/n: a whole number is wanted.");
	says(schemas, "A", "{\"n\": 1, \"b\": null}", "/b: true or false is wanted.");
	says(schemas, "A", "{\"n\": 1, \"f\": \"1\"}", "/f: a number is wanted.");
	says(schemas, "A", "{\"n\": 1, \"c\": 2}", "/c: 1 is wanted.");
	says(schemas, "A", "{\"n\": 1, \"s\": \"\"}", "/s: at least 1 byte is wanted.");
	says(schemas, "A", "{\"n\": 1, \"s\": \"abcd\"}", "/s: at most 3 bytes are wanted.");
	says(schemas, "A", "{\"n\": 1, \"l\": []}", "/l: at least 1 is wanted.");
	says(schemas, "A", "{\"n\": 1, \"l\": [{\"name\": \"a\"}, {}]}",
		"/l/1/name: it is missing.");
	says(schemas, "A", "{\"n\": 1, \"m\": {\"a/b~c\": \"z\"}}",
		"/m/a~1b~0c: x, y or 1 is wanted.");
	says(schemas, "B", "{\"name\": \"\", \"nmae\": 1}",
		"/nmae: there is no such member; known: name.");
	says(schemas, "E", "{\"a\": 1}", "/a: there is no such member: an empty object is wanted.");
	says(schemas, "O", "{\"a\": 1}", "");
	says(schemas, "nobody", "{\"a\": 1}", "");
	json_decref(schemas);
}

/* What is refused is not told at many times its size. */
Test(shape, tells_no_more_than_somebody_reads)
{
	json_t *schemas = json_loads(
		"{\"E\": {\"type\": \"object\", \"additionalProperties\": false}}", 0, NULL);
	owned(free) char *name = own_alloc(100001);
	struct problems problems = { 0 };
	json_t *value = json_object();

	memset(name, 'x', 100000);
	for (int i = 0; i < 100; i++) {
		name[0] = (char)('0' + i % 10);
		name[1] = (char)('0' + i / 10);
		json_object_set_new(value, name, json_null());
	}
	shape_check(schemas, "E", value, &problems);
	cr_assert_eq(problems.errors, SHAPE_PROBLEMS_MAX);
	cr_assert_str_eq(problems.items[0].where, "/(a name of 100000 bytes)");
	problems_done(&problems);
	json_decref(value);
	json_decref(schemas);
}

Test(shape, a_query_has_what_is_known_and_nothing_else)
{
	static const struct {
		const char *words, *query, *expected;
	} cases[] = {
		{ "after:integer limit:integer follow:flag",
			"{\"after\": \"12\", \"follow\": \"1\"}", "" },
		{ "after:integer limit:integer", "{\"limit\": \"-1\"}",
			"?limit: a number is wanted." },
		{ "after:integer limit:integer", "{\"limit\": \"\"}",
			"?limit: a number is wanted." },
		{ "after:integer", "{\"after\": \"99999999999999999999\"}",
			"?after: a number is wanted." },
		{ "dryRun:flag name:string", "{\"dryrun\": \"1\"}",
			"?dryrun: there is no such parameter; known: dryRun or name." },
		{ "dryRun:flag name:string", "{\"dryRun\": \"0\"}",
			"?dryRun: 1 or true is wanted, or nothing of it at all." },
		{ "dryRun:flag name:string", "{\"dry\": \"1\"}",
			"?dry: there is no such parameter; known: dryRun or name." },
		{ NULL, "{\"dryRun\": \"1\"}", "?dryRun: there is no such parameter here." },
		{ NULL, "{}", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *query = json_loads(cases[i].query, 0, NULL);
		struct problems problems = { 0 };
		owned(free) char *text = NULL;

		shape_check_query(cases[i].words, query, &problems);
		text = said(&problems);
		cr_assert_str_eq(text, cases[i].expected, "%zu: %s", i, text);
		json_decref(query);
	}
}

/* A body that is read says which members it has: what nobody would look at is refused. */
Test(shape, every_body_that_is_read_is_closed)
{
	json_t *schemas = json_load_file("userspace/ui/schemas.json", 0, NULL);

	cr_assert(schemas, "run from the top of the tree");
	for (size_t i = 0; i < routes_n; i++) {
		const char *body = routes[i].body;

		if (!body || !strcmp(body, "text") || !strcmp(body, "Any"))
			continue;
		says(schemas, body, "[]", "/: an object is wanted.");
		cr_assert(json_is_false(json_object_get(
				  json_object_get(schemas, body), "additionalProperties")),
			"%s", body);
	}
	json_decref(schemas);
}
