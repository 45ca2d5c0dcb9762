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

static const struct command_option options[] = {
	{ "output", "text|json", "form of the answer (text)", 'o' },
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
	{ "apply", NULL, "FILE", "make FILE (YAML or JSON, - for standard input) the configuration",
		cli_apply_options, cli_apply },
	{ "export", NULL, NULL, "print the configuration", NULL, cli_export },
	{ "node", "standby", "NODE", "move everything away from it", NULL, cli_node },
	{ "node", "online", "NODE", "end its standby", NULL, cli_node },
	{ "node", "maintenance", "NODE", "leave it and what it runs alone", NULL, cli_node },
	{ "node", "unmaintenance", "NODE", "end its maintenance", NULL, cli_node },
	{ "node", "stop", "NODE", "move everything away, then let it leave", NULL, cli_node },
	{ "resource", "move", "RESOURCE [NODE]", "to NODE, or away from where it runs", NULL,
		cli_resource },
	{ "resource", "ban", "RESOURCE [NODE]", "keep it from NODE, or from where it runs", NULL,
		cli_resource },
	{ "resource", "clear", "RESOURCE", "forget what move and ban asked for", NULL,
		cli_resource },
	{ "resource", "cleanup", "RESOURCE [NODE]", "forget its failures", NULL, cli_resource },
	{ "resource", "restart", "RESOURCE", "stop it and start it again", NULL, cli_resource },
	{ "fence", NULL, "NODE", "cut a node off and switch it off", cli_sure_options, cli_fence },
	{ "confirm", NULL, "NODE", "vouch that a lost node is switched off", cli_sure_options,
		cli_confirm },
	{ "init", NULL, "NAME", "make a CA, and a certificate for this first controller",
		cli_init_options, cli_init },
	{ "pki", "ca", "DIR", "make the cluster's CA in DIR", NULL, cli_pki_ca },
	{ "pki", "issue", "DIR NAME", "make a host's key and certificate, signed by the CA in DIR",
		cli_pki_issue_options, cli_pki_issue },
	{ "completion", NULL, NULL, "print a bash completion script", NULL, completion },
};

static const struct command_table table = {
	.program = "picket",
	.about = "high availability: look at the cluster and change it",
	.rows = rows,
	.n = sizeof(rows) / sizeof(*rows),
	.options = options,
};

static int completion(const struct command *command, void *ctx)
{
	struct cli *cli = ctx;

	command_completion(&table, cli->out);
	return CLI_OK;
}

static int run(const struct command *command)
{
	const char *output = command_option(command, "output");
	const char *timeout = command_option(command, "timeout");
	const char *socket = command_option(command, "socket");
	struct cli cli = { .output = output ? output : "text", .out = stdout };
	int r;

	if (!socket)
		socket = getenv("PICKET_SOCKET");
	cli.socket = socket && *socket ? socket : DEFAULT_SOCKET;
	cli.timeout_s = timeout ? (unsigned)strtoul(timeout, NULL, 10) : DEFAULT_TIMEOUT_S;
	if (!cli.timeout_s || cli.timeout_s > 86400)
		return cli_fail(CLI_USAGE, "--timeout %s: 1 to 86400 seconds", timeout);
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
