// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, result: what one entry of the history means for the resource. */
#include <errno.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

void role_activate(struct resource *r)
{
	r->role = resource_top(r)->promotable ? ROLE_UNPROMOTED : ROLE_STARTED;
}

static bool bundled(struct resource *r)
{
	return resource_top(r)->parent;
}

static bool task_is(const struct history *h, const char *task)
{
	return !strcmp(h->task, task);
}

/* A failed stop that no fencing can make up for leaves the resource as it is. */
static void block_if_unrecoverable(struct engine *e, struct history *h)
{
	if (!task_is(h, "stop") || node_can_fence(e, h->node))
		return;
	h->r->managed = false;
	h->r->blocked = true;
}

/* ---- what the exit status means, given what was expected ----------------------------------------
 */

static void remap_not_running(struct history *h, bool probe, struct replay *replay)
{
	if (!probe && h->expected != h->exit && h->r->managed)
		return;
	h->status = EXEC_DONE;
	h->r->role = ROLE_STOPPED;
	replay->on_fail = FAIL_IGNORE;
	h->r->next_role = ROLE_UNKNOWN;
}

static void remap_promoted(struct history *h, bool probe, bool expired)
{
	if (probe && h->exit != h->expected)
		h->status = EXEC_DONE;
	if (!expired || h->exit == h->expected)
		h->r->role = ROLE_PROMOTED;
}

static void remap_exit(struct engine *e, struct history *h, bool expired, struct replay *replay)
{
	bool probe = h->probe;

	switch (h->exit) {
	case EXIT_OK:
		if (probe && h->expected == EXIT_NOT_RUNNING)
			h->status = EXEC_DONE;
		break;
	case EXIT_NOT_RUNNING:
		remap_not_running(h, probe, replay);
		break;
	case EXIT_PROMOTED:
		remap_promoted(h, probe, expired);
		break;
	case EXIT_FAILED_PROMOTED:
		if (!expired)
			h->r->role = ROLE_PROMOTED;
		h->status = EXEC_ERROR;
		break;
	case EXIT_NOT_CONFIGURED:
		h->status = EXEC_ERROR_FATAL;
		break;
	case EXIT_UNIMPLEMENTED:
		if (h->interval_ms) {
			h->status = EXEC_NOT_SUPPORTED;
			break;
		}
		__attribute__((fallthrough));
	case EXIT_NOT_INSTALLED:
	case EXIT_INVALID_PARAM:
	case EXIT_PERMISSION:
		if (!expired)
			block_if_unrecoverable(e, h);
		h->status = EXEC_ERROR_HARD;
		break;
	default:
		if (h->status == EXEC_DONE)
			h->status = EXEC_ERROR;
		break;
	}
}

static void remap(struct engine *e, struct history *h, bool expired, struct replay *replay)
{
	int exit = h->exit == EXIT_DEGRADED            ? EXIT_OK
		   : h->exit == EXIT_DEGRADED_PROMOTED ? EXIT_PROMOTED
						       : h->exit;

	if (exit != h->exit) {
		h->exit = exit;
		if (!expired && (!h->node->shutdown || h->node->online))
			result_record(e, h);
	}
	if (h->masked) {
		h->status = EXEC_DONE;
		h->exit = EXIT_NOT_RUNNING;
	}
	if (h->status == EXEC_NO_FENCE_DEVICE || h->status == EXEC_NO_SECRETS)
		h->status = EXEC_ERROR_HARD;
	/* What whoever ran it calls neither done nor an error is final. */
	if (h->status != EXEC_DONE && h->status != EXEC_ERROR)
		return;
	h->status = h->expected >= 0 && h->exit == h->expected ? EXEC_DONE : EXEC_ERROR;
	remap_exit(e, h, expired, replay);
}

/* ---- what follows
 * -------------------------------------------------------------------------------- */

/* An operation that worked wipes out what earlier failures asked for, if it can be made good. */
static void forget_failure(struct history *h, struct replay *replay)
{
	switch (replay->on_fail) {
	case FAIL_STOP:
	case FAIL_MIGRATE:
	case FAIL_STANDBY:
	case FAIL_FENCE:
		return;
	case FAIL_RESET_REMOTE:
		/* With a pause between attempts, the failure must be forgotten first. */
		if (h->r->remote_reconnect_ms)
			return;
		break;
	default:
		break;
	}
	replay->on_fail = FAIL_IGNORE;
	h->r->next_role = ROLE_UNKNOWN;
}

void result_update(struct engine *e, struct history *h, int exit, struct replay *replay)
{
	struct resource *r = h->r;
	bool forget = false;

	if (exit == EXIT_NOT_INSTALLED || h->masked) {
		r->role = ROLE_STOPPED;
	} else if (exit == EXIT_NOT_RUNNING) {
		forget = true;
	} else if (task_is(h, "monitor")) {
		forget = replay->last_failure && !strcmp(h->key, status_key(replay->last_failure));
		if (r->role < ROLE_STARTED)
			role_activate(r);
	} else if (task_is(h, "start") || task_is(h, "migrate_from")) {
		r->role = ROLE_STARTED;
		forget = true;
	} else if (task_is(h, "stop")) {
		r->role = ROLE_STOPPED;
		forget = true;
	} else if (task_is(h, "promote")) {
		r->role = ROLE_PROMOTED;
		forget = true;
	} else if (task_is(h, "demote")) {
		forget = replay->on_fail == FAIL_DEMOTE;
		r->role = ROLE_UNPROMOTED;
	} else if (task_is(h, "migrate_to")) {
		migration_to_succeeded(e, h);
	} else if (r->role < ROLE_STARTED) {
		role_activate(r);
	}
	if (forget)
		forget_failure(h, replay);
}

