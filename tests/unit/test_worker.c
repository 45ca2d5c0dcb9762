/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/worker.h"

/* The world outside of a worker: keeps what it was asked, answers when told to. */
struct world {
	struct worker *worker;
	struct worker_time time;
	struct worker_action runs[256];
	enum operation_kind did[256]; /* of each run, in order */
	size_t n_runs, n_kills, n_clears, n_sent, n_stored;
	unsigned index, cleared_run;
	json_t *sent[512];
	json_t *kept[16]; /* stored documents, by arrival; NULL: removed */
	const char *last_store;
	json_t *state;
	bool left;
};

static void pump(struct world *w)
{
	struct worker_action a;

	while (worker_next(w->worker, &a)) {
		switch (a.kind) {
		case WORKER_RUN:
			w->did[w->n_runs] = a.as;
			w->runs[w->n_runs++] = a;
			break;
		case WORKER_KILL:
			w->n_kills++;
			break;
		case WORKER_CLEAR:
			w->n_clears++;
			w->cleared_run = a.run;
			break;
		case WORKER_SEND:
			w->sent[w->n_sent++] = json_incref(a.message);
			break;
		case WORKER_STORE:
			json_decref(w->kept[0]);
			w->kept[0] = json_incref(a.message);
			w->n_stored++;
			break;
		case WORKER_STATE:
			json_decref(w->state);
			w->state = json_incref(a.message);
			break;
		case WORKER_LEAVE:
			w->left = true;
			break;
		}
	}
}

static struct world *world_new(unsigned jobs, unsigned monitors)
{
	struct world *w = own_new(struct world);
	struct allegiance a = { .boot_id = "boot", .incarnation = 5, .term = 3 };

	w->worker = worker_new(&(struct worker_config){ jobs, monitors }, &a);
	w->time = (struct worker_time){ 1000, 1700000000 };
	worker_lease(w->worker, UINT64_MAX);
	return w;
}

static void world_free(struct world *w)
{
	worker_free(w->worker);
	for (size_t i = 0; i < w->n_sent; i++)
		json_decref(w->sent[i]);
	json_decref(w->kept[0]);
	json_decref(w->state);
	free(w);
}
own_define(world, struct world, world_free)

static void order_at(struct world *w, const char *op, const char *resource, int interval,
	uint64_t term, unsigned index)
{
	owned(free) char *id = own_printf("%u:%u", (unsigned)term, index);
	char *why = NULL;
	json_t *order = json_pack("{s:s, s:I, s:i, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:i, s:i}}",
		"id", id, "term", (json_int_t)term, "index", index, "incarnation", 5, "action",
		"op", op, "resource", resource, "class", "ocf", "provider", "p", "agent", "a",
		"interval_ms", interval, "timeout_ms", 20000);

	cr_assert_eq(worker_order(w->worker, 0, order, w->time, &why), 0);
	json_decref(order);
	pump(w);
}

static void order(struct world *w, const char *op, const char *resource, int interval)
{
	order_at(w, op, resource, interval, worker_allegiance(w->worker)->term, ++w->index);
}

/* Ends the nth run. */
static void ends(struct world *w, size_t n, enum outcome_status status, int rc)
{
	struct outcome o = { .status = status, .rc = rc };

	worker_ran(w->worker, w->runs[n].run, &o, w->time);
	pump(w);
}

static void passes(struct world *w, uint64_t ms)
{
	w->time.now_ms += ms;
	w->time.epoch_s += (int64_t)ms / 1000;
	worker_tick(w->worker, w->time);
	pump(w);
}

static const char *text(json_t *m, const char *key)
{
	const char *s = json_string_value(json_object_get(m, key));

	return s ? s : "";
}

/* The last message is a result with this status and rc. */
static bool told(struct world *w, const char *op, const char *status, int rc)
{
	json_t *m = w->n_sent ? w->sent[w->n_sent - 1] : NULL;

	return m && !strcmp(text(m, "op"), op) && !strcmp(text(m, "status"), status) &&
	       json_integer_value(json_object_get(m, "rc")) == rc;
}

