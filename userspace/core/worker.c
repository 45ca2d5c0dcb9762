/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/post.h"
#include "core/worker.h"

struct worker {
	struct worker_config config;
	struct allegiance allegiance;
	struct post **posts;
	size_t n, cap, turn;
	struct worker_action *actions;
	size_t n_actions, cap_actions, next_action;
	size_t running, running_monitors;
	unsigned last_run;
	uint64_t call_id, lease_until_ms, due_ms;
	struct operation *shutdown;
};

struct worker *worker_new(const struct worker_config *config, const struct allegiance *allegiance)
{
	struct worker *w = own_new(struct worker);

	w->config = *config;
	if (!w->config.jobs)
		w->config.jobs = 64;
	if (!w->config.monitors)
		w->config.monitors = 8;
	w->allegiance = *allegiance;
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		post_free(w->posts[i]);
	free(w->posts);
	for (size_t i = 0; i < w->n_actions; i++)
		json_decref(w->actions[i].message);
	free(w->actions);
	operation_free(w->shutdown);
	free(w);
}

const struct allegiance *worker_allegiance(const struct worker *w)
{
	return &w->allegiance;
}

size_t worker_running(const struct worker *w)
{
	return w->running;
}

/* ---- what is to be done outside ----------------------------------------------------------------
 */

static struct worker_action *action_add(struct worker *w, enum worker_action_kind kind)
{
	own_grow(w->actions, w->n_actions, w->cap_actions);
	w->actions[w->n_actions] = (struct worker_action){ .kind = kind, .controller = -1 };
	return &w->actions[w->n_actions++];
}

static void tell(struct worker *w, int controller, json_t *message)
{
	struct worker_action *a = action_add(w, WORKER_SEND);

	a->controller = controller;
	a->message = message;
}

static void store(struct worker *w, struct post *r)
{
	struct worker_action *a = action_add(w, WORKER_STORE);

	a->resource = r->record->resource;
	a->message = record_json(r->record, w->allegiance.boot_id);
}

static void store_state(struct worker *w)
{
	action_add(w, WORKER_STATE)->message = allegiance_json(&w->allegiance);
}

bool worker_next(struct worker *w, struct worker_action *ret)
{
	if (w->next_action)
		json_decref(w->actions[w->next_action - 1].message);
	if (w->next_action)
		w->actions[w->next_action - 1].message = NULL;
	if (w->next_action == w->n_actions) {
		w->next_action = w->n_actions = 0;
		return false;
	}
	*ret = w->actions[w->next_action++];
	return true;
}

/* ---- resources ------------------------------------------------------------------------------- */

static struct post *find(const struct worker *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->posts[i]->record->resource, name))
			return w->posts[i];
	return NULL;
}

/* Posts that hold nothing any more: their resources were forgotten. */
static void sweep(struct worker *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct post *r = w->posts[i];

		if (r->job || r->queue || r->n_monitors || json_array_size(r->record->ops))
			w->posts[kept++] = r;
		else
			post_free(r);
	}
	w->n = kept;
}

static struct post *add(struct worker *w, struct record *record)
{
	own_grow(w->posts, w->n, w->cap);
	return w->posts[w->n++] = post_new(record);
}

static struct post *find_run(const struct worker *w, unsigned run)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->posts[i]->job && w->posts[i]->run == run)
			return w->posts[i];
	return NULL;
}

/* ---- results --------------------------------------------------------------------------------- */

static void answer(struct worker *w, const struct operation *operation, enum outcome_status status,
	int rc, const char *reason)
{
	struct outcome outcome = { .status = status, .rc = rc, .exit_reason = own_string(reason) };

	tell(w, -1, outcome_json(operation, &outcome));
	outcome_done(&outcome);
}

/* Not carried out, and nothing was changed: the answer says so. */
static void refuse(
	struct worker *w, int controller, const struct operation *operation, const char *reason)
{
	struct outcome outcome = { .status = OUTCOME_CANCELLED,
		.rc = OUTCOME_UNKNOWN,
		.exit_reason = own_string(reason) };
	json_t *result = outcome_json(operation, &outcome);

	json_object_set_new(result, "refused", json_true());
	json_object_set_new(result, "seen_term", json_integer((json_int_t)w->allegiance.term));
	tell(w, controller, result);
	outcome_done(&outcome);
}

/* Recurring monitors end when the state that they watch is about to change. */
static void monitors_drop(
	struct worker *w, struct post *r, uint64_t interval_ms, const char *reason)
{
	struct post_job **at = &r->queue;

