/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/director.h"

#define MS 1000000ULL

/* A cluster of one controller and two nodes, whose world is this file: what the director proposes
 * is committed at once, what it sends is kept. */
static struct director *d;
static uint64_t now = 1000 * MS, log_index, term = 1;
static json_t *sent[64], *notes;
static char *sent_to[64];
static size_t n_sent;
static struct action fenced;    /* the last fence order */
static struct action rehearsed; /* the last rehearsal */
static unsigned status;
static json_t *answer;
static bool committing = true;

static const char SITE[] = "cluster: {name: t}\n"
			   "nodes:\n"
			   "  n1: {id: 1, addresses: [a, b]}\n"
			   "  n2: {id: 2, addresses: [a, b]}\n"
			   "fencing:\n"
			   "  devices:\n"
			   "    b1: {agent: fence_x, targets: [n1], params: {ip: x}}\n"
			   "    b2: {agent: fence_x, targets: [n2]}\n"
			   "resources:\n"
			   "  web: {type: 'ocf:x:y', operations: {monitor: {interval: 10s}}}\n";

static void step(struct event *event);

static void take(struct actions *actions)
{
	json_t *entries[32];
	size_t n = 0, n_barred = 0;
	struct event barred[16];

	for (size_t i = 0; i < actions->n; i++) {
		struct action *a = &actions->items[i];

		if (a->kind == ACTION_PROPOSE && committing) {
			entries[n++] = json_incref(a->json);
		} else if (a->kind == ACTION_SEND) {
			sent_to[n_sent] = own_string(a->node);
			sent[n_sent++] = json_incref(a->json);
		} else if (a->kind == ACTION_ADMIT && !a->admitted) {
			barred[n_barred++] = (struct event){ .kind = EVENT_BARRED,
				.node = own_string(a->node),
				.incarnation = a->incarnation };
		} else if (a->kind == ACTION_FENCE) {
			fenced = *a;
			fenced.op = own_string(a->op);
			fenced.node = own_string(a->node);
			fenced.device = own_string(a->device);
			fenced.json = json_incref(a->json);
		} else if (a->kind == ACTION_REHEARSE) {
			rehearsed = *a;
			rehearsed.node = own_string(a->node);
			rehearsed.device = own_string(a->device);
			rehearsed.op = own_string(a->op);
			rehearsed.json = NULL;
		} else if (a->kind == ACTION_REPLY) {
			status = a->status;
			answer = json_incref(a->json);
		} else if (a->kind == ACTION_NOTE) {
			json_array_append(notes, a->json);
		}
	}
	actions_done(actions);
	for (size_t i = 0; i < n_barred; i++)
		step(&barred[i]);
	for (size_t i = 0; i < n; i++) {
		struct event e = { .kind = EVENT_COMMITTED,
			.index = ++log_index,
			.term = term,
			.json = entries[i] };

		step(&e);
	}
}

static void step(struct event *event)
{
	struct actions actions = { 0 };

	director_step(d, event, now, now / MS, &actions);
	take(&actions);
}

static void later(uint64_t ms)
{
	struct event e = { .kind = EVENT_TIME };

	for (uint64_t i = 0; i < ms; i += 10) {
		now += 10 * MS;
		step(&e);
	}
}

static void ask(const char *method, const char *path, const char *text)
{
	struct event e = { .kind = EVENT_ASKED };

	e.ask.token = &e;
	e.ask.method = method;
	e.ask.path = path;
	e.ask.text = text;
	e.ask.user = "root";
	e.ask.body = json_loads(text, 0, NULL);
	e.ask.query = json_object();
	status = 0;
	step(&e);
	json_decref(e.ask.body);
	json_decref(e.ask.query);
}

