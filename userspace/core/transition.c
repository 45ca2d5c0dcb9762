/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/transition.h"

struct transition *transition_new(struct plan *plan, uint64_t term, unsigned number)
{
	struct transition *t = own_new(struct transition);

	t->plan = plan;
	t->term = term;
	t->number = number;
	t->steps = own_alloc(plan->n * sizeof(*t->steps) + 1);
	return t;
}

void transition_free(struct transition *t)
{
	if (!t)
		return;
	plan_free(t->plan);
	free(t->steps);
	free(t);
}

void transition_id(const struct transition *t, unsigned action, char ret[TRANSITION_ID_MAX])
{
	snprintf(ret, TRANSITION_ID_MAX, "%llu.%u:%u", (unsigned long long)t->term, t->number,
		action);
}

const struct plan_action *transition_find(const struct transition *t, const char *id)
{
	unsigned number, action;
	unsigned long long term;

	if (!t || !id || sscanf(id, "%llu.%u:%u", &term, &number, &action) != 3)
		return NULL;
	if (term != t->term)
		return NULL;
	if (number == t->number)
		return action < t->plan->n ? t->plan->actions[action] : NULL;
	for (size_t i = 0; i < t->plan->n; i++)
		if (t->steps[i].phase != TRANSITION_WAITING && t->steps[i].number == number &&
			t->steps[i].action == action)
			return t->plan->actions[i];
	return NULL;
}

static bool is(const struct plan_action *a, const char *op)
{
	return a->op && !strcmp(a->op, op);
}

static bool same_place(const struct plan_action *a, const struct plan_action *b)
{
	return b->kind == PLAN_RESOURCE && a->resource && b->resource && a->node && b->node &&
	       !strcmp(a->resource, b->resource) && !strcmp(a->node, b->node);
}

/* An agent does one thing at a time for an instance: what is told to it while it is being started
 * lies there until it has started, and its time would run meanwhile. */
static bool deaf(const struct transition *t, const struct plan_action *a)
{
	for (size_t i = 0; is(a, "notify") && i < t->plan->n; i++) {
		const struct plan_action *b = t->plan->actions[i];

		if (t->steps[i].phase == TRANSITION_OUT && b != a && same_place(a, b) &&
			!is(b, "notify") && !is(b, "monitor"))
			return true;
	}
	return false;
}

static bool notice(const struct plan_action *a, const char *type)
{
	const char *is_type = plan_pairs_get(&a->meta, "notify_type");

	return is(a, "notify") && is_type && !strcmp(is_type, type);
}

/* What nobody will do needs no notice beforehand. */
static bool no_obstacle(const struct transition *t, unsigned before)
{
	enum transition_phase phase = t->steps[before].phase;

	return phase == TRANSITION_DONE || (t->aborted && phase == TRANSITION_WAITING &&
						   notice(t->plan->actions[before], "pre"));
}

static bool free_to_go(const struct transition *t, const struct plan_action *a)
{
	for (size_t i = 0; i < a->n_after; i++)
		if (!no_obstacle(t, a->after[i]))
			return false;
	return !deaf(t, a);
}

/* What was done is told to those who wait for the news, and the points in time on the way to that
 * pass, even when nothing else is done any more: the next plan does not know whom it was told. */
static bool owed(const struct plan_action *a)
{
	return a->kind == PLAN_PSEUDO || notice(a, "post");
}

const struct plan_action *transition_ready(const struct transition *t)
{
	for (size_t i = 0; i < t->plan->n; i++)
		if (t->steps[i].phase == TRANSITION_WAITING &&
			(!t->aborted || owed(t->plan->actions[i])) &&
			free_to_go(t, t->plan->actions[i]))
			return t->plan->actions[i];
	return NULL;
}

void transition_sent(struct transition *t, unsigned action, uint64_t until_ns)
{
	assert(t->steps[action].phase == TRANSITION_WAITING);
	t->steps[action] = (struct transition_step){ TRANSITION_OUT, until_ns, t->number, action };
	t->out++;
}

void transition_hold(struct transition *t, unsigned action)
{
	assert(t->steps[action].phase == TRANSITION_WAITING);
	t->steps[action].phase = TRANSITION_HELD;
}

bool transition_result(struct transition *t, unsigned action, bool good)
{
	struct transition_step *s = &t->steps[action];
	bool was_out = s->phase == TRANSITION_OUT;

	if (s->phase == TRANSITION_DONE || s->phase == TRANSITION_FAILED)
		return false;
	t->out -= was_out;
	good |= t->plan->actions[action]->can_fail;
	s->phase = good ? TRANSITION_DONE : TRANSITION_FAILED;
	t->done += good;
	t->failed += !good;
	t->aborted |= !good;
	return was_out;
}

void transition_abort(struct transition *t)
{
	if (t)
		t->aborted = true;
}

void transition_lost(struct transition *t, const char *node)
{
	bool concerned = false;

	for (size_t i = 0; t && i < t->plan->n; i++) {
		const struct plan_action *a = t->plan->actions[i];
		bool open = t->steps[i].phase == TRANSITION_OUT ||
			    t->steps[i].phase == TRANSITION_WAITING;

		if (!open || !a->node || strcmp(a->node, node))
			continue;
		concerned = true;
		if (t->steps[i].phase == TRANSITION_OUT)
			t->out--;
		t->steps[i].phase = TRANSITION_FAILED;
		t->failed++;
	}
	if (concerned)
		t->aborted = t->lost = true;
}

