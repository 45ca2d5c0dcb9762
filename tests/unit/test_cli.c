/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <string.h>

#include "base/file.h"
#include "edge/api.h"
#include "edge/cli.h"
#include "pki.h"

/* A controller that writes down what it is asked and answers as told; a command on another thread.
 */
struct rig {
	uv_loop_t loop;
	char dir[32];
	char *socket;
	struct api *api;
	char asked[256], body[256];
	unsigned status;
	const char *answer;
	const struct command *command;
	int (*run)(const struct command *command, void *ctx);
	struct cli cli;
	char *out;
	size_t out_len;
	int r;
	bool done;
};

static void on_request(void *ctx, struct api_token *token, const struct api_request *r)
{
	const char *name = json_string_value(json_object_get(r->query, "name"));
	struct rig *rig = ctx;

	snprintf(rig->asked, sizeof(rig->asked), "%s %s%s%s%s%s", r->method, r->path,
		name ? " name=" : "", name ? name : "",
		json_object_get(r->query, "dryRun") ? " dry" : "",
		json_object_get(r->query, "follow") ? " follow" : "");
	snprintf(rig->body, sizeof(rig->body), "%s", r->body);
	if (rig->status / 100 == 2)
		api_reply(token, rig->status, NULL, json_loads(rig->answer, 0, NULL));
	else
		api_problem(
			token, rig->status, "Title", "detail", json_loads(rig->answer, 0, NULL));
}

static void on_stream_gone(void *ctx, struct api_stream *stream)
{
}

