/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "director.h"

#include "base/own.h"

#define SITE(more)                                                                                 \
	"cluster: {name: t}\n"                                                                     \
	"nodes: {n1: {id: 1, addresses: [a]}" more "}\n"                                           \
	"fencing: {devices: {b1: {agent: fence_x, targets: [n1]}}}\n"

#define JOIN_MS 10000 /* of the profile that is the default */

static void later(uint64_t ms)
{
	struct event e = { .kind = EVENT_TIME };

	for (uint64_t i = 0; i < ms; i += 10) {
		now += 10 * MS;
		step(&e);
	}
}

static void connect(const char *node)
{
	json_t *hello =
		json_pack("{s:s, s:s, s:i}", "type", "hello", "boot_id", node, "incarnation", 0);
	struct event e = { .kind = EVENT_LINK_UP, .node = node, .json = hello };

	step(&e);
	json_decref(hello);
}

static void set_up(void)
{
	lead(SITE(""));
	connect("n1");
	later(2 * JOIN_MS);
	notes[0] = '\0';
}

TestSuite(director_startup, .init = set_up, .fini = tear_down);

Test(director_startup, a_node_that_is_added_has_the_time_to_join)
{
	ask("PUT", "/v1/configuration", SITE(", n2: {id: 2, addresses: [b]}"));
	cr_assert_eq(status, 200);
	later(JOIN_MS - 100);
	cr_assert_null(strstr(notes, "n2 is lost"), "%s", notes);
	connect("n2");
	later(100);
	cr_assert_null(strstr(notes, "n2 is lost"), "%s", notes);
}

Test(director_startup, a_node_that_is_added_and_never_seen_is_fenced)
{
	ask("PUT", "/v1/configuration", SITE(", n2: {id: 2, addresses: [b]}"));
	later(JOIN_MS - 100);
	/* Another revision does not make it wait again. */
	ask("PUT", "/v1/configuration",
		SITE(", n2: {id: 2, addresses: [b]}, n3: {id: 3, addresses: [c]}"));
	cr_assert_null(strstr(notes, "n2 is lost"), "%s", notes);
	later(200);
	cr_assert(strstr(notes, "node-lost: n2 is lost: never seen"), "%s", notes);
	cr_assert_null(strstr(notes, "n3 is lost"), "%s", notes);
}
