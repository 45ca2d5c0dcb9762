/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "base/yaml.h"
#include "edge/cli.h"

const struct command_option cli_sure_options[] = {
	{ "wait", "SECONDS", "go on until it is done, at most so long, and show how far it is", 0 },
	{ "yes", NULL, "do not ask", 'y' },
	{ 0 },
};

int cli_fail(int code, const char *format, ...)
{
	va_list ap;

	fputs("picket: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

void cli_print(const struct cli *cli, json_t *document)
{
	if (cli->output[0] == 'y') {
		yaml_print(document, cli->out);
		return;
	}
	json_dumpf(document, cli->out, JSON_INDENT(2) | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);
	fputc('\n', cli->out);
}

static int status_code(unsigned status)
{
	switch (status) {
	case 404:
		return CLI_NOT_FOUND;
	case 409:
	case 412:
		return CLI_CONFLICT;
	case 401:
	case 403:
	case 503:
		return CLI_REFUSED;
	case 504:
		return CLI_TIMEOUT;
	default:
		return CLI_FAILURE;
	}
}

/* Title and detail, then one line for each thing that is wrong, with its place. */
long cli_seconds(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	long unit = !*end || !strcmp(end, "s") ? 1
		    : !strcmp(end, "m")        ? 60
		    : !strcmp(end, "h")        ? 3600
					       : 0;

	return n > 0 && n < 1000000 ? n * unit : 0;
}

static void problem_say(json_t *problem, unsigned status)
{
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	json_t *error;
	size_t i;

	json_array_foreach (json_object_get(problem, "errors"), i, error) {
		const char *where = json_string_value(json_object_get(error, "where"));
		const char *text = json_string_value(json_object_get(error, "text"));

		fprintf(stderr, "%s%s%s%s\n", where ? where : "", where && *where ? ": " : "",
			json_is_true(json_object_get(error, "warning")) ? "warning: " : "",
			text ? text : "");
	}
	if (title)
		cli_fail(0, "%s%s%s", title, detail && *detail ? ": " : "", detail ? detail : "");
	else
		cli_fail(0, "the controller answers with status %u", status);
}

int cli_ask(const struct cli *cli, struct door_request *request, struct door_answer *ret)
{
	owned(free) char *why = NULL;
	struct door_answer answer = { 0 };
	int r;

	request->socket = cli->socket;
	request->timeout_s = cli->timeout_s;
	r = door_ask(request, &answer, &why);
	if (r)
		return cli_fail(r == -ETIMEDOUT ? CLI_TIMEOUT
				: r == -EACCES  ? CLI_REFUSED
						: CLI_UNREACHABLE,
			"%s", why);
	if (answer.status / 100 == 2) {
		*ret = answer;
		return CLI_OK;
	}
	if (cli_json(cli) && answer.json)
		cli_print(cli, answer.json);
	problem_say(answer.json, answer.status);
	r = status_code(answer.status);
	door_answer_done(&answer);
	return r;
}

int cli_read(const struct cli *cli, const char *path,
	void (*table)(const struct cli *cli, json_t *document))
{
	struct door_request request = { .method = "GET", .path = path };
	struct door_answer answer;
	int r = cli_ask(cli, &request, &answer);

	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		table(cli, answer.json);
	door_answer_done(&answer);
	return CLI_OK;
}

int cli_sure(const struct command *command, const char *format, ...)
{
	owned(free) char *line = NULL;
	size_t cap = 0;
	va_list ap;

	if (command_option(command, "yes"))
		return CLI_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli_fail(CLI_USAGE, "not on a terminal: --yes must say that you mean it");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputs(" [y/N] ", stderr);
	if (getline(&line, &cap, stdin) > 0 && (line[0] == 'y' || line[0] == 'Y'))
		return CLI_OK;
	return cli_fail(CLI_FAILURE, "nothing was done");
}