static void beat(unsigned node, unsigned link, bool heard)
{
	struct event e = { .kind = EVENT_HEARTBEAT };

	e.beat.kind = heard ? PICKET_EVENT_HEARD : PICKET_EVENT_SILENT;
	e.beat.node = node;
	e.beat.link = link;
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

static void connect(const char *node, const char *boot, uint64_t incarnation)
{
	says(node,
		json_pack("{s:s, s:s, s:I}", "type", "hello", "boot_id", boot, "incarnation",
			(json_int_t)incarnation),
		EVENT_LINK_UP);
	says(node, json_pack("{s:s, s:[], s:b}", "type", "history", "ops", "complete", true),
		EVENT_LINK_SAYS);
}

static json_t *node_status(const char *name)
{
	json_t *n;
	size_t i;

	ask("GET", "/v1/status", "");
	json_array_foreach (json_object_get(answer, "nodes"), i, n)
		if (!strcmp(json_string_value(json_object_get(n, "name")), name))
			return n;
	return NULL;
}

static const char *state(const char *name)
{
	return json_string_value(json_object_get(node_status(name), "state"));
}

/* The last order of this kind that went to the node, or NULL. */
static json_t *order(const char *node, const char *op)
{
	for (size_t i = n_sent; i-- > 0;) {
		json_t *action = json_object_get(sent[i], "action");

		if (action && !strcmp(sent_to[i], node) &&
			!strcmp(json_string_value(json_object_get(action, "op")), op))
			return sent[i];
	}
	return NULL;
}

static int call;

static void result(const char *node, json_t *o, int rc, const char *how)
{
	json_t *action;

	cr_assert(o, "no order to answer");
	action = json_object_get(o, "action");
	says(node,
		json_pack("{s:s, s:i, s:O, s:O, s:O, s:O, s:i, s:s, s:O, s:O?}", "type", "result",
			"call_id", ++call, "id", json_object_get(o, "id"), "op",
			json_object_get(action, "op"), "resource",
			json_object_get(action, "resource"), "interval_ms",
			json_object_get(action, "interval_ms"), "rc", rc, "status", how,
			"incarnation", json_object_get(o, "incarnation"), "digest",
			json_object_get(action, "digest")),
		EVENT_LINK_SAYS);
}

static void forget_sent(void)
{
	n_sent = 0;
}

static void fence_result(enum event_proof proof, const char *text)
{
	struct event e = { .kind = EVENT_FENCED };

	e.fence.id = fenced.id;
	e.fence.proof = proof;
	e.fence.text = text;
	e.fence.t_end_ns = now;
	e.fence.evidence = json_array();
	fenced = (struct action){ 0 };
	step(&e);
	json_decref(e.fence.evidence);
}

/* Both nodes online, the resource runs on n1. */
static void set_up(void)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 1 };

	notes = json_array();
	d = director_new(&config);
	step(&lead);
	ask("PUT", "/v1/configuration", SITE);
	cr_assert_eq(status, 200);
	connect("n1", "boot-1", 0);
	connect("n2", "boot-2", 0);
	for (unsigned n = 1; n <= 2; n++)
		for (unsigned l = 0; l < 2; l++)
			beat(n, l, true);
	result("n1", order("n1", "monitor"), 7, "done");
	result("n2", order("n2", "monitor"), 7, "done");
	result("n1", order("n1", "start"), 0, "done");
	result("n1", order("n1", "monitor"), 0, "done");
	forget_sent();
}

static void lose(unsigned node)
{
	beat(node, 0, false);
	beat(node, 1, false);
}

Test(director, a_lost_node_is_blocked_fenced_and_only_then_replaced, .init = set_up)
{
	lose(1);
	cr_assert_str_eq(state("n1"), "suspected");
	cr_assert_null(fenced.op);
	later(210);
	cr_assert_str_eq(state("n1"), "lost");
	cr_assert_str_eq(fenced.op, "off");
	cr_assert_str_eq(fenced.node, "n1");
	later(3000);
	cr_assert_null(order("n2", "start")); /* S2 */
	fence_result(EVENT_OFF, "");
	cr_assert(order("n2", "start"));
	cr_assert_str_eq(state("n1"), "offline");
	later(2100);
	cr_assert_str_eq(fenced.op, "on");
}

Test(director, a_short_silence_is_a_suspicion_and_no_more, .init = set_up)
{
	lose(1);
	later(150);
	beat(1, 0, true);
	later(1000);
	cr_assert_str_eq(state("n1"), "online");
	cr_assert_null(fenced.op);
}

