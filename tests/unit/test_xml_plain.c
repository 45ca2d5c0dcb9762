/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xml_plain.h"

static struct element_tree *plain(const char *s)
{
	return xml_plain_parse(s, strlen(s));
}

Test(xml_plain, reads_elements_attributes_and_lines)
{
	owned(element_tree) struct element_tree *t =
		plain("<?xml version=\"1.0\"?>\n<!-- a - b -->\n<a x='1' y=\"&lt;&amp;&quot;'\">\n"
		      "  <b/><c\n    z=\"2\" ></c >\n</a>\n");
	const struct element *c;

	cr_assert(t);
	cr_assert_str_eq(t->root->name, "a");
	cr_assert_eq(t->root->line, 3);
	cr_assert_str_eq(element_get(t->root, "x"), "1");
	cr_assert_str_eq(element_get(t->root, "y"), "<&\"'");
	c = element_child(t->root, "c");
	cr_assert(element_child(t->root, "b"));
	cr_assert(c);
	cr_assert_str_eq(element_get(c, "z"), "2");
	cr_assert_eq(c->line, 5);
	cr_assert_eq(c->parent, t->root);
}

Test(xml_plain, leaves_all_else_to_the_library)
{
	static const char *const others[] = { "", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a x=1/>",
		"<a x='1' x='2'/>", "<a x='1'y='2'/>", "<a>text</a>", "<a x='\n'/>", "<a x='<'/>",
		"<a x='&other;'/>", "<a x='&#65;'/>", "<a x='\xc3\xa4'/>", "<a><![CDATA[x]]></a>",
		"<!DOCTYPE a><a/>", "<a/>x", "<a><!-- -- --></a>", "<p:a/>", "<a xmlns='u'/>",
		"<?xml version=\"1.1\"?><a/>", "<a x='1", "<a /", "<a x" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		cr_assert_null(plain(others[i]), "%s", others[i]);
}

Test(xml_plain, a_text_with_a_nul_inside_is_not_plain)
{
	cr_assert_null(xml_plain_parse("<a/>\0<", 6));
}

/* Each is read after the one before it, which may be taken for what it is. */
Test(xml_plain, a_value_like_the_last_one)
{
	static const struct {
		const char *text, *value;
	} each[] = { { "'ab'", "ab" }, { "'ab'", "ab" }, { "'a'", "a" }, { "'abc'", "abc" },
		{ "\"abc\"", "abc" }, { "'abc\"'", "abc\"" }, { "\"abc'\"", "abc'" }, { "''", "" },
		{ "'a'", "a" }, { "''", "" }, { "'a&lt;b'", "a<b" }, { "'a&amp;lt;b'", "a&lt;b" } };
	owned(element_tree) struct element_tree *t = NULL;
	const struct element *e;
	char text[1024] = "<r>";

	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "<a x='1' y=%s/>",
			each[i].text);
	strcat(text, "</r>");
	t = plain(text);
	cr_assert(t);
	e = t->root->first;
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++, e = e->next)
		cr_assert_str_eq(element_get(e, "y"), each[i].value);
	cr_assert_null(plain("<r><a x='a&lt;b'/><a x='a<b'/></r>"));
}

static struct element_tree *of_file(const char *text, size_t len, size_t max)
{
	char path[] = "/tmp/picket-plain.XXXXXX";
	int fd = mkstemp(path);
	struct element_tree *t;

	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	t = xml_plain_file(path, max);
	unlink(path);
	return t;
}

Test(xml_plain, reads_a_file)
{
	static const char text[] = "<a x='1'><b/></a>\n", open[] = "<a>";
	owned(element_tree) struct element_tree *t = of_file(text, strlen(text), strlen(text));

	cr_assert(t);
	cr_assert_str_eq(element_get(t->root, "x"), "1");
	cr_assert_null(of_file(text, strlen(text), strlen(text) - 1));
	cr_assert_null(of_file(open, strlen(open), 100));
	cr_assert_null(xml_plain_file("/no/such/file", 100));
}

/* Tags of all lengths at every place of the window, and one that is larger than it. */
Test(xml_plain, reads_what_is_larger_than_the_window)
{
	enum { N = 9000, LARGE = 200000 };
	owned(free) char *text = malloc(N * 64 + LARGE), *large = malloc(LARGE);
	owned(element_tree) struct element_tree *t = NULL;
	char *at = text;
	const struct element *e;
	char number[16];

	memset(large, 'v', 150000);
	large[150000] = '\0';
	at += sprintf(at, "<?xml version=\"1.0\"?>\n<a>");
	for (int i = 0; i < N; i++)
		at += sprintf(at, "<b i='%d' x=\"&lt;%.*s\"><!-- - --></b>\n", i, i % 17,
			"abcdefghijklmnopq");
	at += sprintf(at, "<c x='%s'/></a>\n", large);
	t = of_file(text, strlen(text), strlen(text));
	cr_assert(t);
	e = t->root->first;
	for (int i = 0; i < N; i++, e = e->next) {
		sprintf(number, "%d", i);
		cr_assert_str_eq(element_get(e, "i"), number);
		cr_assert_eq(element_get(e, "x")[0], '<');
		cr_assert_eq(strlen(element_get(e, "x")), 1 + (size_t)i % 17);
		cr_assert_eq(e->line, 2 + (unsigned)i);
	}
	cr_assert_str_eq(element_get(e, "x"), large);
}

Test(xml_plain, nesting_has_a_bound)
{
	char deep[4 * 1000 + 1] = "";

	for (int i = 0; i < 1000; i++)
		strcat(deep, "<a>");
	cr_assert_null(plain(deep));
}
