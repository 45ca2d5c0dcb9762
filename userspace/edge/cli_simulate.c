// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: the policy engine on a model, without a daemon. */
#include "edge/cli_simulate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "base/own.h"
#include "core/model/value.h"
#include "core/model/when.h"
#include "edge/cli_simulate_source.h"
#include "edge/zone.h"

#define CALENDAR_MAX 1000

const struct command_option cli_simulate_options[] = {
	{ "cib", "FILE",
		"the cluster: configuration and status, as a CIB in XML; - for standard input",
		'x' },
	{ "configuration", "FILE",
		"the configuration, in YAML or JSON, or a CIB's; of a CIB given too, only the "
		"status is taken then",
		'f' },
	{ "status", "FILE",
		"the status, in YAML or JSON: nodes, resources, attributes, tickets, quorum", 0 },
	{ "diff", "FILE", "what applying this configuration (YAML, JSON, or a CIB's) would do", 0 },
	{ "at", "TIME", "the time to assume (the file's execution-date, else now)", 't' },
	{ "node-down", "NODE", "what if this node were shut down cleanly; may be repeated", 0 },
	{ "node-fail", "NODE", "what if it were lost", 0 },
	{ "node-up", "NODE", "what if it came back", 0 },
	{ "node-standby", "NODE", "what if it went on standby", 0 },
	{ "node-online", "NODE", "what if its standby or maintenance ended", 0 },
	{ "node-maintenance", "NODE", "what if it were left alone", 0 },
	{ "quorum", "yes|no", "what if there were quorum, or none", 0 },
	{ "ticket-grant", "TICKET", "what if it were granted", 0 },
	{ "ticket-revoke", "TICKET", "what if it were revoked", 0 },
	{ "ticket-standby", "TICKET", "what if it were put on standby", 0 },
	{ "ticket-activate", "TICKET", "what if its standby ended", 0 },
	{ "resource-fail", "RESOURCE@NODE", "what if its monitor had just failed there", 0 },
	{ "fail", "OP@NODE=CODE",
		"what if this operation (RESOURCE_OP_MS) ended with that exit status", 0 },
	{ "explain", "RESOURCE", "every score that it has on every node, and where that comes from",
		0 },
	{ "graph", "dot|svg", "print the actions and their order as a graph (svg: by graphviz)",
		0 },
	{ "quiet", NULL, "only the plan: not what runs where, before it and after", 'Q' },
	{ "replay", "DIR",
		"plan every stored state (*.xml) of a folder in one process, and say how long it "
		"took",
		0 },
	{ "calendar", "N", "print the next N times when a rule changes by time alone", 0 },
	{ 0 },
};

void simulation_done(struct simulation *s)
{
	plan_free(s->plan);
	engine_free(s->engine);
	s->plan = NULL;
	s->engine = NULL;
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

static struct engine_options options_of(bool explain)
{
	return (struct engine_options){ .masked = true, .explain = explain, .zone = zone_offset };
}

int simulation_decide(struct simulation *s, bool explain)
{
	struct engine_options options = options_of(explain);
	owned(free) char *why = NULL;

	s->engine = engine_new(s->tree->root, s->now, &options);
	if (engine_run(s->engine, &why))
		return cli_fail(CLI_USAGE, "%s: %s", s->name, why);
	s->plan = engine_plan(s->engine);
	return CLI_OK;
}

int simulation_carry_out(struct simulation *s, const struct whatif *w)
{
	struct engine_options options = options_of(false);
	owned(free) char *why = NULL;

	engine_free(s->engine);
	s->engine = NULL;
	execution_run(s->tree, s->plan, w->failures, w->n, s->now);
	s->engine = engine_new(s->tree->root, s->now, &options);
	if (engine_look(s->engine, &why))
		return cli_fail(CLI_FAILURE, "%s: after the plan: %s", s->name, why);
	return CLI_OK;
}

/* w NULL: it is not carried out. */
static int answer_document(const struct cli *cli, struct simulation *s, const struct whatif *w)
{
	json_t *document = simulate_json(s);
	int r = w ? simulation_carry_out(s, w) : CLI_OK;

	if (w && r == CLI_OK)
		simulate_json_after(s, document);
	if (r == CLI_OK)
		cli_print(cli, document);
	json_decref(document);
	return r;
}

static int calendar(const struct command *command, const struct cli *cli, struct simulation *s)
{
	const char *text = command_option(command, "calendar");
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > CALENDAR_MAX)
		return cli_fail(CLI_USAGE, "--calendar %s: 1 to %d", text, CALENDAR_MAX);
	return simulate_calendar(cli, s, (unsigned)n);
}

static int answer(const struct command *command, const struct cli *cli, struct simulation *s,
	const struct whatif *w)
{
	const char *explain = command_option(command, "explain");
	const char *graph = command_option(command, "graph");
	bool quiet = command_option(command, "quiet");
	int r;

	if (explain) {
		simulate_explain(cli, s, explain);
		return CLI_OK;
	}
	if (graph)
		return simulate_draw(cli, s, !strcmp(graph, "svg"));
	if (cli_json(cli))
		return answer_document(cli, s, quiet ? NULL : w);
	if (!quiet) {
		simulate_now(cli, s, "Current cluster status");
		fputc('\n', cli->out);
	}
	simulate_text(cli, s);
	if (quiet)
		return CLI_OK;
	r = simulation_carry_out(s, w);
	if (r == CLI_OK) {
		fputc('\n', cli->out);
		simulate_now(cli, s, "Revised Cluster Status");
	}
	return r;
}

int cli_simulate(const struct command *command, void *ctx)
{
	const char *diff = command_option(command, "diff");
	struct source source = { 0 };
	struct simulation s = { 0 };
	struct whatif whatif = { .n = 0 };
	int r;

	/* For digests alone: what a host configures of TLS is not read for them. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (command_option(command, "replay"))
		return simulate_replay(ctx, command_option(command, "replay"));
	r = source_load(command, ctx, &source);
	s.name = source.name;
	s.tree = source.tree;
	if (r == CLI_OK)
		r = time_of(command, s.tree->root, &s.now);
	if (r == CLI_OK)
		r = whatif_suppose(command, &s, &whatif);
	if (r == CLI_OK && command_option(command, "calendar")) {
		r = calendar(command, ctx, &s);
	} else if (r == CLI_OK && diff) {
		r = simulate_diff(ctx, &s, &whatif, diff, source.of_pacemaker);
	} else if (r == CLI_OK) {
		r = simulation_decide(&s, command_option(command, "explain") != NULL);
		if (r == CLI_OK)
			r = answer(command, ctx, &s, &whatif);
	}
	whatif_done(&whatif);
	simulation_done(&s);
	source_done(&source);
	return r;
}
