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
	{ "cib", "FILE",
		"the cluster: configuration and status, as a CIB in XML; - for standard input",
		'x' },
	{ "at", "TIME", "the time to assume (the file's execution-date, else now)", 't' },
	{ "node-down", "NODE", "what if this node were shut down cleanly; may be repeated", 0 },
	{ "node-fail", "NODE", "what if it were lost", 0 },
	{ "node-up", "NODE", "what if it came back", 0 },
	{ "quorum", "yes|no", "what if there were quorum, or none", 0 },
	{ "ticket-grant", "TICKET", "what if it were granted", 0 },
	{ "ticket-revoke", "TICKET", "what if it were revoked", 0 },
	{ "fail", "OP@NODE=CODE",
		"what if this operation (RESOURCE_OP_MS) ended with that exit status", 0 },
	{ "explain", "RESOURCE", "every score that it has on every node, and where that comes from",
		0 },
	{ "graph", "dot", "print the actions and their order as a graph", 0 },
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
			return cli_fail(
				CLI_USAGE, "--at %s: not a time; 2026-11-29 17:00:00Z is one", at);
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

#define FAILURES_MAX COMMAND_OPTIONS_MAX

struct whatif {
	struct execution_failure failures[FAILURES_MAX];
	char *texts[FAILURES_MAX]; /* what the failures point into */
	unsigned n;
};

static void whatif_done(struct whatif *w)
{
	for (unsigned i = 0; i < w->n; i++)
		free(w->texts[i]);
}

/* "web_start_0@n1=1". */
static int failure_read(struct whatif *w, const char *text)
{
	struct execution_failure *f = &w->failures[w->n];
	char *s = own_string(text), *at = strrchr(s, '@'), *is = at ? strchr(at, '=') : NULL;
	char *ms, *op;

	if (!is) {
		free(s);
		return -EINVAL;
	}
	*at = *is = '\0';
	ms = strrchr(s, '_');
	if (ms)
		*ms++ = '\0';
	/* Names of operations may have a blank of their own: migrate_to. */
	op = ms ? strstr(s, "_migrate_") : NULL;
	if (ms && !op)
		op = strrchr(s, '_');
	if (!op) {
		free(s);
		return -EINVAL;
	}
	*op++ = '\0';
	*f = (struct execution_failure){ .resource = s,
		.op = op,
		.node = at + 1,
		.interval_ms = (unsigned)strtoul(ms, NULL, 10),
		.exit = atoi(is + 1) };
	w->texts[w->n++] = s;
	return 0;
}

static void ticket_set(struct element_tree *tree, const char *id, const char *granted)
{
	struct element *status = element_child(tree->root, "status"), *tickets, *state;

	if (!status)
		status = element_add(tree, tree->root, "status");
	tickets = element_child(status, "tickets");
	if (!tickets)
		tickets = element_add(tree, status, "tickets");
	state = element_child_id(tickets, "ticket_state", id);
	if (!state) {
		state = element_add(tree, tickets, "ticket_state");
		element_set(tree, state, "id", id);
	}
	element_set(tree, state, "granted", granted);
}

static bool has_node(const struct element *cib, const char *name)
{
	const struct element *nodes = element_child(element_child(cib, "configuration"), "nodes");

	for (const struct element *n = element_child(nodes, "node"); n;
		n = element_sibling(n, "node"))
		if (element_get(n, "uname") && !strcmp(element_get(n, "uname"), name))
			return true;
	return false;
}

/* What if: the tree becomes what it would be. */
static int suppose(const struct command *command, struct element_tree *tree, struct whatif *w)
{
	for (size_t i = 0; i < command->n_given; i++) {
		const char *name = command->given[i].option->name;
		const char *value = command->given[i].value;

		if (!strncmp(name, "node-", 5)) {
			if (!has_node(tree->root, value))
				return cli_fail(CLI_NOT_FOUND, "--%s %s: there is no such node",
					name, value);
			execution_node(
				tree, value, !strcmp(name, "node-up"), !strcmp(name, "node-fail"));
		} else if (!strcmp(name, "quorum")) {
			element_set(tree, tree->root, "have-quorum", *value == 'y' ? "1" : "0");
		} else if (!strncmp(name, "ticket-", 7)) {
			ticket_set(tree, value, name[7] == 'g' ? "true" : "false");
		} else if (!strcmp(name, "fail") && failure_read(w, value)) {
			return cli_fail(CLI_USAGE,
				"--fail %s: web_start_0@n1=1 is such an operation", value);
		}
	}
	return CLI_OK;
}

/* The tree becomes what it is once the plan has been carried out. */
static int carry_out(const char *path, struct simulation *s, const struct whatif *w)
{
	owned(free) char *why = NULL;

	engine_free(s->engine);
	s->engine = NULL;
	execution_run(s->tree, s->plan, w->failures, w->n, s->now);
	s->engine = engine_new(s->tree->root, s->now, &(struct engine_options){ .masked = true });
	if (engine_look(s->engine, &why))
		return cli_fail(CLI_FAILURE, "%s: after the plan: %s", path, why);
	return CLI_OK;
}

static int answer_document(
	const struct cli *cli, const char *path, struct simulation *s, const struct whatif *w)
{
	json_t *document = simulate_json(s);
	int r = carry_out(path, s, w);

	if (r == CLI_OK) {
		simulate_json_after(s, document);
		cli_print(cli, document);
	}
	json_decref(document);
	return r;
}

static int answer(const struct command *command, const struct cli *cli, const char *path,
	struct simulation *s, const struct whatif *w)
{
	const char *explain = command_option(command, "explain");
	int r;

	if (explain) {
		simulate_explain(cli, s, explain);
		return CLI_OK;
	}
	if (command_option(command, "graph")) {
		simulate_dot(cli, s);
		return CLI_OK;
	}
	if (cli_json(cli))
		return answer_document(cli, path, s, w);
	simulate_text(cli, s);
	r = carry_out(path, s, w);
	if (r == CLI_OK) {
		fputc('\n', cli->out);
		simulate_now(cli, s, "Revised Cluster Status");
	}
	return r;
}

int cli_simulate(const struct command *command, void *ctx)
{
	const char *path = command_option(command, "cib");
	struct engine_options options = { .masked = true };
	struct simulation s = { 0 };
	struct whatif whatif = { .n = 0 };
	int r;

	options.explain = command_option(command, "explain") != NULL;
	if (!path)
		return cli_fail(CLI_USAGE, "simulate: --cib FILE says what to simulate");
	r = load(path, &s.tree);
	if (r == CLI_OK)
		r = time_of(command, s.tree->root, &s.now);
	if (r == CLI_OK)
		r = suppose(command, s.tree, &whatif);
	if (r == CLI_OK)
		r = decide(path, &options, &s);
	if (r == CLI_OK)
		r = answer(command, ctx, path, &s, &whatif);
	whatif_done(&whatif);
	simulation_done(&s);
	return r;
}
