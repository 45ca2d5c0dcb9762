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

/* ---- the first entry of a term -----------------------------------------------------------------
 */

static size_t n_terms;
static json_t *first; /* of those entries */

static void count_terms(const struct action *a)
{
	if (a->kind != ACTION_PROPOSE ||
		strcmp(json_string_value(json_object_get(a->json, "do")), "term"))
		return;
	if (!n_terms++)
		first = json_incref(a->json);
}

/* The log takes nothing: what is proposed in a step is lost, and the director is told. */
static void refuse(struct event *event)
{
	struct event lost = { .kind = EVENT_NOT_COMMITTED };
	struct actions actions = { 0 };

	director_step(d, event, now, now / MS, &actions);
	for (size_t i = 0; i < actions.n; i++)
		count_terms(&actions.items[i]);
	actions_done(&actions);
	director_step(d, &lost, now, now / MS, &actions);
	actions_done(&actions);
}

static void refused_leader(void)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9 };

	n_terms = 0;
	d = director_new(&config);
	refuse(&(struct event){ .kind = EVENT_ROLE, .leader = true, .term = 1 });
}

static void wait_due(void)
{
	uint64_t due = director_due(d);

	cr_assert_gt(due, now);
	now = due;
}

Test(director_office, an_entry_that_the_log_refuses_is_proposed_again, .init = refused_leader,
	.fini = tear_down)
{
	for (size_t i = 2; i < 5; i++) {
		cr_assert_not(director_leads(d));
		wait_due();
		refuse(&(struct event){ .kind = EVENT_TIME });
		cr_assert_eq(n_terms, i);
	}
	wait_due();
	step(&(struct event){ .kind = EVENT_TIME });
	cr_assert(director_leads(d));
}

Test(director_office, who_leads_no_more_proposes_nothing, .init = refused_leader, .fini = tear_down)
{
	step(&(struct event){ .kind = EVENT_ROLE, .term = 2 });
	cr_assert_eq(director_due(d), 0);
	now += 1000 * MS;
	refuse(&(struct event){ .kind = EVENT_TIME });
	cr_assert_eq(n_terms, 1);
}

/* What nobody knew the end of was committed after all, and is as good as what was proposed since.
 */
Test(director_office, the_first_attempt_may_be_committed_late, .init = refused_leader,
	.fini = tear_down)
{
	struct event late = { .kind = EVENT_COMMITTED, .index = ++log_index, .term = 1 };

	wait_due();
	refuse(&(struct event){ .kind = EVENT_TIME });
	cr_assert_eq(n_terms, 2);
	late.json = first;
	step(&late);
	cr_assert(director_leads(d));
}
