/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picket, the command line: one const row per command; the work is in edge/cli_*.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/cli.h"

#define DEFAULT_SOCKET "/run/picket/api.sock"
#define DEFAULT_TIMEOUT_S 30

static int completion(const struct command *command, void *ctx);
static int manual(const struct command *command, void *ctx);

static const struct command_option options[] = {
	{ "output", "text|table|json|yaml", "form of the answer (text)", 'o' },
	{ "socket", "PATH", "the controller's socket ($PICKET_SOCKET, " DEFAULT_SOCKET ")", 's' },
	{ "timeout", "SECONDS", "how long to wait for an answer (30)", 0 },
	{ "no-color", NULL, "no colours, as with NO_COLOR in the environment", 0 },
	{ "help", NULL, "help, for a command or for all", 'h' },
	{ "version", NULL, "version", 'V' },
	{ 0 },
};

static const struct command_row rows[] = {
	{ "status", NULL, NULL, "what is, what happens, and why something is not",
		cli_status_options, cli_status },
	{ "events", NULL, NULL, "what has happened", cli_events_options, cli_events },
	{ "why", NULL, "RESOURCE|NODE", "why it is as it is", NULL, cli_why },
	{ "show", NULL, "WHAT",
		"nodes, resources, links, leases, constraints, actions, failovers, tickets, "
		"fencing, jobs, whoami or metrics",
		NULL, cli_show },
	{ "names", NULL, "WHAT...", "the names of nodes, resources or tickets, each on a line",
		NULL, cli_names },
	{ "whatif", "node-down", "NODE...", "what would happen if these nodes were lost", NULL,
		cli_whatif },
	{ "whatif", "node-standby", "NODE...", "what would happen if they went on standby", NULL,
		cli_whatif },
	{ "whatif", "node-online", "NODE...", "what would happen if they came back", NULL,
		cli_whatif },
	{ "whatif", "ticket-grant", "TICKET...", "what would happen if they were held here", NULL,
		cli_whatif },
	{ "whatif", "ticket-revoke", "TICKET...", "what would happen if they were taken away", NULL,
		cli_whatif },
	{ "whatif", "ticket-standby", "TICKET...", "what would happen if they went on standby",
		NULL, cli_whatif },
	{ "whatif", "ticket-activate", "TICKET...", "what would happen if their standby ended",
		NULL, cli_whatif },
	{ "simulate", NULL, NULL, "what a cluster in a file would do next, and why",
		cli_simulate_options, cli_simulate },
	{ "audit", NULL, NULL, "who changed what, and who was refused", cli_limit_options,
		cli_audit },
	{ "doctor", NULL, NULL, "check this host and the cluster, and say what to mend",
		cli_doctor_options, cli_doctor },
	{ "bundle", NULL, "FILE", "everything that whoever helps wants to see, as FILE.tar.gz",
		NULL, cli_bundle },
	{ "edit", NULL, NULL, "change the configuration in $EDITOR", NULL, cli_edit },
	{ "history", NULL, NULL, "the configuration's revisions", NULL, cli_history },
	{ "diff", NULL, "REVISION [REVISION]", "what changed since, or between two", NULL,
		cli_diff },
	{ "rollback", NULL, "REVISION", "make an older revision the newest one", cli_wait_options,
		cli_rollback },
	{ "backup", NULL, NULL, "print configuration and tokens, for restore", NULL, cli_backup },
	{ "restore", NULL, "FILE", "take a backup's configuration and tokens", cli_sure_options,
		cli_restore },
	{ "apply", NULL, "FILE", "make FILE (YAML or JSON, - for standard input) the configuration",
		cli_apply_options, cli_apply },
	{ "check", NULL, "FILE",
		"say what is wrong with a configuration (YAML, JSON or a CIB), and what may be",
		NULL, cli_check },
	{ "export", NULL, NULL, "print the configuration", cli_export_options, cli_export },
	{ "import", NULL, "FILE",
		"print a Pacemaker configuration (cibadmin -Q) as picket's, and say what is not in "
		"it",
		NULL, cli_import },
	{ "node", "standby", "NODE", "move everything away from it", cli_wait_options, cli_node },
	{ "node", "online", "NODE", "end its standby", cli_wait_options, cli_node },
	{ "node", "maintenance", "NODE", "leave it and what it runs alone", cli_wait_options,
		cli_node },
	{ "node", "unmaintenance", "NODE", "end its maintenance", cli_wait_options, cli_node },
	{ "node", "stop", "NODE", "move everything away, then let it leave", cli_wait_options,
		cli_node },
	{ "resource", "move", "RESOURCE [NODE]", "to NODE, or away from where it runs",
		cli_resource_options, cli_resource },
	{ "resource", "ban", "RESOURCE [NODE]", "keep it from NODE, or from where it runs",
		cli_resource_options, cli_resource },
	{ "resource", "clear", "RESOURCE", "forget what move and ban asked for", cli_wait_options,
		cli_resource },
	{ "resource", "cleanup", "RESOURCE [NODE]", "forget its failures", cli_wait_options,
		cli_resource },
	{ "resource", "restart", "RESOURCE", "stop it and start it again", cli_wait_options,
		cli_resource },
	{ "ticket", "list", NULL, "the tickets, who depends on them, which are held here", NULL,
		cli_ticket_list },
	{ "ticket", "grant", "TICKET", "let this cluster hold it: no other one may then",
		cli_sure_options, cli_ticket },
	{ "ticket", "revoke", "TICKET", "take it away: what depends on it stops, or as it says",
		cli_sure_options, cli_ticket },
	{ "ticket", "standby", "TICKET", "stop what depends on it, and keep it", cli_wait_options,
		cli_ticket },
	{ "ticket", "activate", "TICKET", "end its standby", cli_wait_options, cli_ticket },
	{ "fence", NULL, "NODE", "cut a node off and switch it off", cli_sure_options, cli_fence },
	{ "fence", "test", "NODE", "rehearse that: log in to each of its devices, switch nothing",
		NULL, cli_fence_test },
	{ "confirm", NULL, "NODE", "vouch that a lost node is switched off", cli_sure_options,
		cli_confirm },
	{ "token", "create", "[NAME]", "make a token: for the API, or for a host to join",
		cli_token_options, cli_token_create },
	{ "token", "list", NULL, "the tokens, without their secrets", NULL, cli_token_list },
	{ "token", "drop", "ID", "take a token back", NULL, cli_token_drop },
	{ "init", NULL, "NAME", "make a CA, and a certificate for this first controller",
		cli_init_options, cli_init },
	{ "controller", "list", NULL, "the controllers: who votes, who comes, who goes", NULL,
		cli_controller_list },
	{ "controller", "add", "NAME=ADDRESS,...", "let more of them vote, while everything runs",
		cli_controller_options, cli_controller_change },
	{ "controller", "remove", "NAME...", "let fewer of them vote", cli_controller_options,
		cli_controller_change },
	{ "controller", "replace", "NAME NAME=ADDRESS,...", "a lost one by a new one, in one step",
		cli_controller_options, cli_controller_change },
	{ "recover", NULL, NULL, "a majority is lost for good: let this controller go on alone",
		cli_recover_options, cli_recover },
	{ "join", NULL, "CONTROLLER TOKEN", "make this bare host a node or controller",
		cli_join_options, cli_join },
	{ "keys", "rotate", NULL, "let every heartbeat key give way to the next", NULL,
		cli_keys_rotate },
	{ "ca", "show", NULL, "which CA the cluster has, and how far one has given way to the next",
		NULL, cli_ca_show },
	{ "ca", "rotate", NULL, "make another CA, and let it take over host by host",
		cli_ca_rotate_options, cli_ca_rotate },
	{ "ca", "retire", NULL, "trust the CA before no longer", cli_ca_retire_options,
		cli_ca_retire },
	{ "pki", "ca", "DIR", "make the cluster's CA in DIR", NULL, cli_pki_ca },
	{ "pki", "issue", "DIR NAME", "make a host's key and certificate, signed by the CA in DIR",
		cli_pki_issue_options, cli_pki_issue },
	{ "completion", NULL, "[SHELL]", "print a completion script: bash, zsh or fish (bash)",
		NULL, completion },
	{ "manual", NULL, NULL, "print the man page's sections about commands and options", NULL,
		manual },
};

