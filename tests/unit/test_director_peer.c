/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of three controllers, c2, that leads or follows: what the other two tell it. */
#include "director.h"

#define SITE "cluster: {name: t}\nnodes: {n1: {id: 1, addresses: [a]}}\n"

static void commit(json_t *entry)
{
	struct event e = {
		.kind = EVENT_COMMITTED, .index = ++log_index, .term = 1, .json = entry
	};

	step(&e);
	json_decref(entry);
}

/* Its incarnation, which is the number of the entry. */
static uint64_t admit(const char *boot)
{
	commit(json_pack("{s:s, s:s, s:s, s:i}", "do", "admit", "node", "n1", "boot_id", boot,
		"lease_ms", 1000));
	return log_index;
}

static void peer(unsigned c, json_t *message)
{
	struct event e = { .kind = EVENT_PEER_SAYS, .controller = c, .json = message };

	step(&e);
	json_decref(message);
}

static void peer_hears(unsigned c, bool yes, uint64_t incarnation)
{
	peer(c, json_pack("{s:s, s:i, s:i, s:b, s:I, s:i}", "type", "heard", "node", 1, "link", 0,
			"heard", yes, "incarnation", (json_int_t)incarnation, "age_ns", 0));
}

/* As status has it: does c hear n1? */
static bool hears(const char *c)
{
	json_t *node, *link;
	const char *word;

	ask("GET", "/v1/status", "{}");
	node = json_array_get(json_object_get(answer, "nodes"), 0);
	link = json_array_get(json_object_get(node, "links"), 0);
	word = json_string_value(json_object_get(json_object_get(link, "by"), c));
	cr_assert(word, "%s", json_dumps(answer, 0));
	return !strcmp(word, "heard");
}

static void set_up(void)
{
	struct director_config config = {
		.name = "c2", .index = 1, .cluster = 7, .life = 9, .voters.now = 7
	};
	struct event leads = { .kind = EVENT_ROLE, .leader = true, .term = 1 };

	d = director_new(&config);
	step(&leads); /* committed at once: it may grant from now on */
	ask("PUT", "/v1/configuration", SITE);
	cr_assert_eq(status, 200);
	for (unsigned c = 0; c < 3; c += 2)
		peer(c, json_pack("{s:s, s:b, s:[], s:[]}", "type", "hello", "granting", 1, "heard",
				"silent"));
}

TestSuite(director_peer, .init = set_up, .fini = tear_down);

/* It has applied the admission, has welcomed the node and hears it before we know of it. */
Test(director_peer, what_another_hears_of_a_life_that_we_do_not_know_yet)
{
	peer_hears(0, true, log_index + 1);
	admit("boot-1");
	cr_assert(hears("c1"));
	peer_hears(0, true, log_index + 1);
	admit("boot-2");
	cr_assert(hears("c1"));
}

Test(director_peer, what_was_heard_of_the_life_before_is_no_voice)
{
	uint64_t old = admit("boot-1"), new;

	peer_hears(0, true, old);
	peer_hears(2, true, old);
	cr_assert(hears("c1") && hears("c3"));
	new = admit("boot-2");
	cr_assert_not(hears("c1"));
	peer_hears(2, true, old); /* it was on its way */
	cr_assert_not(hears("c3"));
	peer_hears(2, true, new);
	cr_assert(hears("c3"));
}

/* Who is connected again tells everything it hears, and of which life. */
Test(director_peer, a_whole_view_is_of_the_lives_that_it_names)
{
	uint64_t lives[] = { admit("boot-1"), admit("boot-2") };

	for (unsigned c = 0; c < 3; c += 2)
		peer(c, json_pack("{s:s, s:[[i,i,I]], s:[]}", "type", "hello", "heard", 1, 0,
				(json_int_t)lives[c / 2], "silent"));
	cr_assert_not(hears("c1"));
	cr_assert(hears("c3"));
}