Test(director, one_silent_link_moves_nothing, .init = set_up)
{
	json_t *links;

	beat(1, 1, false);
	later(5000);
	links = json_object_get(node_status("n1"), "links");
	cr_assert_str_eq(
		json_string_value(json_object_get(json_array_get(links, 1), "state")), "silent");
	cr_assert_null(fenced.op);
}

Test(director, failed_fencing_holds_everything_and_says_what_to_do, .init = set_up)
{
	json_t *n;

	lose(1);
	later(300);
	fence_result(EVENT_FAILED, "no route to host");
	later(100);
	cr_assert_null(order("n2", "start"));
	n = node_status("n1");
	cr_assert(strstr(json_string_value(json_object_get(n, "why")), "no route to host"));
	cr_assert(strstr(json_string_value(json_object_get(n, "todo")), "picket confirm n1"));
	later(3100);
	cr_assert_str_eq(fenced.op, "off"); /* tried again */
	ask("POST", "/v1/nodes/n1/confirm", "");
	cr_assert_eq(status, 200);
	cr_assert(order("n2", "start"));
}

Test(director, a_bmc_that_lies_is_found_out, .init = set_up)
{
	ask("POST", "/v1/nodes/n1/fence", "");
	cr_assert_str_eq(fenced.op, "off");
	fence_result(EVENT_OFF, "");
	later(1000); /* and it is heard all the time */
	cr_assert_null(order("n2", "start"));
	cr_assert(strstr(json_string_value(json_object_get(node_status("n1"), "why")), "is on"));
}

Test(director, a_blocked_boot_never_returns, .init = set_up)
{
	uint64_t old = json_integer_value(json_object_get(node_status("n1"), "incarnation"));
	bool refused = false;

	lose(1);
	later(300);
	forget_sent();
	connect("n1", "boot-1", old);
	for (size_t i = 0; i < n_sent; i++)
		refused |= json_is_true(json_object_get(sent[i], "must_die"));
	cr_assert(refused);
	fence_result(EVENT_OFF, "");
	connect("n1", "boot-1", old);
	cr_assert_str_eq(state("n1"), "offline");
	connect("n1", "boot-9", 0);
	beat(1, 0, true);
	cr_assert_str_eq(state("n1"), "online");
	cr_assert_gt(json_integer_value(json_object_get(node_status("n1"), "incarnation")),
		(json_int_t)old);
}

Test(director, nothing_is_done_before_it_is_committed, .init = set_up)
{
	committing = false;
	lose(1);
	later(1000);
	cr_assert_null(fenced.op); /* S4, S5 */
	ask("PUT", "/v1/configuration", SITE);
	cr_assert_eq(status, 0); /* S10 */
	committing = true;
}

Test(director, another_profile_reaches_the_nodes_at_once, .init = set_up)
{
	owned(free) char *fast =
		own_printf("cluster: {name: t, profile: fast}\n%s", strchr(SITE, '\n'));

	ask("PUT", "/v1/configuration", fast);
	cr_assert_eq(status, 200);
	for (size_t i = 0, found = 0; i <= n_sent; i++) {
		cr_assert(i < n_sent, "%zu of 2 nodes were told", found);
		if (!strcmp(json_string_value(json_object_get(sent[i], "type")), "timing"))
			cr_assert_eq(
				json_integer_value(json_object_get(sent[i], "interval_us")), 10000);
		else
			continue;
		if (++found == 2)
			break;
	}
}

Test(director, a_wrong_configuration_changes_nothing, .init = set_up)
{
	ask("PUT", "/v1/configuration", "cluster: {name: t}\nresources: {a: {type: nonsense}}\n");
	cr_assert_eq(status, 422);
	cr_assert(json_array_size(json_object_get(answer, "errors")));
	ask("GET", "/v1/status", "");
	cr_assert_eq(json_integer_value(json_object_get(answer, "revision")), 1);
}

Test(director, a_failed_stop_fences, .init = set_up)
{
	ask("POST", "/v1/nodes/n1/standby", "");
	result("n1", order("n1", "stop"), 1, "done");
	cr_assert_str_eq(fenced.op, "off");
	cr_assert_null(order("n2", "start"));
	beat(1, 0, false);
	beat(1, 1, false);
	fence_result(EVENT_OFF, "");
	cr_assert(order("n2", "start"));
}

