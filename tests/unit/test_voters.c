/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which voters change: what counts when, and what is waited for. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/director.h"
#include "core/roll.h"

#define MS 1000000ULL

static struct director *d;
static uint64_t now = 1000 * MS, log_index;
static uint32_t in_voters, in_standbys,
	in_spares; /* the log's own configuration, as the world has it */
static json_t *roll, *to_node, *answer;
static int disk_told = -1; /* what the others were told of our disk last; -1: nothing */
static unsigned status;
static char keys[512];   /* the same of heartbeat keys: "kernel 2; node 2; " */
static char orders[512]; /* in words: "add 3; listen 3; " */

static void step(struct event *event);

static void log_order(const struct action *a)
{
	struct event e = { .kind = EVENT_LOG };
	uint32_t bit = 1u << a->controller;
	char *at = orders + strlen(orders);

	snprintf(at, sizeof(orders) - strlen(orders), "%s %d; ", a->op, a->controller);
	if (!strcmp(a->op, "transfer"))
		return;
	in_spares = (in_spares & ~bit) | (!strcmp(a->op, "add") ? bit : 0);
	in_standbys = (in_standbys & ~bit) | (!strcmp(a->op, "listen") ? bit : 0);
	in_voters = (in_voters & ~bit) | (!strcmp(a->op, "promote") ? bit : 0);
	e.log.voters = in_voters;
	e.log.standbys = in_standbys;
	e.log.spares = in_spares;
	step(&e);
}

static void note_key(const char *who, unsigned epoch)
{
	snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s %u; ", who, epoch);
}

static void take(struct actions *actions)
{
	struct actions mine = *actions;

	for (size_t i = 0; i < mine.n; i++) {
		struct action *a = &mine.items[i];

		if (a->kind == ACTION_PROPOSE) {
			struct event e = { .kind = EVENT_COMMITTED,
				.index = ++log_index,
				.term = 1,
				.json = a->json };

			step(&e);
		} else if (a->kind == ACTION_ADMIT && a->admitted) {
			note_key("kernel", a->epoch);
		} else if (a->kind == ACTION_SEND && json_object_get(a->json, "key_epoch") &&
			   !json_object_get(a->json, "serial")) {
			note_key("node", (unsigned)json_integer_value(
						 json_object_get(a->json, "key_epoch")));
		} else if (a->kind == ACTION_VOTER) {
			log_order(a);
		} else if (a->kind == ACTION_ROLL) {
			json_decref(roll);
			roll = json_incref(a->json);
		} else if (a->kind == ACTION_SEND && json_object_get(a->json, "serial")) {
			json_decref(to_node);
			to_node = json_incref(a->json);
		} else if (a->kind == ACTION_PEER && json_object_get(a->json, "stalled") &&
			   a->controller < 0) {
			disk_told = json_is_true(json_object_get(a->json, "stalled"));
		} else if (a->kind == ACTION_REPLY) {
			status = a->status;
			json_decref(answer);
			answer = json_incref(a->json);
		}
	}
	actions_done(&mine);
}

static void step(struct event *event)
{
	struct actions actions = { 0 };

	director_step(d, event, now, now / MS, &actions);
	take(&actions);
}

static void later(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 50) {
		now += 50 * MS;
		step(&(struct event){ .kind = EVENT_TIME });
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
	step(&e);
	json_decref(e.ask.body);
	json_decref(e.ask.query);
}

static void says(enum event_kind kind, const char *node, unsigned controller, json_t *message)
{
	struct event e = { .kind = kind, .node = node, .controller = controller, .json = message };

	step(&e);
	json_decref(message);
}

static void peer(unsigned controller)
{
	step(&(struct event){ .kind = EVENT_PEER_UP, .controller = controller });
	says(EVENT_PEER_SAYS, NULL, controller,
		json_pack("{s:s, s:i, s:b, s:[], s:[]}", "type", "hello", "life",
			100 + (int)controller, "granting", 1, "heard", "silent"));
}

