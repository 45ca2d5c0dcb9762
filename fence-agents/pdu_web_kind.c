/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "pdu_web_kind.h"

own_define(json, json_t, json_decref);

/* ---- Raritan's JSON-RPC -------------------------------------------------------------------------
 */

static int rpc(struct pdu_web *web, const char *path, const char *method, const char *params,
	bool set, json_t **ret)
{
	owned(free) char *body = own_printf(
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method, params);
	owned(json) json_t *answer = NULL;
	json_t *result;
	int r = web_question_json(web, "POST", path, body, set, &answer);

	if (r < 0)
		return r;
	result = json_object_get(json_object_get(answer, "result"), "_ret_");
	if (!result) {
		const char *why = json_string_value(
			json_object_get(json_object_get(answer, "error"), "message"));

		return call_fail(web->call, set ? -EPERM : -EPROTO, "%s of %s: %s", method, path,
			why ? why : "neither a result nor an error");
	}
	*ret = json_incref(result);
	return 0;
}

static int raritan_find(struct pdu_web *web)
{
	owned(json) json_t *outlets = NULL;
	const char *unit = settings_get(web->call->settings, "switch");
	owned(free) char *path = own_printf("/model/pdu/%s", unit ? unit : "0");
	json_t *o;
	size_t i;
	int r = rpc(web, path, "getOutlets", "{}", false, &outlets);

	if (r < 0)
		return r;
	json_array_foreach (outlets, i, o) {
		const char *rid = redfish_string(o, "rid");
		char id[16];

		snprintf(id, sizeof(id), "%zu", i + 1);
		if (rid && *rid == '/')
			web_outlet_add(web, id, rid);
	}
	return 0;
}

static int raritan_label(struct pdu_web *web, struct web_outlet *o)
{
	owned(json) json_t *settings = NULL;
	int r = rpc(web, o->path, "getSettings", "{}", false, &settings);

	if (r == 0)
		web_outlet_label(o, redfish_string(settings, "name"));
	return r;
}

static int raritan_state(
	struct pdu_web *web, struct web_outlet *o, enum power *ret_power, char *read, size_t size)
{
	owned(json) json_t *state = NULL;
	int r = rpc(web, o->path, "getState", "{}", false, &state);
	json_t *value = json_object_get(state, "powerState");

	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(state, "available")) || !json_is_integer(value)) {
		snprintf(read, size, "not available");
		*ret_power = POWER_UNKNOWN;
		return 0;
	}
	snprintf(read, size, "%d", (int)json_integer_value(value));
	*ret_power = json_integer_value(value) == 0   ? POWER_OFF
		     : json_integer_value(value) == 1 ? POWER_ON
						      : POWER_UNKNOWN;
	if (json_is_true(json_object_get(state, "cycleInProgress")) ||
		json_is_true(json_object_get(state, "switchOnInProgress")))
		*ret_power = POWER_CHANGING;
	return 0;
}

static int raritan_turn(struct pdu_web *web, struct web_outlet *o, enum power wanted)
{
	owned(json) json_t *result = NULL;
	int r = rpc(web, o->path, "setPowerState",
		wanted == POWER_ON ? "{\"pstate\":1}" : "{\"pstate\":0}", true, &result);

	if (r == 0 && json_integer_value(result))
		return call_fail(web->call, -EPERM, "the unit refuses: error %d",
			(int)json_integer_value(result));
	return r;
}

/* ---- NETIO's JSON -------------------------------------------------------------------------------
 */

static int netio_find(struct pdu_web *web)
{
	owned(json) json_t *all = NULL;
	json_t *o;
	size_t i;
	int r = web_question_json(web, "GET", "/netio.json", NULL, false, &all);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(all, "Outputs"), i, o) {
		json_t *id = json_object_get(o, "ID");
		struct web_outlet *outlet;
		char text[16];

		snprintf(text, sizeof(text), "%d", (int)json_integer_value(id));
		outlet = json_is_integer(id) ? web_outlet_add(web, text, "/netio.json") : NULL;
		if (outlet)
			web_outlet_label(outlet, redfish_string(o, "Name"));
	}
	return 0;
}

