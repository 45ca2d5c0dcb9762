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
	{ "role", "ROLE", "node, controller, client, or several with commas (node)", 0 },
	{ "also", "NAME", "another name of the same host; may repeat", 0 },
	{ "out", "DIR", "where ca.crt, node.crt and node.key go (DIR/NAME)", 0 },
	{ "days", "DAYS", "how long it is valid (365)", 0 },
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

static int pki_roles(const char *text, unsigned *ret)
{
	static const char *const names[] = { "node", "controller", "client" };
	unsigned roles = 0, i;

	for (const char *at = text;;) {
		size_t len = strcspn(at, ",");

		for (i = 0; i < 3; i++)
			if (strlen(names[i]) == len && !memcmp(names[i], at, len))
				break;
		if (i == 3)
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

int cli_pki_issue(const struct command *command, void *ctx)
{
	struct cli *cli = ctx;
	const char *dir = command->words[0], *out = command_option(command, "out");
	const char *role = command_option(command, "role"), *days = command_option(command, "days");
	const char *also[PKI_ALSO_MAX];
	struct authority_subject subject = {
		.name = command->words[1], .roles = IDENTITY_NODE, .also = also
	};
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
	while ((also[subject.n_also] = command_option_at(command, "also", subject.n_also)))
		if (++subject.n_also == PKI_ALSO_MAX)
			return cli_fail(CLI_USAGE, "too many names");
	r = authority_issue(dir, &subject, out ? out : beside, &why);
	if (r)
		return cli_fail(r == -EINVAL ? CLI_USAGE : CLI_FAILURE, "%s", why);
	if (!cli_json(cli))
		fprintf(cli->out, "made %s/{ca.crt,node.crt,node.key}\n", out ? out : beside);
	return CLI_OK;
}
