/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/record.h"

struct record *record_new(const char *resource)
{
	struct record *r = own_new(struct record);

	r->resource = own_string(resource);
	r->ops = json_array();
	r->recurring = json_array();
	return r;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	free(record->resource);
	json_decref(record->ops);
	json_decref(record->failure);
	json_decref(record->recurring);
	json_decref(record->pending);
	json_decref(record->held);
	free(record);
}

json_t *record_json(const struct record *r, const char *boot_id)
{
	json_t *doc = json_pack("{s:i, s:s, s:s, s:O, s:O}", "version", RECORD_VERSION, "resource",
		r->resource, "boot_id", boot_id, "ops", r->ops, "recurring", r->recurring);

	assert(doc);
	if (r->failure)
		json_object_set(doc, "failure", r->failure);
	if (r->held)
		json_object_set(doc, "held", r->held);
	if (r->pending) {
		json_object_set(doc, "pending", r->pending);
		json_object_set_new(doc, "pid", json_integer(r->pid));
		json_object_set_new(doc, "pid_start", json_integer(r->pid_start));
	}
	return doc;
}

static bool result_ok(json_t *result, const char *resource)
{
	const char *op = json_string_value(json_object_get(result, "op"));
	const char *of = json_string_value(json_object_get(result, "resource"));

	return op && operation_kind_of(op) >= 0 && of && !strcmp(of, resource) &&
	       json_is_string(json_object_get(result, "id")) &&
	       json_is_string(json_object_get(result, "status")) &&
	       json_is_integer(json_object_get(result, "rc")) &&
	       json_is_integer(json_object_get(result, "call_id"));
}

static bool order_ok(json_t *order, const char *resource, bool recurring)
{
	owned(operation) struct operation *o = NULL;
	owned(free) char *why = NULL;

	return !operation_parse(order, &o, &why) && !strcmp(o->resource, resource) &&
	       (!recurring || o->interval_ms);
}

static bool contents_ok(json_t *doc, const char *resource)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_array_size(json_object_get(doc, "ops")) > RECORD_OPS_MAX ||
		!json_is_array(json_object_get(doc, "ops")) ||
		!json_is_array(json_object_get(doc, "recurring")))
		return false;
	json_array_foreach (json_object_get(doc, "ops"), i, item)
		if (!result_ok(item, resource))
			return false;
	json_array_foreach (json_object_get(doc, "recurring"), i, item)
		if (!order_ok(item, resource, true))
			return false;
	item = json_object_get(doc, "failure");
	if (item && !result_ok(item, resource))
		return false;
	json_object_foreach (json_object_get(doc, "held"), name, item)
		if (!json_is_string(item))
			return false;
	item = json_object_get(doc, "pending");
	return !item || order_ok(item, resource, false);
}

int record_parse(json_t *doc, const char *boot_id, struct record **ret, char **why)
{
	const char *resource = json_string_value(json_object_get(doc, "resource"));
	const char *boot = json_string_value(json_object_get(doc, "boot_id"));
	struct record *r;

	if (!resource || !boot ||
		json_integer_value(json_object_get(doc, "version")) != RECORD_VERSION) {
		*why = own_string("not a history of this version");
		return -EINVAL;
	}
	if (strcmp(boot, boot_id))
		return -ESTALE;
	if (!contents_ok(doc, resource)) {
		*why = own_printf("the history of %s holds what cannot be", resource);
		return -EINVAL;
	}
	r = record_new(resource);
	json_array_extend(r->ops, json_object_get(doc, "ops"));
	json_array_extend(r->recurring, json_object_get(doc, "recurring"));
	r->failure = json_incref(json_object_get(doc, "failure"));
	r->pending = json_incref(json_object_get(doc, "pending"));
	r->held = json_incref(json_object_get(doc, "held"));
	r->pid = json_integer_value(json_object_get(doc, "pid"));
	r->pid_start = json_integer_value(json_object_get(doc, "pid_start"));
	*ret = r;
	return 0;
}

static bool same(json_t *result, const char *op, uint64_t interval_ms)
{
	return !strcmp(json_string_value(json_object_get(result, "op")), op) &&
	       (uint64_t)json_integer_value(json_object_get(result, "interval_ms")) == interval_ms;
}

json_t *record_last(const struct record *record, const char *op, uint64_t interval_ms)
{
	json_t *result;
	size_t i;

	json_array_foreach (record->ops, i, result)
		if (same(result, op, interval_ms))
			return result;
	return NULL;
}

json_t *record_of(const struct record *record, const char *id)
{
	json_t *result;
	size_t i;

	json_array_foreach (record->ops, i, result)
		if (!strcmp(json_string_value(json_object_get(result, "id")), id))
			return result;
	return NULL;
}

