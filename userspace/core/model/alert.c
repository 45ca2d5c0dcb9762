/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/hmac.h>

#include "core/model/alert.h"
#include "core/model/site.h"

#define RETRIES_MAX 100
#define TIMEOUT_MAX_MS 600000

/* Every kind of event there is; tests hold them against what the director notes. */
static const char *const kinds[] = { "ca-both", "ca-next", "ca-refused", "ca-settled", "ca-shown",
	"configuration-refused", "configured", "controller-connected", "controller-gone",
	"failover", "fault", "fault-mended", "fence-failed", "fence-off", "fence-started",
	"fence-test-failed", "fence-test-passed", "keys-changed", "leader", "link-heard",
	"link-silent", "node-blocked", "node-dead", "node-lost", "node-online", "node-refused",
	"node-stopped", "node-suspected", "operation", "operation-failed", "order",
	"order-unanswered", "power-on", "power-on-failed", "proof-refuted", "storm", "undecided",
	"voters-both", "voters-change", "voters-changed", "would-do" };

struct check {
	json_t *root;
	const struct document *document;
	struct problems *problems;
	const char *name;
};

static void wrong(struct check *c, const char *key, bool warning, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void wrong(struct check *c, const char *key, bool warning, const char *format, ...)
{
	owned(free) char *pointer = own_printf("/alerts%s%s%s%s", c->name ? "/" : "",
		c->name ? c->name : "", key ? "/" : "", key ? key : "");
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	problems_add(c->problems, warning,
		c->document ? document_where(c->document, pointer) : pointer, "%s", text);
}

static bool kind_known(const char *pattern)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!fnmatch(pattern, kinds[i], 0))
			return true;
	return false;
}

static void check_list(struct check *c, json_t *alert, const char *key, json_t *of)
{
	json_t *list = json_object_get(alert, key), *item;
	size_t i;

	if (!list)
		return;
	if (!json_is_array(list) || !json_array_size(list))
		wrong(c, key, false, "%s: a list of texts is wanted", key);
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (!text)
			wrong(c, key, false, "%s: a list of texts is wanted", key);
		else if (of && !json_object_get(of, text))
			wrong(c, key, false, "%s: there is no '%s' in this configuration", key,
				text);
		else if (!of && !kind_known(text))
			wrong(c, key, true,
				"no event is of the kind '%s'; picketd(8) lists them: node-dead, "
				"node-lost, fence-failed, ...",
				text);
	}
}

/* A file that a host must have: its whole path. */
static const char *check_path(struct check *c, json_t *alert, const char *key)
{
	json_t *value = json_object_get(alert, key);
	const char *text = json_string_value(value);

	if (value && (!text || text[0] != '/'))
		wrong(c, key, false, "%s: a path that begins with / is wanted", key);
	return text;
}

static void check_goal(struct check *c, json_t *alert)
{
	json_t *url = json_object_get(alert, "url");
	const char *text = json_string_value(url), *program = check_path(c, alert, "program");

	if (!url == !json_object_get(alert, "program"))
		wrong(c, NULL, false, "one of program (a path) and url (http or https) is wanted");
	if (url && (!text || (strncmp(text, "https://", 8) && strncmp(text, "http://", 7))))
		wrong(c, "url", false, "url: https://... or http://... is wanted");
	if (text && strchr(text, '@') && strchr(text, '@') < strchr(text + 8, '/'))
		wrong(c, "url", false,
			"url: no password stands in a configuration; use "
			"secret-file, and check the signature");
	check_path(c, alert, "secret-file");
	check_path(c, alert, "ca");
	if (program && (json_object_get(alert, "secret-file") || json_object_get(alert, "ca")))
		wrong(c, NULL, false, "secret-file and ca belong to a url");
}