	while (*at) {
		struct operation *o = (*at)->operation;
		bool hit = o->kind == OPERATION_MONITOR && o->interval_ms &&
			   (!interval_ms || o->interval_ms == interval_ms);

		if (!hit) {
			at = &(*at)->next;
			continue;
		}
		if (!(*at)->repeat)
			answer(w, o, OUTCOME_CANCELLED, OUTCOME_UNKNOWN, reason);
		post_job_free(post_take(r, at));
	}
	for (size_t i = r->n_monitors; i-- > 0;)
		if (!interval_ms || r->monitors[i].operation->interval_ms == interval_ms)
			post_monitor_remove(r, &r->monitors[i]);
	if (r->job && r->job->operation->interval_ms &&
		(!interval_ms || r->job->operation->interval_ms == interval_ms))
		r->dropped = true;
	record_drop_monitors(r->record, interval_ms);
}

/* ---- running --------------------------------------------------------------------------------- */

static void run(struct worker *w, struct post *r, enum operation_kind as, uint64_t timeout_ms)
{
	struct worker_action *a = action_add(w, WORKER_RUN);

	a->run = r->run;
	a->operation = r->job->operation;
	a->as = as;
	a->timeout_ms = timeout_ms;
	a->resource = r->record->resource;
	a->after_pid = r->orphan;
	a->after_pid_start = r->orphan_start;
	r->orphan = r->orphan_start = 0;
}

static void forget(struct worker *w, struct post *r, const struct operation *operation)
{
	struct worker_action *a;

	monitors_drop(w, r, 0, "the resource's history was dropped");
	json_array_clear(r->record->ops);
	record_forgive(r->record);
	a = action_add(w, WORKER_STORE);
	a->resource = r->record->resource;
	answer(w, operation, OUTCOME_DONE, OUTCOME_OK, NULL);
}

static void pending_set(struct worker *w, struct post *r, json_t *order)
{
	json_decref(r->record->pending);
	r->record->pending = json_incref(order);
	r->record->pid = r->record->pid_start = 0;
	store(w, r);
}

/* Takes the job in its turn, or answers it at once. */
static void job_start(
	struct worker *w, struct post *r, struct post_job *job, struct worker_time time)
{
	const struct operation *o = job->operation;
	json_t *last = record_last(r->record, operation_name(o->kind), o->interval_ms);
	bool barred =
		operation_needs_lease(o->kind) && !job->resumed && w->lease_until_ms <= time.now_ms;

	if (o->kind == OPERATION_FORGET)
		forget(w, r, o);
	if (barred)
		refuse(w, -1, o, "refused: this node holds no lease");
	if (barred || o->kind == OPERATION_FORGET) {
		post_job_free(job);
		return;
	}
	r->job = job;
	r->phase = POST_DO;
	r->run = ++w->last_run;
	/* A recurring monitor keeps the place that it had when it was ordered. */
	r->call_id = job->repeat && last
			     ? (uint64_t)json_integer_value(json_object_get(last, "call_id"))
			     : ++w->call_id;
	r->started_ms = time.now_ms;
	r->started_s = time.epoch_s;
	r->until_ms = time.now_ms + o->timeout_ms;
	r->preempt_ms = 0;
	r->dropped = false;
	w->running++;
	w->running_monitors += o->interval_ms != 0;
	record_hold(r->record, job->operation);
	if (operation_changes(o->kind))
		pending_set(w, r, o->order);
	run(w, r, o->kind, o->timeout_ms);
}

static void preempt(struct worker *w, struct post *r, struct worker_time time)
{
	const struct post_job *waiting = r->queue;

	if (!r->job || !r->job->operation->interval_ms || r->phase != POST_DO)
		return;
	while (waiting && waiting->operation->interval_ms)
		waiting = waiting->next;
	if (!waiting || r->preempt_ms == UINT64_MAX)
		return;
	if (!r->preempt_ms)
		r->preempt_ms = time.now_ms + WORKER_PREEMPT_MS;
	if (r->preempt_ms <= time.now_ms) {
		r->preempt_ms = UINT64_MAX;
		action_add(w, WORKER_KILL)->run = r->run;
	}
}

static void take_turn(struct worker *w, struct post *r, bool monitors, struct worker_time time)
{
	while (!r->job && r->queue && w->running < w->config.jobs) {
		if (r->queue->repeat != monitors)
			return;
		if (monitors && w->running_monitors >= w->config.monitors)
			return;
		job_start(w, r, post_take(r, &r->queue), time);
	}
	preempt(w, r, time);
}

