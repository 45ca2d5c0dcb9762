/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "core/model/form.h"
#include "core/model/site.h"

#define ROLES "Started|Stopped|Promoted|Unpromoted|Master|Slave"
#define TASKS "start|stop|promote|demote|monitor|notify"

static const struct form_key operation_keys[] = {
	{ "name", NULL, FORM_TEXT, NULL, true },
	{ "interval", NULL, FORM_TIME },
	{ "timeout", NULL, FORM_TIME },
	{ "role", NULL, FORM_CHOICE, ROLES },
	{ "on-fail", NULL, FORM_CHOICE,
		"ignore|block|demote|stop|restart|standby|fence|restart-container" },
	{ "enabled", NULL, FORM_FLAG },
	{ "start-delay", NULL, FORM_TIME },
	{ "interval-origin", NULL, FORM_MOMENT },
	{ "record-pending", NULL, FORM_FLAG },
	{ "requires", NULL, FORM_CHOICE, "nothing|quorum|fencing|unfencing" },
	{ "description", NULL, FORM_TEXT },
	{ "params", NULL, FORM_INSIDE },
	{ "meta", NULL, FORM_INSIDE },
	{ 0 },
};

static const struct form_key rule_keys[] = {
	{ "score", NULL, FORM_SCORE },
	{ "score-attribute", NULL, FORM_TEXT },
	{ "role", NULL, FORM_CHOICE, ROLES },
	{ "all", NULL, FORM_INSIDE },
	{ "any", NULL, FORM_INSIDE },
	{ 0 },
};

static const struct form_key expression_keys[] = {
	{ "attribute", NULL, FORM_TEXT, NULL, true },
	{ "operation", NULL, FORM_CHOICE, "lt|gt|lte|gte|eq|ne|defined|not_defined", true },
	{ "value", NULL, FORM_TEXT },
	{ "type", NULL, FORM_CHOICE, "string|integer|number|version" },
	{ "value-source", NULL, FORM_CHOICE, "literal|param|meta" },
	{ 0 },
};

static const struct form_key date_keys[] = {
	{ "operation", NULL, FORM_CHOICE, "gt|lt|in_range|date_spec|eq|neq", true },
	{ "start", NULL, FORM_MOMENT },
	{ "end", NULL, FORM_MOMENT },
	{ "duration", NULL, FORM_INSIDE },
	{ "spec", NULL, FORM_INSIDE },
	{ "timezone", NULL, FORM_TEXT },
	{ 0 },
};

static const struct form_key spec_keys[] = {
	{ "seconds", NULL, FORM_TEXT },
	{ "minutes", NULL, FORM_TEXT },
	{ "hours", NULL, FORM_TEXT },
	{ "monthdays", NULL, FORM_TEXT },
	{ "weekdays", NULL, FORM_TEXT },
	{ "yeardays", NULL, FORM_TEXT },
	{ "months", NULL, FORM_TEXT },
	{ "weeks", NULL, FORM_TEXT },
	{ "years", NULL, FORM_TEXT },
	{ "weekyears", NULL, FORM_TEXT },
	{ "moon", NULL, FORM_TEXT },
	{ "timezone", NULL, FORM_TEXT },
	{ 0 },
};

static const struct form_key duration_keys[] = {
	{ "seconds", NULL, FORM_NUMBER },
	{ "minutes", NULL, FORM_NUMBER },
	{ "hours", NULL, FORM_NUMBER },
	{ "days", NULL, FORM_NUMBER },
	{ "weeks", NULL, FORM_NUMBER },
	{ "months", NULL, FORM_NUMBER },
	{ "years", NULL, FORM_NUMBER },
	{ 0 },
};

static const struct form_key agent_keys[] = {
	{ "class", NULL, FORM_TEXT },
	{ "provider", NULL, FORM_TEXT },
	{ "type", NULL, FORM_TEXT },
	{ 0 },
};

static const struct form_key action_keys[] = {
	{ "name", NULL, FORM_TEXT, NULL, true },
	{ "interval", NULL, FORM_TIME },
	{ 0 },
};

