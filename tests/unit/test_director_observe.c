/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "director.h"

#include "base/own.h"
#include "core/director_inside.h"

#define SITE(observe)                                                                              \
	"cluster: {name: t}\n"                                                                     \
	"properties: {observe: " observe "}\n"                                                     \
	"nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [a]}}\n"                      \
	"fencing: {devices: {b1: {agent: fence_x, targets: [n1, n2]}}}\n"                          \
	"resources: {web: {type: 'ocf:x:y'}}\n"

static void later(uint64_t ms)
{
	struct event e = { .kind = EVENT_TIME };

	for (uint64_t i = 0; i < ms; i += 10) {
		now += 10 * MS;
		step(&e);
	}
}

static void beat(unsigned node, bool heard)
{
	struct event e = { .kind = EVENT_HEARTBEAT };

	e.beat.kind = heard ? PICKET_EVENT_HEARD : PICKET_EVENT_SILENT;
	e.beat.node = node;
	e.beat.t_event_ns = now;
	e.beat.t_last_ns = heard ? now : now - 200 * MS;
	step(&e);
}

static void says(const char *node, json_t *message, enum event_kind kind)
{
	struct event e = { .kind = kind, .node = node, .json = message };

	step(&e);
	json_decref(message);
}

static void connect(const char *node)
{
	says(node, json_pack("{s:s, s:s, s:i}", "type", "hello", "boot_id", node, "incarnation", 0),
		EVENT_LINK_UP);
	says(node, json_pack("{s:s, s:[], s:b}", "type", "history", "ops", "complete", true),
		EVENT_LINK_SAYS);
}

static void set_up(void)
{
	lead(SITE("true"));
	connect("n1");
	connect("n2");
	beat(1, true);
	beat(2, true);
	later(100);
}

TestSuite(director_observe, .init = set_up, .fini = tear_down);

static unsigned told(const char *text)
{
	unsigned n = 0;

	for (const char *at = notes; (at = strstr(at, text)); at++)
		n++;
	return n;
}

Test(director_observe, what_would_be_started_is_told_once_and_not_started)
{
	later(5000);
	cr_assert_eq(n_orders, 0);
	cr_assert_eq(
		told("would-do: observe mode: would be done now: Start web (n"), 1, "%s", notes);
	ask("GET", "/v1/status", "");
	cr_assert(json_is_true(json_object_get(answer, "observe")));
}

Test(director_observe, nobody_is_blocked)
{
	beat(1, false);
	later(60000);
	cr_assert_eq(told("n1 would be blocked and fenced now (silent"), 1, "%s", notes);
	cr_assert_eq(told("node-lost"), 0, "%s", notes);
	beat(1, true);
	later(1000);
	beat(1, false);
	later(10000);
	cr_assert_eq(told("node-lost"), 0, "%s", notes);
}

Test(director_observe, when_it_ends_what_was_due_is_done)
{
	beat(1, false);
	later(10000);
	ask("PUT", "/v1/configuration", SITE("false"));
	cr_assert_eq(status, 200);
	later(10000);
	cr_assert_eq(told("node-lost: n1 is lost"), 1, "%s", notes);
}

Test(director_observe, and_what_was_to_be_started_is)
{
	ask("PUT", "/v1/configuration", SITE("false"));
	later(1000);
	cr_assert(n_orders);
}

/* back: of so many incarnations ago. */
static void lease_runs_out(const char *node, int back)
{
	json_int_t incarnation = 0;
	json_t *n;
	size_t i;

	ask("GET", "/v1/status", "");
	json_array_foreach (json_object_get(answer, "nodes"), i, n)
		if (!strcmp(json_string_value(json_object_get(n, "name")), node))
			incarnation = json_integer_value(json_object_get(n, "incarnation"));
	cr_assert(incarnation);
	says(node, json_pack("{s:s, s:I}", "type", "expired", "incarnation", incarnation - back),
		EVENT_LINK_SAYS);
}

Test(director_observe, whose_lease_has_run_out_is_blocked_but_not_while_observing)
{
	lease_runs_out("n1", 0);
	later(1000);
	cr_assert_eq(told("node-blocked"), 0, "%s", notes);
	ask("PUT", "/v1/configuration", SITE("false"));
	cr_assert_eq(told("node-blocked"), 1, "%s", notes);
	lease_runs_out("n2", 1);
	cr_assert_eq(told("node-blocked"), 1, "%s", notes);
	lease_runs_out("n2", 0);
	cr_assert_eq(told("node-blocked"), 2, "%s", notes);
}

/* Whom an operator fences falls silent when it is off, and is proven dead before or after that is
 * noticed: the story of its death began with the block, and is told once. */
static void fenced_by_an_operator(bool silent_first)
{
	struct event e = { .kind = EVENT_FENCED };
	owned(free) char *figures = NULL;

	ask("PUT", "/v1/configuration",
		"cluster: {name: t}\n"
		"nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [a]}}\n"
		"fencing: {devices: {b1: {agent: fence_x, targets: [n1, n2]}}}\n");
	cr_assert_eq(status, 200);
	ask("POST", "/v1/nodes/n1/fence", "");
	cr_assert(fence_id);
	later(50);
	if (silent_first)
		beat(1, false);
	later(50);
	e.fence.id = fence_id;
	e.fence.proof = EVENT_OFF;
	e.fence.text = "";
	e.fence.t_end_ns = now;
	e.fence.evidence = json_array();
	step(&e);
	json_decref(e.fence.evidence);
	if (!silent_first) {
		later(20);
		beat(1, false);
	}
	later(500);
	figures = director_metrics(d);
	cr_assert_eq(told("node-dead"), 1, "%s", notes);
	cr_assert(told("failover"), "%s", notes);
	cr_assert(strstr(figures, "picket_failover_seconds_count 1\n"), "%s", figures);
	cr_assert_lt(d->times.last_ms, 1000);
	cr_assert(d->nodes[0].timeline.ns[TIMELINE_FENCE_STARTED] ||
			  strstr(figures, "picket_fencing_seconds_count 1\n"),
		"%s", figures);
	cr_assert(d->nodes[0].timeline.ns[TIMELINE_DEAD] || told("failover"), "%s", notes);
}

Test(director_observe, a_story_goes_on_when_who_is_fenced_falls_silent)
{
	fenced_by_an_operator(true);
}

Test(director_observe, a_story_goes_on_when_who_is_dead_falls_silent)
{
	fenced_by_an_operator(false);
}