static void due_find(struct worker *w)
{
	w->due_ms = 0;
	for (size_t i = 0; i < w->n; i++) {
		uint64_t due = post_due(w->posts[i]);

		if (due && (!w->due_ms || due < w->due_ms))
			w->due_ms = due;
	}
}

/* Who leaves in good order runs nothing: only then nobody has to make sure of it. */
static void leave_if_idle(struct worker *w)
{
	owned(operation) struct operation *shutdown = NULL;
	owned(free) char *active = NULL, *reason = NULL;

	if (!w->shutdown || w->running)
		return;
	shutdown = give(w->shutdown);
	active = post_active_names(w->posts, w->n);
	if (active) {
		reason = own_printf("refused: still active here: %s", active);
		refuse(w, -1, shutdown, reason);
		return;
	}
	answer(w, shutdown, OUTCOME_DONE, OUTCOME_OK, NULL);
	tell(w, -1,
		json_pack("{s:s, s:b, s:I}", "type", "stopping", "clean", 1, "incarnation",
			(json_int_t)w->allegiance.incarnation));
	w->allegiance.incarnation = 0;
	store_state(w);
	action_add(w, WORKER_LEAVE);
}

void worker_tick(struct worker *w, struct worker_time time)
{
	w->turn++; /* whoever came last at the limit comes first this time */
	for (size_t i = 0; i < w->n; i++) {
		struct post *r = w->posts[i];

		post_monitor_due(r, time.now_ms);
		if (r->phase == POST_PAUSE && r->pause_ms <= time.now_ms) {
			r->phase = POST_VERIFY;
			run(w, r, OPERATION_MONITOR,
				r->until_ms > time.now_ms + WORKER_VERIFY_MIN_MS
					? r->until_ms - time.now_ms
					: WORKER_VERIFY_MIN_MS);
		}
	}
	for (int monitors = 0; monitors < 2; monitors++)
		for (size_t i = 0; i < w->n; i++)
			take_turn(w, w->posts[(i + w->turn) % w->n], monitors, time);
	due_find(w);
	leave_if_idle(w);
}

