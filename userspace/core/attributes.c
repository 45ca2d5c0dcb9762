/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/member.h"
#include "core/attributes.h"

struct attributes {
	json_t *flying; /* key → how many proposals are on their way */
	json_t *damped; /* key → {entry, due_ns} */
};

static char *key_make(const char *store, const char *node, const char *set, const char *name)
{
	return own_printf("%s\n%s\n%s\n%s", *store ? store : "permanent", node, set, name);
}

static char *key_of(const json_t *a)
{
	return key_make(member_text(a, "store"), member_text(a, "node"), member_text(a, "set"),
		member_text(a, "name"));
}

/* ---- what is kept ------------------------------------------------------------------------------
 */

/* Only what is said of an attribute, not what an entry says besides. */
static json_t *row_of(json_t *entry)
{
	const char *store = member_text(entry, "store");
	json_t *row = json_pack("{s:s, s:s, s:s, s:O}", "store", *store ? store : "permanent",
		"node", member_text(entry, "node"), "name", member_text(entry, "name"), "value",
		json_object_get(entry, "value"));

	if (*member_text(entry, "set"))
		json_object_set(row, "set", json_object_get(entry, "set"));
	return row;
}

bool attributes_put(json_t *all, json_t *entry)
{
	json_t *value = json_object_get(entry, "value"), *old;
	owned(free) char *key = key_of(entry);

	if (!*member_text(entry, "name"))
		return false;
	old = json_object_get(all, key);
	if (!json_is_string(value))
		return !json_object_del(all, key);
	if (old && json_equal(json_object_get(old, "value"), value))
		return false;
	if (!old && json_object_size(all) >= ATTRIBUTES_MAX)
		return false;
	json_object_set_new(all, key, row_of(entry));
	return true;
}

bool attributes_leave(json_t *all, const char *node)
{
	const char *key;
	json_t *row;
	void *next;
	bool any = false;

	json_object_foreach_safe(all, next, key, row)
	{
		const char *store = member_text(row, "store");

		if (strcmp(member_text(row, "node"), node) ||
			(strcmp(store, "transient") && strcmp(store, "private")))
			continue;
		json_object_del(all, key);
		any = true;
	}
	return any;
}

const char *attributes_get(
	const json_t *all, const char *store, const char *node, const char *set, const char *name)
{
	owned(free) char *key = key_make(store, node, set ? set : "", name);

	return json_string_value(json_object_get(json_object_get(all, key), "value"));
}

json_t *attributes_replica(const json_t *all, uint64_t serial)
{
	json_t *list = json_array(), *row;
	const char *key;

	json_object_foreach ((json_t *)all, key, row)
		json_array_append(list, row);
	return json_pack("{s:s, s:I, s:b, s:o}", "type", "replica", "serial", (json_int_t)serial,
		"full", 1, "attributes", list);
}

json_t *attributes_change(json_t *entry, uint64_t serial)
{
	json_t *row = json_is_string(json_object_get(entry, "value"))
			      ? row_of(entry)
			      : json_pack("{s:s, s:s, s:s, s:s, s:n}", "store",
					*member_text(entry, "store") ? member_text(entry, "store")
								     : "permanent",
					"node", member_text(entry, "node"), "set",
					member_text(entry, "set"), "name",
					member_text(entry, "name"), "value");

	return json_pack("{s:s, s:I, s:b, s:[o]}", "type", "replica", "serial", (json_int_t)serial,
		"full", 0, "attributes", row);
}

/* ---- the desk ----------------------------------------------------------------------------------
 */

struct attributes *attributes_new(void)
{
	struct attributes *desk = own_new(struct attributes);

	desk->flying = json_object();
	desk->damped = json_object();
	return desk;
}

void attributes_free(struct attributes *desk)
{
	if (!desk)
		return;
	json_decref(desk->flying);
	json_decref(desk->damped);
	free(desk);
}

static void fly(struct attributes *desk, const char *key, int by)
{
	json_int_t n = json_integer_value(json_object_get(desk->flying, key)) + by;

	if (n > 0)
		json_object_set_new(desk->flying, key, json_integer(n));
	else
		json_object_del(desk->flying, key);
}

/* Why a write is not taken; NULL: it is. */
static const char *refusal(const json_t *all, json_t *message, const char *key)
{
	static const char *const of_node[] = { "transient", "permanent", "private", "utilization",
		"resource-utilization" };
	json_t *value = json_object_get(message, "value");
	const char *store = member_text(message, "store");
	bool known = !strcmp(store, "property");

	for (size_t i = 0; i < sizeof(of_node) / sizeof(*of_node); i++) {
		if (strcmp(store, of_node[i]))
			continue;
		known = true;
		if (!*member_text(message, "node"))
			return "an attribute of no node";
	}
	if (!known)
		return "a store that is not known";
	if (!*member_text(message, "name") || strchr(member_text(message, "name"), '\n') ||
		strchr(member_text(message, "node"), '\n') ||
		strchr(member_text(message, "set"), '\n'))
		return "an attribute without a name, or with a line break in it";
	if (json_is_string(value) && json_string_length(value) > ATTRIBUTES_VALUE_MAX)
		return "the value is too long";
	if (json_is_string(value) && !json_object_get(all, key) &&
		json_object_size(all) >= ATTRIBUTES_MAX)
		return "too many attributes";
	return NULL;
}

