/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications under way: three nodes whose agents take their time, and attributes that change
 * while they do. */
#include "director.h"

#include "base/own.h"

static const char SITE[] = "cluster: {name: t}\n"
			   "properties: {stonith-enabled: false}\n"
			   "nodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [a]}, n3: "
			   "{id: 3, addresses: [a]}}\n"
			   "resources:\n"
			   "  cache-clone: {promotable: {name: cache, type: 'ocf:x:cache'}, meta: "
			   "{notify: true, interleave: true}}\n"
			   "  slow-clone: {clone: {name: slow, type: 'ocf:x:slow'}, meta: {notify: "
			   "true, ordered: true}}\n"
			   "constraints:\n"
			   "  - {id: c1, order: [cache-clone, slow-clone], kind: Optional}\n";

#define NODES 3
#define JOBS_MAX 64
enum { CACHE, SLOW, RESOURCES };
enum { STOPPED, STARTED, PROMOTED };

struct job {
	json_t *order;
	uint64_t done_ns; /* 0: it waits for the one before it */
};

/* What an agent has on its hands: one thing at a time for each resource. */
static struct hands {
	struct job jobs[JOBS_MAX];
	size_t n;
	int state;
	uint64_t started_ns, told_ns; /* told_ns: of a promotion that was over */
	unsigned looks;               /* by the way: what was written down may concern it */
} hands[NODES][RESOURCES];

static uint64_t promoted_ns;
static unsigned dice, call;

static unsigned roll(unsigned sides)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 16) % sides;
}

static const char *word(json_t *order, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(order, "action"), key));

	return s ? s : "";
}

static bool does(json_t *order, const char *op)
{
	return !strcmp(word(order, "op"), op);
}

static uint64_t takes_ms(json_t *order, int resource)
{
	if (does(order, "monitor") || does(order, "cancel") || does(order, "recheck"))
		return 10 + roll(50);
	if (does(order, "notify"))
		return 20 + roll(400);
	return (resource == SLOW ? 2000 : 200) + roll(3000);
}

static void on_order(const struct action *a)
{
	const char *resource;
	struct hands *h;

	if (a->kind != ACTION_SEND ||
		strcmp(json_string_value(json_object_get(a->json, "type")), "order"))
		return;
	resource = word(a->json, "resource");
	h = &hands[a->node[1] - '1'][!strcmp(resource, "slow") ? SLOW : CACHE];
	cr_assert_lt(h->n, JOBS_MAX);
	h->jobs[h->n++] = (struct job){ .order = json_incref(a->json) };
}

static void says(unsigned node, json_t *message, enum event_kind kind)
{
	char name[] = { 'n', (char)('1' + node), 0 };
	struct event e = { .kind = kind, .node = name, .json = message };

	step(&e);
	json_decref(message);
}

static void writes(unsigned node, const char *name, const char *value)
{
	char to[] = { 'n', (char)('1' + node), 0 };
	owned(free) char *id = own_printf("w%u", ++call);

	says(node,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "attribute", "id", id, "store",
			"transient", "node", to, "name", name, "value", value),
		EVENT_LINK_SAYS);
}

/* The exit status of what has been done; what it did. */
static int act(struct hands *h, unsigned node, json_t *order)
{
	json_t *meta = json_object_get(json_object_get(order, "action"), "meta");
	const char *type = json_string_value(json_object_get(meta, "notify_type"));
	const char *about = json_string_value(json_object_get(meta, "notify_operation"));
	bool cache = !strcmp(word(order, "resource"), "cache");

	h->looks += does(order, "recheck");
	if (does(order, "monitor"))
		return h->state == STOPPED ? 7 : h->state == STARTED ? 0 : 8;
	if (does(order, "start")) {
		h->state = STARTED;
		h->started_ns = now;
		if (cache)
			writes(node, "master-cache", node ? "5" : "10");
	} else if (does(order, "promote")) {
		h->state = PROMOTED;
		promoted_ns = now;
		writes(node, "where", "here");
	} else if (does(order, "demote")) {
		h->state = STARTED;
	} else if (does(order, "stop")) {
		h->state = STOPPED;
	} else if (does(order, "notify") && type && about && promoted_ns && !strcmp(type, "post") &&
		   !strcmp(about, "promote")) {
		h->told_ns = now;
	}
	return 0;
}

