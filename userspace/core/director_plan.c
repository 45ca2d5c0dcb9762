/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director's transition: a plan's actions become orders, and their results a new picture. */
#include <ctype.h>
#include <stdio.h>

#include "base/member.h"
#include "core/director_inside.h"
#include "core/outcome.h"

/* An agent that does not answer in the operation's own time and this is asked no longer. */
#define ANSWER_NS (10000 * MS)
/* An order that was refused or not answered is not repeated at once. */
#define BREATH_NS (500 * MS)

void director_plan_drop(struct director *d)
{
	transition_free(d->transition);
	d->transition = NULL;
	d->dirty = true;
}

void director_plan_forget(struct director *d, const char *node)
{
	transition_lost(d->transition, node);
	transition_abort(d->transition);
	d->dirty = true;
}

/* ---- results ----------------------------------------------------------------------------------
 */

/* Degraded is as good as well: worth a word, not a recovery. */
static bool as_expected(const json_t *r, int target_rc)
{
	json_int_t rc = json_integer_value(json_object_get(r, "rc"));

	if (rc == OUTCOME_DEGRADED)
		rc = OUTCOME_OK;
	if (rc == OUTCOME_DEGRADED_PROMOTED)
		rc = OUTCOME_PROMOTED;
	return !strcmp(member_text(r, "status"), "done") && (target_rc < 0 || rc == target_rc);
}

/* What failed counts against the node: a stop for ever, a start too unless the properties say
 * otherwise; a probe's answer and a migration's end do not (Pacemaker Explained, "Failure
 * counts"). */
static void count_failure(struct director *d, struct director_node *n, json_t *r)
{
	const char *op = member_text(r, "op"), *resource = member_text(r, "resource");
	bool start = !strcmp(op, "start"), stop = !strcmp(op, "stop");
	json_int_t interval = json_integer_value(json_object_get(r, "interval_ms"));
	bool start_is_fatal =
		strcmp(site_property(d->site, "start-failure-is-fatal", "true"), "false") != 0;

	if (!interval && !start && !stop && strcmp(op, "promote") && strcmp(op, "demote"))
		return;
	if (!strcmp(member_text(r, "on_fail"), "ignore"))
		return;
	director_propose(
		d, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "do", "fail", "node", n->name,
			   "resource", resource, "op", op, "interval_ms", interval, "at_ms",
			   (json_int_t)d->epoch_ms, "fatal", stop || (start && start_is_fatal)));
}

static void note_failure(struct director *d, struct director_node *n, json_t *r)
{
	const char *op = member_text(r, "op"), *resource = member_text(r, "resource");
	const char *reason = member_text(r, "exit_reason");
	json_t *target = json_object_get(r, "target_rc");
	bool probe =
		!strcmp(op, "monitor") && !json_integer_value(json_object_get(r, "interval_ms"));

	if (!d->leader || !d->ready || probe || !strcmp(op, "notify") ||
		!strcmp(member_text(r, "status"), "pending") ||
		!strcmp(member_text(r, "status"), "cancelled") ||
		as_expected(r, target ? (int)json_integer_value(target) : OUTCOME_OK))
		return;
	director_note(d, "operation-failed", n->name, resource,
		"%s of %s on %s: %s, exit status %d%s%s", op, resource, n->name,
		member_text(r, "status"), (int)json_integer_value(json_object_get(r, "rc")),
		*reason ? ": " : "", reason);
	count_failure(d, n, r);
}

void director_result(struct director *d, struct director_node *n, json_t *r, bool history)
{
	const struct plan_action *a = transition_find(d->transition, member_text(r, "id"));
	bool good;

	/* What an older incarnation did says nothing about this one. */
	if (json_object_get(r, "incarnation") &&
		(uint64_t)json_integer_value(json_object_get(r, "incarnation")) !=
			cluster_incarnation(d->cluster, n->name))
		return;
	if (ledger_take(&n->ledger, r)) {
		d->dirty = true;
		if (!history)
			note_failure(d, n, r);
	}
	if (json_is_true(json_object_get(r, "refused")))
		d->breath_ns = d->now_ns + BREATH_NS;
	if (!a || !a->node || strcmp(a->node, n->name))
		return;
	good = !strcmp(a->op, "notify") || as_expected(r, a->target_rc);
	if (!transition_result(d->transition, a->id, good))
		return;
	if (good && !a->interval_ms && strcmp(a->op, "monitor") && strcmp(a->op, "notify"))
		director_note(d, "operation", n->name, a->resource, "%s of %s on %s: done in %d ms",
			a->op, a->instance, n->name,
			(int)json_integer_value(json_object_get(r, "exec_ms")));
}

/* ---- orders -----------------------------------------------------------------------------------
 */

