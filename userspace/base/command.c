/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/command.h"
#include "base/own.h"

static const struct command_option *options_find(
	const struct command_option *options, const char *name, size_t len, char letter)
{
	for (; options && options->name; options++)
		if (letter ? options->letter == letter
			   : strlen(options->name) == len && !memcmp(options->name, name, len))
			return options;
	return NULL;
}

static bool value_allowed(const char *choices, const char *value)
{
	size_t len = strlen(value);

	if (!strchr(choices, '|'))
		return true;
	for (const char *at = choices;; at++) {
		size_t n = strcspn(at, "|");

		if (n == len && !memcmp(at, value, n))
			return true;
		at += n;
		if (!*at)
			return false;
	}
}

/* The row whose noun, and verb where it has one, are the first plain words of argv. */
static const struct command_row *command_find(
	const struct command_table *table, const char *noun, const char *verb)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct command_row *row = &table->rows[i];

		if (!strcmp(row->noun, noun) && (!row->verb || (verb && !strcmp(row->verb, verb))))
			return row;
	}
	return NULL;
}

struct parse {
	const struct command_table *table;
	struct command *command;
	char **why;
	char **argv;
	int argc, at;
	const char *noun;
	bool plain; /* after "--" */
	bool noun_known;
};

static int parse_fail(struct parse *p, char *why)
{
	*p->why = why;
	return -EINVAL;
}

static int parse_option(struct parse *p, const char *arg)
{
	const struct command_row *row = p->command->row;
	const char *name = arg + 1 + (arg[1] == '-'), *value = NULL;
	char letter = arg[1] == '-' ? 0 : arg[1];
	size_t len = letter ? 1 : strcspn(name, "=");
	const struct command_option *option;

	option = options_find(p->table->options, name, len, letter);
	if (!option && row)
		option = options_find(row->options, name, len, letter);
	if (!option)
		return parse_fail(
			p, own_printf("%s%s has no option '%.*s'", p->table->program,
				   p->noun ? " (here)" : "", (int)(name - arg + (int)len), arg));
	if (name[len])
		value = name + len + !letter;
	if (!option->value && value)
		return parse_fail(p, own_printf("--%s takes no value", option->name));
	if (option->value && !value) {
		if (++p->at >= p->argc)
			return parse_fail(
				p, own_printf("--%s needs %s", option->name, option->value));
		value = p->argv[p->at];
	}
	if (option->value && !value_allowed(option->value, value))
		return parse_fail(p, own_printf("--%s is one of %s, not '%s'", option->name,
					     option->value, value));
	if (p->command->n_given == COMMAND_OPTIONS_MAX)
		return parse_fail(p, own_string("too many options"));
	p->command->given[p->command->n_given].option = option;
	p->command->given[p->command->n_given++].value = value ? value : "";
	return 0;
}

static int parse_word(struct parse *p, const char *word)
{
	struct command *c = p->command;

	if (!p->noun) {
		p->noun = word;
		c->row = command_find(p->table, word, NULL);
		for (size_t i = 0; i < p->table->n; i++)
			p->noun_known |= !strcmp(p->table->rows[i].noun, word);
		if (!p->noun_known)
			return parse_fail(p, own_printf("unknown command '%s'; see %s --help", word,
						     p->table->program));
		return 0;
	}
	if (!c->row) {
		c->row = command_find(p->table, p->noun, word);
		if (!c->row)
			return parse_fail(p, own_printf("unknown command '%s %s'; see %s --help",
						     p->noun, word, p->table->program));
		return 0;
	}
	if (c->n_words == COMMAND_WORDS_MAX)
		return parse_fail(p, own_string("too many words"));
	c->words[c->n_words++] = word;
	return 0;
}

/* How many words a row needs and takes. */
static void words_count(const char *words, size_t *ret_min, size_t *ret_max)
{
	size_t min = 0, max = 0;

	for (const char *at = words; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		min += *at != '[';
		max++;
		if (len > 3 && !strncmp(at + len - (at[len - 1] == ']' ? 4 : 3), "...", 3))
			max = COMMAND_WORDS_MAX;
	}
	*ret_min = min;
	*ret_max = max < COMMAND_WORDS_MAX ? max : COMMAND_WORDS_MAX;
}