static void start(struct world *w, const char *resource)
{
	order(w, "start", resource, 0);
	ends(w, w->n_runs - 1, OUTCOME_DONE, 0);
}

Test(worker, one_resource_one_operation_two_resources_two)
{
	owned(world) struct world *w = world_new(0, 0);

	order(w, "start", "a", 0);
	order(w, "monitor", "a", 0);
	order(w, "start", "b", 0);
	cr_assert_eq(w->n_runs, 2);
	cr_assert_str_eq(w->runs[1].resource, "b");
	ends(w, 0, OUTCOME_DONE, 0);
	cr_assert_eq(w->n_runs, 3);
	cr_assert_eq(w->did[2], OPERATION_MONITOR);
	cr_assert_eq(worker_running(w->worker), 2);
}

Test(worker, at_most_so_many_at_once)
{
	owned(world) struct world *w = world_new(2, 1);

	order(w, "start", "a", 0);
	order(w, "start", "b", 0);
	order(w, "start", "c", 0);
	cr_assert_eq(w->n_runs, 2);
	ends(w, 0, OUTCOME_DONE, 0);
	cr_assert_eq(w->n_runs, 3);
}

Test(worker, orders_go_before_monitors_that_nobody_waits_for)
{
	owned(world) struct world *w = world_new(0, 1);

	for (int i = 0; i < 3; i++) {
		char name[2] = { (char)('a' + i), 0 };

		order(w, "monitor", name, 100);
		ends(w, (size_t)i, OUTCOME_DONE, 0);
	}
	passes(w, 100); /* all three are due, one may run */
	cr_assert_eq(w->n_runs, 4);
	cr_assert_eq(worker_due(w->worker), 0); /* the others wait for a turn, not for time */
	for (int i = 0; i < 3; i++) {
		char name[2] = { (char)('a' + i), 0 };

		if (strcmp(w->runs[3].resource, name)) {
			order(w, "notify", name, 0);
			break;
		}
	}
	cr_assert_eq(w->n_runs, 5);
	cr_assert_eq(w->did[4], OPERATION_NOTIFY);
}

Test(worker, nothing_starts_without_a_lease_and_stops_always_go)
{
	owned(world) struct world *w = world_new(0, 0);
	static const char *const need[] = { "start", "promote", "migrate_from", "migrate_to" };
	static const char *const free_to[] = { "demote", "monitor", "notify" };

	worker_lease(w->worker, w->time.now_ms);
	for (size_t i = 0; i < 4; i++) {
		order(w, need[i], "a", 0);
		cr_assert_eq(w->n_runs, 0, "%s", need[i]);
		cr_assert(told(w, need[i], "cancelled", OUTCOME_UNKNOWN));
		cr_assert(json_is_true(json_object_get(w->sent[w->n_sent - 1], "refused")));
	}
	for (size_t i = 0; i < 3; i++) {
		order(w, free_to[i], "b", 0);
		cr_assert_eq(w->n_runs, i + 1, "%s", free_to[i]);
		ends(w, i, OUTCOME_DONE, 0);
	}
	order(w, "stop", "b", 0);
	cr_assert_eq(w->n_runs, 4);
}

Test(worker, the_lease_is_asked_when_the_turn_comes)
{
	owned(world) struct world *w = world_new(0, 0);

	order(w, "stop", "a", 0);
	order(w, "start", "a", 0);
	worker_lease(w->worker, 0);
	ends(w, 0, OUTCOME_DONE, 1);
	cr_assert_eq(w->n_runs, 1);
	cr_assert(told(w, "start", "cancelled", OUTCOME_UNKNOWN));
}

static void stop_until_check(struct world *w)
{
	start(w, "a");
	order(w, "stop", "a", 0);
	ends(w, 1, OUTCOME_DONE, 0);
	cr_assert_eq(w->n_runs, 3);
	cr_assert_eq(w->did[2], OPERATION_MONITOR);
}

