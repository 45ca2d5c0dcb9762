/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/member.h"
#include "core/ledger.h"
#include "core/operation.h"
#include "core/outcome.h"

#define OPS_MAX 64 /* of one resource */
/* Whose numbers transitions are counted with: one cluster is one planner here. */
#define PLANNER "7069636b-6574-4000-8000-000000000000"

void ledger_init(struct ledger *l)
{
	l->resources = json_object();
}

void ledger_done(struct ledger *l)
{
	json_decref(l->resources);
	l->resources = NULL;
}

void ledger_clear(struct ledger *l)
{
	json_object_clear(l->resources);
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static char *key_of(const char *op, uint64_t interval_ms)
{
	return own_printf("%s_%llu", op, (unsigned long long)interval_ms);
}

static json_t *row(struct ledger *l, const char *resource, const json_t *agent)
{
	json_t *r = json_object_get(l->resources, resource);
	static const char *const keys[] = { "class", "provider", "agent" };

	if (!r) {
		r = json_pack("{s:{}}", "ops");
		json_object_set_new(l->resources, resource, r);
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (*member_text(agent, keys[i]))
			json_object_set(r, keys[i], json_object_get(agent, keys[i]));
	return r;
}

/* ---- taking in ---------------------------------------------------------------------------------
 */

static bool is_done(const char *status)
{
	static const char *const ended[] = { "done", "error", "timeout", "not-supported",
		"not-installed" };

	for (size_t i = 0; i < sizeof(ended) / sizeof(*ended); i++)
		if (!strcmp(ended[i], status))
			return true;
	return false;
}

static int expected(const json_t *result)
{
	json_t *target = json_object_get(result, "target_rc");
	bool probe =
		!strcmp(member_text(result, "op"), "monitor") && !number(result, "interval_ms");

	if (json_is_integer(target) && json_integer_value(target) >= 0)
		return (int)json_integer_value(target);
	return probe ? OUTCOME_NOT_RUNNING : OUTCOME_OK;
}

/* Degraded is worth a word, not a recovery. */
static bool is_failure(const json_t *result)
{
	json_int_t rc = number(result, "rc");

	if (rc == OUTCOME_DEGRADED)
		rc = OUTCOME_OK;
	if (rc == OUTCOME_DEGRADED_PROMOTED)
		rc = OUTCOME_PROMOTED;
	return strcmp(member_text(result, "status"), "done") != 0 || rc != expected(result);
}

/* What changes a resource ends its monitors: the agent has dropped them. */
static void drop_monitors(json_t *r, json_int_t interval_ms)
{
	json_t *ops = json_object_get(r, "ops"), *op;
	const char *key;
	void *next;

	json_object_foreach_safe(ops, next, key, op)
	{
		if (number(op, "interval_ms") &&
			(!interval_ms || number(op, "interval_ms") == interval_ms))
			json_object_del(ops, key);
	}
}

static void answered(json_t *r, const json_t *result)
{
	json_t *pending = json_object_get(r, "pending");

	if (pending && !strcmp(member_text(pending, "id"), member_text(result, "id")))
		json_object_del(r, "pending");
}

/* A recurring operation that fails stays as it was last good, as Pacemaker keeps it: the failure
 * stands beside it. */
static bool note(json_t *r, json_t *result, int kind)
{
	owned(free) char *key =
		key_of(member_text(result, "op"), (uint64_t)number(result, "interval_ms"));
	json_t *ops = json_object_get(r, "ops"), *old = json_object_get(ops, key);
	json_t *failure = json_object_get(r, "failure");
	bool failed = is_failure(result), recurs = number(result, "interval_ms");

	/* An answer that is told again says what was, not what is. */
	if (old && number(result, "call_id") < number(old, "call_id"))
		return false;
	if (operation_changes((enum operation_kind)kind))
		drop_monitors(r, 0);
	if (failed && number(result, "call_id") >= number(failure, "call_id"))
		json_object_set(r, "failure", result);
	if ((!failed || !recurs || !old) && (old || json_object_size(ops) < OPS_MAX))
		json_object_set(ops, key, result);
	return true;
}

bool ledger_take(struct ledger *l, json_t *result)
{
	const char *resource = member_text(result, "resource"),
		   *status = member_text(result, "status");
	int kind = operation_kind_of(member_text(result, "op"));
	json_t *r;

	if (!*resource || kind < 0 || !*status)
		return false;
	r = row(l, resource, result);
	answered(r, result);
	if (json_is_true(json_object_get(result, "refused")) || !strcmp(status, "cancelled"))
		return true;
	if (!strcmp(status, "pending")) {
		json_object_set(r, "pending", result);
		return true;
	}
	if (!is_done(status))
		return false;
	if (kind == OPERATION_FORGET) {
		ledger_forget(l, resource);
		return true;
	}
	if (kind == OPERATION_FORGIVE) {
		ledger_forgive(l, resource, NULL, 0);
		return true;
	}
	if (kind == OPERATION_CANCEL) {
		drop_monitors(r, number(result, "interval_ms"));
		return true;
	}
	if (json_is_true(json_object_get(result, "last_failure"))) {
		if (number(result, "call_id") >= number(json_object_get(r, "failure"), "call_id"))
			json_object_set(r, "failure", result);
		return true;
	}
	if (kind > OPERATION_RELOAD_AGENT || kind == OPERATION_NOTIFY)
		return false;
	return note(r, result, kind);
}

void ledger_order(struct ledger *l, json_t *order, uint64_t epoch_s)
{
	json_t *action = json_object_get(order, "action"), *r, *pending;
	int kind = operation_kind_of(member_text(action, "op"));

	if (kind < 0 ||
		(kind != OPERATION_MONITOR && !operation_changes((enum operation_kind)kind)) ||
		number(action, "interval_ms"))
		return;
	r = row(l, member_text(action, "resource"), action);
	pending = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:O?, s:O?, s:O?}", "id",
		member_text(order, "id"), "op", member_text(action, "op"), "resource",
		member_text(action, "resource"), "status", "pending", "rc", OUTCOME_UNKNOWN,
		"interval_ms", 0, "t_run", (json_int_t)epoch_s, "target_rc",
		json_object_get(action, "target_rc"), "digest", json_object_get(action, "digest"),
		"digest_reload", json_object_get(action, "digest_reload"));
	json_object_set_new(r, "pending", pending);
	if (operation_changes((enum operation_kind)kind))
		drop_monitors(r, 0);
}

