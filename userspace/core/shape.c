/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include <picket/limits.h>

#include "core/shape.h"

struct shape {
	const json_t *schemas;
	struct problems *problems;
};

/* What a reader wants to hear: "a, b or c". */
static char *listed(const char *so_far, const char *word, bool last)
{
	return *so_far ? own_printf("%s%s%s", so_far, last ? " or " : ", ", word)
		       : own_string(word);
}

static char *names_of(const json_t *object)
{
	char *all = own_string("");
	size_t n = json_object_size(object), i = 0;
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)object, key, v) {
		char *more = listed(all, key, ++i == n);

		free(all);
		all = more;
	}
	return all;
}

static char *choices_of(const json_t *list)
{
	char *all = own_string("");
	size_t i;
	json_t *v;

	json_array_foreach ((json_t *)list, i, v) {
		owned(free) char *word = json_is_string(v) ? own_string(json_string_value(v))
							   : json_dumps(v, JSON_ENCODE_ANY);
		char *more = listed(all, word, i + 1 == json_array_size(list));

		free(all);
		all = more;
	}
	return all;
}

#define wrong(s, where, ...)                                                                       \
	((s)->problems->n < SHAPE_PROBLEMS_MAX ? problems_add((s)->problems, false,                \
							 *(where) ? (where) : "/", __VA_ARGS__)    \
					       : (void)0)

static const struct {
	const char *type, *wanted;
} types[] = {
	{ "object", "an object" },
	{ "array", "a list" },
	{ "string", "a text" },
	{ "integer", "a whole number" },
	{ "number", "a number" },
	{ "boolean", "true or false" },
};

static bool type_is(const char *type, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return !strcmp(type, "object");
	case JSON_ARRAY:
		return !strcmp(type, "array");
	case JSON_STRING:
		return !strcmp(type, "string");
	case JSON_INTEGER:
		return !strcmp(type, "integer") || !strcmp(type, "number");
	case JSON_REAL:
		return !strcmp(type, "number");
	case JSON_TRUE:
	case JSON_FALSE:
		return !strcmp(type, "boolean");
	default:
		return false;
	}
}

static bool check_type(struct shape *s, const json_t *schema, const json_t *v, const char *where)
{
	const char *type = json_string_value(json_object_get(schema, "type")), *wanted = type;

	if (!type || type_is(type, v))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].type, type))
			wanted = types[i].wanted;
	wrong(s, where, "%s is wanted.", wanted);
	return false;
}

static bool check_choice(struct shape *s, const json_t *schema, const json_t *v, const char *where)
{
	const json_t *list = json_object_get(schema, "enum"), *one;
	const json_t *only = json_object_get(schema, "const");
	owned(free) char *choices = NULL;
	size_t i;

	if (only && !json_equal(only, v)) {
		choices = json_dumps(only, JSON_ENCODE_ANY);
		wrong(s, where, "%s is wanted.", choices);
		return false;
	}
	if (!list)
		return true;
	json_array_foreach ((json_t *)list, i, one)
		if (json_equal(one, v))
			return true;
	choices = choices_of(list);
	wrong(s, where, "%s is wanted.", choices);
	return false;
}

static void check_bounds(struct shape *s, const json_t *schema, const json_t *v, const char *where)
{
	const json_t *low = json_object_get(schema, "minimum");
	const json_t *high = json_object_get(schema, "maximum");
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		return;
	if (low && high && (n < json_integer_value(low) || n > json_integer_value(high)))
		wrong(s, where, "%lld to %lld is wanted.", json_integer_value(low),
			json_integer_value(high));
	else if (low && n < json_integer_value(low))
		wrong(s, where, "at least %lld is wanted.", json_integer_value(low));
	else if (high && n > json_integer_value(high))
		wrong(s, where, "at most %lld is wanted.", json_integer_value(high));
}

static void check_length(struct shape *s, const json_t *schema, const json_t *v, const char *where)
{
	const json_t *low = json_object_get(schema, "minLength");
	const json_t *high = json_object_get(schema, "maxLength");
	json_int_t n = (json_int_t)json_string_length(v);

	if (!json_is_string(v))
		return;
	if (high && n > json_integer_value(high))
		wrong(s, where, "at most %lld bytes are wanted.", json_integer_value(high));
	else if (low && n < json_integer_value(low))
		wrong(s, where, "at least %lld byte is wanted.", json_integer_value(low));
}

static void check(
	struct shape *s, const json_t *schema, const json_t *v, const char *where, unsigned left);

/* RFC 6901: a name may hold what a pointer means something by. None of ours is as long as to be
 * shortened: an answer is not to be many times the size of what was asked. */
static char *below(const char *where, const char *key)
{
	char *at, *to;

	if (strlen(key) > PICKET_NAME_MAX)
		return own_printf("%s/(a name of %zu bytes)", where, strlen(key));
	at = own_alloc(strlen(where) + 2 * strlen(key) + 2);
	to = at + sprintf(at, "%s/", where);
	for (; *key; key++) {
		if (*key == '~' || *key == '/') {
			*to++ = '~';
			*to++ = *key == '~' ? '0' : '1';
		} else {
			*to++ = *key;
		}
	}
	*to = '\0';
	return at;
}

