/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Director: a controller alone, whose world is the test: what it proposes is committed at once. */
#ifndef UNIT_DIRECTOR_H
#define UNIT_DIRECTOR_H

#include <criterion/criterion.h>

#include "core/director.h"

#define MS 1000000ULL

static struct director *d;
static uint64_t now = 1000 * MS, log_index;
static unsigned status;
static json_t *answer;
static unsigned n_orders;                              /* sent to agents */
static char notes[1 << 16];                            /* "KIND: TEXT" of each, a line */
static void (*on_action)(const struct action *action); /* NULL: nobody else wants to see them */
static director_certificate_fn *reads_certificates;    /* lead() takes it; NULL: nobody does */

static inline void step(struct event *event)
{
	struct actions actions = { 0 };
	json_t *entries[32];
	size_t n = 0;

	director_step(d, event, now, now / MS, &actions);
	for (size_t i = 0; i < actions.n; i++) {
		struct action *a = &actions.items[i];

		if (on_action)
			on_action(a);
		if (a->kind == ACTION_PROPOSE) {
			entries[n++] = json_incref(a->json);
		} else if (a->kind == ACTION_REPLY) {
			status = a->status;
			json_decref(answer);
			answer = json_incref(a->json);
		} else if (a->kind == ACTION_SEND) {
			const char *type = json_string_value(json_object_get(a->json, "type"));

			n_orders += type && !strcmp(type, "order");
		} else if (a->kind == ACTION_NOTE) {
			size_t len = strlen(notes);

			snprintf(notes + len, sizeof(notes) - len, "%s: %s\n",
				json_string_value(json_object_get(a->json, "kind")),
				json_string_value(json_object_get(a->json, "text")));
		}
	}
	actions_done(&actions);
	for (size_t i = 0; i < n; i++) {
		struct event e = {
			.kind = EVENT_COMMITTED, .index = ++log_index, .term = 1, .json = entries[i]
		};

		step(&e);
		json_decref(entries[i]);
	}
}

static inline void ask(const char *method, const char *path, const char *text)
{
	struct event e = { .kind = EVENT_ASKED };

	e.ask.token = &e;
	e.ask.method = method;
	e.ask.path = path;
	e.ask.text = text;
	e.ask.user = "root";
	e.ask.body = json_loads(text, 0, NULL);
	e.ask.query = json_object();
	status = 0;
	step(&e);
	json_decref(e.ask.body);
	json_decref(e.ask.query);
}

static inline void lead(const char *configuration)
{
	struct director_config config = {
		.name = "c1", .cluster = 7, .life = 9, .certificate = reads_certificates
	};
	struct event event = { .kind = EVENT_ROLE, .leader = true, .term = 1 };

	d = director_new(&config);
	step(&event);
	ask("PUT", "/v1/configuration", configuration);
	cr_assert_eq(status, 200);
}

static inline void tear_down(void)
{
	director_free(d);
	json_decref(answer);
	answer = NULL;
}

#endif
