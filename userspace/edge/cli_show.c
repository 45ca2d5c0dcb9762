/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing at a time, as a table: what the API has a path of its own for. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "edge/cli.h"

#define COLUMNS_MAX 8

/* list: the member that holds the lines; NULL: the document is one line of its own. */
static const struct show {
	const char *what, *path, *list, *columns;
} shows[] = {
	{ "nodes", "/v1/nodes", "nodes", "name state connected standby maintenance why" },
	{ "resources", "/v1/resources", "resources", "name type on failures why" },
	{ "links", "/v1/links", "nodes", "name links" },
	{ "leases", "/v1/leases", "leases", "node granted heard_ms_ago ends_in_ms incarnation" },
	{ "constraints", "/v1/constraints", "constraints", NULL },
	{ "actions", "/v1/transitions", "actions", "op resource node running reason" },
	{ "failovers", "/v1/transitions", "failovers", "cursor node text" },
	{ "tickets", "/v1/tickets", "tickets", "name granted standby" },
	{ "fencing", "/v1/fencing", "devices", "name agent targets" },
	{ "jobs", "/v1/jobs", "jobs", "id state progress what path user" },
	{ "whoami", "/v1/whoami", NULL, "user rights scope controller version" },
	{ "metrics", "/metrics", NULL, NULL },
};

static void value_say(json_t *v, FILE *out)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_string(v))
		fputs(json_string_value(v), out);
	else if (json_is_integer(v))
		fprintf(out, "%lld", json_integer_value(v));
	else if (json_is_real(v))
		fprintf(out, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		fputs(json_is_true(v) ? "yes" : "no", out);
	json_array_foreach (v, i, one) {
		fputs(i ? "; " : "", out);
		value_say(one, out);
	}
	i = 0;
	json_object_foreach (v, key, one) {
		fprintf(out, "%s%s=", i++ ? " " : "", key);
		value_say(one, out);
	}
}

static char *value_text(json_t *v)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	value_say(v, f);
	fclose(f);
	if (!*text) {
		free(text);
		text = own_string("-");
	}
	return text;
}

/* Every column as wide as its widest value; the last one as it comes. */
static void table_print(const struct show *show, json_t *list, FILE *out)
{
	owned(free) char *columns = own_string(show->columns);
	char *names[COLUMNS_MAX], *save = NULL;
	size_t width[COLUMNS_MAX], n = 0, i, k;
	json_t *line;

	for (char *at = strtok_r(columns, " ", &save); at && n < COLUMNS_MAX;
		at = strtok_r(NULL, " ", &save))
		names[n++] = at;
	for (k = 0; k < n; k++) {
		width[k] = strlen(names[k]);
		json_array_foreach (list, i, line) {
			owned(free) char *text = value_text(json_object_get(line, names[k]));

			width[k] = strlen(text) > width[k] ? strlen(text) : width[k];
		}
	}
	for (k = 0; k < n; k++)
		fprintf(out, "%-*s%s", k + 1 < n ? (int)width[k] : 0, names[k],
			k + 1 < n ? "  " : "\n");
	json_array_foreach (list, i, line)
		for (k = 0; k < n; k++) {
			owned(free) char *text = value_text(json_object_get(line, names[k]));

			fprintf(out, "%-*s%s", k + 1 < n ? (int)width[k] : 0, text,
				k + 1 < n ? "  " : "\n");
		}
}

static void lines_print(json_t *list, FILE *out)
{
	json_t *line;
	size_t i;

	json_array_foreach (list, i, line) {
		owned(free) char *text = value_text(line);

		fprintf(out, "%s\n", text);
	}
}

static void show_print(const struct show *show, const struct door_answer *answer, FILE *out)
{
	json_t *list = show->list ? json_incref(json_object_get(answer->json, show->list))
				  : json_pack("[O*]", answer->json);

	if (!answer->json)
		fputs(answer->text, out);
	else if (!json_array_size(list))
		fprintf(out, "no %s\n", show->what);
	else if (show->columns)
		table_print(show, list, out);
	else
		lines_print(list, out);
	json_decref(list);
}

static const struct show *show_find(const char *what)
{
	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++)
		if (!strcmp(shows[i].what, what))
			return &shows[i];
	return NULL;
}

static int show_unknown(const char *what)
{
	owned(free) char *all = own_string("");

	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++) {
		char *more = own_printf("%s%s%s", all, i ? ", " : "", shows[i].what);

		free(all);
		all = more;
	}
	return cli_fail(CLI_USAGE, "show %s: there are %s", what, all);
}

int cli_show(const struct command *command, void *ctx)
{
	struct door_request request = { .method = "GET" };
	const char *what = command->words[0];
	const struct show *show = show_find(what);
	const struct cli *cli = ctx;
	struct door_answer answer;
	int r;

	if (!show)
		return show_unknown(what);
	request.path = show->path;
	r = cli_ask(cli, &request, &answer);
	if (r)
		return r;
	if (cli_json(cli) && answer.json)
		cli_print(cli, answer.json);
	else
		show_print(show, &answer, cli->out);
	door_answer_done(&answer);
	return CLI_OK;
}

/* A resource's, its group's and its clone's: each can be moved. */
static void names_add(json_t *all, json_t *one)
{
	static const char *const members[] = { "name", "group", "clone" };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(one, members[i]))
			json_object_set(all, json_string_value(json_object_get(one, members[i])),
				json_object_get(one, members[i]));
}

int cli_names(const struct command *command, void *ctx)
{
	const struct cli *cli = ctx;
	json_t *one, *all = json_object(), *list = json_array();
	const char *name;
	size_t i;
	int r = CLI_OK;

	for (size_t k = 0; !r && k < command->n_words; k++) {
		const struct show *show = show_find(command->words[k]);
		struct door_request request = { .method = "GET", .path = show ? show->path : "" };
		struct door_answer answer;

		if (!show || !show->columns || strncmp(show->columns, "name ", 5)) {
			r = cli_fail(CLI_USAGE, "names %s: nodes, resources or tickets",
				command->words[k]);
			break;
		}
		r = cli_ask(cli, &request, &answer);
		if (r)
			break;
		json_array_foreach (json_object_get(answer.json, show->list), i, one)
			names_add(all, one);
		door_answer_done(&answer);
	}
	json_object_foreach (all, name, one) {
		json_array_append(list, one);
		if (!r && !cli_json(cli))
			fprintf(cli->out, "%s\n", name);
	}
	if (!r && cli_json(cli))
		cli_print(cli, list);
	json_decref(list);
	json_decref(all);
	return r;
}
