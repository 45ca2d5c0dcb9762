/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/cli.h"
#include "edge/recovery.h"

#define DEFAULT_STATE_DIR "/var/lib/picket"

const struct command_option cli_recover_options[] = {
	{ "state-dir", "DIR", "as in picketd.yaml (" DEFAULT_STATE_DIR ")", 0 },
	{ "yes", NULL, "do not ask", 'y' },
	{ 0 },
};

/* Who sits there: through sudo it is still somebody. */
static const char *user_name(void)
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd *p = getpwuid(getuid());

	return sudo && *sudo ? sudo : p ? p->pw_name : "root";
}

int cli_recover(const struct command *command, void *ctx)
{
	const char *dir = command_option(command, "state-dir");
	owned(free) char *why = NULL;
	struct cli *cli = ctx;
	int r;

	dir = dir ? dir : DEFAULT_STATE_DIR;
	r = cli_sure(command,
		"This makes the controller of this host the only one, with what its log knows. If "
		"another one\nof the old controllers still runs, or is ever started again with its "
		"old log, the cluster\nis split in two. Are all the others switched off for good?");
	if (r)
		return r;
	r = recovery_order(dir, user_name(), &why);
	if (r)
		return cli_fail(r == -EBUSY ? CLI_CONFLICT : CLI_FAILURE, "%s", why);
	if (!cli_json(cli))
		fprintf(cli->out,
			"Ordered. Take 'controllers' out of picketd.yaml and keep this one's "
			"'index'; leave every\nagent.yaml as it is. Then start picketd: it goes on "
			"alone, and the audit says who\nordered it.\n");
	return CLI_OK;
}
