/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "redfish_system.h"

enum { SYSTEMS_MAX = 64 };

own_define(json, json_t, json_decref);

void redfish_system_done(struct redfish_system *system)
{
	free(system->path);
	free(system->etag);
	free(system->task);
	free(system->target);
	free(system->action_info);
	json_decref(system->resets);
	json_decref(system->object);
	*system = (struct redfish_system){ 0 };
}

/* ---- who is meant ---------------------------------------------------------------------------- */

static bool equal(const char *a, const char *b)
{
	return a && b && *a && strcasecmp(a, b) == 0;
}

/* "n1" also stands for "n1.example.org". */
static bool equal_host(const char *host, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return equal(host, name) ||
	       (host && n && strncasecmp(host, name, n) == 0 && host[n] == '.');
}

static bool matches_plug(const json_t *system, const char *plug)
{
	return equal(redfish_string(system, "Id"), plug) ||
	       equal(redfish_string(system, "@odata.id"), plug) ||
	       equal(redfish_string(system, "UUID"), plug) ||
	       equal(redfish_string(system, "SerialNumber"), plug) ||
	       equal_host(redfish_string(system, "HostName"), plug);
}

/* -1: nothing was asked for; otherwise whether it is the one. */
static int matches_identity(const json_t *system, const struct settings *s)
{
	const char *uuid = settings_get(s, "system_uuid");
	const char *serial = settings_get(s, "system_serial");

	if (!uuid && !serial)
		return -1;
	return (!uuid || equal(redfish_string(system, "UUID"), uuid)) &&
	       (!serial || equal(redfish_string(system, "SerialNumber"), serial));
}

/* Data processing units are listed beside the computer they sit in. */
static bool is_computer(const json_t *system)
{
	return !equal(redfish_string(system, "SystemType"), "DPU");
}

enum criterion { BY_IDENTITY, BY_PLUG, BY_TYPE };

static bool matches(const json_t *system, struct call *call, enum criterion by)
{
	switch (by) {
	case BY_IDENTITY:
		return matches_identity(system, call->settings) == 1;
	case BY_PLUG:
		return matches_plug(system, call->plugs ? call->plugs[0] : "");
	default:
		return is_computer(system);
	}
}

/* The only system that matches; NULL if none or several do. */
static json_t *only_match(json_t *systems, struct call *call, enum criterion by, size_t *ret_n)
{
	json_t *found = NULL, *system;
	size_t i, n = 0;

	json_array_foreach (systems, i, system) {
		if (!matches(system, call, by))
			continue;
		found = system;
		n++;
	}
	*ret_n = n;
	return n == 1 ? found : NULL;
}

static int refuse(struct call *call, json_t *systems, const char *why)
{
	char list[384] = "";
	json_t *system;
	size_t i, used = 0;

	json_array_foreach (systems, i, system) {
		const char *uuid = redfish_string(system, "UUID");
		const char *host = redfish_string(system, "HostName");
		int n = snprintf(list + used, sizeof(list) - used, "%s%s%s%s%s%s", i ? ", " : "",
			redfish_string(system, "@odata.id"), uuid ? " uuid " : "", uuid ? uuid : "",
			host && *host ? " host " : "", host ? host : "");

		if (n < 0 || (used += (size_t)n) >= sizeof(list))
			break;
	}
	return call_fail(call, -ENODEV, "%s; set systems_uri or plug; there are: %s", why, list);
}