static void answer_to(unsigned node, struct hands *h)
{
	json_t *order = h->jobs[0].order, *action = json_object_get(order, "action");
	int rc = act(h, node, order);

	memmove(h->jobs, h->jobs + 1, --h->n * sizeof(*h->jobs));
	says(node,
		json_pack("{s:s, s:i, s:O, s:O, s:O, s:O?, s:i, s:s, s:O, s:O?}", "type", "result",
			"call_id", (int)++call, "id", json_object_get(order, "id"), "op",
			json_object_get(action, "op"), "resource",
			json_object_get(action, "resource"), "interval_ms",
			json_object_get(action, "interval_ms"), "rc", rc, "status", "done",
			"incarnation", json_object_get(order, "incarnation"), "digest",
			json_object_get(action, "digest")),
		EVENT_LINK_SAYS);
	json_decref(order);
}

static void work(unsigned node, int resource)
{
	struct hands *h = &hands[node][resource];

	if (!h->n)
		return;
	if (!h->jobs[0].done_ns)
		h->jobs[0].done_ns = now + takes_ms(h->jobs[0].order, resource) * MS;
	else if (now >= h->jobs[0].done_ns)
		answer_to(node, h);
}

static void pass(uint64_t ms, bool restless)
{
	struct event e = { .kind = EVENT_TIME };

	for (uint64_t i = 0; i < ms; i += 10) {
		now += 10 * MS;
		step(&e);
		for (unsigned n = 0; n < NODES; n++)
			for (int r = 0; r < RESOURCES; r++)
				work(n, r);
		if (restless && !roll(40))
			writes(roll(NODES), "weather", roll(2) ? "fair" : "foul");
	}
}

static void arrive(unsigned node)
{
	struct event beat = { .kind = EVENT_HEARTBEAT };
	char boot[] = { 'b', (char)('1' + node), 0 };

	says(node, json_pack("{s:s, s:s, s:i}", "type", "hello", "boot_id", boot, "incarnation", 0),
		EVENT_LINK_UP);
	says(node, json_pack("{s:s, s:[], s:b}", "type", "history", "ops", "complete", true),
		EVENT_LINK_SAYS);
	beat.beat.kind = PICKET_EVENT_HEARD;
	beat.beat.node = node + 1;
	beat.beat.t_event_ns = beat.beat.t_last_ns = now;
	step(&beat);
}

/* n3 comes while the others are at it. */
static void play(unsigned seed)
{
	dice = seed;
	memset(hands, 0, sizeof(hands));
	promoted_ns = 0;
	notes[0] = '\0';
	on_action = on_order;
	lead(SITE);
	arrive(0);
	arrive(1);
	pass(roll(8000), true);
	arrive(2);
	pass(20000, true);
	pass(30000, false);
}

static void check(unsigned seed)
{
	for (unsigned n = 0; n < NODES; n++) {
		const struct hands *h = &hands[n][CACHE];

		cr_assert_eq(h->state == PROMOTED, n == 0, "seed %u: n%u", seed, n + 1);
		cr_assert_neq(h->state, STOPPED, "seed %u: n%u", seed, n + 1);
		cr_assert_eq(hands[n][SLOW].state, STARTED, "seed %u: slow on n%u", seed, n + 1);
		/* Who has been there when it was promoted must have been told of it. */
		if (n && h->started_ns < promoted_ns)
			cr_expect(h->told_ns >= promoted_ns, "seed %u: n%u was never told", seed,
				n + 1);
	}
	cr_expect_null(strstr(notes, "no answer"), "seed %u: %s", seed, notes);
}

Test(director_notify, who_is_there_is_told_who_was_promoted)
{
	for (unsigned seed = 1; seed <= 12; seed++) {
		play(seed);
		check(seed);
		tear_down();
	}
}

static unsigned looks_after(const char *written)
{
	unsigned before = 0, after = 0;

	for (unsigned n = 0; n < NODES; n++)
		before += hands[n][CACHE].looks;
	writes(1, written, "7");
	pass(5000, false);
	for (unsigned n = 0; n < NODES; n++)
		after += hands[n][CACHE].looks;
	return after - before;
}

Test(director_notify, what_was_written_down_is_looked_at_by_whom_it_names)
{
	play(1);
	cr_expect_eq(looks_after("cache-committed"), 2, "the master knows already");
	cr_expect_eq(looks_after("where-is-cache"), 2);
	cr_expect_eq(looks_after("slow-committed"), 0);
	cr_expect_eq(looks_after("slower"), 2, "nobody's name: whose it is is not known");
	cr_expect_eq(looks_after("master-cache"), 0, "a score is for the plan");
	tear_down();
}
