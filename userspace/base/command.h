/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command: a program's commands as a table of rows: parsing, help and completion come from it. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#define COMMAND_WORDS_MAX 32
#define COMMAND_OPTIONS_MAX 32

struct command;

struct command_option {
	const char *name;  /* "output", given as --output; the last row has NULL */
	const char *value; /* what help calls its value; "a|b" allows only these; NULL: a switch */
	const char *help;
	char letter; /* -o; 0: none */
};

struct command_row {
	const char *noun;
	const char *verb;  /* NULL: the noun is the whole command */
	const char *words; /* "NODE [REASON]": what must and what may follow; "NODE..." repeats */
	const char *help;
	const struct command_option *options; /* NULL: none but the table's */
	int (*run)(const struct command *command, void *ctx);
};

/* A word of the rows' whose values the program knows itself: "NODE", "nodes". */
struct command_kind {
	const char *word, *what; /* the last one has NULL */
};

struct command_table {
	const char *program, *about;
	/* NULL: none; else its command "names" prints those of a kind, each on a line */
	const struct command_kind *kinds;
	const struct command_row *rows;
	size_t n;
	const struct command_option *options; /* every command takes these */
};

/* One invocation; words and values point into argv. */
struct command {
	const struct command_row *row;
	const char *words[COMMAND_WORDS_MAX];
	size_t n_words;
	struct {
		const struct command_option *option;
		const char *value;
	} given[COMMAND_OPTIONS_MAX];
	size_t n_given;
};

/* The table's options may stand anywhere, a row's behind its name; "--" ends them. -EINVAL: *why is
 * a sentence; the caller frees it. With
 * --help the row may be NULL (about everything) and words unchecked. */
int command_parse(
	const struct command_table *table, int argc, char **argv, struct command *ret, char **why);
/* The value of the last one given ("" for a switch), or NULL. */
const char *command_option(const struct command *command, const char *name);
/* The value of the nth one given, or NULL. */
const char *command_option_at(const struct command *command, const char *name, size_t nth);
/* row: help for one command; NULL: for the program. */
void command_help(const struct command_table *table, const struct command_row *row, FILE *out);
/* Completion scripts: for bash, fish and zsh. */
void command_completion(const struct command_table *table, FILE *out);
void command_completion_fish(const struct command_table *table, FILE *out);
void command_completion_zsh(const struct command_table *table, FILE *out);
/* The sections COMMANDS and OPTIONS of a man page. */
void command_manual(const struct command_table *table, FILE *out);

#endif