uint64_t worker_due(const struct worker *w)
{
	return w->due_ms;
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* Worth telling: not a recurring monitor that found what it found before. */
static bool news(const struct post *r, json_t *last, const struct outcome *outcome)
{
	return !r->job->repeat || !last ||
	       json_integer_value(json_object_get(last, "rc")) != outcome->rc ||
	       strcmp(json_string_value(json_object_get(last, "status")),
		       outcome_status_name(outcome->status));
}

/* The message that tells it, NULL when there is nothing to tell. */
static json_t *report(struct post *r, const struct outcome *outcome, struct worker_time time)
{
	const struct operation *o = r->job->operation;
	json_t *last = record_last(r->record, operation_name(o->kind), o->interval_ms);
	json_t *result;

	if (!news(r, last, outcome))
		return NULL;
	result = outcome_json(o, outcome);
	json_object_set_new(result, "call_id", json_integer((json_int_t)r->call_id));
	json_object_set_new(
		result, "exec_ms", json_integer((json_int_t)(time.now_ms - r->started_ms)));
	json_object_set_new(
		result, "queue_ms", json_integer((json_int_t)(r->started_ms - r->job->since_ms)));
	json_object_set_new(result, "t_run", json_integer(r->started_s));
	json_object_set_new(result, "t_rc_change", json_integer(r->started_s));
	if (operation_recorded(o) && outcome->status != OUTCOME_CANCELLED)
		record_note(r->record, result, outcome_failed(o, outcome));
	return result;
}

static void finish(
	struct worker *w, struct post *r, const struct outcome *outcome, struct worker_time time)
{
	const struct operation *o = r->job->operation;
	struct post_monitor *m = o->interval_ms ? post_monitor_find(r, o->interval_ms) : NULL;
	json_t *result = NULL;

	if (r->dropped && !r->job->repeat)
		answer(w, o, OUTCOME_CANCELLED, OUTCOME_UNKNOWN,
			"another operation took its place");
	else if (!r->job->repeat || (!r->dropped && outcome->status != OUTCOME_CANCELLED))
		result = report(r, outcome, time);
	if (m && !r->dropped)
		m->due_ms = time.now_ms + o->interval_ms;
	w->running--;
	w->running_monitors -= o->interval_ms != 0;
	r->phase = POST_NONE;
	record_settle(r->record, o, outcome);
	/* Kept first, told then: what controllers know must survive our end. */
	if (operation_changes(o->kind))
		pending_set(w, r, NULL);
	else if (result && operation_recorded(o))
		store(w, r);
	if (result)
		tell(w, -1, result);
	outcome_done(&r->outcome);
	post_job_free(give(r->job));
	worker_tick(w, time);
}

/* The stop's word is not enough: its monitor must find it not running. */
static void verify(struct worker *w, struct post *r, struct worker_time time)
{
	uint64_t least = time.now_ms + WORKER_VERIFY_MIN_MS,
		 most = time.now_ms + WORKER_VERIFY_MAX_MS;

	if (r->until_ms < least)
		r->until_ms = least;
	if (r->until_ms > most)
		r->until_ms = most;
	r->phase = POST_VERIFY;
	run(w, r, OPERATION_MONITOR, r->until_ms - time.now_ms);
}

static void clear(struct worker *w, struct post *r)
{
	struct worker_action *a = action_add(w, WORKER_CLEAR);

	r->phase = POST_CLEAR;
	a->run = r->run;
	a->operation = r->job->operation;
	a->resource = r->record->resource;
}

static void verified(
	struct worker *w, struct post *r, const struct outcome *found, struct worker_time time)
{
	bool ended = found->status == OUTCOME_DONE || found->status == OUTCOME_NO_AGENT ||
		     found->status == OUTCOME_NOT_SUPPORTED;

	if (ended && found->rc == OUTCOME_NOT_RUNNING) {
		clear(w, r);
	} else if (ended && found->rc >= OUTCOME_BAD_ARGUMENTS && found->rc < OUTCOME_NOT_RUNNING &&
		   !(found->rc == OUTCOME_NOT_CONFIGURED && record_ran(r->record))) {
		/* The agent does not look at all (not installed, not configured): its stop found
		 * nothing to do, and the processes will tell. */
		outcome_say(&r->outcome, r->outcome.status, r->outcome.rc,
			own_printf("stop not checked: monitor gives %d", found->rc));
		clear(w, r);
	} else if (time.now_ms + WORKER_VERIFY_PAUSE_MS < r->until_ms) {
		r->phase = POST_PAUSE;
		r->pause_ms = time.now_ms + WORKER_VERIFY_PAUSE_MS;
		due_find(w);
	} else {
		outcome_say(&r->outcome, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("stop said that it stopped, but monitor gives %d (%s)%s%s",
				found->rc, outcome_status_name(found->status),
				found->exit_reason ? ": " : "",
				found->exit_reason ? found->exit_reason : ""));
		finish(w, r, &r->outcome, time);
	}
}

void worker_started(struct worker *w, unsigned run, int64_t pid, int64_t pid_start)
{
	struct post *r = find_run(w, run);

	if (!r || r->phase != POST_DO || !r->record->pending)
		return;
	r->record->pid = pid;
	r->record->pid_start = pid_start;
	store(w, r);
}

void worker_ran(struct worker *w, unsigned run, struct outcome *outcome, struct worker_time time)
{
	struct post *r = find_run(w, run);
	struct outcome o = *outcome;

	*outcome = (struct outcome){ 0 };
	assert(r && (r->phase == POST_DO || r->phase == POST_VERIFY));
	if (r->phase == POST_VERIFY) {
		verified(w, r, &o, time);
	} else if (r->job->operation->kind == OPERATION_STOP && o.status == OUTCOME_DONE &&
		   (o.rc == OUTCOME_OK || o.rc == OUTCOME_NOT_RUNNING)) {
		o.rc = OUTCOME_OK;
		r->outcome = o;
		verify(w, r, time);
		return;
	} else {
		finish(w, r, &o, time);
	}
	outcome_done(&o);
}

void worker_cleared(
	struct worker *w, unsigned run, bool empty, const char *note, struct worker_time time)
{
	struct post *r = find_run(w, run);

	assert(r && r->phase == POST_CLEAR);
	if (!empty)
		outcome_say(&r->outcome, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("stop said that it stopped, but there are left: %s",
				note ? note : "processes"));
	else if (note)
		outcome_say(&r->outcome, r->outcome.status, r->outcome.rc, own_string(note));
	finish(w, r, &r->outcome, time);
}

/* ---- orders ---------------------------------------------------------------------------------- */

static bool same_order(const struct operation *a, const struct operation *b)
{
	return a->term == b->term && a->index == b->index && !strcmp(a->id, b->id);
}

/* An order that comes twice, after a lost connection, is carried out once. */
static bool known(struct worker *w, int controller, struct post *r, const struct operation *o)
{
	json_t *result = record_of(r->record, o->id);

	if (r->job && same_order(r->job->operation, o))
		return true;
	for (struct post_job *job = r->queue; job; job = job->next)
		if (same_order(job->operation, o))
			return true;
	if (!result ||
		strcmp(json_string_value(json_object_get(result, "op")), operation_name(o->kind)) ||
		(uint64_t)json_integer_value(json_object_get(result, "term")) != o->term ||
		(uint64_t)json_integer_value(json_object_get(result, "index")) != o->index)
		return false;
	tell(w, controller, json_incref(result));
	return true;
}

static void supersede(struct worker *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct post_job **at = &w->posts[i]->queue;

		while (*at) {
			/* What was begun before a restart is not undone by a newer leader. */
			if ((*at)->repeat || (*at)->resumed ||
				(*at)->operation->term >= w->allegiance.term) {
				at = &(*at)->next;
				continue;
			}
			refuse(w, -1, (*at)->operation, "refused: a newer leader has taken over");
			post_job_free(post_take(w->posts[i], at));
		}
	}
}

