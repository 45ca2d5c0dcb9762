/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "core/desk.h"

/* A desk with a director that answers as it is told, and a log that commits at once. */
struct rig {
	struct desk *desk;
	unsigned status, replies, passes, retry_s;
	json_t *json, *director; /* the last answer; what the director says next */
	unsigned director_status;
	char text[256], etag[32], allow[64], location[64], passed[128], body[256];
	json_t *entries; /* proposed */
	bool follower, hold, director_proposes, behind, unready;
	struct desk_case *held;
	uint64_t index, now;
	json_t *schemas;
};

static void on_reply(void *ctx, void *token, struct desk_reply *r)
{
	struct rig *rig = ctx;

	rig->replies++;
	rig->status = r->status;
	json_decref(rig->json);
	rig->json = r->json;
	rig->retry_s = r->retry_s;
	snprintf(rig->text, sizeof(rig->text), "%s", r->text ? r->text : "");
	snprintf(rig->etag, sizeof(rig->etag), "%s", r->etag ? r->etag : "");
	snprintf(rig->allow, sizeof(rig->allow), "%s", r->allow ? r->allow : "");
	snprintf(rig->location, sizeof(rig->location), "%s", r->location ? r->location : "");
}

static void on_pass(void *ctx, const struct desk_pass *pass)
{
	struct rig *rig = ctx;
	json_t *entry;

	rig->passes++;
	snprintf(rig->passed, sizeof(rig->passed), "%s %s", pass->method, pass->path);
	snprintf(rig->body, sizeof(rig->body), "%s", pass->text);
	if (rig->director_proposes) {
		entry = json_pack("{s:s, s:s, s:s}", "do", "configure", "text", pass->text, "user",
			pass->user);
		desk_stamp(rig->desk, entry);
		json_array_append_new(rig->entries, entry);
	}
	if (rig->hold) {
		rig->held = pass->of;
		return;
	}
	desk_answer(rig->desk, pass->of, rig->director_status,
		rig->director ? json_deep_copy(rig->director)
			      : json_pack("{s:b, s:i}", "applied", 1, "revision", 1),
		NULL);
}

static int on_propose(void *ctx, json_t *entry)
{
	struct rig *rig = ctx;

	if (rig->follower)
		return -ENOTCONN;
	json_array_append(rig->entries, entry);
	return 0;
}

static void on_file(void *ctx, void *token, const char *path, const char *if_none_match)
{
	struct rig *rig = ctx;

	snprintf(rig->text, sizeof(rig->text), "file %s", path);
}

static bool on_abreast(void *ctx)
{
	return !((struct rig *)ctx)->behind;
}

static bool on_leads(void *ctx)
{
	return !((struct rig *)ctx)->unready;
}

static void rig_init(struct rig *rig)
{
	static const struct desk_handler handler = { .on_reply = on_reply,
		.on_pass = on_pass,
		.on_propose = on_propose,
		.on_file = on_file,
		.on_abreast = on_abreast,
		.on_leads = on_leads };
	struct desk_config config = { .name = "c1", .version = "1" };

	memset(rig, 0, sizeof(*rig));
	config.schemas = rig->schemas = json_load_file("userspace/ui/schemas.json", 0, NULL);
	cr_assert(rig->schemas, "run from the top of the tree");
	rig->entries = json_array();
	rig->director_status = 200;
	rig->now = 1000000;
	rig->desk = desk_new(&config, &handler, rig);
}

static void rig_done(struct rig *rig)
{
	desk_free(rig->desk);
	json_decref(rig->json);
	json_decref(rig->director);
	json_decref(rig->entries);
	json_decref(rig->schemas);
}

/* Everything that was proposed is committed. */
static void commit(struct rig *rig)
{
	json_t *record;

	while (json_array_size(rig->entries)) {
		json_t *entry = json_incref(json_array_get(rig->entries, 0));

		json_array_remove(rig->entries, 0);
		desk_apply(rig->desk, ++rig->index, entry, &record);
		json_decref(entry);
	}
}

struct wish {
	const char *method, *path, *text, *type, *match, *key, *authorization, *prefer;
	const char *query; /* one parameter, which is 1 */
	unsigned rights;
};

