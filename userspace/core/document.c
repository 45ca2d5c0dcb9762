/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include <libfyaml.h>
#include <picket/limits.h>

#include "core/document.h"

struct walk {
	const char *name;
	struct document *document;
	struct problems *problems;
	char pointer[1024];
};

/* Only scalars know where they stand: a collection stands where its first scalar does. */
static const char *place_of(struct walk *w, struct fy_node *node, char *out, size_t size)
{
	const struct fy_mark *mark;
	struct fy_token *token;
	void *iter;

	for (int i = 0; node && i < PICKET_DEPTH_MAX; i++) {
		struct fy_node_pair *pair;

		iter = NULL;
		if (fy_node_get_type(node) == FYNT_SEQUENCE) {
			node = fy_node_sequence_iterate(node, &iter);
		} else if (fy_node_get_type(node) == FYNT_MAPPING) {
			pair = fy_node_mapping_iterate(node, &iter);
			node = pair ? fy_node_pair_key(pair) : NULL;
		} else {
			break;
		}
	}
	token = node ? fy_node_get_scalar_token(node) : NULL;
	mark = token ? fy_token_start_mark(token) : NULL;

	if (mark)
		snprintf(out, size, "%s:%d:%d", w->name, mark->line + 1, mark->column + 1);
	else
		snprintf(out, size, "%s", w->name);
	return out;
}

static json_t *convert(struct walk *w, struct fy_node *node, int depth);

/* A plain scalar has a type (YAML 1.2 core schema), a quoted one is text. */
static json_t *convert_scalar(struct fy_node *node)
{
	const char *text;
	size_t len;
	char *end;
	owned(free) char *copy = NULL;
	long long integer;

	text = fy_node_get_scalar(node, &len);
	if (!text)
		return json_null();
	copy = own_alloc(len + 1);
	memcpy(copy, text, len);
	if (fy_node_get_style(node) != FYNS_PLAIN)
		return json_stringn_nocheck(copy, len);
	if (!len || !strcmp(copy, "~") || !strcmp(copy, "null"))
		return json_null();
	if (!strcmp(copy, "true") || !strcmp(copy, "false"))
		return json_boolean(!strcmp(copy, "true"));
	errno = 0;
	integer = strtoll(copy, &end, 10);
	if (!*end && !errno && copy[0] != '+')
		return json_integer(integer);
	return json_stringn_nocheck(copy, len);
}

static size_t descend(struct walk *w, const char *key)
{
	size_t n = strlen(w->pointer), i = n;

	if (n + 2 * strlen(key) + 2 >= sizeof(w->pointer))
		return n;
	w->pointer[i++] = '/';
	for (; *key; key++) {
		if (*key == '~' || *key == '/') {
			w->pointer[i++] = '~';
			w->pointer[i++] = *key == '~' ? '0' : '1';
		} else {
			w->pointer[i++] = *key;
		}
	}
	w->pointer[i] = 0;
	return n;
}

static json_t *convert_mapping(struct walk *w, struct fy_node *node, int depth)
{
	json_t *object = json_object();
	struct fy_node_pair *pair;
	char place[256];
	void *iter = NULL;

	while ((pair = fy_node_mapping_iterate(node, &iter))) {
		struct fy_node *key_node = fy_node_pair_key(pair);
		const char *text;
		owned(free) char *key = NULL;
		size_t len, parent;
		json_t *value;

		text = key_node ? fy_node_get_scalar(key_node, &len) : NULL;
		if (!text) {
			problems_add(w->problems, false, place_of(w, node, place, sizeof(place)),
				"a key must be plain text");
			continue;
		}
		key = own_alloc(len + 1);
		memcpy(key, text, len);
		parent = descend(w, key);
		place_of(w, key_node, place, sizeof(place));
		if (json_object_get(object, key))
			problems_add(w->problems, false, place, "'%s' stands here twice", key);
		json_object_set_new(w->document->places, w->pointer, json_string(place));
		value = convert(w, fy_node_pair_value(pair), depth + 1);
		w->pointer[parent] = 0;
		if (json_object_set_new(object, key, value))
			problems_add(w->problems, false, place, "a key is not valid UTF-8");
	}
	return object;
}