static const struct command_kind kinds[] = {
	{ "NODE", "nodes" },
	{ "RESOURCE", "resources" },
	{ "TICKET", "tickets" },
	{ 0 },
};

static const struct command_table table = {
	.program = "picket",
	.about = "high availability: look at the cluster and change it",
	.kinds = kinds,
	.rows = rows,
	.n = sizeof(rows) / sizeof(*rows),
	.options = options,
};

static int completion(const struct command *command, void *ctx)
{
	const char *shell = command->n_words ? command->words[0] : "bash";
	struct cli *cli = ctx;

	if (!strcmp(shell, "bash"))
		command_completion(&table, cli->out);
	else if (!strcmp(shell, "zsh"))
		command_completion_zsh(&table, cli->out);
	else if (!strcmp(shell, "fish"))
		command_completion_fish(&table, cli->out);
	else
		return cli_fail(CLI_USAGE, "%s: bash, zsh or fish", shell);
	return CLI_OK;
}

static int manual(const struct command *command, void *ctx)
{
	struct cli *cli = ctx;

	command_manual(&table, cli->out);
	return CLI_OK;
}

static int run(const struct command *command)
{
	const char *output = command_option(command, "output");
	const char *timeout = command_option(command, "timeout");
	const char *socket = command_option(command, "socket"), *wait;
	struct cli cli = { .output = output ? output : "text", .out = stdout };
	int r;

	if (!socket)
		socket = getenv("PICKET_SOCKET");
	cli.socket = socket && *socket ? socket : DEFAULT_SOCKET;
	cli.timeout_s = timeout ? (unsigned)strtoul(timeout, NULL, 10) : DEFAULT_TIMEOUT_S;
	if (!cli.timeout_s || cli.timeout_s > 86400)
		return cli_fail(CLI_USAGE, "--timeout %s: 1 to 86400 seconds", timeout);
	wait = command_option(command, "wait");
	cli.wait_s = wait ? (unsigned)strtoul(wait, NULL, 10) : 0;
	if (wait && (!cli.wait_s || cli.wait_s > 86400))
		return cli_fail(CLI_USAGE, "--wait %s: 1 to 86400 seconds", wait);
	cli.colour = isatty(STDOUT_FILENO) && !command_option(command, "no-color") &&
		     !getenv("NO_COLOR");
	r = command->row->run(command, &cli);
	if ((fflush(stdout) || ferror(stdout)) && r == CLI_OK)
		return cli_fail(CLI_FAILURE, "standard output: %m");
	return r;
}

int main(int argc, char **argv)
{
	owned(free) char *why = NULL;
	struct command command;

	if (argc == 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		printf("picket %s\n", PICKET_VERSION);
		return CLI_OK;
	}
	if (command_parse(&table, argc, argv, &command, &why))
		return cli_fail(CLI_USAGE, "%s", why);
	if (command_option(&command, "help")) {
		command_help(&table, command.row, stdout);
		return CLI_OK;
	}
	return run(&command);
}
