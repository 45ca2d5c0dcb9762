/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/command.h"
#include "base/own.h"

static const struct command_option globals[] = {
	{ "output", "text|json", "form of the answer", 'o' },
	{ "help", NULL, "this text", 'h' },
	{ 0 },
};
static const struct command_option on_options[] = {
	{ "wait", "SECONDS", "how long", 0 },
	{ "tag", "TAG", "may repeat", 0 },
	{ 0 },
};
static const struct command_row rows[] = {
	{ "status", NULL, NULL, "what is", NULL, NULL },
	{ "lamp", "on", "LAMP [COLOUR]", "light", on_options, NULL },
	{ "lamp", "off", "LAMP...", "dark", NULL, NULL },
	{ "blow", NULL, "LAMP", "break it", NULL, NULL },
	{ "blow", "gently", "LAMP", "and mend it", NULL, NULL },
};
static const struct command_kind kinds[] = {
	{ "LAMP", "bulbs" },
	{ "COLOUR", "colours" },
	{ 0 },
};
static const struct command_table table = { "lamps", "lamps on a string", kinds, rows, 5, globals };

static int parse(struct command *c, char **why, const char *line)
{
	static char copy[256];
	char *argv[32], *save = NULL;
	int argc = 0;

	snprintf(copy, sizeof(copy), "lamps %s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return command_parse(&table, argc, argv, c, why);
}

Test(command, words_and_options_in_any_order)
{
	struct command c;
	char *why = NULL;

	cr_assert_eq(parse(&c, &why, "-o json lamp on --wait=3 a --tag x --tag y red"), 0);
	cr_assert_eq(c.row, &rows[1]);
	cr_assert_eq(c.n_words, 2);
	cr_assert_str_eq(c.words[1], "red");
	cr_assert_str_eq(command_option(&c, "output"), "json");
	cr_assert_str_eq(command_option(&c, "wait"), "3");
	cr_assert_str_eq(command_option(&c, "tag"), "y");
	cr_assert_str_eq(command_option_at(&c, "tag", 0), "x");
	cr_assert_null(command_option_at(&c, "tag", 2));
	cr_assert_null(command_option(&c, "help"));
	cr_assert_eq(parse(&c, &why, "lamp off a b c"), 0);
	cr_assert_eq(c.n_words, 3);
	cr_assert_eq(parse(&c, &why, "lamp off -- --tag"), 0);
	cr_assert_str_eq(c.words[0], "--tag");
	cr_assert_eq(parse(&c, &why, "-ojson status"), 0);
	cr_assert_str_eq(command_option(&c, "output"), "json");
	cr_assert_eq(parse(&c, &why, "--help"), 0);
	cr_assert_null(c.row);
}

Test(command, refusals_are_sentences)
{
	static const char *const cases[][2] = {
		{ "", "which command?" },
		{ "lmap on", "unknown command 'lmap'" },
		{ "lamp blink", "unknown command 'lamp blink'" },
		{ "lamp", "lamp what?" },
		{ "lamp on", "usage: lamps lamp on LAMP [COLOUR]" },
		{ "lamp on a b c", "usage: lamps lamp on" },
		{ "status x", "usage: lamps status" },
		{ "status --wait 3", "'--wait'" },
		{ "lamp on a --wait", "--wait needs SECONDS" },
		{ "status -o xml", "one of text|json, not 'xml'" },
		{ "status --help=1", "--help takes no value" },
	};
	struct command c = { .n_words = 77 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		owned(free) char *why = NULL;

		cr_assert_eq(parse(&c, &why, cases[i][0]), -EINVAL, "%s", cases[i][0]);
		cr_assert_not_null(strstr(why, cases[i][1]), "%s: %s", cases[i][0], why);
		cr_assert_eq(c.n_words, 77, "ret untouched");
	}
}

Test(command, help_and_completion_name_everything)
{
	owned(free) char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	command_help(&table, NULL, f);
	command_help(&table, &rows[1], f);
	command_completion(&table, f);
	fclose(f);
	cr_assert_not_null(strstr(text, "lamp on LAMP [COLOUR]"));
	cr_assert_not_null(strstr(text, "--wait SECONDS"));
	cr_assert_not_null(strstr(text, "-o, --output text|json"));
	cr_assert_not_null(strstr(text, "lamp) also=\"on off \""));
	cr_assert_not_null(strstr(text, "\"status lamp blow \""));
}

Test(command, bash_completes)
{
	static const char check[] =
		"COMP_WORDS=(lamps -o json lamp o); COMP_CWORD=4; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'on off' ] || exit 1; "
		"COMP_WORDS=(lamps lamp on --w); COMP_CWORD=3; _lamps; "
		"[ \"${COMPREPLY[*]}\" = '--wait' ] || exit 2; "
		"COMP_WORDS=(lamps lamp on --tag lamp --o); COMP_CWORD=5; _lamps; "
		"[ \"${COMPREPLY[*]}\" = '--output' ] || exit 3; "
		"COMP_WORDS=(lamps l); COMP_CWORD=1; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'lamp' ] || exit 4; "
		"COMP_WORDS=(lamps status -o j); COMP_CWORD=3; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'json' ] || exit 5; "
		"lamps() { [ \"$*\" = 'names bulbs' ] && printf 'green\\ngrey\\nred\\n'; "
		"[ \"$*\" = 'names colours' ] && printf 'grass\\nrose\\n'; }; "
		"COMP_WORDS=(lamps lamp on gr); COMP_CWORD=3; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'green grey' ] || exit 6; "
		"COMP_WORDS=(lamps lamp on --wait 3 grey r); COMP_CWORD=6; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'rose' ] || exit 7; "
		"COMP_WORDS=(lamps lamp on grey rose r); COMP_CWORD=5; _lamps; "
		"[ \"${COMPREPLY[*]}\" = '' ] || exit 8; "
		"COMP_WORDS=(lamps lamp off red grey r); COMP_CWORD=5; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'red' ] || exit 9; "
		"COMP_WORDS=(lamps blow g); COMP_CWORD=2; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'gently green grey' ] || exit 10; "
		"COMP_WORDS=(lamps blow gently r); COMP_CWORD=3; _lamps; "
		"[ \"${COMPREPLY[*]}\" = 'red' ] || exit 11";
	FILE *bash = popen("bash", "w");

	command_completion(&table, bash);
	fprintf(bash, "%s\n", check);
	cr_assert_eq(WEXITSTATUS(pclose(bash)), 0);
}

Test(command, other_shells_and_man_name_everything)
{
	owned(free) char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	command_completion_fish(&table, f);
	command_completion_zsh(&table, f);
	command_manual(&table, f);
	fclose(f);
	cr_assert_not_null(strstr(text, "complete -c lamps -n '__lamps_at lamp' -a on"));
	cr_assert_not_null(strstr(text, "-l output -s o -r -f -a 'text json'"));
	cr_assert_not_null(strstr(text, "#compdef lamps"));
	cr_assert_not_null(strstr(text, ".B lamp on\\fI LAMP [COLOUR]\\fR"));
	cr_assert_not_null(strstr(text, "\\-\\-wait \\fISECONDS\\fR"));
}

Test(command, a_noun_alone_and_with_a_verb)
{
	owned(free) char *why = NULL;
	struct command c;

	cr_assert_eq(parse(&c, &why, "blow one"), 0);
	cr_assert_null(c.row->verb);
	cr_assert_eq(parse(&c, &why, "blow gently one"), 0);
	cr_assert_str_eq(c.row->verb, "gently");
	cr_assert_eq(c.n_words, 1);
	cr_assert_str_eq(c.words[0], "one");
	cr_assert_eq(parse(&c, &why, "blow gently"), 0); /* a lamp of that name */
	cr_assert_str_eq(c.words[0], "gently");
	cr_assert_null(c.row->verb);
	cr_assert_eq(parse(&c, &why, "blow one two"), -EINVAL);
}