/* A noun that does something by itself can have verbs as well: a word too many tells. */
static struct command *parse_verb(struct parse *p, size_t *ret_min, size_t *ret_max)
{
	struct command *c = p->command;

	for (size_t i = 0; i < p->table->n; i++) {
		const struct command_row *row = &p->table->rows[i];

		if (strcmp(row->noun, p->noun) || !row->verb || strcmp(row->verb, c->words[0]))
			continue;
		c->row = row;
		memmove(c->words, c->words + 1, --c->n_words * sizeof(*c->words));
		words_count(row->words, ret_min, ret_max);
		break;
	}
	return c;
}

static int parse_check(struct parse *p)
{
	struct command *c = p->command;
	size_t min, max;

	if (command_option(c, "help"))
		return 0;
	if (!p->noun)
		return parse_fail(p, own_printf("which command? see %s --help", p->table->program));
	if (!c->row)
		return parse_fail(p, own_printf("%s %s what? see %s --help", p->table->program,
					     p->noun, p->table->program));
	words_count(c->row->words, &min, &max);
	if (c->n_words > max && !c->row->verb)
		c = parse_verb(p, &min, &max);
	if (c->n_words >= min && c->n_words <= max)
		return 0;
	return parse_fail(p, own_printf("usage: %s %s%s%s%s%s", p->table->program, c->row->noun,
				     c->row->verb ? " " : "", c->row->verb ? c->row->verb : "",
				     c->row->words ? " " : "", c->row->words ? c->row->words : ""));
}

int command_parse(
	const struct command_table *table, int argc, char **argv, struct command *ret, char **why)
{
	struct command c = { 0 };
	struct parse p = {
		.table = table, .command = &c, .why = why, .argv = argv, .argc = argc, .at = 1
	};
	int r;

	for (; p.at < argc; p.at++) {
		const char *arg = argv[p.at];

		if (!p.plain && !strcmp(arg, "--")) {
			p.plain = true;
			continue;
		}
		r = !p.plain && arg[0] == '-' && arg[1] ? parse_option(&p, arg)
							: parse_word(&p, arg);
		if (r)
			return r;
	}
	r = parse_check(&p);
	if (!r)
		*ret = c;
	return r;
}

const char *command_option_at(const struct command *command, const char *name, size_t nth)
{
	for (size_t i = 0; i < command->n_given; i++)
		if (!strcmp(command->given[i].option->name, name) && !nth--)
			return command->given[i].value;
	return NULL;
}

const char *command_option(const struct command *command, const char *name)
{
	const char *last = NULL, *value;

	for (size_t i = 0; (value = command_option_at(command, name, i)); i++)
		last = value;
	return last;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void help_options(const struct command_option *options, FILE *out)
{
	for (; options && options->name; options++) {
		owned(free) char *left = own_printf("%s%c%c --%s%s%s", options->letter ? "-" : " ",
			options->letter ? options->letter : ' ', options->letter ? ',' : ' ',
			options->name, options->value ? " " : "",
			options->value ? options->value : "");

		fprintf(out, "  %-30s %s\n", left, options->help);
	}
}

static char *row_synopsis(const struct command_row *row)
{
	return own_printf("%s%s%s%s%s", row->noun, row->verb ? " " : "", row->verb ? row->verb : "",
		row->words ? " " : "", row->words ? row->words : "");
}

void command_help(const struct command_table *table, const struct command_row *row, FILE *out)
{
	if (row) {
		owned(free) char *synopsis = row_synopsis(row);

		fprintf(out, "usage: %s %s [OPTIONS]\n\n%s\n\n", table->program, synopsis,
			row->help);
		help_options(row->options, out);
		help_options(table->options, out);
		return;
	}
	fprintf(out, "%s: %s\n\nusage: %s COMMAND [OPTIONS]\n\n", table->program, table->about,
		table->program);
	for (size_t i = 0; i < table->n; i++) {
		owned(free) char *synopsis = row_synopsis(&table->rows[i]);

		fprintf(out, "  %-38s %s\n", synopsis, table->rows[i].help);
	}
	fprintf(out, "\n");
	help_options(table->options, out);
}
