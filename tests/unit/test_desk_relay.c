/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "core/desk.h"

/* Two controllers' desks: 0 follows, 1 leads; what they say to one another lies in a queue. */
struct rig {
	struct desk *desk[2];
	json_t *queue[2]; /* messages to 0 and to 1 */
	json_t *entries;  /* that the leader proposed */
	unsigned replies, status, passes, leader;
	bool cut, director_proposes;
	size_t largest, large; /* 0: no bound; of the director's answer */
	json_t *json;
	char text[128], etag[32], user[64], body[64];
	uint64_t index, now;
	char token[128];
};

struct end {
	struct rig *rig;
	int index;
};
static struct end ends[2];

static void on_reply(void *ctx, void *token, struct desk_reply *r)
{
	struct rig *rig = ((struct end *)ctx)->rig;

	cr_assert_eq(((struct end *)ctx)->index, token ? *(int *)token : -1,
		"an answer goes where it was asked");
	rig->replies++;
	rig->status = r->status;
	json_decref(rig->json);
	rig->json = r->json;
	snprintf(rig->text, sizeof(rig->text), "%s", r->text ? r->text : "");
	snprintf(rig->etag, sizeof(rig->etag), "%s", r->etag ? r->etag : "");
}

static void on_pass(void *ctx, const struct desk_pass *pass)
{
	struct end *end = ctx;
	struct rig *rig = end->rig;
	char more[8192];
	json_t *entry;

	memset(more, 'x', sizeof(more));
	if (end->index != (int)rig->leader) {
		desk_answer(rig->desk[end->index], pass->of, 503,
			json_pack("{s:s, s:i}", "title", "not here", "status", 503), NULL);
		return;
	}
	rig->passes++;
	snprintf(rig->user, sizeof(rig->user), "%s", pass->user);
	snprintf(rig->body, sizeof(rig->body), "%s", pass->text);
	if (rig->director_proposes) {
		entry = json_pack("{s:s, s:s, s:s}", "do", "configure", "text", pass->text, "user",
			pass->user);
		desk_stamp(rig->desk[end->index], entry);
		json_array_append_new(rig->entries, entry);
	}
	desk_answer(rig->desk[end->index], pass->of, 200,
		json_pack(
			"{s:b, s:i, s:s%}", "applied", 1, "revision", 7, "more", more, rig->large),
		NULL);
}

static int on_propose(void *ctx, json_t *entry)
{
	struct end *end = ctx;

	if (end->index != (int)end->rig->leader)
		return -ENOTCONN;
	json_array_append_new(end->rig->entries, json_deep_copy(entry));
	return 0;
}

static int on_relay(void *ctx, int controller, json_t *message)
{
	struct end *end = ctx;
	struct rig *rig = end->rig;
	int to = controller < 0 ? (int)rig->leader : controller;
	owned(free) char *wire = json_dumps(message, JSON_COMPACT);

	if (to == end->index || rig->cut)
		return -ENOTCONN;
	if (rig->largest && strlen(wire) > rig->largest)
		return -EMSGSIZE;
	json_array_append_new(rig->queue[to], json_loads(wire, 0, NULL));
	return 0;
}

static void rig_run(struct rig *rig)
{
	static const uint8_t random[WARDEN_RANDOM] = { 9 };

	for (int to = 1; json_array_size(rig->queue[0]) + json_array_size(rig->queue[1]);
		to = !to) {
		json_t *m = json_incref(json_array_get(rig->queue[to], 0));

		if (!m)
			continue;
		json_array_remove(rig->queue[to], 0);
		cr_expect(desk_relay_is(m));
		desk_relay_take(rig->desk[to], (unsigned)!to, m, random, rig->now);
		json_decref(m);
	}
}

static void rig_commit(struct rig *rig)
{
	json_t *entry, *record;
	size_t i;

	json_array_foreach (rig->entries, i, entry) {
		rig->index++;
		for (int k = 0; k < 2; k++)
			desk_apply(rig->desk[k], rig->index, entry, &record);
	}
	json_array_clear(rig->entries);
}

static void ask(struct rig *rig, const char *method, const char *path, const char *text,
	const char *key, const char *authorization)
{
	static int here = 0;
	struct desk_asked asked = { .token = &here,
		.method = method,
		.path = path,
		.text = text,
		.query = json_object(),
		.content_type = "",
		.if_match = "",
		.if_none_match = "",
		.key = key,
		.authorization = authorization,
		.prefer = "",
		.from = *authorization ? "192.0.2.9" : "unix",
		.user = *authorization ? "" : "root",
		.rights =
			*authorization ? 0 : ROUTE_READ | ROUTE_OPERATE | ROUTE_FENCE | ROUTE_ADMIN,
		.random = { 1, 2, 3 } };

	desk_ask(rig->desk[0], &asked, rig->now);
	json_decref(asked.query);
}

static void rig_init(struct rig *rig)
{
	static const struct desk_handler handler = { .on_reply = on_reply,
		.on_pass = on_pass,
		.on_propose = on_propose,
		.on_relay = on_relay };
	struct desk_config config = { .name = "c", .version = "1" };

	*rig = (struct rig){ .leader = 1, .now = 1000000, .entries = json_array() };
	for (int i = 0; i < 2; i++) {
		ends[i] = (struct end){ rig, i };
		rig->queue[i] = json_array();
		rig->desk[i] = desk_new(&config, &handler, &ends[i]);
	}
}

static void rig_done(struct rig *rig)
{
	for (int i = 0; i < 2; i++) {
		desk_free(rig->desk[i]);
		json_decref(rig->queue[i]);
	}
	json_decref(rig->entries);
	json_decref(rig->json);
}

