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

void command_completion_fish(const struct command_table *t, FILE *out)
{
	fprintf(out, "# fish completion for %s\ncomplete -c %s -f\n", t->program, t->program);
	fish_options(t->program, "", t->options, out);
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];
		owned(free) char *when =
			row->verb ? own_printf("'__fish_seen_subcommand_from %s; and "
					       "__fish_seen_subcommand_from %s'",
					    row->noun, row->verb)
				  : own_printf("'__fish_seen_subcommand_from %s'", row->noun);

		if (is_first(t, i)) {
			fprintf(out, "complete -c %s -n __fish_use_subcommand -a %s -d ",
				t->program, row->noun);
			quoted(row->verb ? "" : row->help, out);
			fputc('\n', out);
		}
		if (row->verb) {
			fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -a %s -d ",
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

void command_completion_zsh(const struct command_table *t, FILE *out)
{
	fprintf(out,
		"#compdef %s\n_%s()\n{\n\tlocal -a nouns verbs plain\n\tlocal w\n"
		"\tfor w in ${words[2,CURRENT-1]}; do [[ $w == -* ]] || plain+=($w); done\n"
		"\tif [[ ${words[CURRENT]} == -* ]]; then\n\t\tcase \"${plain[1,2]}\" in\n",
		t->program, t->program);
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