Test(worker, a_stop_counts_when_its_monitor_finds_nothing_and_nobody_is_left)
{
	owned(world) struct world *w = world_new(0, 0);

	stop_until_check(w);
	ends(w, 2, OUTCOME_DONE, 7);
	cr_assert_eq(w->n_clears, 1);
	cr_assert_not(told(w, "stop", "done", 0));
	worker_cleared(w->worker, w->cleared_run, true, NULL, w->time);
	pump(w);
	cr_assert(told(w, "stop", "done", 0));
	cr_assert_null(json_object_get(w->kept[0], "pending"));
}

Test(worker, a_stop_that_lied_has_failed)
{
	owned(world) struct world *w = world_new(0, 0);
	size_t n = 2;

	stop_until_check(w);
	for (int i = 0; i < 1000 && !told(w, "stop", "error", 1); i++) {
		ends(w, n, OUTCOME_DONE, 0);
		if (told(w, "stop", "error", 1))
			break;
		cr_assert_eq(worker_due(w->worker), w->time.now_ms + WORKER_VERIFY_PAUSE_MS);
		passes(w, WORKER_VERIFY_PAUSE_MS);
		n = w->n_runs - 1;
	}
	cr_assert(told(w, "stop", "error", 1));
	cr_assert_eq(w->n_clears, 0);
	cr_assert_leq(w->time.now_ms, 1000 + 20000);
	cr_assert_not_null(json_object_get(w->kept[0], "failure"));
}

Test(worker, a_stop_whose_check_comes_round_is_a_stop)
{
	owned(world) struct world *w = world_new(0, 0);

	stop_until_check(w);
	ends(w, 2, OUTCOME_DONE, 0);
	passes(w, WORKER_VERIFY_PAUSE_MS);
	ends(w, 3, OUTCOME_DONE, 7);
	worker_cleared(w->worker, w->cleared_run, true, "stop left running: 9 (x)", w->time);
	pump(w);
	cr_assert(told(w, "stop", "done", 0));
	cr_assert_str_eq(text(w->sent[w->n_sent - 1], "exit_reason"), "stop left running: 9 (x)");
}

Test(worker, a_stop_that_leaves_processes_has_failed)
{
	owned(world) struct world *w = world_new(0, 0);

	stop_until_check(w);
	ends(w, 2, OUTCOME_DONE, 7);
	worker_cleared(w->worker, w->cleared_run, false, "9 (x)", w->time);
	pump(w);
	cr_assert(told(w, "stop", "error", 1));
}

Test(worker, an_agent_that_cannot_look_is_taken_at_its_word_and_the_processes_tell)
{
	owned(world) struct world *w = world_new(0, 0);

	stop_until_check(w);
	ends(w, 2, OUTCOME_NO_AGENT, 5);
	cr_assert_eq(w->n_clears, 1);
	worker_cleared(w->worker, w->cleared_run, true, NULL, w->time);
	pump(w);
	cr_assert(told(w, "stop", "done", 0));
}

/* It ran well with the same parameters: this agent cannot have found nothing to stop. */
Test(worker, a_stop_whose_check_finds_no_configuration_of_what_ran_has_failed)
{
	owned(world) struct world *w = world_new(0, 0);

	stop_until_check(w);
	ends(w, 2, OUTCOME_DONE, 6);
	cr_assert_eq(w->n_clears, 0);
	passes(w, WORKER_VERIFY_MAX_MS);
	ends(w, 3, OUTCOME_DONE, 6);
	cr_assert(told(w, "stop", "error", 1));
}

Test(worker, a_failed_stop_is_not_checked)
{
	owned(world) struct world *w = world_new(0, 0);

	start(w, "a");
	order(w, "stop", "a", 0);
	ends(w, 1, OUTCOME_TIMEOUT, 1);
	cr_assert(told(w, "stop", "timeout", 1));
	cr_assert_eq(w->n_runs, 2);
}