static void check_object(
	struct shape *s, const json_t *schema, const json_t *v, const char *where, unsigned left)
{
	const json_t *known = json_object_get(schema, "properties");
	const json_t *others = json_object_get(schema, "additionalProperties"), *one;
	const char *key;
	size_t i;

	json_array_foreach (json_object_get(schema, "required"), i, one) {
		owned(free) char *at = below(where, json_string_value(one));

		if (!json_object_get(v, json_string_value(one)))
			wrong(s, at, "it is missing.");
	}
	json_object_foreach ((json_t *)v, key, one) {
		const json_t *inside = json_object_get(known, key);
		owned(free) char *at = below(where, key), *names = NULL;

		if (!inside && json_is_false(others)) {
			names = names_of(known);
			wrong(s, at, "there is no such member%s%s%s", *names ? "; known: " : "",
				names, *names ? "." : ": an empty object is wanted.");
		} else if (inside || json_is_object(others)) {
			check(s, inside ? inside : others, one, at, left);
		}
	}
}

static void check_array(
	struct shape *s, const json_t *schema, const json_t *v, const char *where, unsigned left)
{
	const json_t *items = json_object_get(schema, "items"), *one;
	json_int_t low = json_integer_value(json_object_get(schema, "minItems"));
	size_t i;

	if ((json_int_t)json_array_size(v) < low)
		wrong(s, where, "at least %lld %s.", low, low == 1 ? "is wanted" : "are wanted");
	json_array_foreach ((json_t *)v, i, one) {
		owned(free) char *at = own_printf("%s/%zu", where, i);

		if (items)
			check(s, items, one, at, left);
	}
}

static void check(
	struct shape *s, const json_t *schema, const json_t *v, const char *where, unsigned left)
{
	static const char prefix[] = "#/components/schemas/";
	const char *at = json_string_value(json_object_get(schema, "$ref"));

	if (!left)
		return; /* who passes values on bounds their depth first */
	if (at && !strncmp(at, prefix, sizeof(prefix) - 1))
		schema = json_object_get(s->schemas, at + sizeof(prefix) - 1);
	if (!schema || !check_type(s, schema, v, where) || !check_choice(s, schema, v, where))
		return;
	check_bounds(s, schema, v, where);
	check_length(s, schema, v, where);
	if (json_is_object(v))
		check_object(s, schema, v, where, left - 1);
	else if (json_is_array(v))
		check_array(s, schema, v, where, left - 1);
}

void shape_check(
	const json_t *schemas, const char *name, const json_t *value, struct problems *problems)
{
	struct shape s = { schemas, problems };

	check(&s, json_object_get(schemas, name), value, "", PICKET_DEPTH_MAX);
}

/* ---- queries
 * ------------------------------------------------------------------------------------------- */

/* The type of a parameter; NULL: there is none of this name. */
static const char *query_type(const char *words, const char *name, size_t *ret_len)
{
	size_t len = strlen(name);

	for (const char *at = words; at && *at; at += *at == ' ') {
		size_t word = strcspn(at, " ");

		if (word > len && !strncmp(at, name, len) && at[len] == ':') {
			*ret_len = word - len - 1;
			return at + len + 1;
		}
		at += word;
	}
	return NULL;
}

static char *query_names(const char *words)
{
	char *all = own_string("");

	for (const char *at = words; at && *at; at += *at == ' ') {
		size_t word = strcspn(at, " ");
		owned(free) char *name = strndup(at, strcspn(at, ":"));
		char *more = listed(all, name, !at[word]);

		free(all);
		all = more;
		at += word;
	}
	return all;
}

static const char *query_wants(const char *type, size_t len, const char *value)
{
	if (len == 7 && !strncmp(type, "integer", len) &&
		(!*value || strlen(value) > 18 || value[strspn(value, "0123456789")]))
		return "a number is wanted.";
	if (len == 4 && !strncmp(type, "flag", len) && strcmp(value, "1") && strcmp(value, "true"))
		return "1 or true is wanted, or nothing of it at all.";
	return NULL;
}

void shape_check_query(const char *words, const json_t *query, struct problems *problems)
{
	struct shape s = { NULL, problems };
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)query, name, value) {
		size_t len = 0;
		const char *type = query_type(words, name, &len);
		const char *wants =
			type ? query_wants(type, len, json_string_value(value) ?: "") : NULL;
		owned(free) char *where = own_printf("?%s", name), *names = NULL;

		if (wants)
			wrong(&s, where, "%s", wants);
		if (type)
			continue;
		names = query_names(words);
		wrong(&s, where, "there is no such parameter%s%s.", *names ? "; known: " : " here",
			names);
	}
}
