/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tickets: what a site may run that only one of several sites may. */
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/cli.h"

static void tickets_table(const struct cli *cli, json_t *all)
{
	json_t *t, *r;
	size_t i, k;

	json_array_foreach (json_object_get(all, "tickets"), i, t) {
		bool granted = json_is_true(json_object_get(t, "granted"));

		fprintf(cli->out, "%-16s %s%s", member_text(t, "name"),
			granted ? "granted" : "not granted",
			json_is_true(json_object_get(t, "standby")) ? ", on standby" : "");
		json_array_foreach (json_object_get(t, "resources"), k, r)
			fprintf(cli->out, "%s%s", k ? " " : "  needed by ", json_string_value(r));
		fputc('\n', cli->out);
	}
	if (!i)
		fprintf(cli->out, "no constraint names a ticket\n");
}

int cli_ticket_list(const struct command *command, void *ctx)
{
	return cli_read(ctx, "/v1/tickets", tickets_table);
}

/* Two sites that hold one ticket run the same thing twice; one that loses it stops. */
static int ticket_sure(const struct command *command, const char *ticket, const char *verb)
{
	if (!strcmp(verb, "grant"))
		return cli_sure(command,
			"Grant %s here? No other site may hold it: revoke it there first.", ticket);
	if (!strcmp(verb, "revoke"))
		return cli_sure(
			command, "Revoke %s? What depends on it stops, or is fenced.", ticket);
	return CLI_OK;
}

int cli_ticket(const struct command *command, void *ctx)
{
	static const char *const said[][2] = { { "grant", "granted" }, { "revoke", "revoked" },
		{ "standby", "on standby: what depends on it stops" },
		{ "activate", "its standby is over" } };
	const char *ticket = command->words[0], *verb = command->row->verb;
	owned(free) char *encoded = door_encode(ticket);
	owned(free) char *path = own_printf("/v1/tickets/%s/%s", encoded, verb);
	struct door_request request = { .method = "POST", .path = path, .body = "{}" };
	const struct cli *cli = ctx;
	struct door_answer answer;
	size_t i = 0;
	int r = ticket_sure(command, ticket, verb);

	if (r == CLI_OK)
		r = cli_ask_change(cli, &request, &answer);
	if (r)
		return r;
	while (strcmp(said[i][0], verb))
		i++;
	if (!cli_json(cli))
		fprintf(cli->out, "%s: %s\n", ticket, said[i][1]);
	else if (answer.json)
		cli_print(cli, answer.json);
	door_answer_done(&answer);
	return CLI_OK;
}
