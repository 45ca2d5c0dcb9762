/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/office.h"
#include "core/warden.h"

#define NOBODY "0000000000000000000000000000000000000000000000000000000000000000"

struct office *office_new(void)
{
	struct office *o = own_new(struct office);

	o->tokens = json_object();
	o->records = json_array();
	o->revisions = json_array();
	o->keys = json_object();
	strcpy(o->base, NOBODY);
	strcpy(o->head, NOBODY);
	return o;
}

void office_free(struct office *o)
{
	if (!o)
		return;
	json_decref(o->tokens);
	json_decref(o->records);
	json_decref(o->revisions);
	json_decref(o->keys);
	free(o);
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void office_hash(const char *before, const json_t *record, char ret[65])
{
	json_t *bare = json_copy((json_t *)record);
	char *line, *all;

	json_object_del(bare, "hash");
	line = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
	all = own_printf("%s%s", before, line ? line : "");
	warden_hash(all, ret);
	free(all);
	free(line);
	json_decref(bare);
}

static json_t *record_add(struct office *o, uint64_t index, const json_t *audit, unsigned refused)
{
	static const char *const members[] = { "at_ms", "user", "from", "method", "path", "status",
		"text" };
	json_t *record = json_pack(
		"{s:I, s:I}", "number", (json_int_t)++o->count, "index", (json_int_t)index);

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(audit, members[i]))
			json_object_set(record, members[i], json_object_get(audit, members[i]));
	if (refused)
		json_object_set_new(record, "status", json_integer(refused));
	office_hash(o->head, record, o->head);
	json_object_set_new(record, "hash", json_string(o->head));
	json_array_append_new(o->records, record);
	if (json_array_size(o->records) > OFFICE_RECORDS_MAX) {
		strcpy(o->base, text(json_array_get(o->records, 0), "hash"));
		json_array_remove(o->records, 0);
	}
	return record;
}

static json_int_t at_ms(const json_t *object)
{
	return json_integer_value(json_object_get(object, "at_ms"));
}

/* One that was tried again gets its answer from here: who tries again may have waited. */
static void key_add(struct office *o, uint64_t index, const json_t *entry, const json_t *audit)
{
	void *oldest;

	if (!text(audit, "key") || office_key(o, text(audit, "key")))
		return;
	json_object_set_new(o->keys, text(audit, "key"),
		json_pack("{s:O, s:O*, s:I, s:I, s:I, s:O*}", "key", json_object_get(audit, "key"),
			"digest", json_object_get(audit, "digest"), "at_ms", at_ms(audit),
			"revision", (json_int_t)o->revision, "index", (json_int_t)index, "id",
			text(entry, "id") ? json_object_get(entry, "id") : NULL));
	while (json_object_size(o->keys) > OFFICE_KEYS_MIN) {
		oldest = json_object_iter(o->keys); /* in the order in which they came */
		if (json_object_size(o->keys) <= OFFICE_KEYS_MAX &&
			at_ms(json_object_iter_value(oldest)) + OFFICE_KEYS_MS >= at_ms(audit))
			break;
		json_object_del(o->keys, json_object_iter_key(oldest));
	}
}

static void revision_add(struct office *o, const json_t *entry)
{
	json_t *audit = json_object_get(entry, "audit"), *all = o->revisions;
	size_t bytes = 0, i;
	json_t *r;

	if (!text(entry, "text"))
		return;
	json_array_append_new(all,
		json_pack("{s:I, s:O*, s:O*, s:O*, s:O}", "revision", (json_int_t)++o->revision,
			"at_ms", json_object_get(audit, "at_ms"), "user",
			json_object_get(audit, "user") ? json_object_get(audit, "user")
						       : json_object_get(entry, "user"),
			"name", json_object_get(entry, "name"), "text",
			json_object_get(entry, "text")));
	json_array_foreach (all, i, r)
		bytes += json_string_length(json_object_get(r, "text"));
	bytes -= json_string_length(json_object_get(entry, "text"));
	while (json_array_size(all) > 1 &&
		(json_array_size(all) > OFFICE_REVISIONS_MAX || bytes > OFFICE_REVISIONS_BYTES)) {
		bytes -= json_string_length(json_object_get(json_array_get(all, 0), "text"));
		json_array_remove(all, 0);
	}
}

