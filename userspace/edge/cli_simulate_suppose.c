// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate: what if. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "core/policy/scene.h"
#include "edge/cli_simulate.h"

void whatif_done(struct whatif *w)
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

static int suppose_node(struct simulation *s, const char *option, const char *node)
{
	const char *word = option + strlen("node-");
	int r;

	if (!strcmp(word, "up") || !strcmp(word, "fail")) {
		r = scene_node(s->tree, node, "lost");
		if (!r)
			execution_node(s->tree, node, *word == 'u', true);
	} else {
		r = scene_node(s->tree, node, word);
	}
	if (r)
		return cli_fail(CLI_NOT_FOUND, "--%s %s: there is no such node", option, node);
	return CLI_OK;
}

static int suppose_ticket(struct simulation *s, const char *option, const char *ticket)
{
	static const char *const words[][2] = { { "grant", "granted" }, { "revoke", "revoked" },
		{ "standby", "standby" }, { "activate", "active" } };
	const char *verb = option + strlen("ticket-");
	size_t i = 0;

	while (strcmp(words[i][0], verb))
		i++;
	scene_ticket(s->tree, ticket, words[i][1], s->now);
	return CLI_OK;
}

static int suppose_failure(struct simulation *s, const char *text)
{
	owned(free) char *resource = own_string(text);
	char *at = strrchr(resource, '@');

	if (!at)
		return cli_fail(CLI_USAGE, "--resource-fail %s: RESOURCE@NODE is wanted", text);
	*at = '\0';
	if (scene_fail(s->tree, resource, at + 1, s->now))
		return cli_fail(CLI_NOT_FOUND,
			"--resource-fail %s: there is no such resource, or no such node", text);
	return CLI_OK;
}

int whatif_suppose(const struct command *command, struct simulation *s, struct whatif *w)
{
	int r = CLI_OK;

	for (size_t i = 0; i < command->n_given && r == CLI_OK; i++) {
		const char *name = command->given[i].option->name;
		const char *value = command->given[i].value;

		if (!strncmp(name, "node-", 5))
			r = suppose_node(s, name, value);
		else if (!strcmp(name, "quorum"))
			element_set(
				s->tree, s->tree->root, "have-quorum", *value == 'y' ? "1" : "0");
		else if (!strncmp(name, "ticket-", 7))
			r = suppose_ticket(s, name, value);
		else if (!strcmp(name, "resource-fail"))
			r = suppose_failure(s, value);
		else if (!strcmp(name, "fail") && failure_read(w, value))
			r = cli_fail(CLI_USAGE, "--fail %s: web_start_0@n1=1 is such an operation",
				value);
	}
	return r;
}