static void say(struct rig *rig, struct wish w)
{
	struct desk_asked a = { .method = w.method,
		.path = w.path,
		.text = w.text ?: "",
		.content_type = w.type ?: "",
		.if_match = w.match ?: "",
		.if_none_match = "",
		.key = w.key ?: "",
		.authorization = w.authorization ?: "",
		.prefer = w.prefer ?: "",
		.from = w.authorization ? "192.0.2.1" : "unix",
		.user = w.authorization || !w.rights ? "" : "root",
		.rights = w.authorization ? 0 : w.rights,
		.query = json_object() };

	if (w.query)
		json_object_set_new((json_t *)a.query, w.query, json_string("1"));
	memset(a.random, (int)rig->now & 255, sizeof(a.random));
	desk_ask(rig->desk, &a, ++rig->now);
	json_decref(a.query);
}

#define ALL (ROUTE_READ | ROUTE_OPERATE | ROUTE_FENCE | ROUTE_ADMIN)

static const char *member(struct rig *rig, const char *name)
{
	return json_string_value(json_object_get(rig->json, name)) ?: "";
}

Test(desk, says_what_is_wrong_with_a_request)
{
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){ "GET", "/v1/nothing", .rights = ALL });
	cr_assert_eq(rig.status, 404);
	say(&rig, (struct wish){ "DELETE", "/v1/status", .rights = ALL });
	cr_assert_eq(rig.status, 405);
	cr_assert_str_eq(rig.allow, "GET");
	say(&rig, (struct wish){ "POST", "/v1/whatif", "{", .rights = ALL });
	cr_assert_eq(rig.status, 400);
	say(&rig, (struct wish){ "POST", "/v1/whatif", "[]", .rights = ALL });
	cr_assert_eq(rig.status, 400);
	say(&rig, (struct wish){ "POST", "/v1/whatif", "{}", "text/plain", .rights = ALL });
	cr_assert_eq(rig.status, 415);
	say(&rig,
		(struct wish){ "POST", "/v1/resources/web/move", "{\"node\": 3}", .rights = ALL });
	cr_assert_eq(rig.status, 422);
	cr_assert_str_eq(member(&rig, "detail"), "/node: a text is wanted.");
	cr_assert_eq(rig.passes, 0);
	rig_done(&rig);
}

/* A wish that is misspelt is no wish for nothing: it would be answered, and mean something else. */
Test(desk, what_nobody_would_read_is_refused_with_its_place)
{
	static const struct {
		const char *path, *body, *detail;
	} wrong[] = {
		{ "/v1/whatif", "{\"node\": {\"n1\": \"down\"}}",
			"/node: there is no such member; known: nodes, tickets or at_s." },
		{ "/v1/whatif", "{\"nodes\": {\"n1\": \"dwon\"}}",
			"/nodes/n1: down, standby or online is wanted." },
		{ "/v1/whatif", "{\"nodes\": [\"n1\"]}", "/nodes: an object is wanted." },
		{ "/v1/whatif", "{\"at_s\": \"noon\"}", "/at_s: a whole number is wanted." },
		{ "/v1/nodes/n1/standby", "{\"for\": \"2h\"}",
			"/for: there is no such member: an empty object is wanted." },
		{ "/v1/resources/web/move", "{\"to\": \"n1\"}",
			"/to: there is no such member; known: node or for." },
		{ "/v1/configuration/rollback", "{\"revision\": \"1\"}",
			"/revision: a whole number is wanted." },
		{ "/v1/tokens", "{\"name\": \"x\", \"roles\": \"viewer\", \"scopes\": [\"web\"]}",
			"/scopes: there is no such member; known: name, roles, scope, days or "
			"ttl_s." },
		{ "/v1/controllers", "{\"add\": [{\"name\": \"c2\"}]}",
			"/add/0/addresses: it is missing." },
		{ "/v1/restore",
			"{\"schema\": 1, \"configuration\": \"a: 1\", \"tokens\": {\"t\": 5}}",
			"/tokens/t: an object is wanted." },
	};
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		say(&rig, (struct wish){ "POST", wrong[i].path, wrong[i].body, .rights = ALL });
		cr_assert_eq(rig.status, 422, "%s", wrong[i].body);
		cr_assert_str_eq(
			member(&rig, "detail"), wrong[i].detail, "%s", member(&rig, "detail"));
		cr_assert_geq(json_array_size(json_object_get(rig.json, "errors")), 1);
	}
	cr_assert_eq(rig.passes, 0);
	rig_done(&rig);
}