static void check_numbers(struct check *c, json_t *alert)
{
	json_t *timeout = json_object_get(alert, "timeout"),
	       *retries = json_object_get(alert, "retries");
	const char *text = json_string_value(timeout);
	owned(free) char *number = NULL;
	uint64_t ms;

	if (json_is_integer(timeout))
		text = number = own_printf("%" JSON_INTEGER_FORMAT, json_integer_value(timeout));
	if (timeout && (!text || site_duration(text, &ms) || !ms || ms > TIMEOUT_MAX_MS))
		wrong(c, "timeout", false, "timeout: 1ms to 10min is wanted, like 30s");
	if (retries && (!json_is_integer(retries) || json_integer_value(retries) < 0 ||
			       json_integer_value(retries) > RETRIES_MAX))
		wrong(c, "retries", false, "retries: 0 to %d is wanted", RETRIES_MAX);
	if (json_object_get(alert, "recipient") &&
		!json_is_string(json_object_get(alert, "recipient")))
		wrong(c, "recipient", false, "recipient: one text is wanted");
}

static void check_keys(struct check *c, json_t *alert)
{
	static const char known[] = " program url kinds nodes resources timeout retries "
				    "secret-file ca recipient ";
	const char *key;
	json_t *v;

	json_object_foreach (alert, key, v) {
		owned(free) char *word = own_printf(" %s ", key);

		if (!strstr(known, word))
			wrong(c, key, false, "unknown key '%s'; known here:%s", key, known);
	}
}

void alerts_check(json_t *root, const struct document *document, struct problems *problems)
{
	struct check c = { .root = root, .document = document, .problems = problems };
	json_t *alerts = json_object_get(root, "alerts"), *alert;

	if (!alerts)
		return;
	if (!json_is_object(alerts) || json_object_size(alerts) > ALERT_MAX) {
		wrong(&c, NULL, false, "alerts: names with {program or url: ...}, at most %d",
			ALERT_MAX);
		return;
	}
	json_object_foreach (alerts, c.name, alert) {
		if (!json_is_object(alert)) {
			wrong(&c, NULL, false, "{program or url: ...} is wanted");
			continue;
		}
		check_keys(&c, alert);
		check_goal(&c, alert);
		check_numbers(&c, alert);
		check_list(&c, alert, "kinds", NULL);
		check_list(&c, alert, "nodes", json_object_get(root, "nodes"));
		check_list(&c, alert, "resources", json_object_get(root, "resources"));
	}
}

static bool listed(json_t *alert, const char *key, const char *word, bool pattern)
{
	json_t *list = json_object_get(alert, key), *item;
	size_t i;

	if (!list)
		return true;
	json_array_foreach (list, i, item)
		if (word && (pattern ? !fnmatch(json_string_value(item), word, 0)
				     : !strcmp(json_string_value(item), word)))
			return true;
	return false;
}

static const char *text_of(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

bool alert_wants(json_t *alert, json_t *event)
{
	return listed(alert, "kinds", text_of(event, "kind"), true) &&
	       listed(alert, "nodes", text_of(event, "node"), false) &&
	       listed(alert, "resources", text_of(event, "resource"), false);
}

unsigned alert_timeout_ms(json_t *alert)
{
	json_t *v = json_object_get(alert, "timeout");
	uint64_t ms;

	if (json_is_integer(v))
		return (unsigned)json_integer_value(v) * 1000;
	return v && !site_duration(json_string_value(v), &ms) ? (unsigned)ms : ALERT_TIMEOUT_MS;
}

unsigned alert_retries(json_t *alert)
{
	json_t *v = json_object_get(alert, "retries");

	return v ? (unsigned)json_integer_value(v) : ALERT_RETRIES;
}

unsigned alert_pause_ms(unsigned n)
{
	return n > 6 ? 60000 : 1000u << (n - 1);
}

json_t *alert_message(const char *name, const char *cluster, const char *controller, json_t *event)
{
	const char *kind = text_of(event, "kind"), *node = text_of(event, "node");
	json_t *life = json_object_get(event, "incarnation");
	owned(free) char *id = NULL;

	if (life && node)
		id = own_printf(
			"%s/%s/%" JSON_INTEGER_FORMAT, kind, node, json_integer_value(life));
	else
		id = own_printf("%s/%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, controller,
			json_integer_value(json_object_get(event, "boot_ns")),
			json_integer_value(json_object_get(event, "cursor")));
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:O}", "schema", 1, "id", id, "alert", name,
		"cluster", cluster, "controller", controller, "event", event);
}

void alert_sign(const char *secret, const char *time, const char *body, char ret[ALERT_HEX])
{
	owned(free) char *all = own_printf("%s.%s", time, body);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)all, strlen(all), mac,
		&len);
	for (unsigned i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", mac[i]);
}
