/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/own.h"
#include "base/yaml.h"
#include "core/document.h"

static char *yaml(const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	yaml_print(value, f);
	fclose(f);
	json_decref(value);
	return text;
}

Test(yaml, is_written_as_people_would)
{
	owned(free) char *text = yaml("{\"a\": 1, \"list\": [\"x\", {\"b\": \"two words\", \"c\": "
				      "[]}, [1, 2]], \"deep\": {\"yes\": \"no\", \"n\": null}, "
				      "\"e\": {}, \"t\": true, \"q\": \"a: b\"}");

	cr_assert_str_eq(text,
		"a: 1\nlist:\n  - x\n  - b: two words\n    c: []\n  - - 1\n    - "
		"2\ndeep:\n  \"yes\": \"no\"\n  \"n\": null\ne: {}\nt: true\nq: \"a: "
		"b\"\n");
}

Test(yaml, reads_back_as_it_was)
{
	static const char *const cases[] = {
		"{\"a\": \"1\", \"b\": \"true\", \"c\": \"~\", \"d\": \"-\", \"e\": \"\", \"f\": "
		"\" x\"}",
		"{\"a\": \"line\\nline\", \"b\": \"#no\", \"c\": \"x #no\", \"d\": \"é\", \"e\": "
		"\"0x1f\"}",
		"{\"a\": [[[], {}], [{\"b\": [{\"c\": [1]}]}]], \"inf\": \"Infinity\", \"g\": "
		"\"1e5\"}",
		"{\"a\": \"{x}\", \"b\": \"*x\", \"c\": \"&x\", \"d\": \"!x\", \"e\": \"a:b\", "
		"\"f\": \"a:\"}",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		owned(free) char *text = yaml(cases[i]);
		owned(document) struct document *d = NULL;
		struct problems problems = { 0 };
		json_t *want = json_loads(cases[i], 0, NULL);

		cr_assert_eq(document_parse(text, strlen(text), "x", &problems, &d), 0, "%s", text);
		cr_assert(json_equal(want, d->root), "%s", text);
		json_decref(want);
		problems_done(&problems);
	}
}