/* "dryrun" would have applied it. */
Test(desk, a_parameter_that_nobody_knows_is_refused)
{
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 1", .query = "dryrun", .rights = ALL });
	cr_assert_eq(rig.status, 422);
	cr_assert_str_eq(member(&rig, "detail"),
		"?dryrun: there is no such parameter; known: dryRun or name.");
	say(&rig,
		(struct wish){ "POST", "/v1/nodes/n1/standby", .query = "dryRun", .rights = ALL });
	cr_assert_eq(rig.status, 422);
	cr_assert_eq(rig.passes, 0);
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 1", .query = "dryRun", .rights = ALL });
	cr_assert_eq(rig.status, 200);
	rig_done(&rig);
}

/* All of a backup, or nothing of it. */
Test(desk, a_backup_whose_configuration_is_wrong_brings_no_token)
{
	static const char backup[] =
		"{\"schema\": 1, \"configuration\": \"x\", \"tokens\": {\"t1\": {\"name\": \"a\","
		" \"roles\": \"admin\", \"hash\": "
		"\"0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef\"}}}";
	struct rig rig;

	rig_init(&rig);
	rig.director_status = 422;
	rig.director =
		json_pack("{s:s, s:s}", "title", "The configuration is wrong", "detail", "x");
	say(&rig, (struct wish){ "POST", "/v1/restore", backup, .rights = ALL });
	cr_assert_eq(rig.status, 422);
	commit(&rig);
	cr_assert_eq(json_object_size(desk_office(rig.desk)->tokens), 0);
	json_decref(rig.director);
	rig.director = NULL;
	rig.director_status = 200;
	say(&rig, (struct wish){ "POST", "/v1/restore", backup, .rights = ALL });
	cr_assert_eq(rig.status, 200);
	commit(&rig);
	cr_assert_eq(json_object_size(desk_office(rig.desk)->tokens), 1);
	rig_done(&rig);
}

Test(desk, a_body_is_not_nested_without_end)
{
	char deep[512] = "";
	struct rig rig;

	rig_init(&rig);
	for (int i = 0; i < 80; i++)
		strcat(deep, "{\"a\":");
	strcat(deep, "1");
	for (int i = 0; i < 80; i++)
		strcat(deep, "}");
	say(&rig, (struct wish){ "POST", "/v1/whatif", deep, .rights = ALL });
	cr_assert_eq(rig.status, 400);
	rig_done(&rig);
}

/* A controller that was just started reads its log anew: a good token is not there yet. */
Test(desk, what_is_not_known_yet_is_not_wrong)
{
	struct rig rig;

	rig_init(&rig);
	rig.behind = true;
	say(&rig, (struct wish){ "GET", "/v1/status", .authorization = "Bearer pk1_early" });
	cr_assert_eq(rig.status, 503);
	cr_assert_eq(rig.retry_s, 1);
	cr_assert_eq(json_array_size(rig.entries), 0, "no refusal goes to the audit");
	say(&rig, (struct wish){ "GET", "/v1/status" });
	cr_assert_eq(rig.status, 401, "who shows nothing need not wait");
	say(&rig, (struct wish){ "GET", "/v1/status", .rights = ALL });
	cr_assert_eq(rig.passes, 1, "whom the socket vouches for is served");
	cr_assert_eq(rig.status, 200);
	rig.behind = false;
	say(&rig, (struct wish){ "GET", "/v1/status", .authorization = "Bearer pk1_early" });
	cr_assert_eq(rig.status, 401);
	rig_done(&rig);
}

Test(desk, who_is_nobody_gets_nothing)
{
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){ "GET", "/v1/status" });
	cr_assert_eq(rig.status, 401);
	say(&rig, (struct wish){ "GET", "/v1/status", .authorization = "Bearer pk1_wrong" });
	cr_assert_eq(rig.status, 401);
	cr_assert_eq(rig.passes, 0);
	say(&rig, (struct wish){ "GET", "/healthz" });
	cr_assert_eq(rig.status, 200);
	say(&rig, (struct wish){ "GET", "/ui/app.js" });
	cr_assert_str_eq(rig.text, "file /ui/app.js");
	for (int i = 0; i < 30; i++)
		say(&rig,
			(struct wish){ "GET", "/v1/status", .authorization = "Bearer pk1_wrong" });
	cr_assert_eq(rig.status, 429);
	rig_done(&rig);
}