void ledger_forget(struct ledger *l, const char *resource)
{
	json_object_del(l->resources, resource);
}

void ledger_forgive(struct ledger *l, const char *resource, const char *op, uint64_t interval_ms)
{
	json_t *r = json_object_get(l->resources, resource),
	       *failure = json_object_get(r, "failure");

	if (!failure || (op && (strcmp(op, member_text(failure, "op")) ||
				       (uint64_t)number(failure, "interval_ms") != interval_ms)))
		return;
	json_object_del(r, "failure");
}

void ledger_renew(struct ledger *l, const char *resource)
{
	json_t *ops = json_object_get(json_object_get(l->resources, resource), "ops"), *op, *copy;
	const char *key;
	void *next;

	json_object_foreach_safe(ops, next, key, op)
	{
		if (number(op, "interval_ms") || !strcmp(member_text(op, "op"), "stop"))
			continue;
		copy = json_copy(op);
		json_object_set_new(copy, "digest", json_string("renewed"));
		json_object_set_new(ops, key, copy);
	}
}

/* ---- what it means -----------------------------------------------------------------------------
 */

static void monitor_says(struct ledger_standing *s, const json_t *result)
{
	bool probe = !number(result, "interval_ms"), failed = is_failure(result);
	json_int_t rc = number(result, "rc");

	if (!strcmp(member_text(result, "status"), "not-installed"))
		rc = OUTCOME_NOT_INSTALLED;
	if (strcmp(member_text(result, "status"), "done") && rc != OUTCOME_NOT_INSTALLED) {
		s->failed = true;
		if (s->role == LEDGER_UNKNOWN)
			s->role = LEDGER_STARTED;
		return;
	}
	switch (rc) {
	case OUTCOME_OK:
	case OUTCOME_DEGRADED:
		s->role = LEDGER_STARTED;
		s->failed = failed && !probe;
		return;
	case OUTCOME_PROMOTED:
	case OUTCOME_DEGRADED_PROMOTED:
		s->role = LEDGER_PROMOTED;
		s->failed = failed && !probe;
		return;
	case OUTCOME_NOT_RUNNING:
		s->failed = !probe;
		s->role = probe ? LEDGER_STOPPED : s->role;
		return;
	case OUTCOME_FAILED_PROMOTED:
		s->role = LEDGER_PROMOTED;
		s->failed = true;
		return;
	default:
		break;
	}
	/* A probe of what is not installed or cannot run here says that it does not. */
	if (probe && s->role <= LEDGER_STOPPED && rc >= OUTCOME_BAD_ARGUMENTS &&
		rc <= OUTCOME_NOT_CONFIGURED) {
		s->role = LEDGER_STOPPED;
		s->impossible = true;
		return;
	}
	s->failed = true;
	if (s->role <= LEDGER_STOPPED)
		s->role = LEDGER_STARTED;
}