Test(director, a_clean_stop_moves_first_and_fences_nobody, .init = set_up)
{
	ask("POST", "/v1/nodes/n1/stop", "");
	cr_assert_null(order("n1", "shutdown"));
	result("n1", order("n1", "stop"), 0, "done");
	result("n2", order("n2", "start"), 0, "done");
	result("n2", order("n2", "monitor"), 0, "done");
	cr_assert(order("n1", "shutdown"));
	says("n1", json_pack("{s:s, s:b, s:[]}", "type", "stopping", "clean", true, "active"),
		EVENT_LINK_SAYS);
	cr_assert_str_eq(state("n1"), "stopped");
	lose(1);
	later(20000);
	cr_assert_null(fenced.op);
}

Test(director, a_new_leader_waits_for_everybody, .init = set_up)
{
	struct event lose_it = { .kind = EVENT_ROLE, .leader = false, .term = 2 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 3 };

	step(&lose_it);
	forget_sent();
	term = 3;
	step(&lead);
	later(500);
	cr_assert_null(order("n1", "stop"));
	cr_assert_null(order("n2", "start"));
	cr_assert_null(fenced.op);
}

Test(director, a_restart_knows_who_was_heard_before_it_knew_the_nodes)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 1 };

	notes = json_array();
	d = director_new(&config);
	beat(1, 0, true);
	beat(2, 0, true);
	connect("n1", "boot-1", 0);
	connect("n2", "boot-2", 0);
	step(&lead);
	ask("PUT", "/v1/configuration", SITE);
	cr_assert_eq(status, 200);
	says("n1", json_pack("{s:s, s:[], s:b}", "type", "history", "ops", "complete", true),
		EVENT_LINK_SAYS);
	beat(1, 0, true);
	cr_assert_str_eq(state("n1"), "online");
}

Test(director, a_restart_in_the_same_term_trusts_no_half_told_log)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 1 };
	struct event old = { .kind = EVENT_COMMITTED, .index = 1, .term = 1 };

	notes = json_array();
	d = director_new(&config);
	committing = false;
	step(&lead);
	old.json = json_pack("{s:s, s:s, s:i}", "do", "term", "leader", "c1", "nonce", 5);
	step(&old);
	cr_assert(!director_grant_until(d, now) && !director_abreast(d)); /* rule 4a */
	ask("GET", "/readyz", "");
	cr_assert_eq(status, 503);
}

Test(director, a_node_that_booted_unnoticed_is_not_what_it_was, .init = set_up)
{
	uint64_t old = json_integer_value(json_object_get(node_status("n1"), "incarnation"));

	connect("n1", "boot-5", 0);
	cr_assert_gt(json_integer_value(json_object_get(node_status("n1"), "incarnation")),
		(json_int_t)old);
	cr_assert_null(fenced.op);
}

/* ---- grades of proof, and rehearsals ------------------------------------------------------------
 */

static const char FEEDS[] =
	"cluster: {name: t, fence-reads: 3}\n"
	"nodes:\n"
	"  n1: {id: 1, addresses: [a, b]}\n"
	"  n2: {id: 2, addresses: [a, b]}\n"
	"fencing:\n"
	"  devices:\n"
	"    b1: {agent: fence_picket_redfish, targets: [n1], params: {ip: x}}\n"
	"    pa: {agent: fence_picket_pdu, targets: [n1], params: {ip: y}}\n"
	"    pb: {agent: fence_apc_snmp, targets: [n1], params: {ip: z}}\n"
	"    b2: {agent: fence_x, targets: [n2]}\n"
	"  topology:\n"
	"    n1: [[b1], [pa, pb]]\n"
	"resources:\n"
	"  web: {type: 'ocf:x:y', operations: {monitor: {interval: 10s}}}\n";

