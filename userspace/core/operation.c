/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <picket/limits.h>

#include "core/operation.h"

enum trait {
	CHANGES = 1 << 0,
	NEEDS_LEASE = 1 << 1,
	RECORDED = 1 << 2,
	HAS_AGENT = 1 << 3, /* class and type must be named */
};

static const struct {
	const char *name;
	unsigned traits;
} kinds[] = {
	[OPERATION_START] = { "start", CHANGES | NEEDS_LEASE | RECORDED | HAS_AGENT },
	[OPERATION_STOP] = { "stop", CHANGES | RECORDED | HAS_AGENT },
	[OPERATION_MONITOR] = { "monitor", RECORDED | HAS_AGENT },
	[OPERATION_PROMOTE] = { "promote", CHANGES | NEEDS_LEASE | RECORDED | HAS_AGENT },
	[OPERATION_DEMOTE] = { "demote", CHANGES | RECORDED | HAS_AGENT },
	[OPERATION_NOTIFY] = { "notify", HAS_AGENT },
	[OPERATION_MIGRATE_TO] = { "migrate_to", CHANGES | NEEDS_LEASE | RECORDED | HAS_AGENT },
	[OPERATION_MIGRATE_FROM] = { "migrate_from", CHANGES | NEEDS_LEASE | RECORDED | HAS_AGENT },
	[OPERATION_RELOAD] = { "reload", RECORDED | HAS_AGENT },
	[OPERATION_RELOAD_AGENT] = { "reload-agent", RECORDED | HAS_AGENT },
	[OPERATION_VALIDATE_ALL] = { "validate-all", HAS_AGENT },
	[OPERATION_META_DATA] = { "meta-data", HAS_AGENT },
	[OPERATION_CANCEL] = { "cancel", 0 },
	[OPERATION_FORGET] = { "forget", 0 },
	[OPERATION_FORGIVE] = { "forgive", 0 },
	[OPERATION_RECHECK] = { "recheck", 0 },
	[OPERATION_SHUTDOWN] = { "shutdown", 0 },
};

const char *operation_name(enum operation_kind kind)
{
	assert((size_t)kind < sizeof(kinds) / sizeof(*kinds));
	return kinds[kind].name;
}

int operation_kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return (int)i;
	return -1;
}

bool operation_changes(enum operation_kind kind)
{
	return kinds[kind].traits & CHANGES;
}

bool operation_needs_lease(enum operation_kind kind)
{
	return kinds[kind].traits & NEEDS_LEASE;
}

bool operation_recorded(const struct operation *operation)
{
	return kinds[operation->kind].traits & RECORDED;
}

static int refuse(char **why, char *sentence)
{
	*why = sentence;
	return -EINVAL;
}

/* Part of a path or of a cgroup's name: whoever may order must still not leave the folder. */
static bool name_ok(const char *s)
{
	size_t len = strlen(s);

	if (!len || len >= PICKET_NAME_MAX * 2 || s[0] == '.')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-:@+", *s))
			return false;
	return true;
}

/* A systemd unit may also hold escapes and the '\' they are made of. */
static bool type_ok(const char *s)
{
	if (!*s || s[0] == '.' || strlen(s) > 255)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-:@+\\", *s))
			return false;
	return true;
}

static int text(json_t *object, const char *key, const char **ret, char **why)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return refuse(why, own_printf("order: %s is not a string", key));
	*ret = json_string_value(value);
	return 0;
}

static int number(json_t *object, const char *key, uint64_t max, uint64_t *ret, char **why)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		(uint64_t)json_integer_value(value) > max)
		return refuse(why, own_printf("order: %s is not a number from 0 to %llu", key,
					   (unsigned long long)max));
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