Test(desk, rights_are_enough_or_not_and_refusals_are_recorded)
{
	const struct office *office;
	json_t *record;
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){
			  "POST", "/v1/nodes/n1/fence", .rights = ROUTE_READ | ROUTE_OPERATE });
	cr_assert_eq(rig.status, 403);
	cr_assert_eq(rig.passes, 0);
	commit(&rig);
	office = desk_office(rig.desk);
	cr_assert_eq(office->count, 1);
	record = json_array_get(office->records, 0);
	cr_assert_eq(json_integer_value(json_object_get(record, "status")), 403);
	cr_assert_str_eq(json_string_value(json_object_get(record, "path")), "/v1/nodes/n1/fence");
	rig_done(&rig);
}

static char *token_made(struct rig *rig, const char *wish)
{
	say(rig, (struct wish){ "POST", "/v1/tokens", wish, .rights = ALL });
	commit(rig);
	cr_assert_eq(rig->status, 201);
	return own_printf("Bearer %s", member(rig, "token"));
}

Test(desk, a_token_opens_until_it_is_taken_back)
{
	owned(free) char *bearer = NULL, *path = NULL;
	struct rig rig;

	rig_init(&rig);
	bearer = token_made(&rig, "{\"name\": \"ops\", \"roles\": \"operator\"}");
	path = own_printf("/v1/tokens/%s", member(&rig, "id"));
	say(&rig, (struct wish){ "GET", "/v1/whoami", .authorization = bearer });
	cr_assert_eq(rig.status, 200);
	cr_assert_str_eq(member(&rig, "user"), "token ops");
	say(&rig, (struct wish){ "GET", "/v1/tokens", .authorization = bearer });
	cr_assert_eq(rig.status, 403);
	say(&rig, (struct wish){ "GET", "/v1/tokens", .rights = ALL });
	cr_assert_eq(json_array_size(json_object_get(rig.json, "tokens")), 1);
	cr_assert_null(
		json_object_get(json_array_get(json_object_get(rig.json, "tokens"), 0), "hash"));
	say(&rig, (struct wish){ "DELETE", path, .rights = ALL });
	commit(&rig);
	cr_assert_eq(rig.status, 200);
	say(&rig, (struct wish){ "GET", "/v1/whoami", .authorization = bearer });
	cr_assert_eq(rig.status, 401);
	rig_done(&rig);
}

/* What its predecessor committed it applies a moment later: until then it would do again what was
 * done, and not find what there is. */
Test(desk, a_leader_that_has_just_begun_decides_no_change)
{
	static const char wish[] = "{\"name\": \"x\", \"roles\": \"viewer\"}";
	json_t *entry;
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){ "POST", "/v1/tokens", wish, .key = "k", .rights = ALL });
	entry = json_incref(json_array_get(rig.entries, 0));
	json_array_clear(rig.entries);
	desk_give_up(rig.desk);
	cr_assert_eq(rig.status, 503);

	rig.unready = true;
	say(&rig, (struct wish){ "POST", "/v1/tokens", wish, .key = "k", .rights = ALL });
	cr_assert_eq(rig.status, 503);
	cr_assert_eq(rig.retry_s, 1);
	say(&rig, (struct wish){ "DELETE", "/v1/tokens/0123", .rights = ALL });
	cr_assert_eq(rig.status, 503, "no 404 from who does not know all that was acknowledged");
	say(&rig, (struct wish){ "POST", "/v1/nodes/n1/standby", "{}", .key = "n", .rights = ALL });
	cr_assert_eq(rig.status, 503);
	cr_assert_eq(rig.passes, 0);
	cr_assert_eq(json_array_size(rig.entries), 0, "nothing is proposed");

	json_array_append_new(rig.entries, entry);
	commit(&rig); /* the entry of the one before, which carries no answer here */
	rig.unready = false;
	say(&rig, (struct wish){ "POST", "/v1/tokens", wish, .key = "k", .rights = ALL });
	cr_assert_eq(rig.status, 201);
	cr_assert(json_is_true(json_object_get(rig.json, "repeated")));
	cr_assert_eq(json_object_size(desk_office(rig.desk)->tokens), 1);
	cr_assert(json_object_get(desk_office(rig.desk)->tokens, member(&rig, "id")),
		"who lost the answer hears which token it was");
	rig_done(&rig);
}

