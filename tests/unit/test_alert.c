/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "core/model/alert.h"

static json_t *root_of(const char *alerts)
{
	owned(free) char *text = own_printf(
		"{\"nodes\": {\"n1\": {}}, \"resources\": {\"web\": {}}, \"alerts\": %s}", alerts);
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);

	cr_assert(root, "%s: %s", alerts, error.text);
	return root;
}

static void check(const char *alerts, const char *where, const char *says)
{
	json_t *root = root_of(alerts);
	struct problems problems = { 0 };
	bool found = false;

	alerts_check(root, NULL, &problems);
	for (size_t i = 0; i < problems.n; i++)
		found |= !strcmp(problems.items[i].where, where) &&
			 strstr(problems.items[i].text, says);
	cr_expect(says ? found : !problems.n, "%s: %zu problems, first: %s %s", alerts, problems.n,
		problems.n ? problems.items[0].where : "",
		problems.n ? problems.items[0].text : "");
	problems_done(&problems);
	json_decref(root);
}

Test(alert, right_ones)
{
	check("{}", "", NULL);
	check("{\"a\": {\"program\": \"/x\", \"kinds\": [\"node-*\"], \"nodes\": [\"n1\"], "
	      "\"resources\": [\"web\"], \"timeout\": \"5s\", \"retries\": 0, \"recipient\": "
	      "\"me\"}}",
		"", NULL);
	check("{\"a\": {\"url\": \"https://h/x\", \"secret-file\": \"/k\", \"ca\": \"/c\", "
	      "\"timeout\": 3}}",
		"", NULL);
}

Test(alert, wrong_ones_say_where)
{
	check("[]", "/alerts", "names with");
	check("{\"a\": 1}", "/alerts/a", "wanted");
	check("{\"a\": {}}", "/alerts/a", "one of program");
	check("{\"a\": {\"program\": \"/x\", \"url\": \"http://h/\"}}", "/alerts/a",
		"one of program");
	check("{\"a\": {\"program\": \"x\"}}", "/alerts/a/program", "begins with /");
	check("{\"a\": {\"program\": 7}}", "/alerts/a/program", "begins with /");
	check("{\"a\": {\"url\": \"ftp://h/\"}}", "/alerts/a/url", "https://");
	check("{\"a\": {\"url\": \"https://me:secret@h/\"}}", "/alerts/a/url", "no password");
	check("{\"a\": {\"program\": \"/x\", \"secret-file\": \"/k\"}}", "/alerts/a",
		"belong to a url");
	check("{\"a\": {\"program\": \"/x\", \"timeout\": \"1day\"}}", "/alerts/a/timeout",
		"wanted");
	check("{\"a\": {\"program\": \"/x\", \"timeout\": -1}}", "/alerts/a/timeout", "wanted");
	check("{\"a\": {\"program\": \"/x\", \"retries\": 101}}", "/alerts/a/retries", "0 to 100");
	check("{\"a\": {\"program\": \"/x\", \"nodes\": [\"n9\"]}}", "/alerts/a/nodes", "no 'n9'");
	check("{\"a\": {\"program\": \"/x\", \"nodes\": []}}", "/alerts/a/nodes", "list of texts");
	check("{\"a\": {\"program\": \"/x\", \"kinds\": [1]}}", "/alerts/a/kinds", "list of texts");
	check("{\"a\": {\"program\": \"/x\", \"kinds\": [\"nod-dead\"]}}", "/alerts/a/kinds",
		"no event is of the kind");
	check("{\"a\": {\"program\": \"/x\", \"kind\": [\"node-dead\"]}}", "/alerts/a/kind",
		"unknown key 'kind'");
}

static bool wants(const char *alert, const char *event)
{
	json_t *a = json_loads(alert, 0, NULL), *e = json_loads(event, 0, NULL);
	bool yes = alert_wants(a, e);

	json_decref(a);
	json_decref(e);
	return yes;
}

Test(alert, wants_what_its_lists_say)
{
	const char *dead = "{\"kind\": \"node-dead\", \"node\": \"n1\"}";

	cr_expect(wants("{}", dead));
	cr_expect(wants("{\"kinds\": [\"order\", \"node-*\"]}", dead));
	cr_expect(!wants("{\"kinds\": [\"node\"]}", dead));
	cr_expect(wants("{\"kinds\": [\"node-dead\"], \"nodes\": [\"n1\"]}", dead));
	cr_expect(!wants("{\"kinds\": [\"node-dead\"], \"nodes\": [\"n2\"]}", dead));
	cr_expect(!wants("{\"resources\": [\"web\"]}", dead), "it is about no resource");
}

Test(alert, waits_longer_each_time)
{
	json_t *seven = json_loads("{\"timeout\": \"7s\", \"retries\": 2}", 0, NULL);
	json_t *three = json_loads("{\"timeout\": 3}", 0, NULL);

	cr_expect_eq(alert_pause_ms(1), 1000);
	cr_expect_eq(alert_pause_ms(2), 2000);
	cr_expect_eq(alert_pause_ms(100), 60000);
	cr_expect_eq(alert_timeout_ms(seven), 7000);
	cr_expect_eq(alert_timeout_ms(three), 3000);
	cr_expect_eq(alert_retries(seven), 2);
	cr_expect_eq(alert_retries(three), ALERT_RETRIES);
	json_decref(seven);
	json_decref(three);
}

static void id_is(const char *event, const char *controller, const char *id)
{
	json_t *e = json_loads(event, 0, NULL), *m = alert_message("a", "c", controller, e);

	cr_expect_str_eq(json_string_value(json_object_get(m, "id")), id);
	cr_expect(json_equal(json_object_get(m, "event"), e));
	json_decref(m);
	json_decref(e);
}

Test(alert, a_death_has_one_id_whoever_tells)
{
	const char *dead = "{\"kind\": \"node-dead\", \"node\": \"n1\", \"incarnation\": 7, "
			   "\"cursor\": 5, \"boot_ns\": 9}";

	id_is(dead, "c1", "node-dead/n1/7");
	id_is(dead, "c2", "node-dead/n1/7");
	id_is("{\"kind\": \"order\", \"node\": \"n1\", \"cursor\": 5, \"boot_ns\": 9}", "c1",
		"c1/9/5");
}

/* Computed by `printf '1.{}' | openssl dgst -sha256 -hmac key`. */
Test(alert, signs_as_openssl_does)
{
	char mac[ALERT_HEX];

	alert_sign("key", "1", "{}", mac);
	cr_expect_str_eq(mac, "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224");
}

/* Each kind that the director notes can be asked for, by its name. */
Test(alert, knows_every_kind)
{
	FILE *f = popen(
		"grep -rhA1 'director_note\\(_more\\)\\?(d, ' userspace/core/director*.c | "
		"grep -oE '([(]d, |^[[:space:]]+)\"[a-z-]+\"' | grep -oE '[a-z]+(-[a-z]+)*\"' | "
		"tr -d '\"' | sort -u",
		"r");
	char kind[64], alerts[256];
	int n = 0;

	while (fscanf(f, "%63s", kind) == 1) {
		snprintf(alerts, sizeof(alerts),
			"{\"a\": {\"program\": \"/x\", \"kinds\": [\"%s\"]}}", kind);
		check(alerts, "", NULL);
		n++;
	}
	pclose(f);
	cr_expect_gt(n, 20, "%d kinds were found in the sources", n);
}
