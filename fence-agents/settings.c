/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "secret.h"
#include "settings.h"

struct settings {
	const struct params *params;
	char **values; /* one per row, NULL = not given */
};

struct settings *settings_new(const struct params *params)
{
	struct settings *s = own_new(struct settings);

	s->params = params;
	s->values = own_array(NULL, params->n, sizeof(*s->values));
	memset(s->values, 0, params->n * sizeof(*s->values));
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->params->n; i++)
		secret_free(s->values[i]);
	free(s->values);
	free(s);
}

static void settings_set(struct settings *s, const struct param *p, const char *value, size_t n)
{
	char **slot = &s->values[p - s->params->rows];

	secret_free(*slot);
	*slot = n ? strndup(value, n) : NULL; /* an empty value is none */
}

/* ---- standard input -------------------------------------------------------------------------- */

static void take_line(
	struct settings *s, const char *line, size_t n, settings_warn *warn, void *ctx)
{
	const struct param *p;
	const char *eq, *value;
	size_t name_length, length;

	while (n && isspace((unsigned char)*line))
		line++, n--;
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if (!n || *line == '#')
		return;
	eq = memchr(line, '=', n);
	name_length = eq ? (size_t)(eq - line) : n;
	value = eq ? eq + 1 : "";
	length = eq ? n - name_length - 1 : 0;
	if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
		value++, length -= 2;
	p = params_find(s->params, line, name_length);
	if (p) {
		settings_set(s, p, value, length);
	} else if (name_length != strlen("nodename") || memcmp(line, "nodename", name_length)) {
		owned(free) char *text = own_printf("unknown parameter '%.*s' ignored",
			(int)(name_length < 64 ? name_length : 64), line);

		warn(ctx, text);
	}
}

void settings_take_text(
	struct settings *s, const char *text, size_t size, settings_warn *warn, void *ctx)
{
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;

		take_line(s, text, strnlen(text, n), warn, ctx); /* a NUL ends the line */
		if (!end)
			break;
		size -= n + 1;
		text = end + 1;
	}
}

/* ---- command line ---------------------------------------------------------------------------- */

/* Both twins of a name, with dashes, as getopt rows; val is the row's number + 256. */
static struct option *long_options(const struct params *params, char *names, size_t room)
{
	struct option *options = own_array(NULL, 4 * params->n + 1, sizeof(*options));
	size_t n = 0;

	for (size_t i = 0; i < params->n; i++) {
		const char *twins[] = { params->rows[i].name, params->rows[i].old };

		for (size_t t = 0; t < 2 && twins[t]; t++) {
			size_t length = strlen(twins[t]);
			int has = params->rows[i].type == PARAM_BOOLEAN ? optional_argument
									: required_argument;

			options[n++] = (struct option){ twins[t], has, NULL, (int)i + 256 };
			if (!strchr(twins[t], '_') || length >= room)
				continue;
			memcpy(names, twins[t], length + 1);
			for (char *c = names; *c; c++)
				*c = *c == '_' ? '-' : *c;
			options[n++] = (struct option){ names, has, NULL, (int)i + 256 };
			names += length + 1;
			room -= length + 1;
		}
	}
	options[n] = (struct option){ 0 };
	return options;
}

static void short_options(const struct params *params, char *to)
{
	*to++ = ':';
	for (size_t i = 0; i < params->n; i++) {
		if (!params->rows[i].letter)
			continue;
		*to++ = params->rows[i].letter;
		if (params->rows[i].type != PARAM_BOOLEAN)
			*to++ = ':';
	}
	*to = 0;
}

static void take_option(struct settings *s, const struct param *p, char *value)
{
	if (p->type == PARAM_BOOLEAN && !value) {
		settings_set(s, p, "1", 1);
		return;
	}
	settings_set(s, p, value, strlen(value));
	if (p->secret) /* ps shows the command line to everybody */
		explicit_bzero(value, strlen(value));
}

int settings_take_argv(struct settings *s, int argc, char **argv, settings_warn *warn, void *ctx)
{
	char names[4096], letters[256];
	owned(free) struct option *options = long_options(s->params, names, sizeof(names));
	int c;

	short_options(s->params, letters);
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		const struct param *p =
			c >= 256 ? &s->params->rows[c - 256] : params_letter(s->params, (char)c);

		if (c == '?' || c == ':' || !p) {
			owned(free) char *text = own_printf(
				c == ':' ? "option %s needs a value" : "unknown option %s",
				optind > 0 && optind <= argc ? argv[optind - 1] : "?");

			warn(ctx, text);
			return -EINVAL;
		}
		take_option(s, p, optarg);
	}
	if (optind < argc) {
		owned(free) char *text = own_printf("unexpected argument '%s'", argv[optind]);

		warn(ctx, text);
		return -EINVAL;
	}
	return 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int boolean_of(const char *value)
{
	static const char *const yes[] = { "1", "yes", "on", "true" };
	static const char *const no[] = { "0", "no", "off", "false" };

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return 1;
		if (strcasecmp(value, no[i]) == 0)
			return 0;
	}
	return -1;
}

