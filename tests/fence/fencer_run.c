/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fencer_run: the fencer from a shell. Orders are JSON objects, one a line, on standard input; all
 * are given at once. Results are JSON objects, one a line, as they come.
 *   fencer_run FOLDER... < orders
 *   {"id":1,"agent":"fence_x","action":"off","target":"n1","params":{"ip":"…"},"plug":"…",
 *    "device":"…","deadline_ms":10000,"verify":true,"reads":2}
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "edge/fencer.h"

static void on_result(void *ctx, const struct fencer_result *r)
{
	json_t *evidence = json_array(), *line;
	owned(free) char *copy = own_string(r->evidence), *text = NULL;
	char *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		json_array_append_new(evidence, json_loads(l, 0, NULL));
	line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:o}", "id", (json_int_t)r->id,
		"outcome", fencer_outcome_name(r->outcome), "target", r->target, "agent", r->agent,
		"reason", r->reason, "code", r->code, "tries", (int)r->tries, "ms",
		(json_int_t)((r->end_ns - r->start_ns) / 1000000U), "evidence", evidence);
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	puts(text ? text : "{}");
	fflush(stdout);
}

static int give_order(struct fencer *fencer, json_t *o)
{
	const char *params[129];
	struct fencer_order order = { .id = (uint64_t)json_integer_value(json_object_get(o, "id")),
		.agent = json_string_value(json_object_get(o, "agent")),
		.params = params,
		.target = json_string_value(json_object_get(o, "target")),
		.plug = json_string_value(json_object_get(o, "plug")),
		.device = json_string_value(json_object_get(o, "device")),
		.action = json_string_value(json_object_get(o, "action")),
		.deadline_ms = (uint64_t)json_integer_value(json_object_get(o, "deadline_ms")),
		.verify = json_is_true(json_object_get(o, "verify")) };
	const char *key;
	json_t *value;
	size_t n = 0;
	int r;

	json_object_foreach (json_object_get(o, "params"), key, value) {
		if (n + 2 < sizeof(params) / sizeof(params[0])) {
			params[n++] = key;
			params[n++] = json_string_value(value);
		}
	}
	params[n] = NULL;
	r = fencer_run(fencer, &order);
	if (r < 0)
		printf("{\"id\":%d,\"outcome\":\"refused\",\"reason\":\"%s\"}\n", (int)order.id,
			strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	struct fencer_config config = { .paths = (const char *const *)argv + 1 };
	struct fencer *fencer;
	uv_loop_t loop;
	json_t *orders = json_array(), *o;
	json_error_t error;
	size_t i;

	while ((o = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error)))
		json_array_append_new(orders, o);
	o = json_array_get(orders, 0);
	config.verify_reads = (unsigned)json_integer_value(json_object_get(o, "reads"));
	uv_loop_init(&loop);
	if (argc < 2 || fencer_new(&loop, &config, on_result, NULL, &fencer) < 0)
		return 2;
	json_array_foreach (orders, i, o) {
		give_order(fencer, o);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	fencer_free(fencer);
	uv_loop_close(&loop);
	json_decref(orders);
	return 0;
}
