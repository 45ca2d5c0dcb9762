/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "edge/authority.h"
#include "edge/cli.h"
#include "edge/identity.h"

#define PKI_ALSO_MAX 16
#define PKI_DAYS_MAX 3650

const struct command_option cli_pki_issue_options[] = {
	{ "role", "ROLE",
		"node, controller, client, viewer, operator, fencer, admin, or several with commas "
		"(node)",
		0 },
	{ "also", "NAME", "another name of the same host; may repeat", 0 },
	{ "out", "DIR", "where ca.crt, node.crt and node.key go (DIR/NAME)", 0 },
	{ "days", "DAYS", "how long it is valid (365)", 0 },
	{ "ttl", "TIME", "the same, and for every renewal, as a time: 12h", 0 },
	{ 0 },
};

int cli_pki_ca(const struct command *command, void *ctx)
{
	struct cli *cli = ctx;
	owned(free) char *why = NULL;
	int r;

	r = authority_create(command->words[0], "picket CA", &why);
	if (r)
		return cli_fail(r == -EEXIST ? CLI_CONFLICT : CLI_FAILURE, "%s", why);
	if (!cli_json(cli))
		fprintf(cli->out, "made %s/ca.crt and %s/ca.key; keep ca.key to yourself\n",
			command->words[0], command->words[0]);
	return CLI_OK;
}

int cli_keys_rotate(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "POST", .path = "/v1/keys/rotate", .body = "{}" };
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r = cli_ask(cli, &request, &answer);

	(void)command;
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out, "the heartbeat keys have changed\n");
	door_answer_done(&answer);
	return CLI_OK;
}

static int pki_roles(const char *text, unsigned *ret)
{
	unsigned roles = 0, i;

	for (const char *at = text;;) {
		size_t len = strcspn(at, ",");

		for (i = 0; i < IDENTITY_ROLES; i++)
			if (strlen(identity_role_names[i]) == len &&
				!memcmp(identity_role_names[i], at, len))
				break;
		if (i == IDENTITY_ROLES)
			return -EINVAL;
		roles |= 1u << i;
		at += len;
		if (!*at)
			break;
		at++;
	}
	*ret = roles;
	return 0;
}

static int pki_also(const struct command *command, struct authority_subject *subject,
	const char *also[PKI_ALSO_MAX])
{
	const char *name;

	while ((name = command_option_at(command, "also", subject->n_also))) {
		if (subject->n_also == PKI_ALSO_MAX)
			return -E2BIG;
		also[subject->n_also++] = name;
	}
	return 0;
}

int cli_pki_issue(const struct command *command, void *ctx)
{
	struct cli *cli = ctx;
	const char *dir = command->words[0], *out = command_option(command, "out");
	const char *role = command_option(command, "role"), *days = command_option(command, "days");
	const char *also[PKI_ALSO_MAX], *ttl = command_option(command, "ttl");
	struct authority_subject subject = { .name = command->words[1],
		.roles = IDENTITY_NODE,
		.also = also,
		.seconds = ttl ? cli_seconds(ttl) : 0 };
	owned(free) char *why = NULL;
	owned(free) char *beside = own_printf("%s/%s", dir, subject.name);
	int r;

	if (role && pki_roles(role, &subject.roles))
		return cli_fail(CLI_USAGE, "--role %s: node, controller or client", role);
	if (days) {
		subject.days = (unsigned)strtoul(days, NULL, 10);
		if (!subject.days || subject.days > PKI_DAYS_MAX)
			return cli_fail(CLI_USAGE, "--days %s: 1 to %d", days, PKI_DAYS_MAX);
	}
	if (ttl && days)
		return cli_fail(CLI_USAGE, "--days or --ttl, not both");
	if (ttl && !subject.seconds)
		return cli_fail(CLI_USAGE, "--ttl %s: a time is wanted, as 12h", ttl);
	if (pki_also(command, &subject, also))
		return cli_fail(CLI_USAGE, "too many names");
	r = authority_issue(dir, &subject, out ? out : beside, &why);
	if (r)
		return cli_fail(r == -EINVAL ? CLI_USAGE : CLI_FAILURE, "%s", why);
	if (!cli_json(cli))
		fprintf(cli->out, "made %s/{ca.crt,node.crt,node.key}\n", out ? out : beside);
	return CLI_OK;
}

const struct command_option cli_init_options[] = {
	{ "pki", "DIR", "where the files go (/etc/picket/pki)", 0 },
	{ "also", "NAME", "another name of this host, as a node for instance; may repeat", 0 },
	{ 0 },
};

/* The CA and the first controller's certificate, in one folder: what picketd needs to start. */
int cli_init(const struct command *command, void *ctx)
{
	const char *dir = command_option(command, "pki"), *also[PKI_ALSO_MAX];
	struct authority_subject subject = { .name = command->words[0],
		.also = also,
		.roles = IDENTITY_CONTROLLER | IDENTITY_NODE };
	owned(free) char *why = NULL;
	struct cli *cli = ctx;
	int r;

	dir = dir ? dir : "/etc/picket/pki";
	if (pki_also(command, &subject, also))
		return cli_fail(CLI_USAGE, "too many names");
	r = authority_create(dir, "picket CA", &why);
	if (!r)
		r = authority_issue(dir, &subject, dir, &why);
	if (r)
		return cli_fail(r == -EEXIST   ? CLI_CONFLICT
				: r == -EINVAL ? CLI_USAGE
					       : CLI_FAILURE,
			"%s", why);
	if (!cli_json(cli))
		fprintf(cli->out,
			"%s has a CA, and a certificate for %s as controller and node.\n"
			"For each other host: picket pki issue %s NAME --role node, then copy "
			"%s/NAME "
			"there as /etc/picket/pki.\nca.key signs new hosts: keep it to yourself.\n",
			dir, subject.name, dir, dir);
	return CLI_OK;
}
