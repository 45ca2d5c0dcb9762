/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/cli.h"
#include "edge/enroll.h"

#define SCOPE_MAX 32

const struct command_option cli_token_options[] = {
	{ "role", "ROLE", "viewer, operator, fencer, admin, or several with commas (viewer)", 0 },
	{ "only", "RESOURCE", "may change only this resource or group; may repeat", 0 },
	{ "days", "DAYS", "how long it is valid (for ever)", 0 },
	{ "node", "NODE", "for 'picket join': once, as this node; no NAME then", 0 },
	{ "controller", "NAME", "for 'picket join': once, as this controller (and node)", 0 },
	{ "ttl", "TIME", "how long a token to join with is valid: 90s, 30m, 2h (30m)", 0 },
	{ "pki", "DIR", "whose CA a token to join with names (/etc/picket/pki)", 0 },
	{ 0 },
};

/* A token that lets a bare host in: bound to its name, used once, and it names the CA. */
static int create_join(
	const struct command *command, const struct cli *cli, const char *host, const char *role)
{
	const char *ttl = command_option(command, "ttl");
	struct door_request request = { .method = "POST", .path = "/v1/tokens" };
	json_int_t ttl_s = cli_seconds(ttl ? ttl : "30m");
	json_t *wish = json_pack("{s:s, s:s, s:I}", "name", host, "roles", role, "ttl_s", ttl_s);
	owned(free) char *body = json_dumps(wish, JSON_COMPACT);
	struct door_answer answer;
	char pin[ENROLL_PIN + 1];
	int r;

	json_decref(wish);
	if (!ttl_s || command->n_words)
		return cli_fail(CLI_USAGE, "%s",
			ttl_s ? "either a NAME or --node, --controller" : "--ttl: as in 30m");
	r = cli_pin(command_option(command, "pki"), pin);
	request.body = body;
	if (!r)
		r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	fprintf(cli->out, "%s.%s\n", json_string_value(json_object_get(answer.json, "token")), pin);
	fprintf(stderr, "On %s: picket join THIS-CONTROLLER TOKEN. It works once, for %lld s.\n",
		host, (long long)ttl_s);
	door_answer_done(&answer);
	return CLI_OK;
}

int cli_token_create(const struct command *command, void *ctx)
{
	const char *role = command_option(command, "role"), *days = command_option(command, "days");
	const char *node = command_option(command, "node");
	const char *controller = command_option(command, "controller");
	struct door_request request = { .method = "POST", .path = "/v1/tokens" };
	const struct cli *cli = ctx;
	owned(free) char *body = NULL;
	struct door_answer answer;
	const char *only;
	json_t *wish;
	int r;

	if (node || controller)
		return create_join(command, cli, node ? node : controller,
			controller ? "join-controller" : "join");
	if (!command->n_words)
		return cli_fail(CLI_USAGE, "a NAME is wanted, or --node NODE");
	wish = json_pack("{s:s, s:s}", "name", command->words[0], "roles", role ? role : "viewer");
	if (!wish)
		return cli_fail(CLI_USAGE, "the name is not UTF-8");
	if (days)
		json_object_set_new(wish, "days", json_integer(atoi(days)));
	for (size_t i = 0; i < SCOPE_MAX && (only = command_option_at(command, "only", i)); i++) {
		if (!i)
			json_object_set_new(wish, "scope", json_array());
		json_array_append_new(json_object_get(wish, "scope"), json_string(only));
	}
	body = json_dumps(wish, JSON_COMPACT);
	json_decref(wish);
	request.body = body;
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	/* The token alone on standard output: it is what scripts want. */
	if (cli_json(cli)) {
		cli_print(cli, answer.json);
	} else {
		fprintf(cli->out, "%s\n", json_string_value(json_object_get(answer.json, "token")));
		fprintf(stderr, "It is shown this once. To take it back: picket token drop %s\n",
			json_string_value(json_object_get(answer.json, "id")));
	}
	door_answer_done(&answer);
	return CLI_OK;
}

static void day(json_t *ms, char ret[16])
{
	time_t t = (time_t)(json_integer_value(ms) / 1000);
	struct tm tm;

	if (!ms || !localtime_r(&t, &tm) || !strftime(ret, 16, "%Y-%m-%d", &tm))
		strcpy(ret, "-");
}

static void tokens_table(const struct cli *cli, json_t *all)
{
	char made[16], ends[16];
	json_t *token;
	size_t i;

	fprintf(cli->out, "%-16s  %-20s  %-18s  %-10s  %-10s  %s\n", "ID", "NAME", "ROLES", "MADE",
		"ENDS", "BY");
	json_array_foreach (json_object_get(all, "tokens"), i, token) {
		day(json_object_get(token, "created_ms"), made);
		day(json_object_get(token, "expires_ms"), ends);
		fprintf(cli->out, "%-16s  %-20s  %-18s  %-10s  %-10s  %s\n",
			member_text(token, "id"), member_text(token, "name"),
			member_text(token, "roles"), made, ends, member_text(token, "user"));
	}
}

int cli_token_list(const struct command *command, void *ctx)
{
	return cli_read(ctx, "/v1/tokens", tokens_table);
}

int cli_token_drop(const struct command *command, void *ctx)
{
	owned(free) char *id = door_encode(command->words[0]);
	owned(free) char *path = own_printf("/v1/tokens/%s", id);
	struct door_request request = { .method = "DELETE", .path = path };
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r = cli_ask(cli, &request, &answer);

	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out, "%s is no longer valid\n", command->words[0]);
	door_answer_done(&answer);
	return CLI_OK;
}
