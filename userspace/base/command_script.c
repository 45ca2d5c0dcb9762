/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table for other readers: zsh, fish, and man. */
#include <stdbool.h>
#include <string.h>

#include "base/command.h"
#include "base/own.h"

/* Text between single quotes of a shell. */
static void quoted(const char *s, FILE *out)
{
	fputc('\'', out);
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", out);
		else
			fputc(*s, out);
	fputc('\'', out);
}

static bool takes_file(const struct command_row *row)
{
	return row->words && (strstr(row->words, "FILE") || strstr(row->words, "DIR"));
}

static bool is_first(const struct command_table *t, size_t i)
{
	return !i || strcmp(t->rows[i].noun, t->rows[i - 1].noun);
}

/* The options that the next word belongs to. */
static void valued_of(const struct command_option *o, const char *between, FILE *out)
{
	for (; o && o->name; o++) {
		if (!o->value)
			continue;
		if (o->letter)
			fprintf(out, "%s-%c", between, o->letter);
		fprintf(out, "%s--%s", between, o->name);
	}
}

static void valued(const struct command_table *t, const char *between, FILE *out)
{
	valued_of(t->options, between, out);
	for (size_t i = 0; i < t->n; i++)
		valued_of(t->rows[i].options, between, out);
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void fish_options(
	const char *program, const char *when, const struct command_option *o, FILE *out)
{
	for (; o && o->name; o++) {
		fprintf(out, "complete -c %s%s%s -l %s", program, *when ? " -n " : "", when,
			o->name);
		if (o->letter)
			fprintf(out, " -s %c", o->letter);
		if (o->value) {
			fputs(" -r", out);
			if (strchr(o->value, '|')) {
				fputs(" -f -a '", out);
				for (const char *c = o->value; *c; c++)
					fputc(*c == '|' ? ' ' : *c, out);
				fputc('\'', out);
			}
		}
		fputs(" -d ", out);
		quoted(o->help, out);
		fputc('\n', out);
	}
}

/* What stands on the line so far, without options and the words that belong to them: a resource may
 * be called "status", and the value of -o is no command. */
static void fish_functions(const struct command_table *t, FILE *out)
{
	fprintf(out,
		"function __%s_plain\n\tset -l skip 0\n\tset -l all (commandline -opc)\n"
		"\tfor w in $all[2..-1]\n\t\tif test $skip = 1\n\t\t\tset skip 0\n\t\t\tcontinue\n"
		"\t\tend\n\t\tswitch $w\n\t\t\tcase ''",
		t->program);
	valued(t, " ", out);
	fprintf(out,
		"\n\t\t\t\tset skip 1\n\t\t\tcase '-*'\n\t\t\tcase '*'\n\t\t\t\techo -- $w\n"
		"\t\tend\n\tend\nend\n"
		"function __%s_at\n\tset -l plain (__%s_plain)\n"
		"\ttest (count $plain) -eq (count $argv); and test \"$plain\" = \"$argv\"\nend\n"
		"function __%s_in\n\tset -l plain (__%s_plain)\n"
		"\ttest (count $plain) -ge (count $argv); and "
		"test \"$plain[1..\"(count $argv)\"]\" = \"$argv\"\nend\n",
		t->program, t->program, t->program, t->program);
}

void command_completion_fish(const struct command_table *t, FILE *out)
{
	fprintf(out, "# fish completion for %s\n", t->program);
	fish_functions(t, out);
	fprintf(out, "complete -c %s -f\n", t->program);
	fish_options(t->program, "", t->options, out);
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];
		owned(free) char *when = own_printf("'__%s_in %s%s%s'", t->program, row->noun,
			row->verb ? " " : "", row->verb ? row->verb : "");

		if (is_first(t, i)) {
			fprintf(out, "complete -c %s -n __%s_at -a %s -d ", t->program, t->program,
				row->noun);
			quoted(row->verb ? "" : row->help, out);
			fputc('\n', out);
		}
		if (row->verb) {
			fprintf(out, "complete -c %s -n '__%s_at %s' -a %s -d ", t->program,
				t->program, row->noun, row->verb);
			quoted(row->help, out);
			fputc('\n', out);
		}
		if (takes_file(row))
			fprintf(out, "complete -c %s -n %s -F\n", t->program, when);
		fish_options(t->program, when, row->options, out);
	}
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void zsh_words(const struct command_table *t, const char *noun, FILE *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];
		owned(free) char *both = NULL;

		if (noun ? strcmp(row->noun, noun) || !row->verb : !is_first(t, i))
			continue;
		both = own_printf(
			"%s:%s", noun ? row->verb : row->noun, noun || !row->verb ? row->help : "");
		fputs("\t\t", out);
		quoted(both, out);
		fputc('\n', out);
	}
}

static void zsh_options(const struct command_option *o, FILE *out)
{
	for (; o && o->name; o++)
		fprintf(out, " --%s", o->name);
}

