/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/document.h"

static int parse(const char *text, struct problems *p, struct document **ret)
{
	return document_parse(text, strlen(text), "a.yaml", p, ret);
}

Test(document, yaml_types_and_places)
{
	owned(document) struct document *d = NULL;
	struct problems p = { 0 };
	json_t *n1;

	cr_assert_eq(
		parse("nodes:\n  n1: {id: 1, name: \"7\", on: true}\n  n2:\n    id: x\n", &p, &d),
		0);
	n1 = json_object_get(json_object_get(d->root, "nodes"), "n1");
	cr_assert_eq(json_integer_value(json_object_get(n1, "id")), 1);
	cr_assert_str_eq(json_string_value(json_object_get(n1, "name")), "7");
	cr_assert(json_is_true(json_object_get(n1, "on")));
	cr_assert_str_eq(document_where(d, "/nodes/n2/id"), "a.yaml:4:5");
	cr_assert_str_eq(document_where(d, "/nodes/n2/missing"), "a.yaml:3:3");
	problems_done(&p);
}

Test(document, json_is_yaml)
{
	owned(document) struct document *d = NULL;
	struct problems p = { 0 };

	cr_assert_eq(parse("{\"a\": [1, null, \"b\"]}", &p, &d), 0);
	cr_assert_eq(json_array_size(json_object_get(d->root, "a")), 3);
	problems_done(&p);
}

Test(document, broken_text_says_where_and_leaves_ret)
{
	struct document *d = (void *)0x1;
	struct problems p = { 0 };

	cr_assert_eq(parse("a: 1\nb: [1, 2\nc: 3\n", &p, &d), -EINVAL);
	cr_assert_eq(d, (void *)0x1);
	cr_assert_geq(p.errors, 1);
	cr_assert(strstr(p.items[0].where, "a.yaml:"), "%s", p.items[0].where);
	problems_done(&p);
}

Test(document, twice_the_same_key_is_an_error)
{
	struct document *d = NULL;
	struct problems p = { 0 };

	cr_assert_eq(parse("a: 1\na: 2\n", &p, &d), -EINVAL);
	problems_done(&p);
}

Test(document, what_is_not_utf8_says_where, .timeout = 20)
{
	static const char *const bad[] = { "% a directive \xe6 eached\nb: c\n", "a: \xc0\xaf\n",
		"a: \xed\xa0\x80\n", "a: \xf4\x90\x80\x80\n", "a: \xe2\x82", "%\xff" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct document *d = NULL;
		struct problems p = { 0 };

		cr_assert_eq(parse(bad[i], &p, &d), -EINVAL, "%zu", i);
		cr_assert_null(d);
		cr_assert(strstr(p.items[0].text, "is not UTF-8"), "%s", p.items[0].text);
		problems_done(&p);
	}
}

/* A directive without an end, a bare one, one that nobody knows: whatever it is, it comes back. */
Test(document, directives_come_to_an_end, .timeout = 20)
{
	static const char *const odd[] = { "%", "% ", "%x", "%x y z", "%YAML", "%YAML 1.2",
		"%TAG ! \xc2\x85\na: b\n", "%x \xe2\x80\xa8\na: b\n", "%\xef\xbb\xbfx\n--- a\n" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		owned(document) struct document *d = NULL;
		struct problems p = { 0 };

		parse(odd[i], &p, &d);
		problems_done(&p);
	}
}