Test(worker, a_recurring_monitor_tells_changes_only)
{
	owned(world) struct world *w = world_new(0, 0);
	size_t sent;

	order(w, "monitor", "a", 100);
	ends(w, 0, OUTCOME_DONE, 0);
	cr_assert(told(w, "monitor", "done", 0));
	cr_assert_eq(worker_due(w->worker), w->time.now_ms + 100);
	sent = w->n_sent;
	for (size_t i = 1; i < 5; i++) {
		passes(w, 100);
		cr_assert_eq(w->n_runs, i + 1);
		ends(w, i, OUTCOME_DONE, 0);
	}
	cr_assert_eq(w->n_sent, sent);
	passes(w, 100);
	ends(w, 5, OUTCOME_DONE, 7);
	cr_assert(told(w, "monitor", "done", 7));
	sent = w->n_sent;
	passes(w, 100);
	ends(w, 6, OUTCOME_DONE, 7);
	cr_assert_eq(w->n_sent, sent);
}

Test(worker, what_changes_a_resource_ends_its_monitors)
{
	owned(world) struct world *w = world_new(0, 0);

	start(w, "a");
	order(w, "monitor", "a", 100);
	ends(w, 1, OUTCOME_DONE, 0);
	order(w, "stop", "a", 0);
	ends(w, 2, OUTCOME_DONE, 1);
	cr_assert_eq(worker_due(w->worker), 0);
	passes(w, 1000);
	cr_assert_eq(w->n_runs, 3);
	cr_assert_eq(json_array_size(json_object_get(w->kept[0], "recurring")), 0);
}

Test(worker, a_monitor_that_hangs_before_an_order_is_ended_after_a_moment)
{
	owned(world) struct world *w = world_new(0, 0);
	size_t sent;

	start(w, "a");
	order(w, "monitor", "a", 100);
	ends(w, 1, OUTCOME_DONE, 0);
	passes(w, 100);
	order(w, "stop", "a", 0);
	cr_assert_eq(w->n_kills, 0);
	cr_assert_eq(worker_due(w->worker), w->time.now_ms + WORKER_PREEMPT_MS);
	passes(w, WORKER_PREEMPT_MS);
	cr_assert_eq(w->n_kills, 1);
	passes(w, 1);
	cr_assert_eq(w->n_kills, 1);
	sent = w->n_sent;
	ends(w, 2, OUTCOME_CANCELLED, OUTCOME_UNKNOWN);
	cr_assert_eq(w->n_sent, sent);
	cr_assert_eq(w->did[3], OPERATION_STOP);
}

Test(worker, cancel_ends_one_monitor)
{
	owned(world) struct world *w = world_new(0, 0);

	order(w, "monitor", "a", 100);
	ends(w, 0, OUTCOME_DONE, 0);
	order(w, "monitor", "a", 200);
	ends(w, 1, OUTCOME_DONE, 0);
	order(w, "cancel", "a", 100);
	cr_assert(told(w, "cancel", "done", 0));
	cr_assert_eq(worker_due(w->worker), w->time.now_ms + 200);
}

Test(worker, a_monitor_cancelled_while_it_runs_tells_nothing)
{
	owned(world) struct world *w = world_new(0, 0);
	size_t sent;

	order(w, "monitor", "a", 100);
	ends(w, 0, OUTCOME_DONE, 0);
	passes(w, 100);
	order(w, "cancel", "a", 100);
	sent = w->n_sent;
	ends(w, 1, OUTCOME_DONE, 7);
	cr_assert_eq(w->n_sent, sent);
	cr_assert_eq(worker_due(w->worker), 0);
}

Test(worker, an_order_that_comes_again_is_answered_again)
{
	owned(world) struct world *w = world_new(0, 0);

	order_at(w, "start", "a", 0, 3, 7);
	order_at(w, "start", "a", 0, 3, 7);
	cr_assert_eq(w->n_runs, 1);
	ends(w, 0, OUTCOME_DONE, 0);
	order_at(w, "start", "a", 0, 3, 7);
	cr_assert_eq(w->n_runs, 1);
	cr_assert(told(w, "start", "done", 0));
	/* The same id of another term is another order. */
	order_at(w, "start", "a", 0, 4, 7);
	cr_assert_eq(w->n_runs, 2);
}

Test(worker, older_orders_are_refused_to_whom_they_came_from)
{
	owned(world) struct world *w = world_new(0, 0);

	order_at(w, "start", "a", 0, 4, 1);
	order_at(w, "stop", "a", 0, 3, 99);
	cr_assert(told(w, "stop", "cancelled", OUTCOME_UNKNOWN));
	ends(w, 0, OUTCOME_DONE, 0);
	cr_assert_eq(w->n_runs, 1);
	cr_assert_eq(json_integer_value(json_object_get(w->state, "term")), 4);
}