static json_t *pairs(const struct plan_pairs *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < p->n; i++)
		json_object_set_new(o, p->items[i].name, json_string(p->items[i].value));
	return o;
}

static const char *meta(const struct plan_action *a, const char *name)
{
	owned(free) char *full = own_printf("CRM_meta_%s", name);
	const char *v = plan_pairs_get(&a->meta, full);

	return v ? v : plan_pairs_get(&a->meta, name);
}

static const char *history_name(const struct plan_action *a)
{
	return a->resource ? a->resource : "";
}

/* Another agent than before: what the old one left in the history says nothing of the new. */
static bool forgets(const struct plan_action *a)
{
	return a->kind == PLAN_FORGET ||
	       (a->kind == PLAN_RESOURCE && a->op && !strcmp(a->op, "delete"));
}

static const char *operation_of(const struct plan_action *a)
{
	if (forgets(a))
		return "forget";
	switch (a->kind) {
	case PLAN_CANCEL:
		return "cancel";
	case PLAN_SHUTDOWN:
		return "shutdown";
	case PLAN_CLEAR_FAILCOUNT:
		return "forgive";
	default:
		return a->op;
	}
}

static json_t *order_json(struct director *d, const struct plan_action *a)
{
	char id[TRANSITION_ID_MAX];
	const char *source = meta(a, "migrate_source"), *target = meta(a, "migrate_target");
	json_t *action = json_pack(
		"{s:s, s:s, s:s*, s:s*, s:s*, s:I, s:I, s:i, s:s*, s:s*, s:s*, s:s*, s:s*,"
		"s:o, s:o}",
		"op", operation_of(a), "resource", history_name(a), "class", a->standard,
		"provider", a->provider, "agent", a->type, "interval_ms",
		(json_int_t)a->interval_ms, "timeout_ms", (json_int_t)a->timeout_ms, "target_rc",
		a->target_rc, "digest", a->digest, "digest_reload", a->digest_reload, "on_fail",
		meta(a, "on_fail"), "migrate_source", source, "migrate_target", target, "params",
		pairs(&a->params), "meta", pairs(&a->meta));

	transition_id(d->transition, a->id, id);
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "type", "order", "term",
		(json_int_t)d->term, "index", (json_int_t)d->cluster->index, "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, a->node), "id", id, "action", action);
}

static bool worth_telling(const struct plan_action *a)
{
	return a->kind == PLAN_RESOURCE && !a->interval_ms && strcmp(a->op, "monitor") != 0 &&
	       strcmp(a->op, "notify") != 0;
}

static void order(struct director *d, struct director_node *n, const struct plan_action *a)
{
	json_t *message = order_json(d, a);

	ledger_order(&n->ledger, message, d->epoch_ms / 1000);
	if (forgets(a))
		ledger_forget(&n->ledger, a->resource);
	director_send(d, n, message);
	transition_sent(d->transition, a->id, d->now_ns + a->timeout_ms * MS + ANSWER_NS);
	if (worth_telling(a))
		director_note(d, "order", a->node, a->resource, "%s of %s on %s", a->op,
			a->instance, a->node);
	for (size_t i = 0; i < d->n_nodes && a->op && !strcmp(a->op, "start"); i++)
		if (d->nodes[i].timeline.ns[TIMELINE_DEAD])
			timeline_set(&d->nodes[i].timeline, TIMELINE_FIRST_START, d->now_ns);
}

/* S2, whatever the plan says: what a node that is not proven dead may run is not started
 * elsewhere. Instances of a clone are not one resource. */
static bool may_run_elsewhere(struct director *d, const struct plan_action *a)
{
	bool activates = a->op && (!strcmp(a->op, "start") || !strcmp(a->op, "migrate_from") ||
					  !strcmp(a->op, "promote"));

	if (a->kind != PLAN_RESOURCE || !activates || (a->instance && strchr(a->instance, ':')))
		return false;
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];

		if (cluster_life(d->cluster, n->name) == CLUSTER_BLOCKED &&
			ledger_may_run(&n->ledger, a->resource))
			return true;
	}
	return false;
}

static void fence(struct director *d, struct director_node *n, const struct plan_action *a)
{
	enum cluster_life life = cluster_life(d->cluster, n->name);

	if (a->op && !strcmp(a->op, "on")) {
		transition_result(d->transition, a->id, true);
	} else if (life == CLUSTER_DEAD || life == CLUSTER_STOPPED) {
		transition_result(d->transition, a->id, true);
	} else {
		transition_hold(d->transition, a->id);
		if (life != CLUSTER_BLOCKED)
			director_block(d, n, a->reason ? a->reason : "the plan asks for it");
	}
}