const struct plan_action *transition_late(struct transition *t, uint64_t now_ns)
{
	for (size_t i = 0; i < t->plan->n; i++)
		if (t->steps[i].phase == TRANSITION_OUT && now_ns >= t->steps[i].until_ns) {
			transition_result(t, (unsigned)i, false);
			return t->plan->actions[i];
		}
	return NULL;
}

/* ---- from one to the next ----------------------------------------------------------------------
 */

/* What must not be planned there together with it: it would be undone before it is done. */
static bool against(const struct plan_action *out, const struct plan_action *b)
{
	if (is(out, "start"))
		return is(b, "stop") || is(b, "demote");
	if (is(out, "promote"))
		return is(b, "stop") || is(b, "demote") || is(b, "start");
	return is(out, "stop") && is(b, "demote");
}

static bool simple(const struct plan_action *a)
{
	static const char *const ops[] = { "start", "stop", "promote", "demote", "monitor" };

	for (size_t i = 0; a->kind == PLAN_RESOURCE && i < sizeof(ops) / sizeof(*ops); i++)
		if (is(a, ops[i]))
			return true;
	return false;
}

/* The same in the plan; NULL: there is none, or it cannot go on as it is. */
static const struct plan_action *match(const struct plan *plan, const struct plan_action *out)
{
	const struct plan_action *found = NULL;

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_action *b = plan->actions[i];

		if (!same_place(out, b))
			continue;
		if (against(out, b))
			return NULL;
		if (is(b, out->op) && b->interval_ms == out->interval_ms)
			found = b;
	}
	return found;
}

/* Something was done, and who is to hear of it has not. */
static bool news_before(const struct transition *t, unsigned action, bool *seen)
{
	const struct plan_action *a = t->plan->actions[action];

	for (size_t i = 0; i < a->n_after; i++) {
		const struct plan_action *b = t->plan->actions[a->after[i]];

		if (seen[b->id])
			continue;
		seen[b->id] = true;
		if (b->kind == PLAN_RESOURCE && simple(b) && !is(b, "monitor")
				? t->steps[b->id].phase == TRANSITION_DONE
				: news_before(t, b->id, seen))
			return true;
	}
	return false;
}

/* Nobody begins any more what it waits for: it is never told. */
static bool never_comes(const struct transition *t, unsigned action, bool *seen)
{
	const struct plan_action *a = t->plan->actions[action];

	for (size_t i = 0; i < a->n_after; i++) {
		const struct plan_action *b = t->plan->actions[a->after[i]];
		enum transition_phase phase = t->steps[b->id].phase;

		if (phase == TRANSITION_OUT || no_obstacle(t, b->id) || seen[b->id])
			continue;
		seen[b->id] = true;
		if (phase != TRANSITION_WAITING || !owed(b) || never_comes(t, b->id, seen))
			return true;
	}
	return false;
}

static bool news_owed(const struct transition *t)
{
	owned(free) bool *seen = own_alloc(t->plan->n * sizeof(*seen) + 1);

	for (size_t i = 0; i < t->plan->n; i++) {
		const struct plan_action *a = t->plan->actions[i];

		if (t->steps[i].phase != TRANSITION_WAITING || !is(a, "notify") || !owed(a))
			continue;
		memset(seen, 0, t->plan->n * sizeof(*seen));
		if (never_comes(t, a->id, seen))
			continue;
		memset(seen, 0, t->plan->n * sizeof(*seen));
		if (news_before(t, a->id, seen))
			return true;
	}
	return false;
}

/* Before something was sent, it was told of at its own place: that is not said again. */
static void told(struct transition *t, const struct plan_action *out, const struct plan_action *a,
	bool *seen)
{
	for (size_t i = 0; i < a->n_after; i++) {
		const struct plan_action *b = t->plan->actions[a->after[i]];

		if (seen[b->id] || t->steps[b->id].phase != TRANSITION_WAITING)
			continue;
		seen[b->id] = true;
		if (notice(b, "pre") && same_place(out, b))
			transition_result(t, b->id, true);
		told(t, out, b, seen);
	}
}

static void adopt(
	struct transition *t, const struct plan_action *a, const struct transition_step *step)
{
	owned(free) bool *seen = own_alloc(t->plan->n * sizeof(*seen) + 1);

	t->steps[a->id] = *step;
	t->out++;
	memset(seen, 0, t->plan->n * sizeof(*seen));
	told(t, a, a, seen);
}

bool transition_adopt(struct transition *next, struct transition *aborted)
{
	for (size_t i = 0; i < aborted->plan->n; i++) {
		const struct plan_action *out = aborted->plan->actions[i];

		if (aborted->steps[i].phase == TRANSITION_OUT &&
			(!simple(out) || (!match(next->plan, out) && !is(out, "monitor"))))
			return false;
	}
	if (!aborted->lost && news_owed(aborted))
		return false;
	for (size_t i = 0; i < aborted->plan->n; i++) {
		const struct plan_action *a = aborted->plan->actions[i];
		const struct plan_action *b =
			aborted->steps[i].phase == TRANSITION_OUT ? match(next->plan, a) : NULL;

		if (b && next->steps[b->id].phase == TRANSITION_WAITING)
			adopt(next, b, &aborted->steps[i]);
	}
	return true;
}

bool transition_over(const struct transition *t)
{
	return !t->out && !transition_ready(t);
}

uint64_t transition_due(const struct transition *t)
{
	uint64_t due = 0;

	for (size_t i = 0; t && i < t->plan->n; i++)
		if (t->steps[i].phase == TRANSITION_OUT && (!due || t->steps[i].until_ns < due))
			due = t->steps[i].until_ns;
	return due;
}