Test(worker, a_newer_term_drops_what_waits_and_keeps_what_runs)
{
	owned(world) struct world *w = world_new(0, 0);

	order(w, "start", "a", 0);
	order(w, "promote", "a", 0);
	worker_term(w->worker, 9);
	pump(w);
	cr_assert(told(w, "promote", "cancelled", OUTCOME_UNKNOWN));
	ends(w, 0, OUTCOME_DONE, 0);
	cr_assert(told(w, "start", "done", 0));
	cr_assert_eq(w->n_runs, 1);
}

Test(worker, a_welcome_is_answered_with_everything)
{
	owned(world) struct world *w = world_new(0, 0);
	json_t *welcome = json_pack("{s:i, s:i}", "term", 6, "incarnation", 8), *m, *op;
	size_t pending = 0, i;

	order(w, "start", "a", 0);
	ends(w, 0, OUTCOME_DONE, 1);
	order(w, "start", "b", 0);
	worker_welcome(w->worker, 1, welcome, w->time);
	pump(w);
	json_decref(welcome);
	cr_assert_eq(worker_allegiance(w->worker)->incarnation, 8);
	m = w->sent[w->n_sent - 1];
	cr_assert_str_eq(text(m, "type"), "history");
	cr_assert(json_is_true(json_object_get(m, "complete")));
	cr_assert_eq(json_array_size(json_object_get(m, "ops")), 3); /* a, its failure, b */
	json_array_foreach (json_object_get(m, "ops"), i, op)
		pending += !strcmp(text(op, "status"), "pending");
	cr_assert_eq(pending, 1);
}

Test(worker, a_long_history_comes_in_pieces)
{
	owned(world) struct world *w = world_new(0, 0);
	json_t *welcome = json_object();
	size_t pieces = 0, ops = 0, complete = 0;

	for (int i = 0; i < 200; i++) {
		char name[8];

		snprintf(name, sizeof(name), "r%d", i);
		order(w, "monitor", name, 0);
		ends(w, w->n_runs - 1, OUTCOME_DONE, 7);
		w->n_runs = 0;
	}
	worker_welcome(w->worker, 1, welcome, w->time);
	pump(w);
	json_decref(welcome);
	for (size_t i = 0; i < w->n_sent; i++) {
		if (strcmp(text(w->sent[i], "type"), "history"))
			continue;
		pieces++;
		ops += json_array_size(json_object_get(w->sent[i], "ops"));
		complete += json_is_true(json_object_get(w->sent[i], "complete"));
	}
	cr_assert_eq(pieces, 2);
	cr_assert_eq(ops, 200);
	cr_assert_eq(complete, 1);
}

/* A second life from what the first one kept. */
static struct world *reborn(struct world *w)
{
	struct world *again = world_new(0, 0);
	char *why = NULL;

	cr_assert_eq(worker_load(again->worker, w->kept[0], again->time, &why), 0, "%s", why);
	worker_tick(again->worker, again->time);
	pump(again);
	return again;
}

Test(worker, after_a_restart_monitors_go_on_and_call_ids_rise)
{
	owned(world) struct world *w = world_new(0, 0), *again = NULL;
	json_t *m;

	start(w, "a");
	order(w, "monitor", "a", 100);
	ends(w, 1, OUTCOME_DONE, 0);
	again = reborn(w);
	cr_assert_eq(again->n_runs, 1);
	cr_assert_eq(again->did[0], OPERATION_MONITOR);
	ends(again, 0, OUTCOME_DONE, 0);
	cr_assert_eq(again->n_sent, 0); /* it found what it had found before */
	again->index = 50;
	order(again, "notify", "a", 0);
	ends(again, 1, OUTCOME_DONE, 0);
	m = again->sent[again->n_sent - 1];
	cr_assert_eq(json_integer_value(json_object_get(m, "call_id")), 3);
}