/* The end of the output is kept: that is where agents say why. */
static json_t *shortened(json_t *result)
{
	json_t *copy = json_copy(result);
	const char *output = json_string_value(json_object_get(copy, "output"));
	size_t len = output ? strlen(output) : 0;

	if (len > RECORD_OUTPUT_MAX) {
		const char *cut = output + len - RECORD_OUTPUT_MAX;

		while ((*cut & 0xc0) == 0x80)
			cut++;
		json_object_set_new(copy, "output", json_string(cut));
	}
	return copy;
}

void record_note(struct record *record, json_t *result, bool failed)
{
	json_t *kept = shortened(result), *other;
	const char *op = json_string_value(json_object_get(kept, "op"));
	size_t i;

	assert(op && json_is_integer(json_object_get(kept, "call_id")));
	if (failed) {
		json_decref(record->failure);
		record->failure = json_incref(kept);
	}
	json_array_foreach (record->ops, i, other) {
		if (same(other, op,
			    (uint64_t)json_integer_value(json_object_get(kept, "interval_ms")))) {
			json_array_remove(record->ops, i);
			break;
		}
	}
	if (json_array_size(record->ops) == RECORD_OPS_MAX)
		json_array_remove(record->ops, 0);
	json_array_append_new(record->ops, kept);
}

void record_forgive(struct record *record)
{
	json_decref(record->failure);
	record->failure = NULL;
}

void record_drop_monitors(struct record *record, uint64_t interval_ms)
{
	for (size_t i = json_array_size(record->ops); i-- > 0;) {
		json_t *result = json_array_get(record->ops, i);
		json_int_t interval = json_integer_value(json_object_get(result, "interval_ms"));

		if (interval && (!interval_ms || (uint64_t)interval == interval_ms))
			json_array_remove(record->ops, i);
	}
}

uint64_t record_call_id(const struct record *record)
{
	uint64_t highest = 0;
	json_t *result;
	size_t i;

	json_array_foreach (record->ops, i, result) {
		json_int_t id = json_integer_value(json_object_get(result, "call_id"));

		if (id > 0 && (uint64_t)id > highest)
			highest = (uint64_t)id;
	}
	return highest;
}

/* What one result says: 1 runs or may run, 0 does not, -1 says nothing. */
static int says_active(json_t *result)
{
	int kind = operation_kind_of(json_string_value(json_object_get(result, "op")));
	json_int_t rc = json_integer_value(json_object_get(result, "rc"));

	switch (kind) {
	case OPERATION_STOP:
	case OPERATION_MIGRATE_TO: /* done well, it runs at the other end */
		return rc != OUTCOME_OK;
	case OPERATION_MONITOR:
		return rc != OUTCOME_NOT_RUNNING && rc != OUTCOME_NOT_INSTALLED;
	case OPERATION_START:
	case OPERATION_PROMOTE:
	case OPERATION_DEMOTE:
	case OPERATION_MIGRATE_FROM:
		return 1;
	default:
		return -1;
	}
}

bool record_active(const struct record *record)
{
	json_int_t newest = -1;
	bool active = false;
	json_t *result;
	size_t i;

	if (record->pending)
		return true;
	json_array_foreach (record->ops, i, result) {
		json_int_t call = json_integer_value(json_object_get(result, "call_id"));
		int says = says_active(result);

		if (says >= 0 && call > newest) {
			newest = call;
			active = says;
		}
	}
	return active;
}

static void take_params(struct record *record, json_t *params)
{
	json_incref(params);
	json_decref(record->held);
	record->held = params;
}

void record_hold(struct record *record, struct operation *o)
{
	switch (o->kind) {
	case OPERATION_START: /* even half a start can leave something */
	case OPERATION_MIGRATE_FROM:
		take_params(record, o->params);
		break;
	case OPERATION_STOP:
	case OPERATION_DEMOTE:
		if (!record->held)
			break;
		json_object_set(json_object_get(o->order, "action"), "params", record->held);
		o->params = record->held; /* the order's own, as before */
		break;
	default:
		break;
	}
}

void record_settle(struct record *record, const struct operation *o, const struct outcome *outcome)
{
	bool ok = outcome->status == OUTCOME_DONE && outcome->rc == OUTCOME_OK;
	bool promoted = outcome->status == OUTCOME_DONE && outcome->rc == OUTCOME_PROMOTED;

	if (ok && o->kind == OPERATION_STOP)
		take_params(record, NULL);
	else if (ok && (o->kind == OPERATION_RELOAD || o->kind == OPERATION_RELOAD_AGENT))
		take_params(record, o->params);
	else if ((ok || promoted) && o->kind == OPERATION_MONITOR && !record->held)
		take_params(record, o->params); /* it ran before anybody here started it */
}

bool record_ran(const struct record *record)
{
	json_t *start = record_last(record, "start", 0), *stop = record_last(record, "stop", 0);

	if (!start || json_integer_value(json_object_get(start, "rc")) != OUTCOME_OK)
		return false;
	return !stop || json_integer_value(json_object_get(stop, "rc")) != OUTCOME_OK ||
	       json_integer_value(json_object_get(stop, "call_id")) <
		       json_integer_value(json_object_get(start, "call_id"));
}