static const struct form_key set_keys[] = {
	{ "resources", NULL, FORM_INSIDE, NULL, true },
	{ "role", NULL, FORM_CHOICE, ROLES },
	{ "action", NULL, FORM_CHOICE, TASKS },
	{ "sequential", NULL, FORM_FLAG },
	{ "require-all", NULL, FORM_FLAG },
	{ "ordering", NULL, FORM_CHOICE, "group|listed" },
	{ "score", NULL, FORM_SCORE },
	{ "kind", NULL, FORM_CHOICE, "Optional|Mandatory|Serialize" },
	{ 0 },
};

static const struct form_key location_keys[] = {
	{ "location", "rsc", FORM_INSIDE },
	{ "location-pattern", "rsc-pattern", FORM_PATTERN },
	{ "node", NULL, FORM_NODE },
	{ "score", NULL, FORM_SCORE },
	{ "role", NULL, FORM_CHOICE, ROLES },
	{ "resource-discovery", NULL, FORM_CHOICE, "always|never|exclusive" },
	{ "rule", NULL, FORM_INSIDE },
	{ "rules", NULL, FORM_INSIDE },
	{ "expires", NULL, FORM_INSIDE },
	{ 0 },
};

static const struct form_key colocation_keys[] = {
	{ "colocation", NULL, FORM_INSIDE },
	{ "score", NULL, FORM_SCORE },
	{ "role", "rsc-role", FORM_CHOICE, ROLES },
	{ "with-role", "with-rsc-role", FORM_CHOICE, ROLES },
	{ "instance", "rsc-instance", FORM_NUMBER },
	{ "with-instance", "with-rsc-instance", FORM_NUMBER },
	{ "node-attribute", NULL, FORM_TEXT },
	{ "influence", NULL, FORM_FLAG },
	{ 0 },
};

static const struct form_key order_keys[] = {
	{ "order", NULL, FORM_INSIDE },
	{ "kind", NULL, FORM_CHOICE, "Optional|Mandatory|Serialize" },
	{ "score", NULL, FORM_SCORE },
	{ "action", "first-action", FORM_CHOICE, TASKS },
	{ "then-action", NULL, FORM_CHOICE, TASKS },
	{ "instance", "first-instance", FORM_NUMBER },
	{ "then-instance", NULL, FORM_NUMBER },
	{ "symmetrical", NULL, FORM_FLAG },
	{ "require-all", NULL, FORM_FLAG },
	{ 0 },
};

static const struct form_key ticket_keys[] = {
	{ "ticket", NULL, FORM_TEXT, NULL, true },
	{ "resource", "rsc", FORM_RESOURCE },
	{ "resources", NULL, FORM_INSIDE },
	{ "role", "rsc-role", FORM_CHOICE, ROLES },
	{ "loss-policy", NULL, FORM_CHOICE, "stop|demote|fence|freeze" },
	{ 0 },
};

static const struct form_key network_keys[] = {
	{ "ip-range-start", NULL, FORM_TEXT },
	{ "control-port", NULL, FORM_NUMBER },
	{ "host-interface", NULL, FORM_TEXT },
	{ "host-netmask", NULL, FORM_NUMBER },
	{ "add-host", NULL, FORM_FLAG },
	{ "ports", NULL, FORM_INSIDE },
	{ 0 },
};

static const struct form_key port_keys[] = {
	{ "port", NULL, FORM_NUMBER },
	{ "internal-port", NULL, FORM_NUMBER },
	{ "range", NULL, FORM_TEXT },
	{ 0 },
};

static const struct form_key storage_keys[] = {
	{ "source-dir", NULL, FORM_TEXT },
	{ "source-dir-root", NULL, FORM_TEXT },
	{ "target-dir", NULL, FORM_TEXT, NULL, true },
	{ "options", NULL, FORM_TEXT },
	{ 0 },
};

static const struct form_key container_keys[] = {
	{ "type", "", FORM_INSIDE },
	{ "image", NULL, FORM_TEXT, NULL, true },
	{ "replicas", NULL, FORM_NUMBER },
	{ "replicas-per-host", NULL, FORM_NUMBER },
	{ "promoted-max", NULL, FORM_NUMBER },
	{ "masters", NULL, FORM_NUMBER },
	{ "network", NULL, FORM_TEXT },
	{ "run-command", NULL, FORM_TEXT },
	{ "options", NULL, FORM_TEXT },
	{ 0 },
};