void worker_term(struct worker *w, uint64_t term)
{
	if (!allegiance_term(&w->allegiance, term))
		return;
	store_state(w);
	supersede(w);
}

void worker_lease(struct worker *w, uint64_t until_ms)
{
	w->lease_until_ms = until_ms;
}

static void enqueue(struct worker *w, struct post *r, struct operation *o, struct worker_time time)
{
	/* A monitor that nobody waits for makes room. */
	if (r->queue && r->queue->repeat) {
		struct post_job *repeat = post_take(r, &r->queue);
		struct post_monitor *m = post_monitor_find(r, repeat->operation->interval_ms);

		if (m)
			m->due_ms = time.now_ms;
		post_job_free(repeat);
	}
	if (operation_changes(o->kind))
		monitors_drop(w, r, 0, "another operation took its place");
	if (o->interval_ms) {
		monitors_drop(w, r, o->interval_ms, "a newer order took its place");
		post_monitor_add(r, o);
	}
	post_put(r, o, time.now_ms);
}

static void cancel(struct worker *w, struct post *r, const struct operation *o)
{
	monitors_drop(w, r, o->interval_ms, "cancelled");
	store(w, r);
	answer(w, o, OUTCOME_DONE, OUTCOME_OK, NULL);
}

/* Nothing is run for these. */
static void errand(
	struct worker *w, struct post *r, const struct operation *o, struct worker_time time)
{
	if (o->kind == OPERATION_RECHECK)
		post_recheck(r, time.now_ms);
	else
		record_forgive(r->record);
	store(w, r);
	answer(w, o, OUTCOME_DONE, OUTCOME_OK, NULL);
}

static void obey(
	struct worker *w, int controller, struct operation *operation, struct worker_time time)
{
	owned(operation) struct operation *o = operation;
	struct post *r = find(w, o->resource);

	if (o->kind == OPERATION_SHUTDOWN) {
		operation_free(w->shutdown);
		w->shutdown = give(o);
		return;
	}
	if (!r && w->n == WORKER_RESOURCES_MAX)
		sweep(w);
	if (!r && w->n == WORKER_RESOURCES_MAX) {
		refuse(w, -1, o, "refused: too many posts on this node");
		return;
	}
	if (!r)
		r = add(w, record_new(o->resource));
	if (known(w, controller, r, o))
		return;
	if (o->kind == OPERATION_CANCEL)
		cancel(w, r, o);
	else if (o->kind == OPERATION_FORGIVE || o->kind == OPERATION_RECHECK)
		errand(w, r, o, time);
	else if (r->n_queue == WORKER_QUEUE_MAX)
		refuse(w, -1, o, "refused: too many orders wait for this resource");
	else
		enqueue(w, r, give(o), time);
}

int worker_order(
	struct worker *w, int controller, json_t *order, struct worker_time time, char **why)
{
	owned(operation) struct operation *o = NULL;
	owned(free) char *reason = NULL;
	uint64_t term = w->allegiance.term;
	json_t *id = json_object_get(order, "id"), *bad;