static void *rig_thread(void *ctx)
{
	struct rig *rig = ctx;

	rig->r = rig->run(rig->command, &rig->cli);
	__atomic_store_n(&rig->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void rig_init(struct rig *rig)
{
	static const struct api_handler handler = { on_request, on_stream_gone };
	struct api_config config = { 0 };
	char *why = NULL;

	memset(rig, 0, sizeof(*rig));
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/picket-cli-XXXXXX");
	cr_assert(mkdtemp(rig->dir));
	rig->socket = own_printf("%s/api.sock", rig->dir);
	uv_loop_init(&rig->loop);
	config.socket = rig->socket;
	cr_assert_eq(api_new(&rig->loop, &config, &handler, rig, &rig->api, &why), 0, "%s", why);
	rig->cli = (struct cli){ .socket = rig->socket, .output = "text", .timeout_s = 5 };
}

static void rig_done(struct rig *rig)
{
	owned(free) char *command = own_printf("rm -rf %s", rig->dir);

	api_free(rig->api);
	loop_done(&rig->loop);
	free(rig->socket);
	free(rig->out);
	cr_assert_eq(system(command), 0);
}

/* Runs one command to its end: the verb and the words as main would hand them over. */
static int run(struct rig *rig, int (*fn)(const struct command *, void *), const char *verb,
	const char *first, const char *second, const struct command_option *option)
{
	struct command_row row = { .verb = verb };
	struct command command = {
		.row = &row, .words = { first, second }, .n_words = !!first + !!second
	};
	pthread_t thread;

	if (option) {
		command.given[0].option = option;
		command.given[0].value = "";
		command.n_given = 1;
	}
	free(give(rig->out));
	rig->cli.out = open_memstream(&rig->out, &rig->out_len);
	rig->command = &command;
	rig->run = fn;
	rig->done = false;
	cr_assert_eq(pthread_create(&thread, NULL, rig_thread, rig), 0);
	run_until(&rig->loop, __atomic_load_n(&rig->done, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	fclose(rig->cli.out);
	return rig->r;
}

Test(cli, each_command_asks_for_what_it_says)
{
	static const struct command_option yes = { .name = "yes" };
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"applied\":true,\"index\":4,\"revision\":2}";
	cr_assert_eq(run(&rig, cli_node, "standby", "n1", NULL, NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/nodes/n1/standby");
	cr_assert_str_eq(rig.out, "n1: runs nothing from now on; what it ran moves\n");
	cr_assert_eq(run(&rig, cli_fence, NULL, "n1", NULL, &yes), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/nodes/n1/fence");
	cr_assert_eq(run(&rig, cli_confirm, NULL, "n1", NULL, &yes), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/nodes/n1/confirm");
	cr_assert_eq(run(&rig, cli_resource, "move", "web", "n2", NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/resources/web/move");
	cr_assert_str_eq(rig.body, "{\"node\":\"n2\"}");
	cr_assert_eq(run(&rig, cli_resource, "clear", "a b", NULL, NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/resources/a b/clear");
	cr_assert_str_eq(rig.body, "{}");
	rig.cli.output = "json";
	cr_assert_eq(run(&rig, cli_node, "stop", "n1", NULL, NULL), CLI_OK);
	cr_assert_not_null(strstr(rig.out, "\"index\": 4"));
	rig_done(&rig);
}

Test(cli, tickets_are_asked_for_and_told)
{
	static const struct command_option yes = { .name = "yes" };
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"applied\":true}";
	cr_assert_eq(run(&rig, cli_ticket, "grant", "T", NULL, &yes), CLI_OK);
	cr_assert_str_eq(rig.asked, "POST /v1/tickets/T/grant");
	cr_assert_str_eq(rig.out, "T: granted\n");
	cr_assert_eq(run(&rig, cli_ticket, "revoke", "T", NULL, NULL), CLI_USAGE);
	cr_assert_eq(run(&rig, cli_ticket, "standby", "T", NULL, NULL), CLI_OK);
	rig.answer = "{\"tickets\":[{\"name\":\"T\",\"granted\":true,\"standby\":true,"
		     "\"resources\":[\"a\",\"b\"]}]}";
	cr_assert_eq(run(&rig, cli_ticket_list, NULL, NULL, NULL, NULL), CLI_OK);
	cr_assert_not_null(strstr(rig.out, "granted, on standby  needed by a b"));
	rig_done(&rig);
}

Test(cli, a_simulation_of_the_running_cluster_asks_for_its_model)
{
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"cib\":\"<cib have-quorum='1'><configuration><crm_config/><nodes>"
		     "<node id='1' uname='n1'/></nodes><resources><primitive id='a' class='ocf' "
		     "provider='heartbeat' type='Dummy'/></resources><constraints/></configuration>"
		     "<status><node_state id='1' uname='n1' in_ccm='true' crmd='online' "
		     "join='member' expected='member'/></status></cib>\"}";
	cr_assert_eq(run(&rig, cli_simulate, NULL, NULL, NULL, NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "GET /v1/model");
	cr_assert_not_null(strstr(rig.out, "monitor_0 a on n1"), "%s", rig.out);
	rig.answer = "{}";
	cr_assert_eq(run(&rig, cli_simulate, NULL, NULL, NULL, NULL), CLI_FAILURE);
	rig_done(&rig);
}

Test(cli, every_refusal_has_its_exit_status)
{
	static const unsigned codes[][2] = { { 404, CLI_NOT_FOUND }, { 409, CLI_CONFLICT },
		{ 412, CLI_CONFLICT }, { 403, CLI_REFUSED }, { 503, CLI_REFUSED },
		{ 422, CLI_FAILURE }, { 500, CLI_FAILURE }, { 504, CLI_TIMEOUT } };
	struct rig rig;

	rig_init(&rig);
	rig.answer = "{}";
	rig.cli.output = "json";
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		rig.status = codes[i][0];
		cr_assert_eq(run(&rig, cli_node, "online", "n1", NULL, NULL), (int)codes[i][1]);
		cr_assert_not_null(strstr(rig.out, "\"title\": \"Title\""), "the document as well");
	}
	rig.asked[0] = '\0';
	cr_assert_eq(run(&rig, cli_fence, NULL, "n1", NULL, NULL), CLI_USAGE);
	cr_assert_str_eq(rig.asked, "", "nothing is asked before a yes");
	rig.cli.socket = "/nonexistent/api.sock";
	cr_assert_eq(run(&rig, cli_status, NULL, NULL, NULL, NULL), CLI_UNREACHABLE);
	rig_done(&rig);
}

Test(cli, apply_sends_the_file_and_its_name)
{
	static const struct command_option dry = { .name = "dry-run" };
	owned(free) char *path = NULL;
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"applied\":true,\"revision\":7}";
	path = own_printf("%s/site.yaml", rig.dir);
	cr_assert_eq(file_write(path, 0600, "cluster: {}\n", 12), 0);
	cr_assert_eq(run(&rig, cli_apply, NULL, path, NULL, NULL), CLI_OK);
	cr_assert_not_null(strstr(rig.asked, "PUT /v1/configuration name=/tmp/"));
	cr_assert_str_eq(rig.body, "cluster: {}\n");
	cr_assert_not_null(strstr(rig.out, "as revision 7"));
	rig.answer = "{\"applied\":false}";
	cr_assert_eq(run(&rig, cli_apply, NULL, path, NULL, &dry), CLI_OK);
	cr_assert_not_null(strstr(rig.asked, " dry"));
	rig.answer = "{\"applied\":false,\"changes\":[\"start web on n1\"]}";
	cr_assert_eq(run(&rig, cli_apply, NULL, path, NULL, &dry), CLI_CHANGES);
	rig.asked[0] = '\0';
	cr_assert_eq(run(&rig, cli_apply, NULL, "/nonexistent", NULL, NULL), CLI_NOT_FOUND);
	cr_assert_eq(file_write(path, 0600, "a\0b", 3), 0);
	cr_assert_eq(run(&rig, cli_apply, NULL, path, NULL, NULL), CLI_FAILURE);
	cr_assert_str_eq(rig.asked, "");
	rig_done(&rig);
}

Test(cli, status_and_events)
{
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"controller\":\"c1\",\"leader\":true,\"nodes\":[]}";
	cr_assert_eq(run(&rig, cli_status, NULL, NULL, NULL, NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "GET /v1/status");
	cr_assert_not_null(strstr(rig.out, "no configuration yet"));
	rig.answer =
		"{\"events\":[{\"cursor\":3,\"time_ms\":0,\"kind\":\"node-lost\",\"text\":\"n1 is "
		"lost\"}],\"cursor\":3}";
	cr_assert_eq(run(&rig, cli_events, NULL, NULL, NULL, NULL), CLI_OK);
	cr_assert_str_eq(rig.asked, "GET /v1/events");
	cr_assert_not_null(strstr(rig.out, "node-lost"));
	rig_done(&rig);
}

struct follower {
	struct door_request request;
	char seen[256];
	bool done;
};

static int on_event(void *ctx, const char *event, const char *id, const char *data)
{
	struct follower *f = ctx;
	size_t at = strlen(f->seen);

	snprintf(f->seen + at, sizeof(f->seen) - at, "%s/%s;", event, id);
	return !strcmp(event, "last");
}

static void *follower_run(void *ctx)
{
	struct follower *f = ctx;
	struct door_answer answer;
	char *why = NULL;

	cr_assert_eq(door_follow(&f->request, on_event, f, &answer, &why), 1);
	__atomic_store_n(&f->done, true, __ATOMIC_RELEASE);
	return NULL;
}

Test(cli, who_follows_gets_the_past_and_then_what_is_published)
{
	struct follower f = { .request = { .method = "GET", .path = "/v1/events?follow=1" } };
	json_t *event = json_pack("{s:i,s:s}", "cursor", 4, "kind", "last");
	pthread_t thread;
	struct rig rig;

	rig_init(&rig);
	rig.status = 200;
	rig.answer = "{\"events\":[{\"cursor\":3,\"kind\":\"first\"}]}";
	f.request.socket = rig.socket;
	cr_assert_eq(pthread_create(&thread, NULL, follower_run, &f), 0);
	run_until(&rig.loop, strstr(f.seen, "first/3;"));
	cr_assert_str_eq(rig.asked, "GET /v1/events follow");
	api_publish(rig.api, event);
	run_until(&rig.loop, __atomic_load_n(&f.done, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	cr_assert_str_eq(f.seen, "first/3;last/4;");
	json_decref(event);
	rig_done(&rig);
}