static void says(struct ledger_standing *s, const json_t *result)
{
	int kind = operation_kind_of(member_text(result, "op"));
	bool good = !strcmp(member_text(result, "status"), "done") && !number(result, "rc");

	switch (kind) {
	case OPERATION_START:
	case OPERATION_MIGRATE_FROM:
		*s = (struct ledger_standing){ .role = LEDGER_STARTED, .failed = !good };
		return;
	case OPERATION_STOP:
		if (good)
			*s = (struct ledger_standing){ .role = LEDGER_STOPPED };
		else
			s->failed = s->stop_failed = true;
		return;
	case OPERATION_MIGRATE_TO:
		s->role = good ? LEDGER_STOPPED : LEDGER_STARTED;
		s->failed = !good;
		return;
	case OPERATION_PROMOTE:
		s->role = LEDGER_PROMOTED;
		s->failed = !good;
		return;
	case OPERATION_DEMOTE:
		s->role = good ? LEDGER_STARTED : LEDGER_PROMOTED;
		s->failed = !good;
		return;
	case OPERATION_MONITOR:
		monitor_says(s, result);
		return;
	default:
		return;
	}
}

static int by_call(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	if (number(x, "call_id") != number(y, "call_id"))
		return number(x, "call_id") < number(y, "call_id") ? -1 : 1;
	return number(x, "t_rc_change") < number(y, "t_rc_change") ? -1 : x != y;
}

/* Results in the order in which it was done; the failure only where it is not one of them. */
static size_t sorted(const json_t *r, json_t *ret[OPS_MAX + 1])
{
	json_t *failure = json_object_get(r, "failure"), *op;
	const char *key;
	size_t n = 0;

	json_object_foreach (json_object_get(r, "ops"), key, op) {
		if (op == failure)
			failure = NULL;
		ret[n++] = op;
	}
	if (failure)
		ret[n++] = failure;
	qsort(ret, n, sizeof(*ret), by_call);
	return n;
}

struct ledger_standing ledger_standing(const struct ledger *l, const char *resource)
{
	const json_t *r = json_object_get(l->resources, resource);
	struct ledger_standing s = { 0 };
	json_t *ops[OPS_MAX + 1], *pending = json_object_get(r, "pending");
	size_t n = sorted(r, ops);

	for (size_t i = 0; i < n; i++)
		says(&s, ops[i]);
	if (pending && strcmp(member_text(pending, "op"), "monitor"))
		s.role = LEDGER_UNKNOWN;
	return s;
}

void ledger_before(struct ledger *l)
{
	const char *resource;
	json_t *r;

	json_object_foreach (l->resources, resource, r)
		if (strcmp(member_text(json_object_get(r, "pending"), "op"), "start"))
			json_object_del(r, "pending");
}

bool ledger_may_run(const struct ledger *l, const char *resource)
{
	return ledger_standing(l, resource).role != LEDGER_STOPPED;
}

json_t *ledger_last(
	const struct ledger *l, const char *resource, const char *op, uint64_t interval_ms)
{
	owned(free) char *key = key_of(op, interval_ms);

	return json_object_get(
		json_object_get(json_object_get(l->resources, resource), "ops"), key);
}

/* ---- as Pacemaker's <lrm> ----------------------------------------------------------------------
 */

struct writer {
	struct element_tree *tree;
	struct element *parent;
	const char *node, *resource;
};

static int status_number(const char *status)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = { { "pending", -1 }, { "done", 0 }, { "cancelled", 1 }, { "timeout", 2 },
		{ "not-supported", 3 }, { "error", 4 }, { "not-installed", 7 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, status))
			return rows[i].number;
	return 4;
}

/* "TERM.NUMBER:ACTION" as Pacemaker counts: action:transition:expected:planner. */
static const char *transition_key(struct writer *w, const json_t *result)
{
	unsigned long long term = 0;
	unsigned transition = 0, action = 0;

	if (sscanf(member_text(result, "id"), "%llu.%u:%u", &term, &transition, &action) != 3)
		transition = action = 0;
	return element_printf(w->tree, "%u:%u:%d:" PLANNER, action, transition, expected(result));
}

static void set_number(struct writer *w, struct element *e, const char *name, json_int_t v)
{
	element_set(w->tree, e, name, element_printf(w->tree, "%lld", (long long)v));
}

static void set_text(struct writer *w, struct element *e, const char *name, const json_t *result,
	const char *key)
{
	if (*member_text(result, key))
		element_set(w->tree, e, name, member_text(result, key));
}

