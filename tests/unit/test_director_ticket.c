/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "director.h"

static void set_up(void)
{
	lead("cluster: {name: t}\n"
	     "nodes: {n1: {id: 1, addresses: [a]}}\n"
	     "fencing: {devices: {b1: {agent: fence_x, targets: [n1], params: {ip: x}}}}\n"
	     "resources: {web: {type: 'ocf:x:y', params: {admin_password: hush, port: 80}}}\n"
	     "constraints: [{ticket: T, resource: web, loss-policy: stop}]\n");
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

static void whatif(const char *verb)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"nodes\": {\"n1\": \"online\"}, \"tickets\": {%s}}", verb);
	ask("POST", "/v1/whatif", body);
}

static size_t web_on(void)
{
	return json_array_size(json_object_get(json_object_get(answer, "after"), "web"));
}

Test(director_ticket, what_would_be_if_it_were_held_changes_nothing)
{
	whatif("\"T\": \"revoke\"");
	cr_assert(status == 200 && web_on() == 0);
	whatif("\"T\": \"grant\"");
	cr_assert(status == 200 && web_on() == 1);
	cr_assert(json_is_false(json_object_get(ticket(), "granted")), "nobody was asked to");
	ask("POST", "/v1/tickets/T/grant", "{}");
	whatif("\"T\": \"standby\"");
	cr_assert(status == 200 && web_on() == 0);
	whatif("\"T\": \"activate\"");
	cr_assert(status == 200 && web_on() == 1);
	whatif("\"T\": \"revoke\"");
	cr_assert(status == 200 && web_on() == 0);
	cr_assert(json_is_true(json_object_get(ticket(), "granted")));
	whatif("\"TT\": \"grant\"");
	cr_assert_eq(status, 422, "no constraint names it");
	whatif("\"T\": \"lend\"");
	cr_assert_eq(status, 422);
}
