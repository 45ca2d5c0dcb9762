/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration looked through before anybody applies it. */
#include "edge/cli.h"
#include "edge/cli_simulate_source.h"

int cli_check(const struct command *command, void *ctx)
{
	const char *path = command->words[0];
	const struct cli *cli = ctx;
	struct problems problems = { 0 };
	json_t *list, *document;
	int r = source_check(path, &problems);

	if (r)
		return r;
	if (cli_json(cli)) {
		list = json_array();
		for (size_t i = 0; i < problems.n; i++)
			json_array_append_new(list,
				json_pack("{s:b, s:s, s:s}", "warning", problems.items[i].warning,
					"where", problems.items[i].where, "text",
					problems.items[i].text));
		document = json_pack("{s:o}", "problems", list);
		cli_print(cli, document);
		json_decref(document);
	} else {
		source_say(&problems);
		if (!problems.n)
			fprintf(cli->out, "%s: nothing is wrong with it\n", path);
	}
	r = problems.errors ? CLI_USAGE : problems.n ? CLI_WARNINGS : CLI_OK;
	problems_done(&problems);
	return r;
}