/* Two want the same one back: the log says whose wish came first. */
Test(desk, a_token_is_taken_back_once)
{
	owned(free) char *bearer = NULL, *path = NULL;
	struct rig rig;
	json_t *records;

	rig_init(&rig);
	bearer = token_made(&rig, "{\"name\": \"ops\", \"roles\": \"operator\"}");
	path = own_printf("/v1/tokens/%s", member(&rig, "id"));
	for (unsigned i = 0; i < 2; i++)
		say(&rig, (struct wish){ "DELETE", path, .rights = ALL });
	commit(&rig);
	cr_assert_eq(rig.replies, 3);
	cr_assert_eq(rig.status, 404);
	say(&rig, (struct wish){ "GET", "/v1/audit", .rights = ALL });
	records = json_object_get(rig.json, "records");
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(records, 2), "status")), 404,
		"the audit says what came of it");
	rig_done(&rig);
}

Test(desk, wishes_for_tokens_are_checked)
{
	static const char *const wrong[] = { "{}", "{\"name\": \"x\"}",
		"{\"name\": \"x\", \"roles\": \"king\"}", "{\"name\": \"\", \"roles\": \"viewer\"}",
		"{\"name\": \"x\", \"roles\": \"viewer\", \"days\": 0}",
		"{\"name\": \"x\", \"roles\": \"viewer\", \"scope\": [1]}" };
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		say(&rig, (struct wish){ "POST", "/v1/tokens", wrong[i], .rights = ALL });
		cr_assert_eq(rig.status, 422, "%s", wrong[i]);
	}
	rig.follower = true;
	say(&rig, (struct wish){ "POST", "/v1/tokens", "{\"name\": \"x\", \"roles\": \"viewer\"}",
			  .rights = ALL });
	cr_assert_eq(rig.status, 503);
	cr_assert_eq(rig.retry_s, 1);
	rig_done(&rig);
}

Test(desk, a_configuration_is_changed_on_the_revision_that_was_read)
{
	struct rig rig;

	rig_init(&rig);
	rig.director_proposes = true;
	say(&rig, (struct wish){ "PUT", "/v1/configuration", "a: 1\n", .rights = ALL });
	commit(&rig);
	cr_assert_eq(rig.status, 200);
	cr_assert_str_eq(rig.etag, "1");
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 2\n", .match = "\"7\"", .rights = ALL });
	cr_assert_eq(rig.status, 412);
	cr_assert_eq(json_integer_value(json_object_get(rig.json, "revision")), 1);
	cr_assert_eq(rig.passes, 1);
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 2\n", .match = "\"1\"", .rights = ALL });
	commit(&rig);
	cr_assert_eq(rig.status, 200);
	cr_assert_eq(desk_office(rig.desk)->revision, 2);
	say(&rig, (struct wish){ "POST", "/v1/configuration/rollback", "{\"revision\": 1}",
			  .rights = ALL });
	cr_assert_str_eq(rig.body, "a: 1\n");
	say(&rig, (struct wish){ "POST", "/v1/configuration/rollback", "{\"revision\": 9}",
			  .rights = ALL });
	cr_assert_eq(rig.status, 404);
	rig_done(&rig);
}

Test(desk, two_configurations_at_once_do_not_overtake_each_other)
{
	struct rig rig;

	rig_init(&rig);
	rig.hold = true;
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 1\n", .match = "\"0\"", .rights = ALL });
	cr_assert_eq(rig.replies, 0);
	say(&rig, (struct wish){
			  "PUT", "/v1/configuration", "a: 2\n", .match = "\"0\"", .rights = ALL });
	cr_assert_eq(rig.status, 409);
	desk_answer(rig.desk, rig.held, 200, json_pack("{s:b}", "applied", 1), NULL);
	cr_assert_eq(rig.status, 200);
	rig_done(&rig);
}

Test(desk, a_patch_is_merged)
{
	struct rig rig;

	rig_init(&rig);
	rig.director = json_pack("{s:{s:i, s:i}, s:s}", "a", "b", 1, "c", 2, "d", "e");
	say(&rig, (struct wish){ "PATCH", "/v1/configuration", "{\"a\": {\"b\": null, \"x\": 3}}",
			  "application/merge-patch+json", .rights = ALL });
	cr_assert_str_eq(rig.passed, "PUT /v1/configuration");
	cr_assert(strstr(rig.body, "\"c\": 2") && strstr(rig.body, "\"x\": 3") &&
		  !strstr(rig.body, "\"b\""));
	rig_done(&rig);
}