/* Whether a failure of that very operation was recorded after it went pending: then it is not. */
static bool failed_since(const struct history *h, const struct element *failure)
{
	const char *task = element_get(failure, "operation");
	long long then, now;

	return task && !strcmp(task, h->task) &&
	       (uint64_t)value_number(element_get(failure, "interval"), -1) == h->interval_ms &&
	       !value_integer(element_get(h->xml, "last-rc-change"), &then) &&
	       !value_integer(element_get(failure, "last-rc-change"), &now) && now >= then;
}

static void pending(struct engine *e, struct history *h, const struct replay *replay)
{
	struct resource *r = h->r;

	if (replay->last_failure && failed_since(h, replay->last_failure))
		return;
	if (task_is(h, "start")) {
		r->start_pending = true;
		role_activate(r);
	} else if (task_is(h, "promote")) {
		r->role = ROLE_PROMOTED;
	} else if (task_is(h, "migrate_to") && h->node->unclean) {
		/* It may have arrived there before the node was lost. */
		struct node *target = node_by_name(e, element_get(h->xml, "migrate_target"));

		if (target)
			act_get(e, r, TASK_STOP, 0, target, false);
	}
	if (!r->pending_task && !h->probe) {
		r->pending_task = h->task;
		r->pending_node = h->node;
	}
}

/* What an expired entry still means; true: nothing more. */
static bool expired_done(struct engine *e, struct history *h, int exit)
{
	if (h->masked && exit != h->expected) {
		if (h->r->role <= ROLE_STOPPED)
			h->r->role = ROLE_UNKNOWN;
		return true;
	}
	if (h->exit == h->expected) /* only failures expire */
		return false;
	if (!h->interval_ms)
		return true;
	if (!h->node->online || h->node->unclean)
		return false;
	/* A monitor that failed and goes on is made anew, or its next failure would go unseen. */
	index_set_address(e->ids, INDEX_RENEWED, h->xml, h->r);
	return true;
}

/* An instance of an anonymous clone stands for all of it. */
static struct resource *whole(struct resource *r)
{
	return r->unique ? r : resource_top(r);
}

static void failure_replay(struct engine *e, struct history *h, struct replay *replay)
{
	struct resource *r = h->r;
	struct operation_settings set;

	if (h->status == EXEC_NOT_CONNECTED && h->node->remote && h->node->connection &&
		h->node->connection->managed) {
		h->node->connection->failed = true;
		h->node->connection->stop_on_fail = true;
	}
	operation_settings(e, r, h->task, h->interval_ms, &set);
	if (h->status == EXEC_NOT_INSTALLED) {
		if (set.on_fail == FAIL_IGNORE)
			replay->on_fail = FAIL_MIGRATE; /* there is nothing to go on with */
		status_ban(e, whole(r), h->node);
		result_failed(e, h, &set, replay);
		return;
	}
	if (set.on_fail == FAIL_IGNORE ||
		(set.on_fail == FAIL_RESTART_CONTAINER && task_is(h, "stop"))) {
		result_update(e, h, h->expected, replay);
		r->failure_ignored = true;
		result_record(e, h);
		if (set.on_fail == FAIL_RESTART_CONTAINER && replay->on_fail <= FAIL_RECOVER)
			replay->on_fail = set.on_fail;
		return;
	}
	result_failed(e, h, &set, replay);
	if (h->status == EXEC_ERROR_HARD)
		status_ban(e, whole(r), h->node);
	else if (h->status == EXEC_ERROR_FATAL)
		status_ban(e, whole(r), NULL);
}

static bool history_init(struct history *h)
{
	long long n;
	bool known;

	h->id = element_get(h->xml, "id");
	h->task = element_get(h->xml, "operation");
	if (!h->id || !h->task || task_is(h, "notify") || task_is(h, "meta-data"))
		return false;
	h->interval_ms = (uint64_t)value_number(element_get(h->xml, "interval"), 0);
	if (value_integer(element_get(h->xml, "op-status"), &n) || n < EXEC_PENDING ||
		n > EXEC_NO_SECRETS || n == EXEC_CANCELLED)
		return false;
	h->status = (enum exec_status)n;
	n = EXIT_OK;
	known = !value_integer(element_get(h->xml, "rc-code"), &n);
	h->exit = known && n >= 0 && n <= 255 ? (int)n : EXIT_ERROR;
	h->expected = status_expected(h->xml);
	h->probe = task_is(h, "monitor") && !h->interval_ms;
	h->masked = h->probe && !bundled(h->r) &&
		    (n == EXIT_NOT_INSTALLED || n == EXIT_INVALID_PARAM ||
			    h->status == EXEC_NOT_INSTALLED);
	h->key = status_key(h->xml);
	return true;
}

void result_replay(struct engine *e, struct resource *r, struct node *node,
	const struct element *op, struct replay *replay)
{
	struct history h = { .r = r, .node = node, .xml = op };
	bool expired;
	int exit;

	if (!history_init(&h))
		return;
	expired = result_expired(e, &h);
	exit = h.exit;
	remap(e, &h, expired, replay);
	if (expired && expired_done(e, &h, exit))
		return;
	if (h.masked) {
		result_update(e, &h, h.expected, replay);
		result_record(e, &h);
		status_ban(e, whole(r), node);
		return;
	}
	if (h.status == EXEC_PENDING)
		pending(e, &h, replay);
	else if (h.status == EXEC_DONE)
		result_update(e, &h, h.exit, replay);
	else
		failure_replay(e, &h, replay);
}