Test(worker, after_a_restart_what_was_under_way_is_repeated_when_its_process_has_ended)
{
	owned(world) struct world *w = world_new(0, 0), *again = NULL;

	order(w, "start", "a", 0);
	worker_started(w->worker, w->runs[0].run, 77, 1234);
	pump(w);
	again = reborn(w);
	cr_assert_eq(again->n_runs, 1);
	cr_assert_eq(again->did[0], OPERATION_START);
	cr_assert_eq(again->runs[0].after_pid, 77);
	cr_assert_eq(again->runs[0].after_pid_start, 1234);
	ends(again, 0, OUTCOME_DONE, 0);
	cr_assert(told(again, "start", "done", 0));
}

Test(worker, after_a_restart_a_newer_term_does_not_undo_what_was_begun)
{
	owned(world) struct world *w = world_new(0, 0), *again = world_new(0, 0);
	char *why = NULL;

	order(w, "start", "a", 0);
	worker_started(w->worker, w->runs[0].run, 77, 1234);
	pump(w);
	cr_assert_eq(worker_load(again->worker, w->kept[0], again->time, &why), 0, "%s", why);
	worker_term(again->worker, 9);
	worker_tick(again->worker, again->time);
	pump(again);
	cr_assert_eq(again->n_runs, 1);
	cr_assert_eq(again->did[0], OPERATION_START);
}

Test(worker, the_same_resource_twice_is_a_damaged_history)
{
	owned(world) struct world *w = world_new(0, 0), *again = NULL;
	owned(free) char *why = NULL;

	start(w, "a");
	again = reborn(w);
	cr_assert_eq(worker_load(again->worker, w->kept[0], again->time, &why), -EEXIST);
}

Test(worker, nobody_leaves_while_something_runs)
{
	owned(world) struct world *w = world_new(0, 0);

	start(w, "a");
	order(w, "shutdown", "", 0);
	cr_assert_not(w->left);
	cr_assert(told(w, "shutdown", "cancelled", OUTCOME_UNKNOWN));
	order(w, "stop", "a", 0);
	order(w, "shutdown", "", 0);
	cr_assert_not(w->left);
	ends(w, 1, OUTCOME_DONE, 0);
	ends(w, 2, OUTCOME_DONE, 7);
	worker_cleared(w->worker, w->cleared_run, true, NULL, w->time);
	pump(w);
	cr_assert(w->left);
	cr_assert_str_eq(text(w->sent[w->n_sent - 1], "type"), "stopping");
	cr_assert_eq(json_integer_value(json_object_get(w->state, "incarnation")), 0);
}

Test(worker, a_bad_order_is_answered_if_it_can_be)
{
	owned(world) struct world *w = world_new(0, 0);
	json_t *named = json_pack("{s:s}", "id", "1:1"), *nameless = json_object();
	char *why = NULL;

	cr_assert_eq(worker_order(w->worker, 0, named, w->time, &why), 0);
	pump(w);
	cr_assert_str_eq(text(w->sent[0], "status"), "error");
	cr_assert_eq(worker_order(w->worker, 0, nameless, w->time, &why), -EINVAL);
	cr_assert_not_null(why);
	free(why);
	json_decref(named);
	json_decref(nameless);
}

Test(worker, what_waits_is_bounded)
{
	owned(world) struct world *w = world_new(0, 0);

	for (int i = 0; i <= WORKER_QUEUE_MAX; i++)
		order(w, "notify", "a", 0);
	cr_assert_eq(w->n_sent, 0);
	order(w, "notify", "a", 0);
	cr_assert_eq(w->n_sent, 1);
	cr_assert(json_is_true(json_object_get(w->sent[0], "refused")));
}

Test(worker, forget_drops_history_and_monitors)
{
	owned(world) struct world *w = world_new(0, 0);

	order(w, "monitor", "a", 100);
	ends(w, 0, OUTCOME_DONE, 7);
	order(w, "forget", "a", 0);
	cr_assert(told(w, "forget", "done", 0));
	cr_assert_null(w->kept[0]);
	cr_assert_eq(worker_due(w->worker), 0);
}