static int netio_state(struct pdu_web *web, struct web_outlet *outlet, enum power *ret_power,
	char *read, size_t size)
{
	owned(json) json_t *all = NULL;
	json_t *o, *found = NULL;
	size_t i, n = 0;
	int r = web_question_json(web, "GET", "/netio.json", NULL, false, &all);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(all, "Outputs"), i, o)
		if (json_integer_value(json_object_get(o, "ID")) == strtol(outlet->id, NULL, 10)) {
			found = json_object_get(o, "State");
			n++;
		}
	snprintf(read, size, "%s", "no such output");
	*ret_power = POWER_UNKNOWN;
	if (n != 1 || !json_is_integer(found))
		return 0;
	snprintf(read, size, "%d", (int)json_integer_value(found));
	if (json_integer_value(found) == 0)
		*ret_power = POWER_OFF;
	else if (json_integer_value(found) == 1)
		*ret_power = POWER_ON;
	return 0;
}

static int netio_turn(struct pdu_web *web, struct web_outlet *o, enum power wanted)
{
	owned(free) char *body = own_printf(
		"{\"Outputs\":[{\"ID\":%s,\"Action\":%d}]}", o->id, wanted == POWER_ON ? 1 : 0);
	owned(free) char *text = NULL;

	return web_question(web, "POST", "/netio.json", body, true, &text);
}

/* ---- Redfish ------------------------------------------------------------------------------------
 */

/* Each member of the collection at path; each() gets its path. */
static int members(
	struct pdu_web *web, const char *path, int (*each)(struct pdu_web *web, const char *path))
{
	owned(json) json_t *list = NULL;
	json_t *member;
	size_t i;
	int r = redfish_get(web->redfish, path, &list, NULL);

	json_array_foreach (json_object_get(list, "Members"), i, member) {
		const char *at = redfish_string(member, "@odata.id");

		r = r == 0 && at ? each(web, at) : r;
	}
	return r;
}

static int redfish_outlet(struct pdu_web *web, const char *path)
{
	const char *id = strrchr(path, '/');

	web_outlet_add(web, id ? id + 1 : path, path);
	return 0;
}

static int redfish_unit(struct pdu_web *web, const char *path)
{
	owned(json) json_t *unit = NULL;
	const char *outlets;
	int r = redfish_get(web->redfish, path, &unit, NULL);

	if (r < 0)
		return r;
	outlets = redfish_link(unit, "Outlets");
	return outlets ? members(web, outlets, redfish_outlet) : 0;
}

static int redfish_find(struct pdu_web *web)
{
	owned(json) json_t *root = NULL, *equipment = NULL;
	const char *at, *units;
	int r = redfish_get(web->redfish, redfish_root(web->redfish), &root, NULL);

	if (r < 0)
		return r;
	at = redfish_link(root, "PowerEquipment");
	if (!at)
		return call_fail(web->call, -ENODEV, "this service has no PowerEquipment");
	r = redfish_get(web->redfish, at, &equipment, NULL);
	if (r < 0)
		return r;
	units = redfish_link(equipment, "RackPDUs");
	if (!units)
		return call_fail(web->call, -ENODEV, "this service has no RackPDUs");
	return members(web, units, redfish_unit);
}

static int redfish_label(struct pdu_web *web, struct web_outlet *o)
{
	owned(json) json_t *outlet = NULL;
	const char *label;
	int r = redfish_get(web->redfish, o->path, &outlet, NULL);

	if (r < 0)
		return r;
	label = redfish_string(outlet, "UserLabel");
	web_outlet_label(o, label && *label ? label : redfish_string(outlet, "Name"));
	return 0;
}

static int redfish_state(
	struct pdu_web *web, struct web_outlet *o, enum power *ret_power, char *read, size_t size)
{
	owned(json) json_t *outlet = NULL;
	const char *state;
	int r = redfish_get(web->redfish, o->path, &outlet, NULL);

	if (r < 0)
		return r;
	state = redfish_string(outlet, "PowerState");
	snprintf(read, size, "%s", state ? state : "no PowerState");
	*ret_power = POWER_UNKNOWN;
	if (state && strcmp(state, "Off") == 0)
		*ret_power = POWER_OFF;
	else if (state && strcmp(state, "On") == 0)
		*ret_power = POWER_ON;
	else if (state && strncmp(state, "Powering", 8) == 0)
		*ret_power = POWER_CHANGING;
	return 0;
}