static json_t *audit_last(struct rig *rig)
{
	json_t *all = json_object_get(
		json_array_get(rig->entries, json_array_size(rig->entries) - 1), "audit");

	return all;
}

Test(desk_relay, a_change_reaches_the_leader_and_the_answer_comes_back)
{
	struct rig rig;

	rig_init(&rig);
	rig.director_proposes = true;
	ask(&rig, "PUT", "/v1/configuration", "text", "k1", "");
	cr_expect_eq(rig.replies, 0);
	rig_run(&rig);
	cr_expect_eq(rig.replies, 1);
	cr_expect_eq(rig.status, 200);
	cr_expect_eq(rig.passes, 1);
	cr_expect_str_eq(rig.user, "root");
	cr_expect_str_eq(rig.body, "text");
	cr_expect_str_eq(rig.etag, "7");
	cr_expect(json_is_true(json_object_get(rig.json, "applied")));
	cr_expect_str_eq(json_string_value(json_object_get(audit_last(&rig), "from")), "unix");
	rig_commit(&rig);
	/* The same key again, through the follower: it is not done twice. */
	ask(&rig, "PUT", "/v1/configuration", "text", "k1", "");
	rig_run(&rig);
	cr_expect_eq(rig.status, 200);
	cr_expect(json_is_true(json_object_get(rig.json, "repeated")));
	cr_expect_eq(rig.passes, 1);
	rig_done(&rig);
}

Test(desk_relay, rights_and_scopes_hold_at_the_leader)
{
	struct rig rig;
	owned(free) char *bearer = NULL;

	rig_init(&rig);
	ask(&rig, "POST", "/v1/tokens",
		"{\"name\": \"t\", \"roles\": \"operator\", \"scope\": [\"web\"]}", "", "");
	rig_run(&rig);
	rig_commit(&rig);
	rig_run(&rig);
	cr_assert_eq(rig.status, 201);
	bearer = own_printf("Bearer %s", json_string_value(json_object_get(rig.json, "token")));
	ask(&rig, "POST", "/v1/resources/web/cleanup", "{}", "", bearer);
	rig_run(&rig);
	cr_expect_eq(rig.status, 200);
	cr_expect_str_eq(rig.user, "token t");
	ask(&rig, "POST", "/v1/resources/db/cleanup", "{}", "", bearer);
	rig_run(&rig);
	cr_expect_eq(rig.status, 403);
	/* Refused where it came in: recorded by the leader all the same. */
	json_array_clear(rig.entries);
	ask(&rig, "POST", "/v1/resources/web/cleanup", "{}", "", "Bearer pk1_wrong");
	cr_expect_eq(rig.status, 401);
	rig_run(&rig);
	cr_expect_eq(json_integer_value(json_object_get(audit_last(&rig), "status")), 401);
	cr_expect_str_eq(json_string_value(json_object_get(audit_last(&rig), "from")), "192.0.2.9");
	rig_done(&rig);
}

Test(desk_relay, a_leader_that_goes_leaves_no_request_without_an_answer)
{
	struct rig rig;

	rig_init(&rig);
	ask(&rig, "PUT", "/v1/configuration", "text", "k1", "");
	ask(&rig, "GET", "/v1/status", "", "", "");
	desk_relay_lost(rig.desk[0]);
	cr_expect_eq(rig.replies, 2);
	cr_expect_eq(rig.status, 503);
	/* What the old leader still says is nobody's answer any more. */
	rig_run(&rig);
	cr_expect_eq(rig.replies, 2);
	desk_relay_lost(rig.desk[0]);
	cr_expect_eq(rig.replies, 2);
	/* Without a leader it is the director here that says so; with us leading, it answers. */
	rig.cut = true;
	ask(&rig, "PUT", "/v1/configuration", "text", "", "");
	cr_expect_eq(rig.status, 503);
	rig.leader = 0;
	ask(&rig, "PUT", "/v1/configuration", "text", "", "");
	cr_expect_eq(rig.status, 200);
	rig_done(&rig);
}

Test(desk_relay, what_does_not_fit_is_said)
{
	struct rig rig;

	rig_init(&rig);
	rig.large = 5000;
	rig.largest = 1000;
	ask(&rig, "PUT", "/v1/configuration", "text", "", "");
	rig_run(&rig);
	cr_expect_eq(rig.replies, 1);
	cr_expect_eq(rig.status, 502);
	rig_done(&rig);
}

/* Nonsense from another controller does no harm. */
Test(desk_relay, nonsense)
{
	static const char *const messages[] = { "{}", "{\"type\": \"api-ask\"}",
		"{\"type\": \"api-ask\", \"query\": {}, \"method\": \"GET\", \"path\": "
		"\"/ui/app.js\"}",
		"{\"type\": \"api-ask\", \"query\": {}, \"method\": \"PUT\", \"path\": "
		"\"/v1/nodes\"}",
		"{\"type\": \"api-ask\", \"query\": {}, \"method\": 5, \"path\": [], \"rights\": "
		"\"x\"}",
		"{\"type\": \"api-answer\"}", "{\"type\": \"api-answer\", \"id\": 1, \"json\": 5}",
		"{\"type\": \"api-audit\"}", "{\"type\": \"api-audit\", \"audit\": 7}" };
	static const uint8_t random[WARDEN_RANDOM];
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		json_t *m = json_loads(messages[i], 0, NULL);

		cr_assert(m);
		desk_relay_take(rig.desk[1], 0, m, random, rig.now);
		json_decref(m);
	}
	cr_expect_eq(rig.replies, 0);
	rig_done(&rig);
}