/* Names become environment variables of a root process. */
static int pairs(json_t *action, const char *key, json_t **ret, char **why)
{
	json_t *object = json_object_get(action, key), *value;
	const char *name;

	if (!object || json_is_null(object)) {
		object = json_object();
		json_object_set_new(action, key, object);
	}
	if (!json_is_object(object) || json_object_size(object) > OPERATION_PAIRS_MAX)
		return refuse(why, own_printf("order: %s is not an object of at most %d strings",
					   key, OPERATION_PAIRS_MAX));
	json_object_foreach (object, name, value) {
		if (!*name || strlen(name) > 255 || strpbrk(name, "=\n "))
			return refuse(why, own_printf("order: %s has a bad name", key));
		if (!json_is_string(value))
			return refuse(why, own_printf("order: %s.%s is not a string", key, name));
	}
	*ret = object;
	return 0;
}

static int agent_check(const struct operation *o, char **why)
{
	bool ocf = !strcmp(o->standard, "ocf");

	if (!name_ok(o->standard))
		return refuse(why, own_string("order: no class, or not a name"));
	if (!type_ok(o->type))
		return refuse(why, own_string("order: no agent, or not a name"));
	if (ocf && !name_ok(o->provider))
		return refuse(why, own_string("order: class ocf without a provider"));
	return 0;
}

static int parse_action(struct operation *o, json_t *action, char **why)
{
	const char *op = "";
	json_t *target;
	int r, kind;

	o->timeout_ms = OPERATION_TIMEOUT_DEFAULT_MS;
	if ((r = text(action, "op", &op, why)) ||
		(r = text(action, "resource", &o->resource, why)) ||
		(r = text(action, "class", &o->standard, why)) ||
		(r = text(action, "provider", &o->provider, why)) ||
		(r = text(action, "agent", &o->type, why)) ||
		(r = number(
			 action, "interval_ms", OPERATION_TIMEOUT_MAX_MS, &o->interval_ms, why)) ||
		(r = number(action, "timeout_ms", OPERATION_TIMEOUT_MAX_MS, &o->timeout_ms, why)) ||
		(r = pairs(action, "params", &o->params, why)) ||
		(r = pairs(action, "meta", &o->meta, why)))
		return r;
	kind = operation_kind_of(op);
	if (kind < 0)
		return refuse(why, own_printf("order: no operation is called '%s'", op));
	o->kind = (enum operation_kind)kind;
	target = json_object_get(action, "target_rc");
	if (target && (!json_is_integer(target) || json_integer_value(target) < -1 ||
			      json_integer_value(target) > 255))
		return refuse(why, own_string("order: target_rc is not a number from -1 to 255"));
	o->target_rc = target ? (int)json_integer_value(target) : -1;
	if (!o->timeout_ms)
		o->timeout_ms = OPERATION_TIMEOUT_DEFAULT_MS;
	if (o->interval_ms && o->kind != OPERATION_MONITOR && o->kind != OPERATION_CANCEL)
		return refuse(why, own_printf("order: %s cannot recur", op));
	if (o->kind != OPERATION_SHUTDOWN && !name_ok(o->resource))
		return refuse(why, own_string("order: no resource, or not a name"));
	return kinds[o->kind].traits & HAS_AGENT ? agent_check(o, why) : 0;
}

int operation_parse(json_t *order, struct operation **ret, char **why)
{
	owned(operation) struct operation *o = own_new(struct operation);
	json_t *action = json_object_get(order, "action");
	int r;

	o->order = json_incref(order);
	o->id = o->resource = o->standard = o->provider = o->type = "";
	if (!json_is_object(action))
		return refuse(why, own_string("order: no action"));
	if ((r = text(order, "id", &o->id, why)) ||
		(r = number(order, "term", INT64_MAX, &o->term, why)) ||
		(r = number(order, "index", INT64_MAX, &o->index, why)) ||
		(r = number(order, "incarnation", INT64_MAX, &o->incarnation, why)))
		return r;
	if (!*o->id || strlen(o->id) > 255)
		return refuse(why, own_string("order: no id"));
	if ((r = parse_action(o, action, why)))
		return r;
	*ret = give(o);
	return 0;
}

void operation_free(struct operation *operation)
{
	if (!operation)
		return;
	json_decref(operation->order);
	free(operation);
}