/* The controller of n1 fails, both outlets go off; what comes next? */
static void feeds_off(void)
{
	ask("PUT", "/v1/configuration", FEEDS);
	cr_assert_eq(status, 200);
	lose(1);
	later(300);
	cr_assert_str_eq(fenced.device, "b1");
	cr_assert_eq(fenced.reads, 3);
	fence_result(EVENT_FAILED, "no route to host");
	later(50);
	cr_assert_str_eq(fenced.device, "pa");
	fence_result(EVENT_OFF, "");
	later(50);
	cr_assert_str_eq(fenced.device, "pb");
	cr_assert_null(order("n2", "start"));
	fence_result(EVENT_OFF, "");
	cr_assert_str_eq(fenced.device, "b1");
	cr_assert_str_eq(fenced.op, "status");
	cr_assert_null(order("n2", "start"));
}

static const char *proof_of(const char *node, const char *key)
{
	json_t *proof = json_object_get(node_status(node), "proof");

	return json_string_value(json_object_get(proof, key));
}

Test(director, a_silent_controller_and_all_feeds_off_are_a_death, .init = set_up)
{
	feeds_off();
	fence_result(EVENT_FAILED, "timed out");
	cr_assert(order("n2", "start"));
	cr_assert(strstr(proof_of("n1", "text"), "b1 gives no answer"));
	cr_assert(strstr(proof_of("n1", "text"), "all its feeds"));
	cr_assert_str_eq(proof_of("n1", "grade"), "read back");
}

Test(director, outlets_of_a_machine_that_says_on_are_not_its_feeds, .init = set_up)
{
	feeds_off();
	fence_result(EVENT_ON, "");
	later(1000);
	cr_assert_null(order("n2", "start"));
	cr_assert(strstr(
		json_string_value(json_object_get(node_status("n1"), "why")), "not its feeds"));
}

Test(director, a_controller_that_says_off_as_well_confirms, .init = set_up)
{
	feeds_off();
	fence_result(EVENT_OFF, "");
	cr_assert(order("n2", "start"));
	cr_assert_str_eq(proof_of("n1", "grade"), "confirmed by a second source");
}

static void rehearsal_comes(const char *device)
{
	rehearsed = (struct action){ 0 };
	for (int i = 0; i < 200 && !(rehearsed.device && !strcmp(rehearsed.device, device)); i++)
		later(100);
	cr_assert(rehearsed.device && !strcmp(rehearsed.device, device), "no test of %s", device);
	cr_assert_str_eq(rehearsed.op, "rehearse");
}

static void rehearsal_result_of(enum event_proof proof, const char *text, const char *output)
{
	struct event e = { .kind = EVENT_FENCED };

	e.fence.id = rehearsed.id;
	e.fence.proof = proof;
	e.fence.text = text;
	e.fence.output = output;
	e.fence.t_end_ns = now;
	step(&e);
}

static bool noted(const char *kind)
{
	json_t *n;
	size_t i;

	json_array_foreach (notes, i, n)
		if (!strcmp(json_string_value(json_object_get(n, "kind")), kind))
			return true;
	return false;
}

static bool faulty(const char *text)
{
	json_t *f;
	size_t i;
	bool found = false;

	ask("GET", "/v1/status", "");
	json_array_foreach (json_object_get(answer, "faults"), i, f)
		found |= strstr(json_string_value(f), text) != NULL;
	return found;
}

Test(director, devices_are_rehearsed_by_themselves_and_fail_loudly, .init = set_up)
{
	rehearsal_comes("b1");
	rehearsal_result_of(EVENT_DONE, "", "system=1\n");
	rehearsal_comes("b2");
	cr_assert_not(noted("fence-test-failed"));
	rehearsal_result_of(EVENT_FAILED, "login refused (HTTP 401)", "");
	cr_assert(noted("fence-test-failed"));
	cr_assert(faulty("n2 could not be fenced through b2: login refused"));
	cr_assert_null(fenced.op);
	later(61000);
	cr_assert_str_eq(rehearsed.device, "b2"); /* sooner than the others */
	rehearsal_result_of(EVENT_DONE, "", "");
	cr_assert(noted("fence-test-passed"));
	cr_assert_not(faulty("b2"));
}

