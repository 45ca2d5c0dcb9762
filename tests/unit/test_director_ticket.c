/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/director.h"

#define MS 1000000ULL

static struct director *d;
static uint64_t now = 1000 * MS, log_index;
static unsigned status;
static json_t *answer;

static void step(struct event *event)
{
	struct actions actions = { 0 };
	json_t *entries[32];
	size_t n = 0;

	director_step(d, event, now, now / MS, &actions);
	for (size_t i = 0; i < actions.n; i++) {
		struct action *a = &actions.items[i];

		if (a->kind == ACTION_PROPOSE) {
			entries[n++] = json_incref(a->json);
		} else if (a->kind == ACTION_REPLY) {
			status = a->status;
			json_decref(answer);
			answer = json_incref(a->json);
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

static void ask(const char *method, const char *path, const char *text)
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

static void set_up(void)
{
	struct director_config config = { .name = "c1", .cluster = 7, .life = 9 };
	struct event lead = { .kind = EVENT_ROLE, .leader = true, .term = 1 };

	d = director_new(&config);
	step(&lead);
	ask("PUT", "/v1/configuration",
		"cluster: {name: t}\n"
		"nodes: {n1: {id: 1, addresses: [a]}}\n"
		"fencing: {devices: {b1: {agent: fence_x, targets: [n1], params: {ip: x}}}}\n"
		"resources: {web: {type: 'ocf:x:y', params: {admin_password: hush, port: 80}}}\n"
		"constraints: [{ticket: T, resource: web, loss-policy: stop}]\n");
	cr_assert_eq(status, 200);
}

static void tear_down(void)
{
	director_free(d);
	json_decref(answer);
	answer = NULL;
}

TestSuite(director_ticket, .init = set_up, .fini = tear_down);

static json_t *ticket(void)
{
	ask("GET", "/v1/tickets", "");
	cr_assert_eq(status, 200);
	return json_array_get(json_object_get(answer, "tickets"), 0);
}

Test(director_ticket, a_constraint_names_it_and_nobody_holds_it)
{
	json_t *t = ticket();

	cr_assert_str_eq(json_string_value(json_object_get(t, "name")), "T");
	cr_assert(json_is_false(json_object_get(t, "granted")));
	cr_assert_str_eq(
		json_string_value(json_array_get(json_object_get(t, "resources"), 0)), "web");
}

Test(director_ticket, it_is_granted_put_on_standby_and_taken_away)
{
	ask("POST", "/v1/tickets/T/grant", "{}");
	cr_assert_eq(status, 200);
	cr_assert(json_is_true(json_object_get(ticket(), "granted")));
	ask("POST", "/v1/tickets/T/standby", "{}");
	cr_assert(json_is_true(json_object_get(ticket(), "standby")));
	ask("POST", "/v1/tickets/T/activate", "{}");
	cr_assert(json_is_false(json_object_get(ticket(), "standby")));
	ask("POST", "/v1/tickets/T/revoke", "{}");
	cr_assert(json_is_false(json_object_get(ticket(), "granted")));
}

Test(director_ticket, another_one_or_another_verb_is_refused)
{
	ask("POST", "/v1/tickets/TT/grant", "{}");
	cr_assert_eq(status, 404);
	ask("POST", "/v1/tickets/T/lend", "{}");
	cr_assert_eq(status, 404);
	cr_assert(json_is_false(json_object_get(ticket(), "granted")));
}

Test(director_ticket, the_model_has_what_decides_and_no_secret)
{
	const char *cib;

	ask("POST", "/v1/tickets/T/grant", "{}");
	ask("GET", "/v1/model", "");
	cr_assert_eq(status, 200);
	cib = json_string_value(json_object_get(answer, "cib"));
	cr_assert(strstr(cib, "<ticket_state id=\"T\" granted=\"true\""), "%s", cib);
	cr_assert(strstr(cib, "name=\"port\" value=\"80\""));
	cr_assert(strstr(cib, "name=\"admin_password\" value=\"********\""));
	cr_assert_not(strstr(cib, "hush"));
}