/* A reload done well leaves it as a start with the new parameters would. */
static const char *operation_as(const json_t *result)
{
	const char *op = member_text(result, "op");

	if (strncmp(op, "reload", 6))
		return op;
	return is_failure(result) ? "monitor" : "start";
}

static void write_op(struct writer *w, const json_t *result, const char *id)
{
	struct element *e = element_add(w->tree, w->parent, "lrm_rsc_op");
	const char *key = transition_key(w, result), *op = operation_as(result);
	int status = status_number(member_text(result, "status"));
	bool pending = status == -1;
	json_int_t interval = number(result, "interval_ms");

	element_set(w->tree, e, "id", element_printf(w->tree, "%s_%s", w->resource, id));
	element_set(w->tree, e, "operation_key",
		element_printf(w->tree, "%s_%s_%lld", w->resource, op, (long long)interval));
	element_set(w->tree, e, "operation", op);
	element_set(w->tree, e, "crm_feature_set", "3.16.2");
	element_set(w->tree, e, "transition-key", key);
	element_set(w->tree, e, "transition-magic",
		element_printf(w->tree, "%d:%lld;%s", status,
			pending ? OUTCOME_UNKNOWN : (long long)number(result, "rc"), key));
	set_text(w, e, "exit-reason", result, "exit_reason");
	element_set(w->tree, e, "on_node", w->node);
	set_number(w, e, "call-id", pending ? -1 : number(result, "call_id"));
	set_number(w, e, "rc-code", pending ? OUTCOME_UNKNOWN : number(result, "rc"));
	set_number(w, e, "op-status", status);
	set_number(w, e, "interval", interval);
	if (json_object_get(result, "t_rc_change"))
		set_number(w, e, "last-rc-change", number(result, "t_rc_change"));
	else if (json_object_get(result, "t_run"))
		set_number(w, e, "last-rc-change", number(result, "t_run"));
	set_number(w, e, "exec-time", number(result, "exec_ms"));
	set_number(w, e, "queue-time", number(result, "queue_ms"));
	set_text(w, e, "op-digest", result, "digest");
	set_text(w, e, "op-restart-digest", result, "digest_reload");
	set_text(w, e, "op-force-restart", result, "restart_params");
	set_text(w, e, "migrate_source", result, "migrate_source");
	set_text(w, e, "migrate_target", result, "migrate_target");
}

/* Pacemaker keeps the last of all that do not recur in one place; migrations have their own. */
static void write_ops(struct writer *w, const json_t *r)
{
	json_t *failure = json_object_get(r, "failure"), *pending = json_object_get(r, "pending");
	json_t *ops[OPS_MAX + 1], *last = pending;
	size_t n = sorted(r, ops);

	for (size_t i = 0; i < n; i++) {
		const char *op = member_text(ops[i], "op");
		owned(free) char *key = key_of(op, (uint64_t)number(ops[i], "interval_ms"));

		if (json_object_get(json_object_get(r, "ops"), key) != ops[i])
			continue;
		if (!strncmp(op, "migrate_", 8) || number(ops[i], "interval_ms"))
			write_op(w, ops[i], key);
		else if (last != pending || !pending)
			last = ops[i];
	}
	if (failure)
		write_op(w, failure, "last_failure_0");
	if (last && !strncmp(member_text(last, "op"), "migrate_", 8)) {
		owned(free) char *key = key_of(member_text(last, "op"), 0);

		write_op(w, last, key);
	} else if (last) {
		write_op(w, last, "last_0");
	}
}

void ledger_cib(
	const struct ledger *l, const char *node, struct element_tree *tree, struct element *state)
{
	struct element *lrm = element_add(tree, state, "lrm"), *list, *e;
	const char *resource;
	json_t *r;

	element_set(tree, lrm, "id", element_get(state, "id"));
	list = element_add(tree, lrm, "lrm_resources");
	json_object_foreach (l->resources, resource, r) {
		struct writer w = { tree, NULL, node, resource };

		/* Only what was told: an order that was refused leaves nothing behind. */
		if (!json_object_size(json_object_get(r, "ops")) &&
			!json_object_get(r, "failure") && !json_object_get(r, "pending"))
			continue;
		e = element_add(tree, list, "lrm_resource");
		element_set(tree, e, "id", resource);
		element_set(tree, e, "type", member_text(r, "agent"));
		element_set(tree, e, "class", member_text(r, "class"));
		if (*member_text(r, "provider"))
			element_set(tree, e, "provider", member_text(r, "provider"));
		w.parent = e;
		write_ops(&w, r);
	}
}
