/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who answered a rehearsal is who must answer an order, whoever leads by then. */
#include "core/director_inside.h"
#include "director.h"

#define NODES "cluster: {name: t}\nnodes: {n1: {id: 1, addresses: [a]}}\n"
#define DEVICE(agent)                                                                              \
	"fencing: {devices: {b1: {agent: " agent ", targets: [n1], params: {ip: x}}}}\n"

static void set_up(void)
{
	lead(NODES DEVICE("fence_x"));
}

TestSuite(director_rehearse, .init = set_up, .fini = tear_down);

static void wait_ms(uint64_t ms)
{
	struct event e = { .kind = EVENT_TIME };

	now += ms * MS;
	step(&e);
}

static void rehearsed(const char *uuid)
{
	owned(free) char *output = own_printf("power=on\nrecord:system_uuid=%s\n", uuid);
	struct event e = { .kind = EVENT_FENCED };

	cr_assert(rehearsal, "no rehearsal is out");
	e.fence.id = rehearsal;
	e.fence.proof = EVENT_DONE;
	e.fence.text = "";
	e.fence.output = output;
	rehearsal = 0;
	step(&e);
}

static void rehearsed_by_hand(const char *uuid)
{
	ask("POST", "/v1/nodes/n1/fence-test", "");
	rehearsed(uuid);
	wait_ms(10);
	cr_assert_eq(status, 200);
}

/* The computer that an order names; "": any. */
static const char *ordered(void)
{
	static char uuid[64];
	json_t *params = director_rehearse_params(d, "n1", site_device(d->site, "b1"));
	const char *named = json_string_value(json_object_get(params, "system_uuid"));

	snprintf(uuid, sizeof(uuid), "%s", named ? named : "");
	json_decref(params);
	return uuid;
}

/* Another controller, that was never told but by the log, leads. */
static void fail_over(void)
{
	struct director_config config = { .name = "c2", .index = 1, .cluster = 7, .life = 10 };
	struct event event = { .kind = EVENT_ROLE, .leader = true, .term = 2 };
	owned(free) char *log = cluster_snapshot(d->cluster);
	struct actions actions = { 0 };

	director_free(d);
	d = director_new(&config);
	cr_assert_eq(director_restore(d, log, strlen(log), now, &actions), 0);
	actions_done(&actions);
	step(&event);
	cr_assert(d->ready);
}

Test(director_rehearse, who_answered_outlives_the_leader)
{
	cr_assert_str_eq(ordered(), "");
	rehearsed_by_hand("U1");
	cr_assert_str_eq(ordered(), "U1");
	fail_over();
	cr_assert_str_eq(ordered(), "U1", "the new leader would switch whoever is there");
	wait_ms(11000);
	rehearsed("U2");
	cr_assert(
		strstr(notes, "fence-test-failed: n1 could not be fenced through b1"), "%s", notes);
	cr_assert(strstr(notes, "'U2' now, was 'U1'"), "%s", notes);
	cr_assert_str_eq(ordered(), "U1");
}

Test(director_rehearse, a_test_by_hand_accepts_another)
{
	rehearsed_by_hand("U1");
	rehearsed_by_hand("U2");
	cr_assert_str_eq(ordered(), "U2");
	fail_over();
	cr_assert_str_eq(ordered(), "U2");
}

Test(director_rehearse, a_former_leader_goes_by_the_log)
{
	struct event lost = { .kind = EVENT_ROLE, .leader = false, .term = 2 };
	struct event again = { .kind = EVENT_ROLE, .leader = true, .term = 3 };
	struct event other = { .kind = EVENT_COMMITTED, .term = 2 };

	rehearsed_by_hand("U1");
	step(&lost);
	other.index = ++log_index;
	other.json =
		json_loads("{\"do\": \"fence-identity\", \"node\": \"n1\", \"device\": \"b1\", "
			   "\"agent\": \"fence_x\", \"record\": {\"system_uuid\": \"U3\"}}",
			0, NULL);
	step(&other);
	json_decref(other.json);
	step(&again);
	wait_ms(11000);
	rehearsed("U3");
	cr_assert_not(strstr(notes, "fence-test-failed"), "%s", notes);
	cr_assert_str_eq(ordered(), "U3");
}

Test(director_rehearse, what_is_configured_no_longer_is_forgotten)
{
	rehearsed_by_hand("U1");
	cr_assert_eq(json_object_size(cluster_identities(d->cluster)), 1);
	ask("PUT", "/v1/configuration", NODES DEVICE("fence_y"));
	cr_assert_eq(status, 200);
	cr_assert_str_eq(ordered(), "", "another agent has other words");
	ask("PUT", "/v1/configuration", NODES);
	wait_ms(10);
	cr_assert_eq(json_object_size(cluster_identities(d->cluster)), 0);
}
