/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/xml.h"

static int parse(const char *s, struct element_tree **ret, unsigned *line, char **why)
{
	return xml_parse(s, strlen(s), ret, line, why);
}

Test(xml, text_becomes_a_tree_and_the_same_text)
{
	static const char *const text = "<cib a=\"&lt;1&amp;&quot;\">\n  <b x=\"1\" y=\"\"/>\n"
					"  <c>\n    <d z=\"&#10;&#9;é\"/>\n  </c>\n  <e>word</e>\n"
					"</cib>\n";
	owned(element_tree) struct element_tree *tree = NULL;
	owned(free) char *why = NULL, *again = NULL;
	unsigned line = 0;
	size_t len;
	FILE *f;

	cr_assert_eq(parse(text, &tree, &line, &why), 0, "%s", why);
	cr_assert_str_eq(element_get(tree->root, "a"), "<1&\"");
	cr_assert_eq(element_child(tree->root, "c")->line, 3);
	cr_assert_str_eq(element_child(tree->root, "e")->text, "word");
	f = open_memstream(&again, &len);
	xml_print(tree->root, f);
	fclose(f);
	cr_assert_str_eq(again, text);
}

Test(xml, what_is_not_xml_is_refused_with_its_place)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "", 0 },
		{ "text", 1 },
		{ "<a>\n<b>\n</a>", 3 },
		{ "<a x='1' x='2'/>", 1 },
		{ "<a/>\n<b/>", 2 },
		{ "<a>&nothing;</a>", 1 },
		{ "<!DOCTYPE a [\n<!ENTITY e 'eee'>\n]><a x='&e;'/>", 2 },
		{ "<a>\n<b", 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct element_tree *tree = NULL;
		owned(free) char *why = NULL;
		unsigned line = 77;

		cr_assert_eq(
			parse(cases[i].text, &tree, &line, &why), -EINVAL, "%s", cases[i].text);
		cr_assert_null(tree);
		cr_assert_not_null(why);
		if (cases[i].line)
			cr_assert_eq(line, cases[i].line, "%s: %u", cases[i].text, line);
	}
}

Test(xml, depth_is_bounded)
{
	char text[3 * 100 + 1] = "";
	struct element_tree *tree = NULL;
	owned(free) char *why = NULL;
	unsigned line;

	for (int i = 0; i < 100; i++)
		strcat(text, "<a>");
	cr_assert_eq(parse(text, &tree, &line, &why), -EINVAL);
	cr_assert(strstr(why, "deeply"), "%s", why);
}
