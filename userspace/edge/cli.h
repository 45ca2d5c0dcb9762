/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cli: what the commands of picket share: where to ask, how to say it, how to end. */
#ifndef EDGE_CLI_H
#define EDGE_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/command.h"
#include "edge/door.h"

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
	const char *output; /* "text" or "table", "json", "yaml" */
	bool colour;
	unsigned timeout_s;
	unsigned wait_s; /* how long to go on until what was asked for is done; 0: not at all */
	FILE *out;
};

/* A document is wanted, not text for people. */
static inline bool cli_json(const struct cli *cli)
{
	return cli->output[0] == 'j' || cli->output[0] == 'y';
}

/* Says "picket: sentence" on standard error and returns code. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
long cli_seconds(const char *text); /* "90s", "30m", "2h", "90"; 0: not a time */
/* Prints a document as it is: for --output json or yaml. */
void cli_print(const struct cli *cli, json_t *document);
/* Asks the controller. CLI_OK: *ret holds a good answer, door_answer_done() it. Else the reason was
 * said already, problem documents included. */
int cli_ask(const struct cli *cli, struct door_request *request, struct door_answer *ret);
/* Reads what is at the path and shows it: the document, or what table() makes of it for people. */
int cli_read(const struct cli *cli, const char *path,
	void (*table)(const struct cli *cli, json_t *document));
/* The same for a change. With --wait it goes on until the cluster has done what follows from it,
 * and shows on a terminal how far that is. */
int cli_ask_change(const struct cli *cli, struct door_request *request, struct door_answer *ret);
/* Before what cannot be undone: asks on a terminal; elsewhere --yes must say so. CLI_OK or not. */
int cli_sure(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One per row of the table; ctx is the struct cli; what they return is the exit status. */
int cli_status(const struct command *command, void *ctx);
int cli_events(const struct command *command, void *ctx);
int cli_apply(const struct command *command, void *ctx);
int cli_export(const struct command *command, void *ctx);
int cli_import(const struct command *command, void *ctx);
int cli_node(const struct command *command, void *ctx);
int cli_resource(const struct command *command, void *ctx);
int cli_fence(const struct command *command, void *ctx);
int cli_fence_test(const struct command *command, void *ctx);
int cli_confirm(const struct command *command, void *ctx);
int cli_token_create(const struct command *command, void *ctx);
int cli_token_list(const struct command *command, void *ctx);
int cli_token_drop(const struct command *command, void *ctx);
int cli_show(const struct command *command, void *ctx);
int cli_names(const struct command *command, void *ctx);
int cli_why(const struct command *command, void *ctx);
int cli_whatif(const struct command *command, void *ctx);
int cli_history(const struct command *command, void *ctx);
int cli_diff(const struct command *command, void *ctx);
int cli_audit(const struct command *command, void *ctx);
int cli_edit(const struct command *command, void *ctx);
int cli_rollback(const struct command *command, void *ctx);
int cli_backup(const struct command *command, void *ctx);
int cli_restore(const struct command *command, void *ctx);
int cli_doctor(const struct command *command, void *ctx);
int cli_bundle(const struct command *command, void *ctx);
int cli_join(const struct command *command, void *ctx);
/* The fingerprint of the CA in a folder (NULL: the usual one); what is wrong has been said. */
int cli_pin(const char *pki, char *ret);
int cli_controller_change(const struct command *command, void *ctx);
int cli_controller_list(const struct command *command, void *ctx);
int cli_keys_rotate(const struct command *command, void *ctx);
int cli_recover(const struct command *command, void *ctx);
int cli_simulate(const struct command *command, void *ctx);
int cli_ticket(const struct command *command, void *ctx);
int cli_ticket_list(const struct command *command, void *ctx);
int cli_check(const struct command *command, void *ctx);
int cli_init(const struct command *command, void *ctx);
int cli_ca_show(const struct command *command, void *ctx);
int cli_ca_rotate(const struct command *command, void *ctx);
int cli_ca_retire(const struct command *command, void *ctx);
int cli_pki_ca(const struct command *command, void *ctx);
int cli_pki_issue(const struct command *command, void *ctx);

extern const struct command_option cli_status_options[], cli_events_options[], cli_apply_options[],
	cli_sure_options[], cli_ca_rotate_options[], cli_ca_retire_options[], cli_init_options[],
	cli_pki_issue_options[], cli_token_options[], cli_limit_options[], cli_doctor_options[],
	cli_simulate_options[], cli_export_options[], cli_resource_options[], cli_wait_options[],
	cli_recover_options[], cli_join_options[], cli_controller_options[];

#endif