static json_t *asker(const char *from, json_t *message)
{
	return json_pack("{s:s, s:s}", "node", from, "id", member_text(message, "id"));
}

static json_t *entry_of(json_t *message, const char *from)
{
	json_t *value = json_object_get(message, "value");
	json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:O?, s:[o]}", "do", "attribute", "store",
		member_text(message, "store"), "node", member_text(message, "node"), "name",
		member_text(message, "name"), "value", json_is_string(value) ? value : NULL, "for",
		asker(from, message));

	if (!json_is_string(value))
		json_object_set_new(entry, "value", json_null());
	if (*member_text(message, "set"))
		json_object_set(entry, "set", json_object_get(message, "set"));
	return entry;
}

static bool same(const json_t *all, const char *key, json_t *message)
{
	json_t *old = json_object_get(json_object_get(all, key), "value");
	json_t *value = json_object_get(message, "value");

	return json_is_string(value) ? json_equal(old, value) : !old;
}

/* The latest value counts, and all who wrote meanwhile are answered with it. The wait that the
 * first began is not begun anew: a value that keeps changing is told all the same. */
static void dampen(struct attributes *desk, const char *key, json_t *entry, uint64_t due_ns)
{
	json_t *waiting = json_object_get(desk->damped, key);
	json_t *old = json_object_get(waiting, "entry");

	if (old) {
		json_t *askers = json_copy(json_object_get(old, "for"));

		json_array_extend(askers, json_object_get(entry, "for"));
		json_object_set_new(entry, "for", askers);
		json_object_set_new(waiting, "entry", entry);
		return;
	}
	json_object_set_new(desk->damped, key,
		json_pack("{s:o, s:I}", "entry", entry, "due_ns", (json_int_t)due_ns));
}

void attributes_ask(struct attributes *desk, const json_t *all, uint64_t serial, const char *from,
	json_t *message, uint64_t now_ns, json_t **ret_entry, json_t **ret_answer)
{
	json_int_t dampen_ms = json_integer_value(json_object_get(message, "dampen_ms"));
	owned(free) char *key = key_of(message);
	const char *why = refusal(all, message, key);
	json_t *waiting = json_object_get(desk->damped, key), *entry;

	*ret_entry = *ret_answer = NULL;
	if (why) {
		*ret_answer = json_pack("{s:s, s:s, s:s}", "type", "denied", "id",
			member_text(message, "id"), "reason", why);
		return;
	}
	if (!waiting && !json_object_get(desk->flying, key) && same(all, key, message)) {
		*ret_answer = json_pack("{s:s, s:s, s:I}", "type", "accepted", "id",
			member_text(message, "id"), "serial", (json_int_t)serial);
		return;
	}
	entry = entry_of(message, from);
	if (dampen_ms > 0) {
		if (dampen_ms > ATTRIBUTES_DAMPEN_MAX_MS)
			dampen_ms = ATTRIBUTES_DAMPEN_MAX_MS;
		dampen(desk, key, entry, now_ns + (uint64_t)dampen_ms * 1000000);
		return;
	}
	if (waiting) { /* who does not want to wait takes along those who do */
		dampen(desk, key, entry, 0);
		entry = json_incref(json_object_get(waiting, "entry"));
		json_object_del(desk->damped, key);
	}
	fly(desk, key, 1);
	*ret_entry = entry;
}

json_t *attributes_due(struct attributes *desk, uint64_t now_ns)
{
	const char *key;
	json_t *waiting;

	json_object_foreach (desk->damped, key, waiting) {
		json_t *entry = json_object_get(waiting, "entry");

		if ((uint64_t)json_integer_value(json_object_get(waiting, "due_ns")) > now_ns)
			continue;
		json_incref(entry);
		fly(desk, key, 1);
		json_object_del(desk->damped, key);
		return entry;
	}
	return NULL;
}

uint64_t attributes_wake_ns(const struct attributes *desk)
{
	uint64_t next = UINT64_MAX;
	const char *key;
	json_t *waiting;

	json_object_foreach (desk->damped, key, waiting) {
		uint64_t due = (uint64_t)json_integer_value(json_object_get(waiting, "due_ns"));

		next = due < next ? due : next;
	}
	return next;
}

void attributes_accepted(struct attributes *desk, json_t *entry, uint64_t serial,
	void (*on_accepted)(void *ctx, const char *node, json_t *message), void *ctx)
{
	owned(free) char *key = key_of(entry);
	json_t *who;
	size_t i;

	fly(desk, key, -1);
	json_array_foreach (json_object_get(entry, "for"), i, who) {
		json_t *message = json_pack("{s:s, s:s, s:I}", "type", "accepted", "id",
			member_text(who, "id"), "serial", (json_int_t)serial);

		on_accepted(ctx, member_text(who, "node"), message);
		json_decref(message);
	}
}

void attributes_forget(struct attributes *desk)
{
	json_object_clear(desk->flying);
	json_object_clear(desk->damped);
}
