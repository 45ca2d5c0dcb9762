// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: the policy engine on a file, without a daemon. */
#include "edge/cli_simulate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/own.h"
#include "base/xml.h"
#include "core/model/value.h"
#include "core/model/when.h"
#include "core/policy/execution.h"

#define CIB_MAX (1U << 30)

const struct command_option cli_simulate_options[] = {
	{ "cib", "FILE", "the cluster: configuration and status, as a CIB in XML; - for standard input",
		'x' },
	{ "at", "TIME", "the time to assume (the file's execution-date, else now)", 't' },
	{ 0 },
};

void simulation_done(struct simulation *s)
{
	plan_free(s->plan);
	engine_free(s->engine);
	element_tree_free(s->tree);
	*s = (struct simulation){ 0 };
}

static int read_stdin(char **ret, size_t *ret_len)
{
	size_t len = 0, cap = 1 << 16;
	char *text = own_array(NULL, cap, 1);

	for (;;) {
		size_t n = fread(text + len, 1, cap - len - 1, stdin);

		if (!n)
			break;
		len += n;
		if (len >= CIB_MAX) {
			free(text);
			return -EFBIG;
		}
		if (cap - len < cap / 2) {
			cap *= 2;
			text = own_array(text, cap, 1);
		}
	}
	text[len] = '\0';
	*ret = text;
	*ret_len = len;
	return ferror(stdin) ? -EIO : 0;
}

static int load(const char *path, struct element_tree **ret)
{
	owned(free) char *text = NULL, *why = NULL;
	unsigned line = 0;
	size_t len;
	int r;

	r = strcmp(path, "-") ? file_read(path, CIB_MAX, &text, &len) : read_stdin(&text, &len);
	if (r)
		return cli_fail(CLI_NOT_FOUND, "%s: %s", path, strerror(-r));
	if (xml_parse(text, len, ret, &line, &why))
		return cli_fail(CLI_USAGE, "%s:%u: %s", path, line, why);
	return CLI_OK;
}

/* The zone of this host, for times that name none. */
static struct when host_now(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (struct when){ .seconds = now, .offset_s = (int32_t)tm.tm_gmtoff };
}

static int time_of(const struct command *command, const struct element *cib, int64_t *ret)
{
	const char *at = command_option(command, "at");
	struct when now = host_now(), when;
	long long recorded;

	if (at) {
		if (when_parse(at, &now, &when))
			return cli_fail(CLI_USAGE,
				"--at %s: not a time; 2026-11-29 17:00:00Z is one", at);
		*ret = when.seconds;
	} else if (!value_integer(element_get(cib, "execution-date"), &recorded) && recorded > 0) {
		*ret = recorded;
	} else {
		*ret = now.seconds;
	}
	return CLI_OK;
}

static int decide(const char *path, const struct engine_options *options, struct simulation *s)
{
	owned(free) char *why = NULL;

	s->engine = engine_new(s->tree->root, s->now, options);
	if (engine_run(s->engine, &why))
		return cli_fail(CLI_USAGE, "%s: %s", path, why);
	s->plan = engine_plan(s->engine);
	return CLI_OK;
}

/* The tree becomes what it is once the plan has been carried out. */
static int carry_out(const char *path, struct simulation *s)
{
	owned(free) char *why = NULL;

	engine_free(s->engine);
	s->engine = NULL;
	execution_run(s->tree, s->plan, NULL, 0);
	s->engine = engine_new(s->tree->root, s->now, &(struct engine_options){ .masked = true });
	if (engine_look(s->engine, &why))
		return cli_fail(CLI_FAILURE, "%s: after the plan: %s", path, why);
	return CLI_OK;
}

static int answer(const struct cli *cli, const char *path, struct simulation *s)
{
	json_t *document = simulate_json(s);
	int r = carry_out(path, s);

	if (r == CLI_OK) {
		simulate_json_after(s, document);
		cli_print(cli, document);
	}
	json_decref(document);
	return r;
}

int cli_simulate(const struct command *command, void *ctx)
{
	const char *path = command_option(command, "cib");
	struct engine_options options = { .masked = true };
	struct simulation s = { 0 };
	int r;

	if (!path)
		return cli_fail(CLI_USAGE, "simulate: --cib FILE says what to simulate");
	r = load(path, &s.tree);
	if (r == CLI_OK)
		r = time_of(command, s.tree->root, &s.now);
	if (r == CLI_OK)
		r = decide(path, &options, &s);
	if (r == CLI_OK)
		r = answer(ctx, path, &s);
	simulation_done(&s);
	return r;
}