static void node_knows(void)
{
	says(EVENT_LINK_SAYS, "n1", 0,
		json_pack("{s:s, s:O}", "type", "controllers-known", "serial",
			json_object_get(to_node, "serial")));
}

static bool counts(uint32_t before, uint32_t after)
{
	struct quorum q = { 0 };

	return roll_quorum(roll, &q) && q.now == before && q.next == after;
}

static const char *waits(void)
{
	ask("GET", "/v1/status", "{}");
	return json_string_value(json_object_get(answer, "voters_wait"));
}

static void begin(void)
{
	static const char site[] =
		"cluster: {name: t, key-rotation: 5s}\nnodes:\n  n1: {id: 1, addresses: [a]}\n";
	struct director_config config = { .name = "c1", .life = 7, .voters = { .now = 7 } };

	config.members = json_array();
	for (int i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "c%d", i + 1);
		json_array_append_new(config.members,
			json_pack("{s:i, s:s, s:s, s:s, s:[s]}", "id", i + 1, "name", name, "link",
				"x:1", "raft", "x:2", "addresses", "x"));
	}
	d = director_new(&config);
	json_decref(config.members);
	in_voters = 7;
	step(&(struct event){ .kind = EVENT_ROLE, .leader = true, .term = 1 });
	step(&(struct event){ .kind = EVENT_LOG, .log = { .voters = 7 } });
	peer(1);
	peer(2);
	ask("PUT", "/v1/configuration", site);
	says(EVENT_LINK_UP, "n1", 0,
		json_pack("{s:s, s:s, s:i}", "type", "hello", "boot_id", "b", "incarnation", 0));
	says(EVENT_LINK_SAYS, "n1", 0,
		json_pack("{s:s, s:[], s:b}", "type", "history", "ops", "complete", 1));
}

static void end(void)
{
	director_free(d);
	json_decref(roll);
	json_decref(to_node);
	json_decref(answer);
}

#define ADD2                                                                                       \
	"{\"add\":[{\"name\":\"c4\",\"addresses\":[\"10.0.0.4\"]},{\"name\":\"c5\",\"addresses\":" \
	"[\"10.0.0.5\"]}]}"

Test(voters, both_sets_count_until_every_node_knows)
{
	begin();
	ask("POST", "/v1/controllers", ADD2);
	cr_assert_eq(status, 200);
	later(1000);
	cr_assert_str_eq(orders, "add 3; add 4; listen 3; listen 4; ");
	cr_assert(counts(7, 0), "who is not here does not count");
	cr_assert(strstr(waits(), "c4 is not connected"), "%s", waits());
	peer(3);
	peer(4);
	later(500);
	cr_assert(counts(7, 0));
	cr_assert(strstr(waits(), "n1 has not taken in"), "%s", waits());
	node_knows();
	later(500);
	cr_assert(counts(7, 31));
	cr_assert_eq(json_integer_value(json_object_get(to_node, "voters_next")), 31);
	later(2000);
	cr_assert_eq(in_voters, 7, "the log's voters wait for the nodes");
	cr_assert(counts(7, 31), "and so does the end");
	node_knows();
	later(2000);
	cr_assert_eq(in_voters, 31);
	cr_assert(counts(31, 0));
	cr_assert_null(waits());
	end();
}

Test(voters, what_was_begun_is_undone)
{
	begin();
	ask("POST", "/v1/controllers", ADD2);
	later(500);
	ask("POST", "/v1/controllers", "{\"remove\":[\"c4\",\"c5\"]}");
	cr_assert_eq(status, 200);
	node_knows();
	later(1500);
	cr_assert_eq(in_voters | in_standbys | in_spares, 7);
	cr_assert(counts(7, 0) && roll_members(roll) == 7);
	end();
}

Test(voters, a_leader_that_is_to_go_hands_over_first)
{
	begin();
	ask("POST", "/v1/controllers", "{\"remove\":[\"c1\",\"c2\"]}");
	cr_assert_eq(status, 200);
	later(300);
	node_knows();
	later(500);
	node_knows();
	later(1000);
	cr_assert(counts(7, 4));
	cr_assert_str_eq(orders, "remove 1; transfer 2; ");
	end();
}

