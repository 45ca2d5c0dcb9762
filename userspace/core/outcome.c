/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <string.h>

#include "core/outcome.h"

static const char *const names[] = {
	[OUTCOME_DONE] = "done",
	[OUTCOME_FAILED] = "error",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_CANCELLED] = "cancelled",
	[OUTCOME_NOT_SUPPORTED] = "not-supported",
	[OUTCOME_NO_AGENT] = "not-installed",
	[OUTCOME_PENDING] = "pending",
};

const char *outcome_status_name(enum outcome_status status)
{
	assert((size_t)status < sizeof(names) / sizeof(*names));
	return names[status];
}

void outcome_done(struct outcome *outcome)
{
	free(outcome->exit_reason);
	free(outcome->output);
	*outcome = (struct outcome){ 0 };
}

void outcome_say(struct outcome *outcome, enum outcome_status status, int rc, char *reason)
{
	free(outcome->exit_reason);
	outcome->status = status;
	outcome->rc = rc;
	outcome->exit_reason = reason;
}

bool outcome_failed(const struct operation *operation, const struct outcome *outcome)
{
	if (outcome->status == OUTCOME_CANCELLED || outcome->status == OUTCOME_PENDING)
		return false;
	if (operation->kind == OPERATION_MONITOR && !operation->interval_ms) {
		/* A probe asks how it is: that it cannot run here, or does not, is an answer. */
		switch (outcome->rc) {
		case OUTCOME_OK:
		case OUTCOME_NOT_INSTALLED:
		case OUTCOME_NOT_RUNNING:
		case OUTCOME_PROMOTED:
		case OUTCOME_DEGRADED:
		case OUTCOME_DEGRADED_PROMOTED:
			return outcome->status != OUTCOME_DONE &&
			       outcome->status != OUTCOME_NO_AGENT;
		default:
			return true;
		}
	}
	if (outcome->status != OUTCOME_DONE)
		return true;
	if (operation->kind == OPERATION_MONITOR &&
		(outcome->rc == OUTCOME_DEGRADED || outcome->rc == OUTCOME_DEGRADED_PROMOTED))
		return false;
	return outcome->rc != (operation->target_rc >= 0 ? operation->target_rc : OUTCOME_OK);
}

/* Bytes that are not UTF-8 become '?': an agent's output may hold anything. */
static json_t *text_json(const char *s)
{
	json_t *text = json_string(s);
	owned(free) char *copy = NULL;

	if (text)
		return text;
	copy = own_string(s);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(copy);
}

static void copy_key(json_t *to, json_t *action, const char *key)
{
	json_t *value = json_object_get(action, key);

	if (value && !json_is_null(value))
		json_object_set(to, key, value);
}

json_t *outcome_json(const struct operation *operation, const struct outcome *outcome)
{
	json_t *action = json_object_get(operation->order, "action");
	json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:s, s:I, s:I, s:I}", "type",
		"result", "id", operation->id, "op", operation_name(operation->kind), "resource",
		operation->resource, "interval_ms", (json_int_t)operation->interval_ms, "rc",
		outcome->rc, "status", outcome_status_name(outcome->status), "term",
		(json_int_t)operation->term, "index", (json_int_t)operation->index, "incarnation",
		(json_int_t)operation->incarnation);

	assert(m);
	copy_key(m, action, "class");
	copy_key(m, action, "provider");
	copy_key(m, action, "agent");
	copy_key(m, action, "target_rc");
	copy_key(m, action, "on_fail");
	copy_key(m, action, "digest");
	copy_key(m, action, "digest_reload");
	copy_key(m, action, "migrate_source");
	copy_key(m, action, "migrate_target");
	if (outcome->exit_reason)
		json_object_set_new(m, "exit_reason", text_json(outcome->exit_reason));
	if (outcome->output && *outcome->output)
		json_object_set_new(m, "output", text_json(outcome->output));
	return m;
}