const struct form form_operation = { "op", operation_keys };
const struct form form_rule = { "rule", rule_keys };
const struct form form_expression = { "expression", expression_keys };
const struct form form_date = { "date_expression", date_keys };
const struct form form_spec = { "date_spec", spec_keys };
const struct form form_duration = { "duration", duration_keys };
const struct form form_agent = { "rsc_expression", agent_keys };
const struct form form_action = { "op_expression", action_keys };
const struct form form_set = { "resource_set", set_keys };
const struct form form_location = { "rsc_location", location_keys };
const struct form form_colocation = { "rsc_colocation", colocation_keys };
const struct form form_order = { "rsc_order", order_keys };
const struct form form_ticket = { "rsc_ticket", ticket_keys };
const struct form form_network = { "network", network_keys };
const struct form form_port = { "port-mapping", port_keys };
const struct form form_storage = { "storage-mapping", storage_keys };
const struct form form_container = { "container", container_keys };

const char *form_attribute(const struct form_key *key)
{
	return key->attribute ? key->attribute : key->key;
}

static bool chosen(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = choices; *at;) {
		if (!strncmp(at, value, n) && (!at[n] || at[n] == '|'))
			return true;
		at += strcspn(at, "|");
		at += *at == '|';
	}
	return false;
}

static bool is_number(const char *value)
{
	char *end;

	(void)strtoll(value, &end, 10);
	return end != value && !*end;
}

static bool is_flag(const char *value)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "y", "n",
		"1", "0" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(words[i], value))
			return true;
	return false;
}

/* Enough to tell a date from a typing error; what it means is for whoever reads it. */
static bool is_moment(const char *value)
{
	return isdigit((unsigned char)value[0]) && strlen(value) >= 4 &&
	       !value[strspn(value, "0123456789-:.+TWZ ")];
}

static bool is_pattern(const char *value)
{
	regex_t re;

	if (regcomp(&re, value, REG_EXTENDED | REG_NOSUB))
		return false;
	regfree(&re);
	return true;
}

const char *form_wants(const struct form_key *key, const char *value)
{
	uint64_t ms;
	int score;

	switch (key->kind) {
	case FORM_NUMBER:
		return is_number(value) ? NULL : "a number";
	case FORM_SCORE:
		return !site_score(value, &score) ? NULL : "a number, INFINITY or -INFINITY";
	case FORM_FLAG:
		return is_flag(value) ? NULL : "true or false";
	case FORM_TIME:
		return !site_duration(value, &ms) ? NULL : "a duration, as in 10s";
	case FORM_MOMENT:
		return is_moment(value) ? NULL : "a date, as in 2026-11-30T08:00:00Z";
	case FORM_CHOICE:
		return chosen(key->choices, value) ? NULL : key->choices;
	case FORM_PATTERN:
		return is_pattern(value) ? NULL : "a regular expression";
	default:
		return NULL;
	}
}

/* As people write it: a number stands without quotes. */
static json_t *scalar(const struct form_key *key, const char *value)
{
	char plain[24];

	if (key->kind == FORM_FLAG && (!strcmp(value, "true") || !strcmp(value, "false")))
		return json_boolean(!strcmp(value, "true"));
	if (key->kind == FORM_NUMBER || key->kind == FORM_SCORE) {
		snprintf(plain, sizeof(plain), "%lld", strtoll(value, NULL, 10));
		if (!strcmp(plain, value))
			return json_integer(strtoll(value, NULL, 10));
	}
	return json_string(value);
}

bool form_adopt(const struct form *form, const struct element *e, json_t *object)
{
	bool all = true;

	for (unsigned i = 0; i < e->names->n; i++) {
		const struct form_key *k = form->keys;
		const char *name = e->names->all[i].text;

		while (k->key && (strcmp(form_attribute(k), name) ||
					 (k->kind == FORM_INSIDE && !k->attribute)))
			k++;
		if (k->key)
			json_object_set_new(object, k->key, scalar(k, e->values[i]));
		else if (strcmp(name, "id"))
			all = false;
	}
	return all;
}