static int choose(struct call *call, json_t *systems, json_t **ret_system)
{
	size_t total = json_array_size(systems), n;
	bool identity = settings_given(call->settings, "system_uuid") ||
			settings_given(call->settings, "system_serial");
	json_t *found;

	if (total == 0)
		return call_fail(call, -ENODEV, "the service knows no system");
	if (total == 1) {
		*ret_system = json_array_get(systems, 0);
		return 0;
	}
	found = only_match(systems, call, identity ? BY_IDENTITY : BY_PLUG, &n);
	if (!found && n > 1)
		return refuse(call, systems, "several systems match");
	if (!found && identity)
		return refuse(call, systems, "no system has this UUID or serial number");
	if (!found)
		found = only_match(systems, call, BY_TYPE, &n);
	if (!found)
		return refuse(call, systems, "several systems, and none is named");
	*ret_system = found;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void take_reset(struct redfish_system *system)
{
	const json_t *actions = json_object_get(system->object, "Actions");
	const json_t *reset = json_object_get(actions, "#ComputerSystem.Reset");
	const char *target = redfish_string(reset, "target");
	const char *info = redfish_string(reset, "@Redfish.ActionInfo");
	json_t *allowed = json_object_get(reset, "ResetType@Redfish.AllowableValues");

	free(system->target);
	system->target = target ? own_string(target)
				: own_printf("%s/Actions/ComputerSystem.Reset", system->path);
	free(system->action_info);
	system->action_info = own_string(info);
	if (json_is_array(allowed)) {
		json_decref(system->resets);
		system->resets = json_incref(allowed);
	}
}

/* A second reading must be of the same computer as the first. */
static int take_object(struct call *call, struct redfish_system *system, json_t *object)
{
	const char *uuid = redfish_string(object, "UUID");
	const char *before = redfish_string(system->object, "UUID");

	if (matches_identity(object, call->settings) == 0 || (before && !equal(uuid, before))) {
		int r = call_fail(call, -ESTALE,
			"%s is another computer than recorded: uuid %s, serial number %s",
			system->path, uuid ? uuid : "none",
			redfish_string(object, "SerialNumber")
				? redfish_string(object, "SerialNumber")
				: "none");

		json_decref(object);
		return r;
	}
	json_decref(system->object);
	system->object = object;
	take_reset(system);
	return 0;
}

static int system_read(struct redfish *rf, struct call *call, struct redfish_system *system)
{
	json_t *object = NULL;
	char *etag = NULL;
	int r = redfish_get(rf, system->path, &object, &etag);

	if (r < 0)
		return r;
	free(system->etag);
	system->etag = etag;
	return take_object(call, system, object);
}

static int members_get(struct redfish *rf, struct call *call, const char *path, json_t *ret_paths)
{
	owned(free) char *next = own_string(path);

	while (next && json_array_size(ret_paths) < SYSTEMS_MAX) {
		owned(json) json_t *page = NULL;
		json_t *member;
		size_t i, before = json_array_size(ret_paths);
		int r = redfish_get(rf, next, &page, NULL);

		if (r < 0)
			return r;
		json_array_foreach (json_object_get(page, "Members"), i, member) {
			const char *id = redfish_string(member, "@odata.id");

			if (id && json_array_size(ret_paths) < SYSTEMS_MAX)
				json_array_append_new(ret_paths, json_string(id));
		}
		free(next);
		next = json_array_size(ret_paths) > before
			       ? own_string(redfish_string(page, "Members@odata.nextLink"))
			       : NULL;
	}
	return 0;
}

/* Where nearly every service has them: a request saved. The service root knows the others. */
static int collection_get(struct redfish *rf, struct call *call, json_t *ret_paths)
{
	owned(free) char *usual = own_printf("%s/Systems", redfish_root(rf));
	owned(json) json_t *root = NULL;
	const char *collection;
	int r = members_get(rf, call, usual, ret_paths);

	if (r != -ENODEV || json_array_size(ret_paths))
		return r;
	r = redfish_get(rf, redfish_root(rf), &root, NULL);
	if (r < 0)
		return r;
	collection = redfish_link(root, "Systems");
	return collection ? members_get(rf, call, collection, ret_paths)
			  : call_fail(call, -ENODEV, "the service knows no systems");
}

static int systems_get(struct redfish *rf, struct call *call, json_t *ret_systems)
{
	owned(json) json_t *paths = json_array();
	json_t *path;
	size_t i;
	int r = collection_get(rf, call, paths);

	if (r < 0)
		return r;
	json_array_foreach (paths, i, path) {
		json_t *object = NULL;

		r = redfish_get(rf, json_string_value(path), &object, NULL);
		if (r < 0)
			return r;
		/* The path by which it was found is what counts later. */
		json_object_set(object, "@odata.id", path);
		json_array_append_new(ret_systems, object);
	}
	return 0;
}

int redfish_system_find(struct redfish *rf, struct call *call, struct redfish_system *ret)
{
	const char *uri = settings_get(call->settings, "systems_uri");
	owned(json) json_t *systems = json_array();
	struct redfish_system system = { 0 };
	json_t *found = NULL;
	int r;

	call_doing(call, "looking for the system");
	if (uri) {
		system.path = own_printf("%s%s", *uri == '/' ? "" : "/", uri);
		r = system_read(rf, call, &system);
	} else {
		r = systems_get(rf, call, systems);
		if (r == 0)
			r = choose(call, systems, &found);
		if (r == 0) {
			system.path = own_string(redfish_string(found, "@odata.id"));
			r = take_object(call, &system, json_incref(found));
		}
	}
	if (r < 0) {
		redfish_system_done(&system);
		return r;
	}
	call_evidence(call, &(struct evidence_step){ .step = "identity",
				    .asked = system.path,
				    .read = redfish_string(system.object, "UUID") });
	/* With one system, its reading was the last request: no need to ask the same again. */
	system.fresh = json_array_size(systems) <= 1;
	*ret = system;
	return 0;
}

static enum power power_of(const json_t *system)
{
	const char *state = redfish_string(system, "PowerState");

	if (!state)
		return POWER_UNKNOWN;
	if (strcmp(state, "Off") == 0)
		return POWER_OFF;
	if (strcmp(state, "On") == 0)
		return POWER_ON;
	if (strcmp(state, "PoweringOn") == 0 || strcmp(state, "PoweringOff") == 0)
		return POWER_CHANGING;
	return POWER_UNKNOWN;
}

/* A task is no proof of anything, but its failure explains why nothing happens. */
static int task_check(struct redfish *rf, struct call *call, struct redfish_system *system)
{
	static const char *const failed[] = { "Exception", "Killed", "Cancelled", "Interrupted" };
	owned(json) json_t *task = NULL;
	const char *state, *text;

	if (redfish_get(rf, system->task, &task, NULL) < 0)
		return 0; /* gone, or of no help */
	state = redfish_string(task, "TaskState");
	for (size_t i = 0; state && i < sizeof(failed) / sizeof(failed[0]); i++) {
		if (strcmp(state, failed[i]) != 0)
			continue;
		text = redfish_string(
			json_array_get(json_object_get(task, "Messages"), 0), "Message");
		return call_fail(
			call, -EPERM, "the task ended with %s: %s", state, text ? text : "");
	}
	return 0;
}

int redfish_system_power(
	struct redfish *rf, struct call *call, struct redfish_system *system, enum power *ret_power)
{
	uint64_t start = deadline_now_ns();
	const char *state;
	int r = system->fresh ? 0 : system_read(rf, call, system);

	system->fresh = false;
	if (r < 0)
		return r;
	state = redfish_string(system->object, "PowerState");
	*ret_power = power_of(system->object);
	call_evidence(call, &(struct evidence_step){ .step = "get",
				    .asked = system->path,
				    .read = state ? state : "no PowerState",
				    .start_ns = start });
	if (system->task && *ret_power != POWER_OFF && *ret_power != POWER_CHANGING)
		return task_check(rf, call, system);
	return 0;
}

/* ---- switching ------------------------------------------------------------------------------- */

int redfish_system_resets(struct redfish *rf, struct call *call, struct redfish_system *system)
{
	owned(json) json_t *info = NULL;
	json_t *parameter;
	size_t i;
	int r;

	if (system->resets || !system->action_info)
		return 0;
	r = redfish_get(rf, system->action_info, &info, NULL);
	if (r < 0)
		return call_may_retry(r) || r == -EACCES ? r : 0;
	json_array_foreach (json_object_get(info, "Parameters"), i, parameter) {
		const char *name = redfish_string(parameter, "Name");
		json_t *allowed = json_object_get(parameter, "AllowableValues");

		if (name && strcmp(name, "ResetType") == 0 && json_is_array(allowed))
			system->resets = json_incref(allowed);
	}
	return 0;
}

static bool allowed(const json_t *resets, const char *type)
{
	json_t *value;
	size_t i;

	if (!resets)
		return true; /* not told: the answer will tell */
	json_array_foreach (resets, i, value) {
		const char *text = json_string_value(value);

		if (text && strcmp(text, type) == 0)
			return true;
	}
	return false;
}

int redfish_system_reset(struct redfish *rf, struct call *call, struct redfish_system *system,
	const char *const *types)
{
	owned(free) char *body = NULL, *answered = NULL;
	const char *const *type = types;
	uint64_t start = deadline_now_ns();
	int r = redfish_system_resets(rf, call, system);

	if (r < 0)
		return r;
	while (*type && !allowed(system->resets, *type))
		type++;
	if (!*type) {
		owned(free) char *list = json_dumps(system->resets, JSON_COMPACT);

		return call_fail(call, -ENOTSUP, "%s does not allow the reset type %s, only %s",
			system->path, types[0], list ? list : "nothing");
	}
	body = own_printf("{\"ResetType\":\"%s\"}", *type);
	free(give(system->task));
	system->fresh = false;
	r = redfish_post(rf, system->target, body, NULL, &system->task);
	if (r == -EKEYREVOKED) {
		enum power power;

		/* It wants to be sure that we saw its present state: read it, and say which. */
		r = redfish_system_power(rf, call, system, &power);
		if (r == 0)
			r = redfish_post(rf, system->target, body,
				system->etag ? system->etag : "*", &system->task);
		if (r == -EKEYREVOKED)
			r = -EPERM;
	}
	answered = r < 0 ? own_string(call->reason)
			 : own_string(system->task ? "promised" : "accepted");
	call_evidence(call,
		&(struct evidence_step){
			.step = "set", .asked = *type, .answered = answered, .start_ns = start });
	return r;
}
