/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's CA: which there is, and how it gives way to the next while everything runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/authority.h"
#include "edge/cli.h"

#define CA_WITHOUT_MAX 64

const struct command_option cli_ca_rotate_options[] = {
	{ "pki", "DIR", "where ca.key is (/etc/picket/pki)", 0 },
	{ "without", "HOST", "do not wait for it: it must join again; may repeat", 0 },
	{ 0 },
};

const struct command_option cli_ca_retire_options[] = {
	{ "without", "HOST", "do not wait for it: it must join again; may repeat", 0 },
	{ "yes", NULL, "do not ask", 'y' },
	{ 0 },
};

static const char *host_word(json_t *host)
{
	if (json_is_true(json_object_get(host, "without")))
		return "left behind: it must join again";
	if (*member_text(host, "why"))
		return member_text(host, "why");
	if (!json_is_true(json_object_get(host, "trusts")))
		return "does not trust the new one yet, or is not connected";
	if (!json_is_true(json_object_get(host, "shows")))
		return "trusts both";
	return "shows a certificate of it";
}

static void rotation_table(const struct cli *cli, json_t *rotation)
{
	static const char *const steps[][2] = { { "settled", "one CA" },
		{ "both", "two CAs are trusted; the old one signs until everybody trusts both" },
		{ "next", "two CAs are trusted; the new one signs. When everybody shows a "
			  "certificate of it: picket ca retire" } };
	json_t *host;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (!strcmp(steps[i][0], member_text(rotation, "step")))
			fprintf(cli->out, "%s\nfingerprint %s\n", steps[i][1],
				member_text(rotation, "fingerprint"));
	json_array_foreach (json_object_get(rotation, "hosts"), i, host)
		fprintf(cli->out, "  %-10s %-16s %s\n", member_text(host, "kind"),
			member_text(host, "name"), host_word(host));
}

int cli_ca_show(const struct command *command, void *ctx)
{
	return cli_read(ctx, "/v1/ca/rotation", rotation_table);
}

/* NULL: none was named. */
static json_t *without(const struct command *command)
{
	json_t *list = NULL;
	const char *host;

	for (unsigned i = 0;
		i < CA_WITHOUT_MAX && (host = command_option_at(command, "without", i)); i++) {
		if (!list)
			list = json_array();
		json_array_append_new(list, json_string(host));
	}
	return list;
}

static int ask(const struct cli *cli, const char *path, json_t *wish, const char *done)
{
	owned(free) char *body = json_dumps(wish, JSON_COMPACT);
	struct door_request request = { .method = "POST", .path = path, .body = body };
	struct door_answer answer;
	int r = cli_ask(cli, &request, &answer);

	json_decref(wish);
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out, "%s\n", done);
	door_answer_done(&answer);
	return CLI_OK;
}

int cli_ca_rotate(const struct command *command, void *ctx)
{
	const char *dir = command_option(command, "pki");
	owned(free) char *why = NULL;
	owned(free) char *next = NULL;
	int r;

	dir = dir ? dir : "/etc/picket/pki";
	r = authority_next(dir, "picket CA", &next, &why);

	if (r == -ENOENT)
		return cli_fail(CLI_FAILURE,
			"%s/ca.key is not here: it is on the host where 'picket init' was run. "
			"Rotate there, or say --pki DIR",
			dir);
	if (r)
		return cli_fail(CLI_FAILURE, "%s", why ? why : strerror(-r));
	return ask(ctx, "/v1/ca/rotate",
		json_pack("{s:s, s:o*}", "certificate", next, "without", without(command)),
		"another CA is on its way to every host: 'picket ca show' says how far.\n"
		"Copies of ca.crt elsewhere: take the new one, which has both.");
}

int cli_ca_retire(const struct command *command, void *ctx)
{
	int r = cli_sure(command,
		"Trust the old CA no longer? Operators' certificates that it signed, and copies of "
		"ca.crt on other hosts, are good for nothing then.");

	return r ? r
		 : ask(ctx, "/v1/ca/retire", json_pack("{s:o*}", "without", without(command)),
			   "the old CA is trusted no longer");
}