Test(director, who_answered_the_rehearsal_is_who_must_answer, .init = set_up)
{
	ask("POST", "/v1/nodes/n1/fence-test", "");
	cr_assert_eq(status, 0); /* it waits */
	cr_assert_str_eq(rehearsed.device, "b1");
	rehearsal_result_of(
		EVENT_DONE, "", "power=on\nrecord:system_uuid=U1\nrecord:=x\nrecord:y\n");
	later(10);
	cr_assert_eq(status, 200);
	cr_assert(json_is_true(json_object_get(answer, "passed")));
	lose(1);
	later(300);
	cr_assert_str_eq(json_string_value(json_object_get(fenced.json, "system_uuid")), "U1");
	cr_assert_str_eq(json_string_value(json_object_get(fenced.json, "ip")), "x");
}

Test(director, nobody_waits_for_a_rehearsal, .init = set_up)
{
	rehearsal_comes("b1");
	lose(1);
	later(300);
	cr_assert_str_eq(fenced.op, "off");
	ask("POST", "/v1/nodes/n9/fence-test", "");
	cr_assert_eq(status, 404);
}

/* Where the agent itself sends the beats, they come a moment after it is back. */
Test(director, an_agent_that_is_started_again_is_given_time_for_its_first_beat, .init = set_up)
{
	struct event down = { .kind = EVENT_LINK_DOWN, .node = "n1", .closed = true };
	json_t *goodbye = json_pack("{s:s, s:b, s:b}", "type", "stopping", "clean", 0, "detach", 1);

	says("n1", goodbye, EVENT_LINK_SAYS);
	step(&down);
	lose(1);
	later(700);
	connect("n1", "boot-1",
		(uint64_t)json_integer_value(json_object_get(node_status("n1"), "incarnation")));
	later(300);
	cr_assert_null(fenced.op, "it is back, and was fenced");
	beat(1, 0, true);
	beat(1, 1, true);
	later(5000);
	cr_assert_str_eq(state("n1"), "online");
	/* From now on, silence is silence. */
	lose(1);
	later(210);
	cr_assert_str_eq(state("n1"), "lost");
}

/* It says hello, and its beats never come: no longer than an agent's restart may take. */
Test(director, an_agent_that_is_back_and_not_heard_is_lost_all_the_same, .init = set_up)
{
	struct event down = { .kind = EVENT_LINK_DOWN, .node = "n1", .closed = true };

	step(&down);
	lose(1);
	later(700);
	connect("n1", "boot-1",
		(uint64_t)json_integer_value(json_object_get(node_status("n1"), "incarnation")));
	later(2500);
	cr_assert_str_eq(fenced.op, "off");
}

/* ---- who is to be told ------------------------------------------------------------------------
 */

Test(director, a_death_is_told_with_its_proof_and_again_by_a_new_leader, .init = set_up)
{
	owned(free) char *text = own_printf("%salerts: {a: {program: /x}}\n", SITE);
	const char *cluster;
	json_t *deaths, *death;

	ask("PUT", "/v1/configuration", text);
	cr_assert_eq(status, 200);
	cr_assert(json_object_get(director_alerts(d, &cluster), "a"));
	cr_expect_str_eq(cluster, "t");
	deaths = director_deaths(d);
	cr_assert(deaths);
	cr_expect_eq(json_array_size(deaths), 0);
	json_decref(deaths);
	lose(1);
	later(210);
	cr_assert_str_eq(fenced.op, "off");
	fence_result(EVENT_OFF, "");
	deaths = director_deaths(d);
	cr_assert_eq(json_array_size(deaths), 1);
	death = json_array_get(deaths, 0);
	cr_expect_str_eq(json_string_value(json_object_get(death, "node")), "n1");
	cr_expect(json_is_true(json_object_get(death, "again")));
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(death, "proof"), "kind")),
		"fence-agent");
	cr_expect_gt(json_integer_value(json_object_get(death, "incarnation")), 0);
	json_decref(deaths);
	step(&(struct event){ .kind = EVENT_ROLE, .leader = false, .term = 2 });
	cr_expect_null(director_deaths(d), "who does not lead tells nothing");
}

