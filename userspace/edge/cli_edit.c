/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration in an editor, and back to what it was. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/cli.h"

extern char **environ;

static const char text_path[] = "/v1/configuration?format=text";

static int editor_run(const char *path)
{
	const char *editor = getenv("VISUAL");
	owned(free) char *line = NULL;
	int status;
	pid_t pid;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	line = own_printf("%s \"$1\"", editor && *editor ? editor : "vi");
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL,
		    (char *[]){
			    (char *)"sh", (char *)"-c", line, (char *)"sh", (char *)path, NULL },
		    environ) ||
		waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECANCELED;
}

static int wants_again(void)
{
	owned(free) char *line = NULL;
	size_t cap = 0;

	if (!isatty(STDIN_FILENO))
		return 0;
	fputs("Edit it again? [Y/n] ", stderr);
	return getline(&line, &cap, stdin) > 0 && line[0] != 'n' && line[0] != 'N';
}

static int edit_apply(const struct cli *cli, const char *path, const char *etag, const char *before)
{
	struct door_request request = { .method = "PUT",
		.path = "/v1/configuration?name=edit",
		.content_type = "application/yaml",
		.if_match = etag };
	owned(free) char *after = NULL;
	struct door_answer answer;
	size_t len;
	int r = file_read(path, PICKET_DOCUMENT_MAX, &after, &len);

	if (r)
		return cli_fail(CLI_FAILURE, "%s: %s", path, strerror(-r));
	if (!strcmp(before, after)) {
		fprintf(stderr, "nothing was changed\n");
		return CLI_OK;
	}
	request.body = after;
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	fprintf(cli->out, "applied as revision %" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(answer.json, "revision")));
	door_answer_done(&answer);
	return CLI_OK;
}

int cli_edit(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "GET", .path = text_path };
	char path[] = "/tmp/picket-edit-XXXXXX.yaml";
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r, fd;

	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	fd = mkstemps(path, 5);
	if (fd < 0 || write(fd, answer.text, strlen(answer.text)) != (ssize_t)strlen(answer.text))
		r = cli_fail(CLI_FAILURE, "%s: %m", path);
	if (fd >= 0)
		close(fd);
	while (!r) {
		if (editor_run(path)) {
			r = cli_fail(CLI_FAILURE, "the editor failed; nothing was changed");
			break;
		}
		r = edit_apply(cli, path, answer.etag, answer.text);
		if (!r || r == CLI_CONFLICT || !wants_again())
			break;
		r = 0;
	}
	door_answer_done(&answer);
	if (r)
		fprintf(stderr, "What you wrote is kept in %s\n", path);
	else
		unlink(path);
	return r;
}

int cli_rollback(const struct command *command, void *ctx)
{
	owned(free) char *body =
		own_printf("{\"revision\": %lu}", strtoul(command->words[0], NULL, 10));
	struct door_request request = {
		.method = "POST", .path = "/v1/configuration/rollback", .body = body
	};
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r = cli_ask_change(cli, &request, &answer);

	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out,
			"revision %s is in force again, as revision %" JSON_INTEGER_FORMAT "\n",
			command->words[0],
			json_integer_value(json_object_get(answer.json, "revision")));
	door_answer_done(&answer);
	return CLI_OK;
}

/* Always JSON: it is a file. */
int cli_backup(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "GET", .path = "/v1/backup" };
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r = cli_ask(cli, &request, &answer);

	if (r)
		return r;
	json_dumpf(answer.json, cli->out, JSON_INDENT(2));
	fputc('\n', cli->out);
	door_answer_done(&answer);
	return CLI_OK;
}

int cli_restore(const struct command *command, void *ctx)
{
	const char *path = command->words[0];
	struct door_request request = { .method = "POST", .path = "/v1/restore" };
	const struct cli *cli = ctx;
	owned(free) char *text = NULL;
	struct door_answer answer;
	size_t len;
	int r = cli_sure(
		command, "Replace the configuration by that of %s, and take its tokens?", path);

	if (r)
		return r;
	r = file_read(strcmp(path, "-") ? path : "/dev/stdin", PICKET_DOCUMENT_MAX, &text, &len);
	if (r)
		return cli_fail(
			r == -ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", path, strerror(-r));
	request.body = text;
	r = cli_ask_change(cli, &request, &answer);
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		fprintf(cli->out, "%s is in force\n", path);
	door_answer_done(&answer);
	return CLI_OK;
}
