/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "core/screen.h"
#include "edge/cli.h"

#define STATUS_EVERY_MS 1000
#define EVENTS_RETRY_MS 1000

const struct command_option cli_status_options[] = {
	{ "watch", NULL, "show it again each second, until interrupted", 'w' },
	{ 0 },
};

const struct command_option cli_events_options[] = {
	{ "follow", NULL, "go on with what happens, until interrupted", 'f' },
	{ "after", "CURSOR", "only what came after this one", 0 },
	{ 0 },
};

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int status_once(const struct cli *cli)
{
	struct door_request request = { .method = "GET", .path = "/v1/status" };
	owned(free) char *text = NULL;
	struct door_answer answer;
	int r;

	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (!json_is_object(answer.json)) {
		r = cli_fail(CLI_FAILURE, "the answer is no status document");
	} else if (cli_json(cli)) {
		cli_print(cli, answer.json);
	} else {
		text = screen_status(answer.json, cli->colour);
		fputs(text, cli->out);
	}
	door_answer_done(&answer);
	return r;
}

int cli_status(const struct command *command, void *ctx)
{
	const struct cli *cli = ctx;
	bool clear = isatty(STDOUT_FILENO) && !cli_json(cli);

	if (!command_option(command, "watch"))
		return status_once(cli);
	for (;;) { /* a controller that is away may come back */
		if (clear)
			fputs("\033[H\033[2J", cli->out);
		status_once(cli);
		if (fflush(cli->out))
			return CLI_FAILURE; /* who read this has gone */
		pause_ms(STATUS_EVERY_MS);
	}
}

/* ---- events
 * --------------------------------------------------------------------------------------- */

static int event_show(const struct cli *cli, json_t *event)
{
	owned(free) char *text = NULL;
	time_t now = time(NULL);
	struct tm tm;

	if (cli_json(cli)) {
		json_dumpf(event, cli->out, JSON_COMPACT);
		fputc('\n', cli->out);
	} else {
		localtime_r(&now, &tm);
		text = screen_event(event, tm.tm_gmtoff, cli->colour);
		fprintf(cli->out, "%s\n", text);
	}
	return fflush(cli->out) ? -EPIPE : 0;
}

struct follow {
	const struct cli *cli;
	char after[64];
	bool closed; /* who reads us has gone */
};

static int follow_on_event(void *ctx, const char *kind, const char *id, const char *data)
{
	struct follow *f = ctx;
	json_t *event = json_loads(data, 0, NULL);

	snprintf(f->after, sizeof(f->after), "%s", id);
	if (event)
		f->closed = event_show(f->cli, event);
	json_decref(event);
	return f->closed;
}

/* A stream that breaks off is taken up again where it was; a controller that was never there is
 * not. */
static int events_follow(const struct cli *cli, const char *after)
{
	struct follow f = { .cli = cli };
	bool seen = false;

	snprintf(f.after, sizeof(f.after), "%s", after ? after : "0");
	while (!f.closed) {
		owned(free) char *encoded = door_encode(f.after);
		owned(free) char *path = own_printf("/v1/events?follow=1&after=%s", encoded);
		owned(free) char *why = NULL;
		struct door_request request = {
			.socket = cli->socket, .method = "GET", .path = path
		};
		struct door_answer answer = { 0 };
		int r;

		r = door_follow(&request, follow_on_event, &f, &answer, &why);
		if (!r) {
			r = cli_fail(CLI_FAILURE, "no stream of events: status %u", answer.status);
			door_answer_done(&answer);
			return r;
		}
		if (!seen && r != -EPIPE && !f.closed)
			return cli_fail(CLI_UNREACHABLE, "%s", why);
		seen = true;
		if (!f.closed)
			pause_ms(EVENTS_RETRY_MS);
	}
	return CLI_OK;
}

int cli_events(const struct command *command, void *ctx)
{
	const struct cli *cli = ctx;
	const char *after = command_option(command, "after");
	owned(free) char *encoded = door_encode(after ? after : "0");
	owned(free) char *path = own_printf("/v1/events?after=%s", encoded);
	struct door_request request = { .method = "GET", .path = path };
	struct door_answer answer;
	json_t *event;
	size_t i;
	int r;

	if (command_option(command, "follow"))
		return events_follow(cli, after);
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (cli_json(cli))
		cli_print(cli, answer.json);
	else
		json_array_foreach (json_object_get(answer.json, "events"), i, event)
			if (event_show(cli, event))
				break;
	door_answer_done(&answer);
	return CLI_OK;
}