/* What a leader noted is in the story of the others, under a cursor of their own. */
Test(director, a_leaders_events_are_everybodys)
{
	struct director_config config = { .name = "c2", .index = 1, .cluster = 7, .life = 9 };
	json_t *message = json_pack("{s:s, s:{s:i, s:i, s:i, s:s, s:s, s:s, s:{s:s}}}", "type",
		"note", "event", "cursor", 900, "boot_ns", 1, "time_ms", 5, "kind", "node-dead",
		"node", "n1", "text", "off", "proof", "kind", "operator");
	json_t *nonsense = json_pack("{s:s, s:[]}", "type", "note", "event"), *last;
	struct event says = { .kind = EVENT_PEER_SAYS, .controller = 0, .json = message };
	size_t before;

	notes = json_array();
	d = director_new(&config);
	before = json_array_size(notes);
	step(&says);
	says.json = nonsense;
	step(&says);
	cr_assert_eq(json_array_size(notes), before + 1);
	last = json_array_get(notes, before);
	cr_expect_str_eq(json_string_value(json_object_get(last, "kind")), "node-dead");
	cr_expect_eq(json_integer_value(json_object_get(last, "time_ms")), 5);
	cr_expect_neq(json_integer_value(json_object_get(last, "cursor")), 900);
	cr_expect(json_object_get(last, "proof"));
	json_decref(message);
	json_decref(nonsense);
}

static const char *word(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* The start of db on n2 takes its time. */
Test(director, what_is_slow_holds_nobody_up_whom_it_does_not_concern, .init = set_up)
{
	static const char more[] = "  db: {type: 'ocf:x:y'}\n"
				   "constraints:\n"
				   "  - {id: l1, location: db, node: n2, score: INFINITY}\n"
				   "  - {id: l2, location: db, node: n1, score: -INFINITY}\n";
	owned(free) char *site = own_printf("%s%s", SITE, more);
	json_t *stop;

	ask("PUT", "/v1/configuration", site);
	result("n1", order("n1", "monitor"), 7, "done");
	result("n2", order("n2", "monitor"), 7, "done");
	cr_assert(order("n2", "start"));
	forget_sent();
	ask("POST", "/v1/nodes/n1/standby", "{}");
	later(1000);
	stop = order("n1", "stop");
	cr_assert(stop, "web does not wait for db");
	result("n1", stop, 0, "done");
	cr_assert_str_eq(word(json_object_get(order("n2", "start"), "action"), "resource"), "web");
	for (size_t i = 0; i < n_sent; i++)
		cr_assert_str_neq(word(json_object_get(sent[i], "action"), "resource"), "db",
			"it is not ordered twice");
}

static void peer(unsigned c, enum event_kind kind, const char *text)
{
	struct event e = { .kind = kind, .controller = c, .json = json_loads(text, 0, NULL) };

	step(&e);
	json_decref(e.json);
}

/* Of three controllers one is gone, and one that was just started has not said what it hears. */
Test(director, who_has_not_said_what_it_hears_is_no_voice_against_a_node)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9, .voters.now = 7 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 1 };
	static const char all[] = "{\"type\": \"hello\", \"heard\": [[1,0],[1,1],[2,0],[2,1]]}";
	static const char none[] = "{\"type\": \"hello\", \"heard\": []}";
	static const char silent[] =
		"{\"type\": \"hello\", \"heard\": [], \"silent\": [[1,0],[1,1]]}";

	notes = json_array();
	d = director_new(&config);
	step(&lead);
	ask("PUT", "/v1/configuration", SITE);
	connect("n1", "boot-1", 0);
	peer(1, EVENT_PEER_SAYS, all);
	beat(1, 0, true);
	cr_assert_str_eq(state("n1"), "online");
	peer(1, EVENT_PEER_DOWN, "{}");
	later(1000);
	peer(2, EVENT_PEER_SAYS, none);
	later(3000);
	cr_assert_str_neq(state("n1"), "lost");
	peer(2, EVENT_PEER_SAYS, all);
	lose(1);
	peer(2, EVENT_PEER_SAYS, silent);
	later(210);
	cr_assert_str_eq(state("n1"), "lost", "two of three say that it is silent");
}
