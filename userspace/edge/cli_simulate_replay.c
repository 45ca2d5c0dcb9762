// SPDX-License-Identifier: GPL-2.0-or-later
/* picket simulate --replay: every stored state of a folder planned again, in one process. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/model/value.h"
#include "edge/cli_simulate.h"
#include "edge/cli_simulate_source.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int is_state(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".xml");
}

static json_t *state_json(const char *name, const struct simulation *s, double ms)
{
	size_t actions = 0;

	for (size_t i = 0; i < s->plan->n; i++)
		actions += s->plan->actions[i]->kind != PLAN_PSEUDO;
	return json_pack("{s:s, s:I, s:I, s:f}", "name", name, "actions", (json_int_t)actions,
		"changes", (json_int_t)s->plan->n_changes, "ms", ms);
}

/* One state: read and planned. NULL: it could not be, which has been said. */
static json_t *replay_one(const char *folder, const char *name, int64_t now)
{
	owned(free) char *path = own_printf("%s/%s", folder, name);
	struct simulation s = { .name = path, .now = now };
	struct source source = { 0 };
	double begin = now_ms();
	json_t *one = NULL;
	long long recorded;

	if (source_cib(path, &source) == CLI_OK) {
		s.tree = source.tree;
		if (!value_integer(element_get(s.tree->root, "execution-date"), &recorded) &&
			recorded > 0)
			s.now = recorded;
		if (simulation_decide(&s, false) == CLI_OK)
			one = state_json(name, &s, now_ms() - begin);
	}
	simulation_done(&s);
	source_done(&source);
	return one;
}

int simulate_replay(const struct cli *cli, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_state, alphasort), bad = 0;
	json_t *list, *document, *one;
	double begin = now_ms();
	size_t i;

	if (n < 0)
		return cli_fail(CLI_NOT_FOUND, "%s: %m", folder);
	list = json_array();
	for (int k = 0; k < n; k++) {
		one = replay_one(folder, entries[k]->d_name, time(NULL));
		bad += !one;
		if (one)
			json_array_append_new(list, one);
		free(entries[k]);
	}
	free(entries);
	document =
		json_pack("{s:o, s:i, s:f}", "states", list, "failed", bad, "ms", now_ms() - begin);
	if (cli_json(cli)) {
		cli_print(cli, document);
	} else {
		json_array_foreach (list, i, one)
			fprintf(cli->out, "%-40s %6d actions %9.3f ms\n",
				json_string_value(json_object_get(one, "name")),
				(int)json_integer_value(json_object_get(one, "actions")),
				json_real_value(json_object_get(one, "ms")));
		fprintf(cli->out, "%zu states, %d failed, %.1f ms\n", json_array_size(list), bad,
			json_real_value(json_object_get(document, "ms")));
	}
	json_decref(document);
	return bad ? CLI_FAILURE : CLI_OK;
}
