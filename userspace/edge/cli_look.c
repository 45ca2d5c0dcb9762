/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that ask: why, what if, who changed what. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/cli.h"

const struct command_option cli_limit_options[] = {
	{ "limit", "N", "at most the last N", 'n' },
	{ 0 },
};

static long number(json_t *o, const char *key)
{
	return (long)json_integer_value(json_object_get(o, key));
}

static int get(const struct cli *cli, const char *path, struct door_answer *answer)
{
	struct door_request request = { .method = "GET", .path = path };

	return cli_ask(cli, &request, answer);
}

static json_t *named(json_t *list, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v)
		if (!strcmp(member_text(v, "name"), name))
			return v;
	return NULL;
}

/* ---- why
 * ----------------------------------------------------------------------------------------- */

static void why_resource(const struct cli *cli, json_t *status, json_t *r)
{
	const char *node;
	json_t *on, *n;
	size_t i;

	fprintf(cli->out, "%s (%s%s%s)\n", member_text(r, "name"), member_text(r, "type"),
		*member_text(r, "group") ? ", in group " : "", member_text(r, "group"));
	json_array_foreach (json_object_get(r, "on"), i, on)
		fprintf(cli->out, "  %-12s %s\n", member_text(on, "node"),
			member_text(on, "state"));
	if (!i)
		fprintf(cli->out, "  it runs nowhere\n");
	if (*member_text(r, "why"))
		fprintf(cli->out, "  why: %s\n", member_text(r, "why"));
	json_object_foreach (json_object_get(r, "failures"), node, n)
		fprintf(cli->out,
			"  failed %ld times on %s; picket resource cleanup %s forgets that\n",
			(long)json_integer_value(n), node, member_text(r, "name"));
	json_array_foreach (json_object_get(status, "nodes"), i, n) {
		bool away = json_is_true(json_object_get(n, "standby"));

		if (strcmp(member_text(n, "state"), "online"))
			fprintf(cli->out, "  not on %s: it is %s%s%s\n", member_text(n, "name"),
				member_text(n, "state"), *member_text(n, "why") ? ": " : "",
				member_text(n, "why"));
		else if (away || json_is_true(json_object_get(n, "maintenance")))
			fprintf(cli->out, "  not on %s: it is %s\n", member_text(n, "name"),
				away ? "on standby" : "in maintenance");
	}
}

static void why_node(const struct cli *cli, json_t *status, json_t *n)
{
	json_t *l, *r, *on;
	size_t i, k;

	fprintf(cli->out, "%s is %s\n", member_text(n, "name"), member_text(n, "state"));
	if (*member_text(n, "why"))
		fprintf(cli->out, "  why: %s\n", member_text(n, "why"));
	if (*member_text(n, "todo"))
		fprintf(cli->out, "  to do: %s\n", member_text(n, "todo"));
	json_array_foreach (json_object_get(n, "links"), i, l)
		fprintf(cli->out, "  link %ld: %s\n", number(l, "link"), member_text(l, "state"));
	if (!json_is_true(json_object_get(n, "connected")))
		fprintf(cli->out, "  its agent is not connected\n");
	if (json_object_get(n, "proof"))
		fprintf(cli->out, "  last proof of death: %s\n",
			member_text(json_object_get(n, "proof"), "text"));
	json_array_foreach (json_object_get(status, "resources"), i, r)
		json_array_foreach (json_object_get(r, "on"), k, on)
			if (!strcmp(member_text(on, "node"), member_text(n, "name")))
				fprintf(cli->out, "  runs %s (%s)\n", member_text(r, "name"),
					member_text(on, "state"));
}

int cli_why(const struct command *command, void *ctx)
{
	const char *name = command->words[0];
	const struct cli *cli = ctx;
	struct door_answer answer;
	json_t *r, *n;
	int code = get(cli, "/v1/status", &answer);

	if (code)
		return code;
	r = named(json_object_get(answer.json, "resources"), name);
	n = named(json_object_get(answer.json, "nodes"), name);
	if (!r && !n)
		code = cli_fail(CLI_NOT_FOUND, "there is no resource and no node '%s'", name);
	else if (cli_json(cli))
		cli_print(cli, r ? r : n);
	else if (r)
		why_resource(cli, answer.json, r);
	else
		why_node(cli, answer.json, n);
	door_answer_done(&answer);
	return code;
}

/* ---- what if
 * ------------------------------------------------------------------------------------- */

static void places(FILE *out, json_t *list)
{
	json_t *on;
	size_t i;

	json_array_foreach (list, i, on)
		fprintf(out, "%s%s", i ? "," : "", member_text(on, "node"));
	if (!json_array_size(list))
		fputs("nowhere", out);
}

