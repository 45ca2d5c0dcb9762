/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/log.h"
#include "base/own.h"

static char *said(int level, int priority, const struct log_field *fields, const char *text)
{
	char *out = NULL;
	size_t len;
	struct log log = { .program = "p", .level = level, .out = open_memstream(&out, &len) };

	log_say(&log, priority, fields, "%s", text);
	fclose(log.out);
	return out;
}

Test(log, a_line_has_program_priority_text_and_fields)
{
	const struct log_field fields[] = { { "RESOURCE", "web" }, { "EMPTY", NULL }, { "RC", "7" },
		{ 0 } };
	owned(free) char *a = said(LOG_INFO, LOG_WARNING, fields, "hello");
	owned(free) char *b = said(LOG_INFO, LOG_ERR, NULL, "hello");

	cr_assert_str_eq(a, "p: warning: hello (RESOURCE=web RC=7)\n");
	cr_assert_str_eq(b, "p: err: hello\n");
}

Test(log, less_important_is_not_said)
{
	owned(free) char *a = said(LOG_WARNING, LOG_INFO, NULL, "hello");

	cr_assert_str_eq(a, "");
}

Test(log, nobody_forges_a_line)
{
	const struct log_field fields[] = { { "R", "x\np: err: fire" }, { 0 } };
	owned(free) char *a = said(LOG_INFO, LOG_INFO, fields, "one\ntwo\033[2J");

	cr_assert_str_eq(a, "p: info: one two [2J (R=x p: err: fire)\n");
}

Test(log, levels_have_names)
{
	struct log log = { .level = 42 };

	cr_assert_eq(log_init(&log, "p", "loud"), -EINVAL);
	cr_assert_eq(log.level, 42);
	cr_assert_eq(log_init(&log, "p", "debug"), 0);
	cr_assert_eq(log.level, LOG_DEBUG);
	cr_assert_eq(log_init(&log, "p", NULL), 0);
	cr_assert_eq(log.level, LOG_INFO);
	cr_assert_not(log.journal);
}