/* Failures that do not count any more: here, and in the node's own history. */
static void clear_failures(struct director *d, struct director_node *n, const struct plan_action *a)
{
	ledger_forgive(&n->ledger, history_name(a), NULL, 0);
	director_propose(d, json_pack("{s:s, s:s, s:s}", "do", "cleanup", "resource",
				    history_name(a), "node", n->name));
	if (director_usable(d, n))
		director_send(d, n, order_json(d, a));
	transition_result(d->transition, a->id, true);
}

/* True: something was set going by it. */
static bool carry_out(struct director *d, const struct plan_action *a)
{
	struct director_node *n = director_node(d, a->node);

	if (a->kind == PLAN_PSEUDO || a->kind == PLAN_CLEAR_ATTRIBUTES) {
		transition_result(d->transition, a->id, true);
		return false;
	}
	if (n && a->kind == PLAN_FENCE) {
		bool blocked = cluster_life(d->cluster, n->name) == CLUSTER_BLOCKED;

		fence(d, n, a);
		return !blocked;
	}
	if (n && a->kind == PLAN_CLEAR_FAILCOUNT) {
		clear_failures(d, n, a);
		return true;
	}
	/* Nobody runs anything on remote nodes yet. */
	if (!n || a->router || may_run_elsewhere(d, a)) {
		transition_hold(d->transition, a->id);
		return false;
	}
	if (!director_usable(d, n))
		transition_result(d->transition, a->id, false);
	else
		order(d, n, a);
	return true;
}

/* Sends what nothing holds back. */
static bool advance(struct director *d)
{
	const struct plan_action *a;
	bool any = false;

	while ((a = transition_late(d->transition, d->now_ns))) {
		d->breath_ns = d->now_ns + BREATH_NS;
		director_note(d, "order-unanswered", a->node, a->resource,
			"no answer to %s in its time", a->op);
	}
	while ((a = transition_ready(d->transition)))
		any |= carry_out(d, a);
	return any;
}

/* A plan is made only when everybody has been heard out: who is admitted is connected and has told
 * its history, or it is blocked. A new leader in particular waits for all. */
static bool settled(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		enum cluster_life life = cluster_life(d->cluster, n->name);

		if (life == CLUSTER_NEVER && (n->connected || n->lost_at_ns || n->blocking))
			return false;
		if (life == CLUSTER_ADMITTED && (n->blocking || !director_usable(d, n)))
			return false;
	}
	return true;
}

/* ---- the story of a failover ------------------------------------------------------------------
 */

static void planned(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].timeline.ns[TIMELINE_DEAD])
			timeline_set(&d->nodes[i].timeline, TIMELINE_PLANNED, d->now_ns);
}

/* Nothing is left to do: who died meanwhile has been taken over from. */
static void recovered(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		owned(free) char *text = NULL;

		if (!n->timeline.ns[TIMELINE_DEAD])
			continue;
		timeline_set(&n->timeline, TIMELINE_DONE, d->now_ns);
		timeline_account(&n->timeline, &d->times);
		d->n_failovers++;
		text = own_printf("what %s ran is taken care of, %.1f ms after it was last heard",
			n->name, d->times.last_ms);
		director_note_more(d, "failover", n->name, text,
			json_pack("{s:o}", "timeline", timeline_json(&n->timeline)));
		n->timeline = (struct timeline){ 0 };
	}
}

/* ---- what agents wrote down ---------------------------------------------------------------------
 */

/* Agents of what can be promoted find out together who is to lead: each writes down what it knows,
 * and its next monitor looks at what the others wrote. They need not wait for that. */
#define ATTENTION_NS (3000 * MS)

void director_errand(
	struct director *d, struct director_node *n, const char *op, const char *resource)
{
	owned(free) char *id =
		own_printf("%s:%s:%llu", op, resource, (unsigned long long)d->now_ns);

	director_send(d, n,
		json_pack("{s:s, s:I, s:I, s:I, s:s, s:{s:s, s:s}}", "type", "order", "term",
			(json_int_t)d->term, "index", (json_int_t)d->cluster->index, "incarnation",
			(json_int_t)cluster_incarnation(d->cluster, n->name), "id", id, "action",
			"op", op, "resource", resource));
}

/* db-last-committed, rmq-node-attr-mq: agents put the name of their resource into what they write.
 */
static bool names(const char *attribute, const char *resource)
{
	size_t n = strlen(resource);

	for (const char *at = attribute; n && (at = strstr(at, resource)); at++)
		if ((at == attribute || !isalnum((unsigned char)at[-1])) &&
			!isalnum((unsigned char)at[n]))
			return true;
	return false;
}

