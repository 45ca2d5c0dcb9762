/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table for other readers: bash, fish, zsh, and man. */
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

static void options_of(const struct command_option *o, FILE *out)
{
	for (; o && o->name; o++)
		fprintf(out, " --%s", o->name);
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

/* ---- names
 * -------------------------------------------------------------------------------------- */

/* What may stand at a place behind the command, "nodes resources"; NULL: no names. */
static char *names_at(const struct command_table *t, const struct command_row *row, unsigned at)
{
	const char *word = row->words ? row->words : "";
	char *all = NULL;

	while (at-- && *word) {
		word += strcspn(word, " ");
		word += *word == ' ';
	}
	for (const struct command_kind *k = t->kinds; k && k->word; k++) {
		const char *in = strstr(word, k->word);
		char *more;

		if (!in || in >= word + strcspn(word, " "))
			continue;
		more = own_printf("%s%s%s", all ? all : "", all ? " " : "", k->what);
		free(all);
		all = more;
	}
	return all;
}

/* How many places have names, and whether the last one may repeat. */
static unsigned names_places(
	const struct command_table *t, const struct command_row *row, bool *ret_more)
{
	unsigned n = 0;

	*ret_more = row->words && strstr(row->words, "...");
	for (unsigned at = 0; row->words && at < COMMAND_WORDS_MAX; at++) {
		owned(free) char *names = names_at(t, row, at);

		if (names)
			n = at + 1;
	}
	return n;
}

static unsigned row_length(const struct command_row *row)
{
	return row->verb ? 2 : 1;
}

/* It has commands with a verb, or is one without. */
static bool noun_has(const struct command_table *t, const char *noun, bool verb)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->rows[i].noun, noun) && (t->rows[i].verb != NULL) == verb)
			return true;
	return false;
}

/* Arms of a shell's case over how many words stand behind the command. */
static void names_arms(const struct command_table *t, const struct command_row *row,
	const char *before, const char *after, FILE *out)
{
	bool more;
	unsigned n = names_places(t, row, &more);

	for (unsigned at = 0; at < n; at++) {
		owned(free) char *names = names_at(t, row, at);

		if (names && more && at + 1 == n)
			fprintf(out, "*) %s%s%s ;; ", before, names, after);
		else if (names)
			fprintf(out, "%u) %s%s%s ;; ", at + row_length(row), before, names, after);
	}
}

/* ---- bash
 * --------------------------------------------------------------------------------------- */

static void bash_values(const struct command_option *options, FILE *out)
{
	for (; options && options->name; options++) {
		if (!options->value || !strchr(options->value, '|'))
			continue;
		fprintf(out, "\t--%s", options->name);
		if (options->letter)
			fprintf(out, "|-%c", options->letter);
		fprintf(out, ")\n\t\tCOMPREPLY=($(compgen -W \"");
		for (const char *c = options->value; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		fprintf(out, "\" -- \"$cur\"))\n\t\treturn\n\t\t;;\n");
	}
}

static void bash_verbs(const struct command_table *table, const char *noun, FILE *out)
{
	fprintf(out, "\t\t%s) also=\"", noun);
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->rows[i].noun, noun) && table->rows[i].verb)
			fprintf(out, "%s ", table->rows[i].verb);
	fprintf(out, "\" ;;\n");
}

static void bash_row(const struct command_table *table, const struct command_row *row, FILE *out)
{
	fprintf(out, "\t\"%s%s%s\"%s) opts=\"", row->noun, row->verb ? " " : "",
		row->verb ? row->verb : "", row->verb ? "" : "*");
	options_of(row->options, out);
	fprintf(out, "\"; files=%d\n\t\tcase ${#words[@]} in ", takes_file(row));
	names_arms(table, row, "kinds='", "'", out);
	fprintf(out, "esac ;;\n");
}

/* A noun's own row after those of its verbs: the first that fits counts. */
static void bash_rows(const struct command_table *table, FILE *out)
{
	for (int verbs = 1; verbs >= 0; verbs--)
		for (size_t i = 0; i < table->n; i++)
			if (!table->rows[i].verb == !verbs)
				bash_row(table, &table->rows[i], out);
}

