/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How one CA gives way to the next: what is waited for, and what is refused. */
#include "director.h"

#include <errno.h>
#include <stdlib.h>

#include "core/trust.h"

#define SITE                                                                                       \
	"cluster: {name: t}\nnodes: {n1: {id: 1, addresses: [a]}, n2: {id: 2, addresses: [b]}}\n"
#define NEXT "{\"certificate\":\"new\\n\"}"

static char to_nodes[256], to_own[256]; /* what ca.crt is to say, as it was told last */

/* Whoever gives a certificate "bad" is refused; "X\n" has the fingerprint "X". */
static int certificate(const char *pem, char ret_pin[DIRECTOR_PIN + 1], char **why)
{
	if (!*pem || !strcmp(pem, "bad")) {
		*why = strdup("it is no certificate");
		return -EBADMSG;
	}
	snprintf(ret_pin, DIRECTOR_PIN + 1, "%.*s", (int)strcspn(pem, "\n"), pem);
	return 0;
}

static void take(const struct action *a)
{
	const char *text = json_string_value(json_object_get(a->json, "text"));

	if (a->kind == ACTION_TRUST)
		snprintf(to_own, sizeof(to_own), "%s", a->text);
	else if (a->kind == ACTION_SEND && text)
		snprintf(to_nodes, sizeof(to_nodes), "%s %s", a->node, text);
}

/* A host says what its ca.crt says, and who signed its certificate. */
static json_t *says(const char *text, const char *by, const char *why)
{
	char mark[TRUST_MARK + 1];

	trust_mark(text, mark);
	return json_pack("{s:s, s:s, s:s, s:s, s:s*}", "type", "trusts", "mark", mark, "by", by,
		"text", text, "why", why);
}

static void node_says(const char *node, const char *text, const char *by, const char *why)
{
	struct event e = { .kind = EVENT_LINK_SAYS, .node = node, .json = says(text, by, why) };

	step(&e);
	json_decref(e.json);
}

static void own_says(const char *text, const char *by)
{
	struct event e = { .kind = EVENT_TRUSTS, .json = says(text, by, NULL) };

	step(&e);
	json_decref(e.json);
}

static void connect(const char *node)
{
	struct event e = { .kind = EVENT_LINK_UP,
		.node = node,
		.json = json_pack(
			"{s:s, s:s, s:i}", "type", "hello", "boot_id", "b", "incarnation", 0) };

	step(&e);
	json_decref(e.json);
}

static void set_up(void)
{
	to_nodes[0] = to_own[0] = '\0';
	on_action = take;
	reads_certificates = certificate;
	lead(SITE);
	own_says("old\n", "old");
	connect("n1");
	connect("n2");
	node_says("n1", "old\n", "old", NULL);
	node_says("n2", "old\n", "old", NULL);
}

TestSuite(director_trust, .init = set_up, .fini = tear_down);

static const char *step_name(void)
{
	ask("GET", "/v1/ca/rotation", "");
	cr_assert_eq(status, 200);
	return json_string_value(json_object_get(answer, "step"));
}

#define LINE "picket cluster 0000000000000007\n"

Test(director_trust, each_step_waits_for_everybody)
{
	ask("POST", "/v1/ca/rotate", NEXT);
	cr_assert_eq(status, 200);
	cr_assert_str_eq(to_own, LINE "old\nnew\n");
	cr_assert_str_eq(to_nodes, "n2 " LINE "old\nnew\n");
	own_says(LINE "old\nnew\n", "old");
	node_says("n1", LINE "old\nnew\n", "old", NULL);
	cr_assert_str_eq(step_name(), "both", "n2 has not said so");
	ask("POST", "/v1/ca/retire", "{}");
	cr_assert_eq(status, 409);
	node_says("n2", LINE "old\nnew\n", "old", NULL);
	cr_assert_str_eq(step_name(), "next");
	cr_assert_str_eq(to_own, LINE "new\nold\n");
	own_says(LINE "new\nold\n", "new");
	node_says("n1", LINE "new\nold\n", "new", NULL);
	node_says("n2", LINE "new\nold\n", "old", NULL);
	ask("POST", "/v1/ca/retire", "{}");
	cr_assert_eq(status, 409, "n2 would be shut out");
	cr_assert(strstr(json_string_value(json_object_get(answer, "detail")), ": node n2."), "%s",
		json_string_value(json_object_get(answer, "detail")));
	cr_assert_null(strstr(notes, "ca-shown"));
	node_says("n2", LINE "new\nold\n", "new", NULL);
	cr_assert(strstr(notes, "ca-shown"));
	ask("POST", "/v1/ca/retire", "{}");
	cr_assert_eq(status, 200);
	cr_assert_str_eq(step_name(), "settled");
	cr_assert_str_eq(to_own, LINE "new\n");
	cr_assert_str_eq(to_nodes, "n2 " LINE "new\n");
}