static json_t *convert_sequence(struct walk *w, struct fy_node *node, int depth)
{
	json_t *array = json_array();
	struct fy_node *item;
	void *iter = NULL;
	char key[24], place[256];

	while ((item = fy_node_sequence_iterate(node, &iter))) {
		size_t parent;

		snprintf(key, sizeof(key), "%zu", json_array_size(array));
		parent = descend(w, key);
		json_object_set_new(w->document->places, w->pointer,
			json_string(place_of(w, item, place, sizeof(place))));
		json_array_append_new(array, convert(w, item, depth + 1));
		w->pointer[parent] = 0;
	}
	return array;
}

static json_t *convert(struct walk *w, struct fy_node *node, int depth)
{
	char place[256];

	if (!node)
		return json_null();
	if (depth > PICKET_DEPTH_MAX) {
		problems_add(w->problems, false, place_of(w, node, place, sizeof(place)),
			"nested more than %d deep", PICKET_DEPTH_MAX);
		return json_null();
	}
	switch (fy_node_get_type(node)) {
	case FYNT_MAPPING:
		return convert_mapping(w, node, depth);
	case FYNT_SEQUENCE:
		return convert_sequence(w, node, depth);
	default:
		return convert_scalar(node);
	}
}

static void collect_errors(struct walk *w, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *iter = NULL;
	char place[256];

	while ((error = fy_diag_errors_iterate(diag, &iter))) {
		snprintf(place, sizeof(place), "%s:%d:%d", w->name, error->line, error->column);
		problems_add(w->problems, false, place, "%s", error->msg);
	}
	if (!w->problems->errors)
		problems_add(w->problems, false, w->name, "not a YAML or JSON document");
}

/* Bytes of the UTF-8 sequence at s (RFC 3629: shortest, no surrogates, up to U+10FFFF); 0: none. */
static size_t sequence(const unsigned char *s, size_t left)
{
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;

	if (!n || n > left || (*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
		(*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* The parser may never come back from bytes that are none (in a directive it does not). */
static bool is_utf8(const struct walk *w, const char *text, size_t len)
{
	unsigned line = 1, column = 1;
	char place[256];
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = sequence((const unsigned char *)text + at, len - at);
		if (!n) {
			snprintf(place, sizeof(place), "%s:%u:%u", w->name, line, column);
			problems_add(w->problems, false, place, "byte 0x%02x is not UTF-8",
				(unsigned char)text[at]);
			return false;
		}
		column = text[at] == '\n' ? 1 : column + 1;
		line += text[at] == '\n';
	}
	return true;
}

int document_parse(const char *text, size_t len, const char *name, struct problems *problems,
	struct document **ret)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
					     FYPCF_RESOLVE_DOCUMENT };
	owned(document) struct document *document = own_new(struct document);
	struct walk w = { .name = name, .document = document, .problems = problems };
	struct fy_document *fyd;
	size_t before = problems->errors;

	if (len > PICKET_DOCUMENT_MAX) {
		problems_add(problems, false, name, "larger than %d bytes", PICKET_DOCUMENT_MAX);
		return -EINVAL;
	}
	if (!is_utf8(&w, text, len))
		return -EINVAL;
	fy_diag_cfg_default(&diag_cfg);
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag)
		return -ENOMEM;
	fy_diag_set_collect_errors(cfg.diag, true);
	fyd = fy_document_build_from_string(&cfg, text, len);
	document->places = json_object();
	if (!fyd || !fy_document_root(fyd))
		collect_errors(&w, cfg.diag);
	else
		document->root = convert(&w, fy_document_root(fyd), 0);
	fy_document_destroy(fyd);
	fy_diag_destroy(cfg.diag);
	if (problems->errors > before)
		return -EINVAL;
	*ret = give(document);
	return 0;
}

const char *document_where(const struct document *document, const char *pointer)
{
	char up[1024];
	char *slash;

	snprintf(up, sizeof(up), "%s", pointer);
	for (;;) {
		json_t *place = json_object_get(document->places, up);

		if (place)
			return json_string_value(place);
		slash = strrchr(up, '/');
		if (!slash)
			return "";
		*slash = 0;
	}
}

void document_free(struct document *document)
{
	if (!document)
		return;
	json_decref(document->root);
	json_decref(document->places);
	free(document);
}
