// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, failure: what a failed operation asks for, and when it is too old to ask. */
#include "core/model/value.h"
#include "core/policy/status_inside.h"

void result_record(struct engine *e, const struct history *h)
{
	struct failed_op *f;

	if (!h->node->online)
		return;
	for (f = e->failed; f; f = f->next)
		if (f->node == h->node && !strcmp(status_key(f->xml), h->key))
			return;
	f = engine_alloc(e, sizeof(*f));
	*f = (struct failed_op){ .xml = h->xml, .resource = h->r, .node = h->node };
	if (e->last_failed)
		e->last_failed->next = f;
	else
		e->failed = f;
	e->last_failed = f;
}

static void role_after(struct engine *e, struct history *h, enum on_fail on_fail)
{
	struct resource *r = h->r;

	if (!strcmp(h->task, "stop")) {
		status_ban(e, r, h->node);
	} else if (!strcmp(h->task, "migrate_to")) {
		migration_to_failed(e, h);
	} else if (!strcmp(h->task, "migrate_from")) {
		migration_from_failed(e, h);
	} else if (!strcmp(h->task, "promote")) {
		r->role = ROLE_PROMOTED;
	} else if (!strcmp(h->task, "demote")) {
		if (on_fail == FAIL_BLOCK) {
			r->role = ROLE_PROMOTED;
			r->next_role = ROLE_STOPPED;
		} else {
			/* Promoted would be tried for ever; it is stopped to recover anyway. */
			r->role = h->exit == EXIT_NOT_RUNNING ? ROLE_STOPPED : ROLE_UNPROMOTED;
		}
	}
	if (h->probe && h->exit == EXIT_NOT_INSTALLED)
		r->role = ROLE_STOPPED;
	else if (r->role < ROLE_STARTED)
		role_activate(r);
}

void result_failed(struct engine *e, struct history *h, const struct operation_settings *set,
	struct replay *replay)
{
	struct resource *r = h->r;

	replay->last_failure = h->xml;
	/* Where the cluster is opt-in, an agent that is not installed is no news. */
	if (e->set.symmetric || h->exit != EXIT_NOT_INSTALLED)
		result_record(e, h);
	if (replay->on_fail < set->on_fail)
		replay->on_fail = set->on_fail;
	role_after(e, h, set->on_fail);
	if (set->fail_role != ROLE_STARTED && r->next_role < set->fail_role)
		r->next_role = set->fail_role;
	if (set->fail_role == ROLE_STOPPED) {
		struct resource *top = resource_top(r);

		/* One instance of an anonymous clone stops all of it. */
		status_ban(e, r->parent && top->kind == CLONE && !top->unique ? top : r, NULL);
	}
}

/* ---- age ----------------------------------------------------------------------------------------
 */

static bool ends_with(const char *s, const char *tail)
{
	size_t a = strlen(s), b = strlen(tail);

	return a >= b && !strcmp(s + a - b, tail);
}

/* A monitor of a connection that failed is not forgotten before its node was fenced. */
static bool never_expires(const struct engine *e, const struct history *h)
{
	const struct node *remote;

	if (!h->r->remote_reconnect_ms || !e->set.stonith_enabled || !h->interval_ms ||
		strcmp(h->task, "monitor"))
		return false;
	remote = node_by_name(e, h->r->id);
	return remote && !remote->remote_was_fenced;
}

static bool parameters_changed(struct engine *e, const struct history *h)
{
	enum digest_verdict verdict;

	if ((strcmp(h->task, "start") && strcmp(h->task, "monitor")) || digest_needs_host(e, h->r))
		return false;
	verdict = digest_compare(e, h->r, h->node, h->xml, h->task, h->interval_ms);
	return verdict != DIGEST_UNKNOWN && verdict != DIGEST_SAME;
}

static void clear_failcount(struct engine *e, struct history *h, const char *reason)
{
	struct act *clear = act_clear_failcount(e, h->r, h->node, reason);
	struct node *remote;

	if (!e->set.stonith_enabled || !h->r->remote_reconnect_ms)
		return;
	/* A new attempt to connect waits until the node is fenced. */
	remote = node_by_name(e, h->r->id);
	if (remote)
		act_order(
			e, act_fence(e, remote, NULL, true, NULL, false), clear, ORD_IMPLIES_THEN);
}

bool result_expired(struct engine *e, struct history *h)
{
	bool last = ends_with(h->id, "_last_failure_0"), expired = false;
	const char *why = NULL;
	struct resource *r = h->r;
	int64_t last_failure = 0;
	long long when;
	int count = 0;

	if (h->status == EXEC_NOT_INSTALLED)
		return false; /* somebody must install it, and say so */
	if (r->failure_timeout_s > 0 &&
		!value_integer(element_get(h->xml, "last-rc-change"), &when)) {
		expired = e->now >= when + r->failure_timeout_s && !never_expires(e, h);
		count = failcount_of(e, r, h->node, true, false, h->xml, &last_failure);
		last_failure += r->failure_timeout_s + 1;
		if (count && e->now < last_failure)
			engine_recheck_at(e, last_failure);
	}
	if (expired) {
		if (failcount_of(e, r, h->node, false, false, h->xml, NULL)) {
			if (count)
				expired = false;
			else
				why = "it expired";
		} else if (last && r->remote_reconnect_ms) {
			why = "reconnect interval is set";
		}
	}
	if (!expired && last && parameters_changed(e, h))
		why = "resource parameters have changed";
	if (why)
		clear_failcount(e, h, why);
	if (expired && h->probe &&
		(h->exit == EXIT_OK || h->exit == EXIT_NOT_RUNNING || h->exit == EXIT_PROMOTED ||
			h->exit == EXIT_DEGRADED || h->exit == EXIT_DEGRADED_PROMOTED))
		expired = false;
	return expired;
}