Test(director_trust, who_was_away_is_told_when_it_is_back)
{
	ask("POST", "/v1/ca/rotate", NEXT);
	own_says(LINE "old\nnew\n", "old");
	node_says("n1", LINE "old\nnew\n", "old", NULL);
	step(&(struct event){ .kind = EVENT_LINK_DOWN, .node = "n2" });
	to_nodes[0] = '\0';
	connect("n2");
	cr_assert_str_eq(to_nodes, "", "it says by itself what it trusts");
	node_says("n2", "old\n", "old", NULL);
	cr_assert_str_eq(to_nodes, "n2 " LINE "old\nnew\n");
}

/* It says so once: when it connects, which may be before anybody has heard of it. */
Test(director_trust, a_node_that_was_there_before_it_was_configured_is_known)
{
	static const char more[] = "cluster: {name: t}\nnodes: {n1: {id: 1, addresses: [a]}, "
				   "n2: {id: 2, addresses: [b]}, n3: {id: 3, addresses: [c]}}\n";

	connect("n3");
	node_says("n3", "old\n", "old", NULL);
	ask("PUT", "/v1/configuration", more);
	cr_assert_eq(status, 200);
	ask("POST", "/v1/ca/rotate", NEXT);
	cr_assert_str_eq(to_nodes, "n3 " LINE "old\nnew\n");
}

Test(director_trust, who_refuses_is_named_and_not_asked_for_ever)
{
	ask("POST", "/v1/ca/rotate", NEXT);
	to_nodes[0] = '\0';
	node_says("n2", "old\n", "old", "the disk is full");
	cr_assert_str_eq(to_nodes, "");
	cr_assert(strstr(
		notes, "ca-refused: node n2 does not take the cluster's CA: the disk is full"));
	cr_assert_str_eq(step_name(), "both");
	cr_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(answer, "hosts"), 2), "why")),
		"the disk is full");
}

Test(director_trust, somebody_may_be_left_behind_by_name)
{
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"new\\n\",\"without\":[\"n2\"]}");
	own_says(LINE "old\nnew\n", "old");
	node_says("n1", LINE "old\nnew\n", "old", NULL);
	cr_assert_str_eq(step_name(), "next");
	own_says(LINE "new\nold\n", "new");
	node_says("n1", LINE "new\nold\n", "old", NULL);
	ask("POST", "/v1/ca/retire", "{}");
	cr_assert_eq(status, 409);
	ask("POST", "/v1/ca/retire", "{\"without\":[\"n1\",\"n2\"]}");
	cr_assert_eq(status, 200);
	cr_assert_str_eq(step_name(), "settled");
}

Test(director_trust, what_cannot_be_the_next_ca_is_refused)
{
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"bad\"}");
	cr_assert_eq(status, 422);
	ask("POST", "/v1/ca/rotate", "{}");
	cr_assert_eq(status, 422);
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"new\\n\",\"without\":\"n2\"}");
	cr_assert_eq(status, 422);
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"old\\n\"}");
	cr_assert_eq(status, 409, "it is the one that there is");
	ask("POST", "/v1/ca/retire", "{}");
	cr_assert_eq(status, 409, "there is only one");
	cr_assert_str_eq(step_name(), "settled");
	cr_assert_str_eq(to_own, "");
}

Test(director_trust, a_second_change_begins_where_the_first_ended)
{
	static const char *const steps[] = { LINE "old\nnew\n", LINE "new\nold\n" };

	ask("POST", "/v1/ca/rotate", NEXT);
	for (int i = 0; i < 2; i++) {
		own_says(steps[i], i ? "new" : "old");
		node_says("n1", steps[i], i ? "new" : "old", NULL);
		node_says("n2", steps[i], i ? "new" : "old", NULL);
	}
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"third\\n\"}");
	cr_assert_eq(status, 409, "one after the other");
	ask("POST", "/v1/ca/retire", "{}");
	own_says(LINE "new\n", "new");
	ask("POST", "/v1/ca/rotate", "{\"certificate\":\"third\\n\"}");
	cr_assert_eq(status, 200);
	cr_assert_str_eq(to_own, LINE "new\nthird\n");
}