Test(voters, heartbeat_keys_change_by_time_and_on_order_the_kernel_first)
{
	begin();
	keys[0] = '\0';
	later(1000);
	cr_assert_str_eq(keys, "");
	ask("POST", "/v1/keys/rotate", "{}");
	cr_assert_eq(status, 200);
	cr_assert_str_eq(keys, "kernel 2; node 2; ");
	later(4000);
	cr_assert_str_eq(keys, "kernel 2; node 2; ");
	later(1500);
	cr_assert(strstr(keys, "kernel 3; node 3; "), "%s", keys);
	says(EVENT_LINK_DOWN, "n1", 0, json_null());
	keys[0] = '\0';
	ask("POST", "/v1/keys/rotate", "{}");
	cr_assert_str_eq(keys, "", "who is not connected gets a key with its welcome");
	end();
}

/* Whether the status has a fault with these words, after the time that a fault has to last. */
static bool fault(const char *words)
{
	json_t *f;
	size_t i;

	later(500);
	ask("GET", "/v1/status", "{}");
	json_array_foreach (json_object_get(answer, "faults"), i, f)
		if (strstr(json_string_value(f), words))
			return true;
	return false;
}

static bool granting(size_t c)
{
	ask("GET", "/v1/status", "{}");
	return json_is_true(json_object_get(
		json_array_get(json_object_get(answer, "controllers"), c), "granting"));
}

Test(voters, who_is_back_and_has_not_caught_up_is_a_fault_on_every_controller)
{
	begin();
	cr_assert(granting(0) && granting(1) && !fault("grants nothing"));
	for (int leads = 1; leads >= 0; leads--) {
		step(&(struct event){ .kind = EVENT_ROLE, .leader = leads, .term = 1 });
		says(EVENT_PEER_DOWN, NULL, 1, json_null());
		cr_assert(fault("controller c2 is not connected") && !granting(1));
		step(&(struct event){ .kind = EVENT_PEER_UP, .controller = 1 });
		says(EVENT_PEER_SAYS, NULL, 1,
			json_pack("{s:s, s:i, s:b, s:[], s:[]}", "type", "hello", "life", 201,
				"granting", 0, "heard", "silent"));
		cr_assert(fault("controller c2 grants nothing yet") && !granting(1));
		says(EVENT_PEER_SAYS, NULL, 1, json_pack("{s:s}", "type", "granting"));
		cr_assert(!fault("c2") && granting(1));
	}
	end();
}

Test(voters, a_log_whose_disk_takes_nothing_is_a_fault_on_every_controller)
{
	begin();
	for (int leads = 1; leads >= 0; leads--) {
		step(&(struct event){ .kind = EVENT_ROLE, .leader = leads, .term = 1 });
		says(EVENT_PEER_SAYS, NULL, 1,
			json_pack("{s:s, s:b}", "type", "disk", "stalled", 1));
		cr_assert(fault("controller c2: the disk of its log takes nothing"));
		says(EVENT_PEER_SAYS, NULL, 1,
			json_pack("{s:s, s:b}", "type", "disk", "stalled", 0));
		step(&(struct event){ .kind = EVENT_DISK, .log = { .stalled = true } });
		cr_assert(fault("controller c1: the disk of its log takes nothing"));
		cr_assert_eq(disk_told, 1, "the others hear it");
		step(&(struct event){ .kind = EVENT_DISK });
		cr_assert_eq(disk_told, 0);
		cr_assert(!fault("takes nothing"));
	}
	end();
}

Test(voters, who_is_no_controller_any_more_grants_nothing)
{
	begin();
	cr_assert_gt(director_grant_until(d, now), now);
	cr_assert(director_abreast(d));
	says(EVENT_PEER_SAYS, NULL, 1, json_pack("{s:s}", "type", "retired"));
	cr_assert_eq(director_grant_until(d, now), 0);
	end();
}
