/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cli: what the commands of picket share: where to ask, how to say it, how to end. */
#ifndef EDGE_CLI_H
#define EDGE_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/command.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILURE = 1,
	CLI_USAGE = 2,
	CLI_NOT_FOUND = 3,
	CLI_CONFLICT = 4, /* changed under you */
	CLI_REFUSED = 5,  /* by policy: quorum, safety, permission */
	CLI_UNREACHABLE = 6,
	CLI_TIMEOUT = 7,
	CLI_CHANGES = 8, /* a dry run found changes */
	CLI_WARNINGS = 10,
};

struct cli {
	const char *socket;
	const char *output; /* "text", "json" */
	bool colour;
	unsigned timeout_s;
	FILE *out;
};

static inline bool cli_json(const struct cli *cli)
{
	return cli->output[0] == 'j';
}

/* Says "picket: sentence" on standard error and returns code. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints a document as it is: for --output json. */
void cli_print(const struct cli *cli, json_t *document);

/* One per row of the table; ctx is the struct cli; what they return is the exit status. */
int cli_pki_ca(const struct command *command, void *ctx);
int cli_pki_issue(const struct command *command, void *ctx);

extern const struct command_option cli_pki_issue_options[];

#endif
