/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/yaml.h"

/* Letters, digits and a few signs within; nothing that YAML reads as another kind of value. */
static bool is_plain(const char *s)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y",
		"n", "nan", "inf" };
	char *end;

	if (!isalpha((unsigned char)*s) && *s != '_' && *s != '/')
		return false;
	for (const char *c = s; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-./", *c) &&
			!(*c == ' ' && c[1] && c[1] != ' '))
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(words[i], s))
			return false;
	(void)strtod(s, &end);
	return *end != '\0';
}

static void text(const char *s, FILE *out)
{
	json_t *value;

	if (is_plain(s)) {
		fputs(s, out);
		return;
	}
	value = json_string(s);
	json_dumpf(value, out, JSON_ENCODE_ANY); /* JSON's strings are YAML's double-quoted ones */
	json_decref(value);
}

static void indent(unsigned depth, FILE *out)
{
	fprintf(out, "%*s", (int)depth * 2, "");
}

static bool is_empty(const json_t *v)
{
	return !json_object_size(v) && !json_array_size(v);
}

static void print(const json_t *v, unsigned depth, bool inside, FILE *out);

/* What follows "key:" or "-": on the same line, or deeper. */
static void print_member(const json_t *v, unsigned depth, bool of_list, FILE *out)
{
	bool deep = (json_is_object(v) || json_is_array(v)) && !is_empty(v);

	if (!deep || of_list)
		fputc(' ', out);
	else
		fputc('\n', out);
	print(v, depth, deep && of_list, out);
}

static void print(const json_t *v, unsigned depth, bool inside, FILE *out)
{
	const char *key;
	size_t i;
	json_t *w;

	if (json_is_object(v) && !is_empty(v)) {
		json_object_foreach ((json_t *)v, key, w) {
			if (!inside)
				indent(depth, out);
			inside = false;
			text(key, out);
			fputc(':', out);
			print_member(w, depth + 1, false, out);
		}
	} else if (json_is_array(v) && !is_empty(v)) {
		json_array_foreach (v, i, w) {
			if (!inside)
				indent(depth, out);
			inside = false;
			fputc('-', out);
			print_member(w, depth + 1, true, out);
		}
	} else {
		if (json_is_string(v))
			text(json_string_value(v), out);
		else
			json_dumpf(v, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		fputc('\n', out);
	}
}

void yaml_print(const json_t *value, FILE *out)
{
	print(value, 0, false, out);
}