static void zsh_choices(const struct command_option *o, FILE *out)
{
	for (; o && o->name; o++) {
		if (!o->value || !strchr(o->value, '|'))
			continue;
		fprintf(out, "\t--%s", o->name);
		if (o->letter)
			fprintf(out, "|-%c", o->letter);
		fputs(") compadd --", out);
		for (const char *c = o->value; *c; c++)
			fprintf(out, "%s%c", c == o->value ? " " : "", *c == '|' ? ' ' : *c);
		fputs("; return ;;\n", out);
	}
}

/* What stands so far, without options and their words; the choices of an option that ends it. */
static void zsh_plain(const struct command_table *t, FILE *out)
{
	fprintf(out,
		"#compdef %s\n_%s()\n{\n\tlocal -a nouns verbs plain\n\tlocal w skip=0\n"
		"\tfor w in ${words[2,CURRENT-1]}; do\n"
		"\t\tif (( skip )); then skip=0; continue; fi\n\t\tcase $w in\n\t\t''",
		t->program, t->program);
	valued(t, "|", out);
	fputs(") skip=1 ;;\n\t\t-*) ;;\n\t\t*) plain+=($w) ;;\n\t\tesac\n\tdone\n"
	      "\tcase ${words[CURRENT-1]} in\n",
		out);
	zsh_choices(t->options, out);
	for (size_t i = 0; i < t->n; i++)
		zsh_choices(t->rows[i].options, out);
	fputs("\tesac\n\tif (( skip )); then _files; return; fi\n", out);
}

void command_completion_zsh(const struct command_table *t, FILE *out)
{
	zsh_plain(t, out);
	fputs("\tif [[ ${words[CURRENT]} == -* ]]; then\n\t\tcase \"${plain[1,2]}\" in\n", out);
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];

		fprintf(out, "\t\t\"%s%s%s\"*) compadd --", row->noun, row->verb ? " " : "",
			row->verb ? row->verb : "");
		zsh_options(row->options, out);
		fputs(" ;;\n", out);
	}
	fputs("\t\tesac\n\t\tcompadd --", out);
	zsh_options(t->options, out);
	fputs("\n\t\treturn\n\tfi\n\tif (( ! ${#plain} )); then\n\t\tnouns=(\n", out);
	zsh_words(t, NULL, out);
	fputs("\t\t)\n\t\t_describe command nouns\n\t\treturn\n\tfi\n\tif (( ${#plain} == 1 )); "
	      "then\n\t\tcase ${plain[1]} in\n",
		out);
	for (size_t i = 0; i < t->n; i++) {
		if (!t->rows[i].verb || !is_first(t, i))
			continue;
		fprintf(out, "\t\t%s) verbs=(\n", t->rows[i].noun);
		zsh_words(t, t->rows[i].noun, out);
		fputs("\t\t); _describe command verbs; return ;;\n", out);
	}
	fputs("\t\tesac\n\tfi\n\tcase \"${plain[1,2]}\" in\n", out);
	for (size_t i = 0; i < t->n; i++)
		if (takes_file(&t->rows[i]))
			fprintf(out, "\t\"%s%s%s\"*) _files ;;\n", t->rows[i].noun,
				t->rows[i].verb ? " " : "", t->rows[i].verb ? t->rows[i].verb : "");
	fprintf(out, "\tesac\n}\n_%s \"$@\"\n", t->program);
}

/* ---- man ------------------------------------------------------------------------------------- */

static void troff(const char *s, FILE *out)
{
	for (; *s; s++)
		if (*s == '-' || *s == '\\')
			fprintf(out, "\\%s", *s == '-' ? "-" : "e");
		else
			fputc(*s, out);
}

static void manual_options(const struct command_option *o, FILE *out)
{
	for (; o && o->name; o++) {
		fputs(".TP\n.B ", out);
		if (o->letter)
			fprintf(out, "\\-%c, ", o->letter);
		fputs("\\-\\-", out);
		troff(o->name, out);
		if (o->value) {
			fputs(" \\fI", out);
			troff(o->value, out);
			fputs("\\fR", out);
		}
		fputc('\n', out);
		troff(o->help, out);
		fputc('\n', out);
	}
}

void command_manual(const struct command_table *t, FILE *out)
{
	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];

		fprintf(out, ".TP\n.B %s%s%s\\fI%s", row->noun, row->verb ? " " : "",
			row->verb ? row->verb : "", row->words ? " " : "");
		troff(row->words ? row->words : "", out);
		fputs("\\fR\n", out);
		troff(row->help, out);
		fputc('\n', out);
		if (row->options) {
			fputs(".RS\n", out);
			manual_options(row->options, out);
			fputs(".RE\n", out);
		}
	}
	fputs(".SH OPTIONS\n", out);
	manual_options(t->options, out);
}
