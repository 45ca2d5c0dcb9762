/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/cli.h"
#include "edge/cli_simulate_source.h"

const struct command_option cli_apply_options[] = {
	{ "dry-run", NULL, "check it, and change nothing", 'n' },
	{ "revision", "N", "only if the configuration is still of this revision", 0 },
	{ "wait", "SECONDS", "go on until it is done, at most so long, and show how far it is", 0 },
	{ 0 },
};

static int change_done(const struct cli *cli, struct door_answer *answer, const char *text)
{
	if (cli_json(cli) && answer->json)
		cli_print(cli, answer->json);
	else if (!cli_json(cli))
		fprintf(cli->out, "%s\n", text);
	door_answer_done(answer);
	return CLI_OK;
}

/* ---- configuration
 * --------------------------------------------------------------------------------- */

static int apply_read(const char *path, char **ret)
{
	size_t len = 0;
	int r = file_read(strcmp(path, "-") ? path : "/dev/stdin", PICKET_DOCUMENT_MAX, ret, &len);

	if (r == -EFBIG)
		return cli_fail(
			CLI_FAILURE, "%s: larger than %d MiB", path, PICKET_DOCUMENT_MAX >> 20);
	if (r)
		return cli_fail(
			r == -ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", path, strerror(-r));
	if (strlen(*ret) != len)
		return cli_fail(CLI_FAILURE, "%s: not text: holds a NUL", path);
	return CLI_OK;
}

static const char *apply_type(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strcmp(dot, ".json") ? "application/json" : "application/yaml";
}

/* What is legal but hardly meant is said, and applied. What is wrong the controller says. */
static void warn(const char *path)
{
	struct problems problems = { 0 };

	if (strcmp(path, "-") && source_check(path, &problems) == CLI_OK && !problems.errors)
		source_say(&problems);
	problems_done(&problems);
}

int cli_apply(const struct command *command, void *ctx)
{
	const char *path = command->words[0], *revision = command_option(command, "revision");
	bool dry = command_option(command, "dry-run");
	owned(free) char *name = door_encode(strcmp(path, "-") ? path : "stdin");
	owned(free) char *url =
		own_printf("/v1/configuration?name=%s%s", name, dry ? "&dryRun=1" : "");
	struct door_request request = {
		.method = "PUT", .path = url, .content_type = apply_type(path), .if_match = revision
	};
	const struct cli *cli = ctx;
	struct door_answer answer;
	owned(free) char *text = NULL;
	size_t changes;
	int r;

	r = apply_read(path, &text);
	if (r)
		return r;
	request.body = text;
	warn(path);
	r = dry ? cli_ask(cli, &request, &answer) : cli_ask_change(cli, &request, &answer);
	if (r)
		return r;
	changes = json_array_size(json_object_get(answer.json, "changes"));
	free(give(text));
	text = dry ? own_printf("%s is right; nothing was changed", path)
		   : own_printf("applied %s as revision %" JSON_INTEGER_FORMAT, path,
			     json_integer_value(json_object_get(answer.json, "revision")));
	r = change_done(cli, &answer, text);
	return dry && changes ? CLI_CHANGES : r;
}

/* ---- nodes
 * ----------------------------------------------------------------------------------------- */

static int node_ask(const struct cli *cli, const char *node, const char *verb, const char *said)
{
	owned(free) char *encoded = door_encode(node);
	owned(free) char *path = own_printf("/v1/nodes/%s/%s", encoded, verb);
	struct door_request request = { .method = "POST", .path = path, .body = "{}" };
	owned(free) char *text = own_printf("%s: %s", node, said);
	struct door_answer answer;
	int r = cli_ask_change(cli, &request, &answer);

	return r ? r : change_done(cli, &answer, text);
}

int cli_node(const struct command *command, void *ctx)
{
	static const char *const said[][2] = {
		{ "standby", "runs nothing from now on; what it ran moves" },
		{ "online", "may run resources again" },
		{ "maintenance", "is left alone: nothing is started, stopped or fenced for it" },
		{ "unmaintenance", "is looked after again" },
		{ "stop", "stops what it runs, then leaves" },
	};
	const char *verb = command->row->verb;
	size_t i = 0;

	while (strcmp(said[i][0], verb))
		i++;
	return node_ask(ctx, command->words[0], verb, said[i][1]);
}

int cli_fence(const struct command *command, void *ctx)
{
	const char *node = command->words[0];
	int r = cli_sure(command, "Fence %s: cut its power and start what it ran elsewhere?", node);

	return r ? r : node_ask(ctx, node, "fence", "gets no more grants; see picket status");
}

static const char *member(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void test_print(const struct cli *cli, json_t *test)
{
	const char *key;
	json_t *value;

	fprintf(cli->out, "  %-7s %s (%s)%s%s\n", member(test, "state"), member(test, "device"),
		member(test, "agent"), *member(test, "text") ? ": " : "", member(test, "text"));
	json_object_foreach (json_object_get(test, "record"), key, value)
		fprintf(cli->out, "          %s: %s\n", key, json_string_value(value));
}

int cli_fence_test(const struct command *command, void *ctx)
{
	owned(free) char *encoded = door_encode(command->words[0]);
	owned(free) char *path = own_printf("/v1/nodes/%s/fence-test", encoded);
	struct door_request request = { .method = "POST", .path = path, .body = "{}" };
	const struct cli *cli = ctx;
	struct door_answer answer;
	json_t *test;
	bool passed;
	size_t i;
	int r = cli_ask(cli, &request, &answer);

	if (r)
		return r;
	passed = json_is_true(json_object_get(answer.json, "passed"));
	if (cli_json(cli)) {
		cli_print(cli, answer.json);
	} else {
		fprintf(cli->out,
			passed ? "%s can be fenced\n" : "%s could NOT be fenced as configured\n",
			command->words[0]);
		json_array_foreach (json_object_get(answer.json, "tests"), i, test)
			test_print(cli, test);
	}
	door_answer_done(&answer);
	return passed ? CLI_OK : CLI_FAILURE;
}

int cli_confirm(const struct command *command, void *ctx)
{
	const char *node = command->words[0];
	int r = cli_sure(command,
		"You vouch that %s is switched off? If it still runs, data can be destroyed.",
		node);

	return r ? r : node_ask(ctx, node, "confirm", "taken as off, on your word");
}

/* ---- resources
 * -------------------------------------------------------------------------------------- */

const struct command_option cli_resource_options[] = {
	{ "for", "DURATION", "it ends by itself then, as in 2h (it stays until clear)", 0 },
	{ "wait", "SECONDS", "go on until it is done, at most so long, and show how far it is", 0 },
	{ 0 },
};

int cli_resource(const struct command *command, void *ctx)
{
	const char *resource = command->words[0], *verb = command->row->verb;
	const char *node = command->n_words > 1 ? command->words[1] : NULL;
	owned(free) char *encoded = door_encode(resource);
	owned(free) char *path = own_printf("/v1/resources/%s/%s", encoded, verb);
	owned(free) char *body = NULL;
	owned(free) char *text = own_printf(
		"%s of %s%s%s: accepted", verb, resource, node ? " for " : "", node ? node : "");
	struct door_request request = { .method = "POST", .path = path };
	json_t *json =
		json_pack("{s:s*, s:s*}", "node", node, "for", command_option(command, "for"));
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r;

	if (!json)
		return cli_fail(CLI_USAGE, "the node's name is not UTF-8");
	body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	request.body = body;
	r = cli_ask_change(cli, &request, &answer);
	return r ? r : change_done(cli, &answer, text);
}