static unsigned token_add(struct office *o, const json_t *entry)
{
	json_t *token = json_object_get(entry, "token");

	if (!text(entry, "id") || !text(token, "hash") || !text(token, "name") ||
		!text(token, "roles") || json_object_size(o->tokens) >= OFFICE_TOKENS_MAX)
		return 422;
	json_object_set(o->tokens, text(entry, "id"), token);
	return 0;
}

unsigned office_apply(struct office *o, uint64_t index, json_t *entry, json_t **ret_record)
{
	json_t *audit = json_object_get(entry, "audit");
	const char *what = text(entry, "do");
	unsigned refused = 0;

	*ret_record = NULL;
	if (!what)
		return 0;
	if (!strcmp(what, "configure"))
		revision_add(o, entry);
	else if (!strcmp(what, "token"))
		refused = token_add(o, entry);
	else if (!strcmp(what, "token-drop") && text(entry, "id"))
		refused = json_object_del(o->tokens, text(entry, "id")) ? 404 : 0;
	if (!json_is_object(audit))
		return refused;
	if (!refused)
		key_add(o, index, entry, audit);
	*ret_record = record_add(o, index, audit, refused);
	return refused;
}

/* A list: whoever sorts an object's members on their way loses their order. */
static json_t *keys_list(const struct office *o)
{
	json_t *list = json_array(), *k;
	const char *key;

	json_object_foreach (o->keys, key, k)
		json_array_append(list, k);
	return list;
}

json_t *office_snapshot(const struct office *o)
{
	return json_pack("{s:O, s:O, s:O, s:o, s:I, s:I, s:s, s:s}", "tokens", o->tokens, "records",
		o->records, "revisions", o->revisions, "keys", keys_list(o), "count",
		(json_int_t)o->count, "revision", (json_int_t)o->revision, "base", o->base, "head",
		o->head);
}

int office_restore(struct office *o, json_t *s)
{
	const char *base, *head;
	json_t *tokens, *records, *revisions, *keys;
	json_int_t count, revision;
	size_t i;
	json_t *k;

	if (json_unpack(s, "{s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:s}", "tokens", &tokens, "records",
		    &records, "revisions", &revisions, "keys", &keys, "count", &count, "revision",
		    &revision, "base", &base, "head", &head) ||
		!json_is_object(tokens) || !json_is_array(records) || !json_is_array(revisions) ||
		!json_is_array(keys) || strlen(base) != 64 || strlen(head) != 64)
		return -EINVAL;
	json_decref(o->tokens);
	json_decref(o->records);
	json_decref(o->revisions);
	json_decref(o->keys);
	o->tokens = json_deep_copy(tokens);
	o->records = json_deep_copy(records);
	o->revisions = json_deep_copy(revisions);
	o->keys = json_object();
	json_array_foreach (keys, i, k)
		if (text(k, "key"))
			json_object_set_new(o->keys, text(k, "key"), json_deep_copy(k));
	o->count = (uint64_t)count;
	o->revision = (uint64_t)revision;
	strcpy(o->base, base);
	strcpy(o->head, head);
	return 0;
}

bool office_intact(const struct office *o, uint64_t *ret_broken)
{
	char hash[65];
	json_t *r;
	size_t i;

	strcpy(hash, o->base);
	json_array_foreach (o->records, i, r) {
		office_hash(hash, r, hash);
		if (text(r, "hash") && !strcmp(hash, text(r, "hash")))
			continue;
		*ret_broken = (uint64_t)json_integer_value(json_object_get(r, "number"));
		return false;
	}
	return !strcmp(hash, o->head);
}

json_t *office_revision(const struct office *o, uint64_t revision)
{
	size_t n = json_array_size(o->revisions), i;
	json_t *r;

	if (!revision)
		return n ? json_array_get(o->revisions, n - 1) : NULL;
	json_array_foreach (o->revisions, i, r)
		if ((uint64_t)json_integer_value(json_object_get(r, "revision")) == revision)
			return r;
	return NULL;
}

json_t *office_key(const struct office *o, const char *key)
{
	return json_object_get(o->keys, key);
}