void command_completion(const struct command_table *table, FILE *out)
{
	fprintf(out,
		"# bash completion for %s\n_%s()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal words=() w opts='' also='' kinds='' files=0 skip=0\n"
		"\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		"\t\tif [ $skip = 1 ]; then skip=0; continue; fi\n\t\tcase $w in\n\t\t=",
		table->program, table->program);
	valued(table, "|", out);
	fprintf(out, ") skip=1 ;;\n\t\t-*) ;;\n\t\t*) words+=(\"$w\") ;;\n\t\tesac\n\tdone\n"
		     "\tcase $prev in\n");
	bash_values(table->options, out);
	for (size_t i = 0; i < table->n; i++)
		bash_values(table->rows[i].options, out);
	fprintf(out, "\tesac\n\tif [ ${#words[@]} -eq 0 ] && [[ $cur != -* ]]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W \"");
	for (size_t i = 0; i < table->n; i++)
		if (is_first(table, i))
			fprintf(out, "%s ", table->rows[i].noun);
	fprintf(out,
		"\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
		"\tif [ ${#words[@]} -eq 1 ] && [[ $cur != -* ]]; then\n\t\tcase ${words[0]} in\n");
	for (size_t i = 0; i < table->n; i++)
		if (is_first(table, i) && noun_has(table, table->rows[i].noun, true))
			bash_verbs(table, table->rows[i].noun, out);
	fprintf(out, "\t\tesac\n\tfi\n\tcase \"${words[*]:0:2}\" in\n");
	bash_rows(table, out);
	fprintf(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$opts");
	options_of(table->options, out);
	fprintf(out,
		"\" -- \"$cur\"))\n\telif [ $files = 1 ]; then\n"
		"\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\telse\n"
		"\t\t[ -z \"$kinds\" ] || also+=\" $(%s names $kinds 2>/dev/null)\"\n"
		"\t\tCOMPREPLY=($(compgen -W \"$also\" -- \"$cur\"))\n"
		"\tfi\n}\ncomplete -F _%s %s\n",
		table->program, table->program, table->program);
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

static void fish_names(const struct command_table *t, const struct command_row *row, FILE *out)
{
	bool more;
	unsigned n = names_places(t, row, &more);

	for (unsigned at = 0; at < n; at++) {
		owned(free) char *names = names_at(t, row, at);

		if (names)
			fprintf(out,
				"complete -c %s -n '__%s_in %s%s%s; and test (count (__%s_plain)) "
				"-%s %u' -a '(%s names %s 2>/dev/null)'\n",
				t->program, t->program, row->noun, row->verb ? " " : "",
				row->verb ? row->verb : "", t->program,
				more && at + 1 == n ? "ge" : "eq", at + row_length(row), t->program,
				names);
	}
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
		fish_names(t, row, out);
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

/* What stands behind a command: files, or names. */
static void zsh_row(const struct command_table *t, const struct command_row *row, FILE *out)
{
	owned(free) char *before = own_printf("compadd -- ${(f)\"$(%s names ", t->program);
	bool more;

	if (!takes_file(row) && !names_places(t, row, &more))
		return;
	fprintf(out, "\t\"%s%s%s\"*) ", row->noun, row->verb ? " " : "",
		row->verb ? row->verb : "");
	if (takes_file(row)) {
		fputs("_files ;;\n", out);
		return;
	}
	fputs("case ${#plain} in ", out);
	names_arms(t, row, before, " 2>/dev/null)\"}", out);
	fputs("esac ;;\n", out);
}

void command_completion_zsh(const struct command_table *t, FILE *out)
{
	zsh_plain(t, out);
	fputs("\tif [[ ${words[CURRENT]} == -* ]]; then\n\t\tcase \"${plain[1,2]}\" in\n", out);
	for (size_t i = 0; i < t->n; i++) {
		const struct command_row *row = &t->rows[i];

		fprintf(out, "\t\t\"%s%s%s\"*) compadd --", row->noun, row->verb ? " " : "",
			row->verb ? row->verb : "");
		options_of(row->options, out);
		fputs(" ;;\n", out);
	}
	fputs("\t\tesac\n\t\tcompadd --", out);
	options_of(t->options, out);
	fputs("\n\t\treturn\n\tfi\n\tif (( ! ${#plain} )); then\n\t\tnouns=(\n", out);
	zsh_words(t, NULL, out);
	fputs("\t\t)\n\t\t_describe command nouns\n\t\treturn\n\tfi\n\tif (( ${#plain} == 1 )); "
	      "then\n\t\tcase ${plain[1]} in\n",
		out);
	for (size_t i = 0; i < t->n; i++) {
		if (!is_first(t, i) || !noun_has(t, t->rows[i].noun, true))
			continue;
		fprintf(out, "\t\t%s) verbs=(\n", t->rows[i].noun);
		zsh_words(t, t->rows[i].noun, out);
		fprintf(out, "\t\t); _describe command verbs%s ;;\n",
			noun_has(t, t->rows[i].noun, false) ? "" : "; return");
	}
	fputs("\t\tesac\n\tfi\n\tcase \"${plain[1,2]}\" in\n", out);
	for (int verbs = 1; verbs >= 0; verbs--)
		for (size_t i = 0; i < t->n; i++)
			if (!t->rows[i].verb == !verbs)
				zsh_row(t, &t->rows[i], out);
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
