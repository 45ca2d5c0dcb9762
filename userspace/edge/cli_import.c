/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Pacemaker configuration as picket's, and back. */
#include <errno.h>
#include <string.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/xml.h"
#include "base/yaml.h"
#include "core/model/adopt.h"
#include "core/model/translate.h"
#include "edge/cli.h"

const struct command_option cli_export_options[] = {
	{ "cib", NULL, "as the configuration of a CIB, in XML, fence devices included", 0 },
	{ "file", "FILE", "of FILE (YAML or JSON) instead of the running cluster", 'f' },
	{ 0 },
};

static int read_it(const char *path, char **ret, size_t *ret_len)
{
	int r = file_read(
		strcmp(path, "-") ? path : "/dev/stdin", PICKET_DOCUMENT_MAX, ret, ret_len);

	if (!r)
		return CLI_OK;
	return cli_fail(r == -ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", path, strerror(-r));
}

static void say(const struct problems *problems, const char *mark)
{
	for (size_t i = 0; i < problems->n; i++)
		fprintf(stderr, "%s: %s%s\n", problems->items[i].where,
			problems->items[i].warning ? mark : "", problems->items[i].text);
}

/* The document goes to standard output, what was not taken over to standard error. */
int cli_import(const struct command *command, void *ctx)
{
	const char *path = command->words[0];
	const struct cli *cli = ctx;
	owned(element_tree) struct element_tree *tree = NULL;
	owned(free) char *text = NULL, *why = NULL;
	struct problems report = { 0 };
	json_t *document = NULL;
	unsigned line = 0;
	size_t len;
	int r = read_it(path, &text, &len);

	if (r)
		return r;
	if (xml_parse(text, len, &tree, &line, &why))
		return cli_fail(CLI_USAGE, "%s:%u: %s", path, line, why);
	if (adopt_cib(tree->root, path, true, &report, &document)) {
		say(&report, "");
		problems_done(&report);
		return CLI_USAGE;
	}
	if (cli->output[0] == 'j')
		cli_print(cli, document);
	else
		yaml_print(document, cli->out);
	say(&report, "not as it was: ");
	problems_done(&report);
	json_decref(document);
	return CLI_OK;
}

static int print_cib(const struct cli *cli, json_t *root, const struct document *document)
{
	owned(element_tree) struct element_tree *tree = NULL;
	struct problems problems = { 0 };
	int r = translate_site(root, document, true, &problems, &tree);

	say(&problems, "warning: ");
	problems_done(&problems);
	if (r)
		return CLI_USAGE;
	element_add(tree, tree->root, "status");
	xml_print(tree->root, cli->out);
	return CLI_OK;
}

static int print_file(const struct command *command, const struct cli *cli, const char *path)
{
	owned(document) struct document *document = NULL;
	owned(free) char *text = NULL;
	struct problems problems = { 0 };
	size_t len;
	int r = read_it(path, &text, &len);

	if (r)
		return r;
	r = document_parse(text, len, path, &problems, &document);
	say(&problems, "warning: ");
	problems_done(&problems);
	if (r)
		return CLI_USAGE;
	if (command_option(command, "cib"))
		return print_cib(cli, document->root, document);
	cli_print(cli, document->root);
	return CLI_OK;
}

int cli_export(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "GET", .path = "/v1/configuration" };
	const char *path = command_option(command, "file");
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r;

	if (path)
		return print_file(command, cli, path);
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (command_option(command, "cib"))
		r = print_cib(cli, answer.json, NULL);
	else
		cli_print(cli, answer.json);
	door_answer_done(&answer);
	return r;
}