Test(desk, the_same_key_does_it_once)
{
	struct wish w = { "POST", "/v1/nodes/n1/standby", "{}", .key = "k1", .rights = ALL };
	struct rig rig;

	rig_init(&rig);
	rig.director_proposes = true;
	say(&rig, w);
	commit(&rig);
	cr_assert_eq(rig.passes, 1);
	say(&rig, w);
	cr_assert_eq(rig.status, 200);
	cr_assert_eq(rig.passes, 1, "it was done twice");
	cr_assert(json_is_true(json_object_get(rig.json, "repeated")));
	w.path = "/v1/nodes/n2/standby";
	say(&rig, w);
	cr_assert_eq(rig.status, 422);
	cr_assert_eq(rig.passes, 1);
	rig_done(&rig);
}

Test(desk, a_key_that_is_on_its_way_waits)
{
	struct wish w = { "POST", "/v1/nodes/n1/standby", "{}", .key = "k1", .rights = ALL };
	struct rig rig;

	rig_init(&rig);
	rig.hold = true;
	say(&rig, w);
	say(&rig, w);
	cr_assert_eq(rig.status, 409);
	cr_assert_eq(rig.passes, 1);
	rig_done(&rig);
}

Test(desk, long_work_is_a_job)
{
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){ "POST", "/v1/nodes/n1/standby", "{}", .prefer = "respond-async",
			  .rights = ALL });
	cr_assert_eq(rig.status, 202);
	cr_assert_eq(strncmp(rig.location, "/v1/jobs/", 9), 0);
	rig.director = json_pack("{s:[{}, {}]}", "actions");
	say(&rig, (struct wish){ "GET", rig.location, .rights = ALL });
	cr_assert_str_eq(member(&rig, "state"), "running");
	json_decref(rig.director);
	rig.director = json_pack("{s:[]}", "actions");
	say(&rig, (struct wish){ "GET", rig.location, .rights = ALL });
	say(&rig, (struct wish){ "GET", "/v1/jobs", .rights = ALL });
	cr_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(rig.json, "jobs"), 0), "state")),
		"done");
	rig_done(&rig);
}

Test(desk, what_is_not_committed_is_said_to_be_unknown)
{
	struct rig rig;

	rig_init(&rig);
	say(&rig, (struct wish){ "POST", "/v1/tokens", "{\"name\": \"x\", \"roles\": \"viewer\"}",
			  .rights = ALL });
	cr_assert_eq(rig.replies, 0);
	desk_give_up(rig.desk);
	cr_assert_eq(rig.status, 503);
	cr_assert_eq(rig.replies, 1);
	commit(&rig);
	cr_assert_eq(rig.replies, 1);
	rig_done(&rig);
}

Test(desk, secrets_are_not_told)
{
	struct rig rig;

	rig_init(&rig);
	rig.director = json_pack("{s:{s:{s:{s:s, s:{s:s, s:s, s:s}}}}, s:[{s:s, s:s}]}", "fencing",
		"devices", "bmc", "agent", "fence_x", "params", "password", "hunter2", "ip", "a",
		"password_file", "/f", "nodes", "name", "n1", "state", "online");
	say(&rig, (struct wish){ "GET", "/v1/fencing", .rights = ROUTE_READ });
	cr_assert_eq(rig.status, 200);
	{
		owned(free) char *all = json_dumps(rig.json, 0);

		cr_assert_not(strstr(all, "hunter2"));
		cr_assert(strstr(all, "/f"));
	}
	say(&rig, (struct wish){ "GET", "/v1/configuration", .rights = ROUTE_READ });
	{
		owned(free) char *all = json_dumps(rig.json, 0);

		cr_assert_not(strstr(all, "hunter2"));
	}
	rig_done(&rig);
}

Test(desk, a_caller_who_never_stops_is_slowed)
{
	owned(free) char *bearer = NULL;
	struct rig rig;

	rig_init(&rig);
	bearer = token_made(&rig, "{\"name\": \"ops\", \"roles\": \"operator\"}");
	for (int i = 0; i < 200 && rig.status != 429; i++)
		say(&rig, (struct wish){
				  "POST", "/v1/nodes/n1/standby", "{}", .authorization = bearer });
	cr_assert_eq(rig.status, 429);
	cr_assert_eq(rig.retry_s, 1);
	rig.now += 60000;
	say(&rig, (struct wish){ "GET", "/v1/whoami", .authorization = bearer });
	cr_assert_eq(rig.status, 200);
	rig_done(&rig);
}