void director_attend(struct director *d, json_t *entry)
{
	const char *store = member_text(entry, "store"), *name = member_text(entry, "name");
	uint64_t next = d->attended_ns + ATTENTION_NS;
	bool any = false;

	/* A promotion score is for the plan, and it is made anew. */
	if (!strcmp(store, "private") || !strncmp(name, "master-", 7))
		return;
	if (!d->attention)
		d->attention = json_object();
	for (size_t r = 0; d->site && r < d->site->n_resources; r++) {
		const char *resource = d->site->resources[r].name;

		if (d->site->resources[r].kind != SITE_PRIMITIVE || !names(name, resource))
			continue;
		any = true;
		json_object_set_new(d->attention, resource, json_true());
	}
	if (!any)
		json_object_set_new(d->attention, "", json_true());
	if (d->attention_ns)
		return;
	d->attention_ns = d->attended_ns && next > d->now_ns ? next : d->now_ns;
}

static void attend(struct director *d)
{
	if (!d->attention_ns || d->now_ns < d->attention_ns)
		return;
	d->attention_ns = 0;
	d->attended_ns = d->now_ns;
	for (size_t r = 0; r < d->site->n_resources; r++) {
		const struct site_resource *res = &d->site->resources[r];

		if (res->kind != SITE_PRIMITIVE || !site_top(d->site, res)->promotable ||
			(!json_object_get(d->attention, "") &&
				!json_object_get(d->attention, res->name)))
			continue;
		for (size_t i = 0; i < d->n_nodes; i++)
			if (director_usable(d, &d->nodes[i]) &&
				ledger_standing(&d->nodes[i].ledger, res->name).role ==
					LEDGER_STARTED)
				director_errand(d, &d->nodes[i], "recheck", res->name);
	}
	json_object_clear(d->attention);
}

/* ---- one plan after the other -----------------------------------------------------------------
 */

/* under_way: as if nothing of what is out had begun, except for starts: what is started may run. */
static struct plan *decide(struct director *d, bool under_way)
{
	owned(picture) struct picture *picture = director_picture(d, d->site, under_way);
	owned(decision) struct decision *decision = NULL;
	owned(free) char *why = NULL;

	json_decref(d->why);
	d->why = NULL;
	for (size_t i = 0; under_way && i < picture->n_nodes; i++)
		ledger_before(&picture->nodes[i].ledger);
	if (decision_new(picture, (int64_t)(d->epoch_ms / 1000), false, &decision, &why)) {
		director_note(d, "undecided", NULL, NULL, "the policy cannot decide: %s", why);
		return NULL;
	}
	d->recheck_s = (uint64_t)decision->recheck_s;
	return give(decision->plan);
}

/* Time alone may change what is right: a rule's hour has come, or a failure is forgotten. */
static void recheck(struct director *d)
{
	if (!d->recheck_s || d->epoch_ms / 1000 < d->recheck_s)
		return;
	d->recheck_s = 0;
	d->dirty = true;
	transition_abort(d->transition);
}

uint64_t director_recheck_ns(const struct director *d)
{
	uint64_t at_ms = d->recheck_s * 1000;

	if (!d->recheck_s)
		return 0;
	return at_ms > d->epoch_ms ? d->now_ns + (at_ms - d->epoch_ms) * MS : d->now_ns;
}

/* The world has changed, and something slow is still out: nobody waits for that whom it does not
 * concern. */
static void overtake(struct director *d)
{
	struct transition *next;
	struct plan *plan;

	if (!d->transition->aborted || !d->dirty || d->now_ns < d->breath_ns ||
		d->now_ns < d->overtake_ns || !settled(d))
		return;
	d->dirty = false;
	plan = decide(d, true);
	if (!plan)
		return;
	next = transition_new(plan, d->term, d->transitions + 1);
	if (!transition_adopt(next, d->transition)) {
		transition_free(next);
		d->overtake_ns = d->now_ns + BREATH_NS;
		return;
	}
	d->transitions++;
	transition_free(d->transition);
	d->transition = next;
	if (advance(d))
		planned(d);
}

void director_drive(struct director *d)
{
	struct plan *plan;
	bool any;

	recheck(d);
	attend(d);
	if (d->transition) {
		advance(d);
		if (!transition_over(d->transition))
			overtake(d);
		if (!transition_over(d->transition))
			return;
		director_plan_drop(d);
	}
	if (!d->dirty || d->now_ns < d->breath_ns || !settled(d))
		return;
	d->dirty = false;
	plan = decide(d, false);
	if (!plan)
		return;
	if (director_observes(d)) {
		director_observed(d, plan);
		plan_free(plan);
		return;
	}
	d->transition = transition_new(plan, d->term, ++d->transitions);
	any = advance(d);
	if (any)
		planned(d);
	if (!transition_over(d->transition))
		return;
	transition_free(d->transition);
	d->transition = NULL;
	if (!any) {
		d->transitions--; /* nothing came of it, and no order bears its number */
		recovered(d);
	}
	d->dirty |= any;
}