static bool whatif_print(const struct cli *cli, json_t *answer)
{
	json_t *before = json_object_get(answer, "before"),
	       *after = json_object_get(answer, "after"), *list, *a;
	bool changes = false;
	const char *name;
	size_t i;

	json_object_foreach (before, name, list) {
		json_t *then = json_object_get(after, name);
		bool same = json_equal(list, then);

		changes |= !same;
		fprintf(cli->out, "%s %-20s ", same ? " " : "~", name);
		places(cli->out, list);
		if (!same) {
			fputs(" -> ", cli->out);
			places(cli->out, then);
		}
		if (!json_array_size(then) && *member_text(json_object_get(answer, "why"), name))
			fprintf(cli->out, "   (%s)",
				member_text(json_object_get(answer, "why"), name));
		fputc('\n', cli->out);
	}
	if (json_array_size(json_object_get(answer, "actions")))
		fputs("\nIn this order:\n", cli->out);
	json_array_foreach (json_object_get(answer, "actions"), i, a)
		fprintf(cli->out, "%3zu  %s%s%s on %s\n", i + 1, member_text(a, "op"),
			*member_text(a, "resource") ? " " : "", member_text(a, "resource"),
			member_text(a, "node"));
	return changes;
}

int cli_whatif(const struct command *command, void *ctx)
{
	const char *fault = strrchr(command->row->verb, '-') + 1;
	struct door_request request = { .method = "POST", .path = "/v1/whatif" };
	bool of_ticket = !strncmp(command->row->verb, "ticket-", strlen("ticket-"));
	json_t *things = json_object(),
	       *wish = json_pack("{s:o}", of_ticket ? "tickets" : "nodes", things);
	owned(free) char *body = NULL;
	const struct cli *cli = ctx;
	struct door_answer answer;
	bool changes = false;
	int r;

	for (size_t i = 0; i < command->n_words; i++)
		json_object_set_new(things, command->words[i], json_string(fault));
	body = json_dumps(wish, JSON_COMPACT);
	json_decref(wish);
	request.body = body;
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		changes = whatif_print(cli, answer.json);
	changes |= !json_equal(
		json_object_get(answer.json, "before"), json_object_get(answer.json, "after"));
	door_answer_done(&answer);
	return changes ? CLI_CHANGES : CLI_OK;
}

/* ---- the past
 * ------------------------------------------------------------------------------------ */

static void when(json_t *ms, char ret[24])
{
	time_t t = (time_t)(json_integer_value(ms) / 1000);
	struct tm tm;

	if (!ms || !localtime_r(&t, &tm) || !strftime(ret, 24, "%Y-%m-%d %H:%M:%S", &tm))
		strcpy(ret, "-");
}

static void history_table(const struct cli *cli, json_t *history)
{
	char at[24];
	json_t *r;
	size_t i;

	fprintf(cli->out, "%8s  %-19s  %-24s  %s\n", "REVISION", "WHEN", "WHO", "FROM");
	json_array_foreach (json_object_get(history, "revisions"), i, r) {
		when(json_object_get(r, "at_ms"), at);
		fprintf(cli->out, "%8ld  %-19s  %-24s  %s\n", number(r, "revision"), at,
			member_text(r, "user"), member_text(r, "name"));
	}
}

int cli_history(const struct command *command, void *ctx)
{
	return cli_read(ctx, "/v1/configuration/history", history_table);
}

int cli_diff(const struct command *command, void *ctx)
{
	const char *to = command->n_words > 1 ? command->words[1] : NULL;
	owned(free) char *path = own_printf("/v1/configuration/diff?from=%lu%s%lu",
		strtoul(command->words[0], NULL, 10), to ? "&to=" : "&to=0",
		to ? strtoul(to, NULL, 10) : 0);
	const struct cli *cli = ctx;
	struct door_answer answer;
	json_t *line;
	size_t i, n;
	int code = get(cli, path, &answer);

	if (code)
		return code;
	n = json_array_size(json_object_get(answer.json, "lines"));
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		json_array_foreach (json_object_get(answer.json, "lines"), i, line) {
			const char *kind = json_string_value(json_array_get(line, 0));
			const char *colour = !cli->colour   ? ""
					     : *kind == '+' ? "\033[32m"
					     : *kind == '-' ? "\033[31m"
							    : "";

			fprintf(cli->out, "%s%s %s%s\n", colour, kind,
				json_string_value(json_array_get(line, 1)),
				*colour ? "\033[0m" : "");
		}
	door_answer_done(&answer);
	return n ? CLI_CHANGES : CLI_OK;
}

int cli_audit(const struct command *command, void *ctx)
{
	const char *limit = command_option(command, "limit");
	owned(free) char *path =
		own_printf("/v1/audit?limit=%lu", limit ? strtoul(limit, NULL, 10) : 50);
	const struct cli *cli = ctx;
	struct door_answer answer;
	bool intact;
	char at[24];
	json_t *r;
	size_t i;
	int code = get(cli, path, &answer);

	if (code)
		return code;
	intact = json_is_true(json_object_get(answer.json, "intact"));
	if (cli_json(cli)) {
		cli_print(cli, answer.json);
	} else {
		json_array_foreach (json_object_get(answer.json, "records"), i, r) {
			when(json_object_get(r, "at_ms"), at);
			fprintf(cli->out, "%s  %3ld  %-24s  %s %s%s%s\n", at, number(r, "status"),
				member_text(r, "user"), member_text(r, "method"),
				member_text(r, "path"), *member_text(r, "text") ? "  " : "",
				member_text(r, "text"));
		}
		fprintf(cli->out, "%ld records, chain %s\n", number(answer.json, "count"),
			intact ? "intact" : "BROKEN");
	}
	door_answer_done(&answer);
	return intact ? CLI_OK : CLI_FAILURE;
}