static int redfish_turn(struct pdu_web *web, struct web_outlet *o, enum power wanted)
{
	owned(json) json_t *outlet = NULL;
	owned(free) char *usual = own_printf("%s/Actions/Outlet.PowerControl", o->path);
	owned(free) char *task = NULL, *etag = NULL;
	const char *body =
		wanted == POWER_ON ? "{\"PowerState\":\"On\"}" : "{\"PowerState\":\"Off\"}";
	const char *target;
	int r = redfish_get(web->redfish, o->path, &outlet, &etag);

	if (r < 0)
		return r;
	target = redfish_string(
		json_object_get(json_object_get(outlet, "Actions"), "#Outlet.PowerControl"),
		"target");
	r = redfish_post(web->redfish, target ? target : usual, body, NULL, &task);
	if (r == -EKEYREVOKED)
		r = redfish_post(
			web->redfish, target ? target : usual, body, etag ? etag : "*", &task);
	return r == -EKEYREVOKED ? -EPERM : r;
}

/* ---- by templates -------------------------------------------------------------------------------
 */

/* "POST /relay/{plug} {"turn":"off"}" → its parts, with the plug put in. */
static int template_send(
	struct pdu_web *web, const char *name, const char *plug, bool set, char **ret_text)
{
	const char *at = settings_get(web->call->settings, name), *mark;
	owned(free) char *text = own_string("");
	char *path, *body;

	for (; (mark = strstr(at, "{plug}")); at = mark + strlen("{plug}")) {
		char *longer = own_printf("%s%.*s%s", text, (int)(mark - at), at, plug);

		free(text);
		text = longer;
	}
	path = own_printf("%s%s", text, at);
	free(text);
	text = path;
	path = strchr(text, ' ');
	if (!path || path[1] != '/')
		return call_fail(web->call, -EINVAL, "%s must be METHOD /path [body]", name);
	*path++ = 0;
	body = strchr(path, ' ');
	if (body)
		*body++ = 0;
	return web_question(web, text, path, body, set, ret_text);
}

/* The value at "a.b.0.c", as text. */
static int template_value(const char *json, const char *key, char *to, size_t size)
{
	owned(json) json_t *root = json_loads(json, JSON_DECODE_ANY, NULL);
	owned(free) char *path = own_string(key), *dump = NULL;
	char *save = NULL;
	json_t *at = root;

	for (char *k = strtok_r(path, ".", &save); k && at; k = strtok_r(NULL, ".", &save))
		at = json_is_array(at) ? json_array_get(at, strtoul(k, NULL, 10))
				       : json_object_get(at, k);
	if (!at || json_is_object(at) || json_is_array(at))
		return -ENODEV;
	dump = json_is_string(at) ? own_string(json_string_value(at))
				  : json_dumps(at, JSON_ENCODE_ANY);
	snprintf(to, size, "%s", dump ? dump : "");
	return 0;
}

static int template_find(struct pdu_web *web)
{
	for (size_t i = 0; i < web->call->n_plugs; i++) {
		const char *plug = web->call->plugs[i];

		for (const char *c = plug; *c; c++)
			if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
				return call_fail(web->call, -EINVAL,
					"a plug of a template has letters, digits, '.', '_', '-'");
		web_outlet_label(web_outlet_add(web, plug, ""), plug);
	}
	return 0;
}

static int template_state(
	struct pdu_web *web, struct web_outlet *o, enum power *ret_power, char *read, size_t size)
{
	const struct settings *s = web->call->settings;
	const char *key = settings_get(s, "http_status_key");
	owned(free) char *text = NULL;
	int r = template_send(web, "http_status", o->id, false, &text);

	if (r < 0)
		return r;
	if (key && template_value(text, key, read, size) < 0)
		return call_fail(web->call, -EPROTO, "no value '%s' in the answer", key);
	if (!key)
		snprintf(read, size, "%.*s", (int)strcspn(text, "\r\n"), text);
	*ret_power = POWER_UNKNOWN;
	if (strcmp(read, settings_get(s, "http_status_off")) == 0)
		*ret_power = POWER_OFF;
	else if (strcmp(read, settings_get(s, "http_status_on")) == 0)
		*ret_power = POWER_ON;
	return 0;
}

static int template_turn(struct pdu_web *web, struct web_outlet *o, enum power wanted)
{
	owned(free) char *text = NULL;

	return template_send(web, wanted == POWER_ON ? "http_on" : "http_off", o->id, true, &text);
}

static const struct web_kind kinds[] = {
	{ "raritan_json", "Raritan JSON-RPC", raritan_find, raritan_label, raritan_state,
		raritan_turn },
	{ "netio_json", "NETIO JSON", netio_find, NULL, netio_state, netio_turn },
	{ "redfish_outlets", "Redfish outlets", redfish_find, redfish_label, redfish_state,
		redfish_turn },
	{ "http_template", "by templates", template_find, NULL, template_state, template_turn },
};

const struct web_kind *web_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