	if (operation_parse(order, &o, &reason)) {
		if (!json_is_string(id)) {
			*why = give(reason);
			return -EINVAL;
		}
		bad = json_pack("{s:s, s:O, s:s, s:i, s:s}", "type", "result", "id", id, "status",
			"error", "rc", OUTCOME_NOT_CONFIGURED, "exit_reason", reason);
		tell(w, controller, bad);
		return 0;
	}
	if (allegiance_obey(&w->allegiance, o, &reason)) {
		refuse(w, controller, o, reason);
		return 0;
	}
	if (w->allegiance.term != term) {
		store_state(w);
		supersede(w);
	}
	obey(w, controller, give(o), time);
	worker_tick(w, time);
	return 0;
}

/* ---- after a restart, and for a new leader ------------------------------------------------------
 */

/* Operations may be repeated (OCF 1.1, section "Actions"), so one whose end was not seen is. */
static void resume(struct post *r, struct worker_time time)
{
	owned(free) char *why = NULL;
	struct operation *operation = NULL;

	if (operation_parse(r->record->pending, &operation, &why))
		return;
	post_put(r, operation, time.now_ms)->resumed = true;
	r->orphan = r->record->pid;
	r->orphan_start = r->record->pid_start;
}

int worker_load(struct worker *w, json_t *document, struct worker_time time, char **why)
{
	owned(record) struct record *record = NULL;
	struct post *r;
	json_t *order;
	size_t i;
	int rc = record_parse(document, w->allegiance.boot_id, &record, why);

	if (rc)
		return rc;
	if (find(w, record->resource)) {
		*why = own_printf("%s is here twice", record->resource);
		return -EEXIST;
	}
	if (record_call_id(record) > w->call_id)
		w->call_id = record_call_id(record);
	r = add(w, give(record));
	json_array_foreach (r->record->recurring, i, order) {
		struct operation *o = NULL;

		if (operation_parse(order, &o, why))
			return -EINVAL;
		own_grow(r->monitors, r->n_monitors, r->cap_monitors);
		r->monitors[r->n_monitors++] = (struct post_monitor){ o, time.now_ms };
	}
	if (r->record->pending)
		resume(r, time);
	due_find(w);
	return 0;
}

json_t *worker_hello(const struct worker *w)
{
	return json_pack("{s:s, s:[ii], s:s, s:I, s:I}", "type", "hello", "versions",
		WORKER_VERSION_MIN, WORKER_VERSION_MAX, "boot_id", w->allegiance.boot_id,
		"incarnation", (json_int_t)w->allegiance.incarnation, "term",
		(json_int_t)w->allegiance.term);
}

static void history_pending(const struct post *r, json_t *ops)
{
	struct outcome pending = { .status = OUTCOME_PENDING, .rc = OUTCOME_UNKNOWN };

	if (r->job && !r->job->repeat)
		json_array_append_new(ops, outcome_json(r->job->operation, &pending));
	for (const struct post_job *job = r->queue; job; job = job->next)
		if (!job->repeat)
			json_array_append_new(ops, outcome_json(job->operation, &pending));
}

/* In messages of a bounded size; the last one says that it is the last. */
static void history_tell(struct worker *w, int controller)
{
	json_t *ops = json_array();

	for (size_t i = 0; i <= w->n; i++) {
		if (i == w->n || json_array_size(ops) >= WORKER_HISTORY_OPS) {
			tell(w, controller,
				json_pack("{s:s, s:o, s:b, s:I, s:I}", "type", "history", "ops",
					ops, "complete", i == w->n, "term",
					(json_int_t)w->allegiance.term, "incarnation",
					(json_int_t)w->allegiance.incarnation));
			ops = json_array();
		}
		if (i == w->n)
			break;
		json_array_extend(ops, w->posts[i]->record->ops);
		if (w->posts[i]->record->failure) {
			json_t *failure = json_copy(w->posts[i]->record->failure);

			json_object_set_new(failure, "last_failure", json_true());
			json_array_append_new(ops, failure);
		}
		history_pending(w->posts[i], ops);
	}
	json_decref(ops);
}

void worker_learn(struct worker *w, json_t *message)
{
	json_int_t incarnation = json_integer_value(json_object_get(message, "incarnation"));
	struct allegiance before = w->allegiance;

	if (incarnation > 0)
		allegiance_admit(&w->allegiance, (uint64_t)incarnation);
	allegiance_learn(&w->allegiance, message);
	if (memcmp(&before, &w->allegiance, sizeof(before)))
		store_state(w);
}

void worker_welcome(struct worker *w, int controller, json_t *welcome, struct worker_time time)
{
	worker_term(w, (uint64_t)json_integer_value(json_object_get(welcome, "term")));
	worker_learn(w, welcome);
	history_tell(w, controller);
	worker_tick(w, time);
}
