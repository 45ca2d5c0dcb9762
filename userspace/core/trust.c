/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "core/trust.h"

/* What stands before the first certificate of a PEM file is for people, to all who read such files.
 */
#define TRUST_LINE "picket cluster "

const char *const trust_step_names[] = { "settled", "both", "next" };

static uint64_t trust_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return h;
}

void trust_mark(const char *text, char ret[TRUST_MARK + 1])
{
	snprintf(ret, TRUST_MARK + 1, "%016" PRIx64, trust_hash(text));
}

uint64_t trust_cluster(const char *ca_text)
{
	uint64_t id;

	if (sscanf(ca_text, TRUST_LINE "%16" SCNx64, &id) == 1)
		return id & INT64_MAX;
	return trust_hash(ca_text) >> 1;
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

enum trust_step trust_step(json_t *state)
{
	const char *name = text_of(state, "step");

	return !strcmp(name, "both")   ? TRUST_BOTH
	       : !strcmp(name, "next") ? TRUST_NEXT
				       : TRUST_SETTLED;
}

const char *trust_pin(json_t *state)
{
	return json_string_value(json_object_get(state, "pin"));
}

bool trust_without(json_t *list, const char *host)
{
	json_t *name;
	size_t i;

	json_array_foreach (list, i, name)
		if (!strcmp(json_string_value(name) ? json_string_value(name) : "", host))
			return true;
	return false;
}

/* The file without the line that is ours. */
static const char *certificates(const char *text)
{
	const char *end = strncmp(text, TRUST_LINE, strlen(TRUST_LINE)) ? NULL : strchr(text, '\n');

	return end ? end + 1 : text;
}

const char *trust_now(json_t *state, const char *ca_text)
{
	json_t *texts = json_object_get(state, "texts");

	return texts ? text_of(texts, "now") : certificates(ca_text);
}

static json_t *begin(json_t *entry)
{
	const char *now = certificates(text_of(entry, "now")), *next = text_of(entry, "next");

	if (!*now || !*next || !*text_of(entry, "pin"))
		return NULL;
	return json_pack("{s:s, s:O, s:{s:s, s:s}}", "step", "both", "pin",
		json_object_get(entry, "pin"), "texts", "now", now, "next", next);
}

static json_t *step_on(json_t *state, json_t *entry, enum trust_step from, const char *to)
{
	json_t *changed, *texts;

	if (trust_step(state) != from || strcmp(text_of(state, "pin"), text_of(entry, "pin")))
		return NULL;
	changed = json_deep_copy(state);
	json_object_set_new(changed, "step", json_string(to));
	texts = json_object_get(changed, "texts");
	if (!strcmp(to, "settled")) {
		json_object_set(texts, "now", json_object_get(texts, "next"));
		json_object_del(texts, "next");
	}
	return changed;
}

/* Nobody has a certificate of a next one before TRUST_NEXT: until then another may take its place.
 */
bool trust_apply(json_t **state, json_t *entry)
{
	static const char *const along[] = { "since_ms", "user", "without" };
	const char *to = text_of(entry, "step");
	json_t *changed = NULL, *value;

	if (!strcmp(to, "both") && trust_step(*state) != TRUST_NEXT)
		changed = begin(entry);
	else if (!strcmp(to, "next"))
		changed = step_on(*state, entry, TRUST_BOTH, to);
	else if (!strcmp(to, "settled"))
		changed = step_on(*state, entry, TRUST_NEXT, to);
	if (!changed)
		return false;
	for (size_t i = 0; i < sizeof(along) / sizeof(*along); i++) {
		value = json_object_get(entry, along[i]);
		if (value)
			json_object_set(changed, along[i], value);
	}
	json_decref(*state);
	*state = changed;
	return true;
}

char *trust_text(json_t *state, uint64_t cluster)
{
	json_t *texts = json_object_get(state, "texts");
	const char *first = text_of(texts, "now"), *second = text_of(texts, "next");

	if (!texts)
		return NULL;
	if (trust_step(state) == TRUST_NEXT) {
		first = second;
		second = text_of(texts, "now");
	}
	return own_printf(TRUST_LINE "%016" PRIx64 "\n%s%s", cluster, first, second);
}
