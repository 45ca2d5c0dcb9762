/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/cli.h"

const struct command_option cli_controller_options[] = {
	{ "add", "NAME=ADDRESS,...", "also add this one; may repeat", 0 },
	{ "remove", "NAME", "also remove this one; may repeat", 0 },
	{ 0 },
};

/* NAME=ADDRESS,ADDRESS: its address on each heartbeat link. */
static json_t *member_of(const char *text)
{
	const char *at = strchr(text, '=');
	json_t *addresses;
	size_t len;

	if (!at || at == text || !at[1])
		return NULL;
	addresses = json_array();
	for (const char *p = at + 1; *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		json_array_append_new(addresses, json_stringn(p, len));
	}
	return json_pack("{s:o, s:o}", "name", json_stringn(text, (size_t)(at - text)), "addresses",
		addresses);
}

static int add(json_t *wish, const char *text)
{
	json_t *member = member_of(text);

	if (!member)
		return cli_fail(CLI_USAGE,
			"'%s': NAME=ADDRESS,... is wanted, with its address on each heartbeat link",
			text);
	json_array_append_new(json_object_get(wish, "add"), member);
	return CLI_OK;
}

static int wish_words(const struct command *command, json_t *wish)
{
	json_t *gone = json_object_get(wish, "remove");
	bool adds = !strcmp(command->row->verb, "add");
	size_t first = 0;
	int r = CLI_OK;

	if (!strcmp(command->row->verb, "replace")) {
		json_array_append_new(gone, json_string(command->words[0]));
		first = 1;
		adds = true;
	}
	for (size_t i = first; !r && i < command->n_words; i++) {
		if (adds)
			r = add(wish, command->words[i]);
		else
			json_array_append_new(gone, json_string(command->words[i]));
	}
	return r;
}

static int wish_options(const struct command *command, json_t *wish)
{
	const char *text;
	int r = CLI_OK;

	for (size_t i = 0; !r && (text = command_option_at(command, "add", i)); i++)
		r = add(wish, text);
	for (size_t i = 0; !r && (text = command_option_at(command, "remove", i)); i++)
		json_array_append_new(json_object_get(wish, "remove"), json_string(text));
	return r;
}

int cli_controller_change(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "POST", .path = "/v1/controllers" };
	json_t *wish = json_pack("{s:[], s:[]}", "add", "remove");
	const struct cli *cli = ctx;
	owned(free) char *body = NULL;
	struct door_answer answer;
	int r = wish_words(command, wish);

	if (!r)
		r = wish_options(command, wish);
	body = json_dumps(wish, JSON_COMPACT);
	json_decref(wish);
	request.body = body;
	if (!r)
		r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out,
			"The change is under way; 'picket controller list' tells how far it is.\n"
			"On a new one: 'picket token create --controller NAME' here, 'picket join' "
			"there, then start picketd.\n");
	door_answer_done(&answer);
	return CLI_OK;
}

static void controllers_table(const struct cli *cli, json_t *all)
{
	json_t *c;
	size_t i;

	fprintf(cli->out, "%-20s  %-8s  %s\n", "NAME", "PART", "CONNECTED");
	json_array_foreach (json_object_get(all, "controllers"), i, c)
		fprintf(cli->out, "%-20s  %-8s  %s\n", member_text(c, "name"),
			member_text(c, "part"),
			json_is_true(json_object_get(c, "connected")) ? "yes" : "no");
	if (json_object_get(all, "voters_wait"))
		fprintf(cli->out, "The change waits: %s\n", member_text(all, "voters_wait"));
}

int cli_controller_list(const struct command *command, void *ctx)
{
	return cli_read(ctx, "/v1/controllers", controllers_table);
}