static bool number_of(const char *value, long *ret)
{
	char *end = NULL;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < 0 || n > INT_MAX)
		return false;
	*ret = n;
	return true;
}

/* Seconds may have a fraction and a unit as Pacemaker writes them ("20s"). */
static bool seconds_of(const char *value, uint64_t *ret_ms)
{
	char *end = NULL;
	double s = strtod(value, &end);

	if (end == value || !(s >= 0) || s > 1000000)
		return false;
	if (*end && strcmp(end, "s") != 0)
		return false;
	*ret_ms = (uint64_t)(s * 1000 + 0.5);
	return true;
}

/* The option as the table writes it, or NULL. */
static const char *option_of(const struct param *p, const char *value)
{
	for (const char *const *o = p->options; *o; o++)
		if (strcasecmp(*o, value) == 0)
			return *o;
	return NULL;
}

static int check_row(const struct param *p, char **value, char **ret_problem)
{
	const char *what = NULL;
	uint64_t ms;
	long n;

	if (p->type == PARAM_BOOLEAN && boolean_of(*value) < 0)
		what = "yes or no";
	else if (p->type == PARAM_INTEGER && !number_of(*value, &n))
		what = "a number";
	else if (p->type == PARAM_SECOND && !seconds_of(*value, &ms))
		what = "a number of seconds";
	if (p->type == PARAM_SELECT) {
		const char *option = option_of(p, *value);

		if (option) {
			free(*value);
			*value = own_string(option);
		} else {
			what = "one of the values that the metadata list";
		}
	}
	if (!what)
		return 0;
	*ret_problem = own_printf("parameter %s is '%.64s', must be %s", p->name, *value, what);
	return -EINVAL;
}

static size_t row_of(const struct settings *s, const char *name)
{
	const struct param *p = params_find(s->params, name, strlen(name));

	return p ? (size_t)(p - s->params->rows) : SIZE_MAX;
}

static int finish_secret(struct settings *s, size_t row, uint64_t timeout_ms, char **ret_problem)
{
	owned(free) char *script_name = own_printf("%s_script", s->params->rows[row].name);
	owned(free) char *file_name = own_printf("%s_file", s->params->rows[row].name);
	size_t script = row_of(s, script_name), file = row_of(s, file_name);
	char *text = NULL;
	int r = 0;

	if (script != SIZE_MAX && s->values[script])
		r = secret_from_script(s->values[script], timeout_ms, &text, ret_problem);
	else if (file != SIZE_MAX && s->values[file])
		r = secret_from_file(s->values[file], &text, ret_problem);
	if (r < 0 || !text)
		return r;
	settings_set(s, &s->params->rows[row], text, strlen(text));
	secret_free(text);
	return 0;
}

int settings_finish(struct settings *s, uint64_t timeout_ms, char **ret_problem)
{
	for (size_t i = 0; i < s->params->n; i++) {
		int r = 0;

		if (s->params->rows[i].secret)
			r = finish_secret(s, i, timeout_ms, ret_problem);
		if (r == 0 && s->values[i])
			r = check_row(&s->params->rows[i], &s->values[i], ret_problem);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const char *settings_get(const struct settings *s, const char *name)
{
	size_t i = row_of(s, name);

	if (i == SIZE_MAX)
		return NULL;
	return s->values[i] ? s->values[i] : s->params->rows[i].preset;
}

bool settings_given(const struct settings *s, const char *name)
{
	size_t i = row_of(s, name);

	return i != SIZE_MAX && s->values[i];
}

bool settings_flag(const struct settings *s, const char *name)
{
	const char *value = settings_get(s, name);

	return value && boolean_of(value) == 1;
}

long settings_number(const struct settings *s, const char *name)
{
	const char *value = settings_get(s, name);
	long n = 0;

	if (value)
		number_of(value, &n);
	return n;
}

uint64_t settings_ms(const struct settings *s, const char *name)
{
	const char *value = settings_get(s, name);
	uint64_t ms = 0;

	if (value)
		seconds_of(value, &ms);
	return ms;
}
