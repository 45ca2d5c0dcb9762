/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes that are followed to their end: a job at the controller, and a line that says how far. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/cli.h"

#define JOB_EVERY_MS 200

const struct command_option cli_wait_options[] = {
	{ "wait", "SECONDS", "go on until it is done, at most so long, and show how far it is", 0 },
	{ 0 },
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress_show(json_t *job, bool last)
{
	long total = (long)json_integer_value(json_object_get(job, "total"));
	long left = (long)json_integer_value(json_object_get(job, "left"));

	if (!isatty(STDERR_FILENO))
		return;
	if (last)
		fputs("\r\033[K", stderr);
	else
		fprintf(stderr, "\r\033[K%ld of %ld steps done", total - left, total);
	fflush(stderr);
}

/* CLI_OK: *ret is the job as it ended. */
static int job_wait(const struct cli *cli, const char *path, double end, struct door_answer *ret)
{
	struct timespec pause = { 0, JOB_EVERY_MS * 1000000L };
	struct door_request request = { .method = "GET", .path = path };
	const char *state;
	int r;

	for (;;) {
		r = cli_ask(cli, &request, ret);
		if (r == CLI_NOT_FOUND)
			return cli_fail(CLI_FAILURE, "it was accepted, but its job is gone: the "
						     "leader changed meanwhile; "
						     "picket status tells how it is");
		if (r)
			return r;
		state = json_string_value(json_object_get(ret->json, "state"));
		progress_show(ret->json, state && !strcmp(state, "done"));
		if (state && !strcmp(state, "done"))
			return CLI_OK;
		door_answer_done(ret);
		if (now_s() > end)
			return cli_fail(CLI_TIMEOUT,
				"it was accepted, and is not done after %u s; picket status tells "
				"why",
				cli->wait_s);
		nanosleep(&pause, NULL);
	}
}

int cli_ask_change(const struct cli *cli, struct door_request *request, struct door_answer *ret)
{
	owned(free) char *path = NULL, *revision = NULL;
	double end = now_s() + cli->wait_s;
	struct door_answer answer;
	int r;

	request->async = cli->wait_s > 0;
	r = cli_ask(cli, request, &answer);
	if (r)
		return r;
	if (answer.status != 202 || !answer.location) {
		*ret = answer;
		return CLI_OK;
	}
	path = own_string(answer.location);
	revision = own_string(answer.etag);
	door_answer_done(&answer);
	r = job_wait(cli, path, end, &answer);
	if (r)
		return r;
	if (revision)
		json_object_set_new(
			answer.json, "revision", json_integer(strtoll(revision, NULL, 10)));
	*ret = answer;
	return CLI_OK;
}
