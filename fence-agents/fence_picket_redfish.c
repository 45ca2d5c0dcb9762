/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fences through a management controller that speaks Redfish. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "base/own.h"
#include "redfish_system.h"

struct machine {
	struct redfish *redfish;
	struct redfish_system system;
};

own_define(json, json_t, json_decref);

static const struct param params[] = {
	{ "systems_uri", "systems-uri", 0, PARAM_STRING, "[uri]", NULL, NULL,
		"Redfish Systems resource URI, i.e. /redfish/v1/Systems/System.Embedded.1" },
	{ "redfish_uri", "redfish-uri", 0, PARAM_STRING, "[uri]", "/redfish/v1", NULL,
		"Base or starting Redfish URI" },
	{ "plug", "port", 'n', PARAM_STRING, "[ip]", NULL, NULL,
		"Which of several systems: its id, UUID, serial number or host name; or IP address "
		"or "
		"hostname of fencing device (together with --port-as-ip)" },
	{ "system_uuid", NULL, 0, PARAM_STRING, "[uuid]", NULL, NULL,
		"Refuse any system but the one with this UUID" },
	{ "system_serial", NULL, 0, PARAM_STRING, "[serial]", NULL, NULL,
		"Refuse any system but the one with this serial number" },
	{ "gnutlscli_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/gnutls-cli", NULL,
		"Accepted for compatibility; not used" },
	/* As in the agents of old, a login is required, and may come from anywhere. */
	{ "username", "login", 'l', PARAM_STRING, "[name]", NULL, NULL, "Login name",
		.required = true },
	{ NULL },
};

static const struct param_preset presets[] = { { "ipport", "443" }, { NULL, NULL } };

static int machine_check(struct call *call)
{
	const struct settings *s = call->settings;
	const char *pin = settings_get(s, "ssl_pin");

	if (!call_address(call))
		return call_fail(call, -EINVAL, "parameter ip is missing");
	if (!settings_get(s, "password"))
		return call_fail(call, -EINVAL,
			"parameter password, password_file or password_script is missing");
	if (pin && strncmp(pin, "sha256//", 8) != 0)
		return call_fail(call, -EINVAL, "parameter ssl_pin must begin with sha256//");
	if (settings_flag(s, "inet4_only") && settings_flag(s, "inet6_only"))
		return call_fail(call, -EINVAL, "inet4_only and inet6_only exclude each other");
	return 0;
}

static void machine_warm(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int machine_connect(struct call *call)
{
	struct machine *m = call->device = own_new(struct machine);

	return redfish_new(call, &m->redfish);
}

static int machine_open(struct call *call)
{
	int r = machine_connect(call);
	struct machine *m = call->device;

	return r < 0 ? r : redfish_system_find(m->redfish, call, &m->system);
}

static void machine_close(struct call *call)
{
	struct machine *m = give(call->device);

	if (!m)
		return;
	redfish_system_done(&m->system);
	redfish_free(m->redfish);
	free(m);
}

static int machine_get(struct call *call, const char *plug, enum power *ret_power)
{
	struct machine *m = call->device;

	return redfish_system_power(m->redfish, call, &m->system, ret_power);
}

static int machine_set(struct call *call, const char *plug, enum power wanted)
{
	/* Off is ForceOff and nothing else: a button that is pushed and a system that is asked
	 * kindly prove nothing. */
	static const char *const off[] = { "ForceOff", NULL };
	static const char *const on[] = { "On", "ForceOn", NULL };
	struct machine *m = call->device;

	return redfish_system_reset(m->redfish, call, &m->system, wanted == POWER_OFF ? off : on);
}

static int machine_cycle(struct call *call, const char *plug)
{
	static const char *const cycle[] = { "PowerCycle", NULL };
	struct machine *m = call->device;

	return redfish_system_reset(m->redfish, call, &m->system, cycle);
}

static int machine_diag(struct call *call, const char *plug)
{
	static const char *const nmi[] = { "Nmi", NULL };
	struct machine *m = call->device;

	return redfish_system_reset(m->redfish, call, &m->system, nmi);
}

static int machine_pin(struct call *call, char **ret_pin)
{
	int r = machine_connect(call);

	if (r == 0)
		r = redfish_pin(((struct machine *)call->device)->redfish, ret_pin);
	machine_close(call);
	return r;
}

/* The role of our own account, as far as we may see it. */
static int role_of(struct machine *m, struct call *call, char **ret_role)
{
	const char *user = settings_get(call->settings, "username");
	owned(free) char *path = own_printf("%s/AccountService/Accounts", redfish_root(m->redfish));
	owned(json) json_t *accounts = NULL;
	json_t *member;
	size_t i;

	if (redfish_get(m->redfish, path, &accounts, NULL) < 0)
		return -ENODEV;
	json_array_foreach (json_object_get(accounts, "Members"), i, member) {
		owned(json) json_t *account = NULL;
		const char *id = redfish_string(member, "@odata.id"), *name;

		if (!id || i >= 32 || redfish_get(m->redfish, id, &account, NULL) < 0)
			continue;
		name = redfish_string(account, "UserName");
		if (name && strcmp(name, user) == 0 && redfish_string(account, "RoleId")) {
			*ret_role = own_string(redfish_string(account, "RoleId"));
			return 0;
		}
	}
	return -ENODEV;
}

static int machine_rehearse(struct call *call)
{
	struct machine *m = call->device;
	const json_t *o = m->system.object;
	owned(free) char *role = NULL, *resets = NULL;
	int r = redfish_system_resets(m->redfish, call, &m->system);

	if (r < 0)
		return r;
	resets = m->system.resets ? json_dumps(m->system.resets, JSON_COMPACT) : NULL;
	role_of(m, call, &role);
	printf("system=%s\nuuid=%s\nserial=%s\nhost=%s\npower=%s\nresets=%s\nrole=%s\n",
		m->system.path, redfish_string(o, "UUID") ? redfish_string(o, "UUID") : "",
		redfish_string(o, "SerialNumber") ? redfish_string(o, "SerialNumber") : "",
		redfish_string(o, "HostName") ? redfish_string(o, "HostName") : "",
		redfish_string(o, "PowerState") ? redfish_string(o, "PowerState") : "",
		resets ? resets : "", role ? role : "");
	if (redfish_string(o, "UUID"))
		printf("record:system_uuid=%s\n", redfish_string(o, "UUID"));
	else if (redfish_string(o, "SerialNumber"))
		printf("record:system_serial=%s\n", redfish_string(o, "SerialNumber"));
	if (resets && !strstr(resets, "\"ForceOff\""))
		return call_fail(
			call, -ENOTSUP, "the system does not allow ForceOff, only %s", resets);
	if (role && strcmp(role, "ReadOnly") == 0)
		return call_fail(call, -EACCES, "the account may only read");
	return 0;
}

static const struct agent_device device = {
	.warm = machine_warm,
	.open = machine_open,
	.get = machine_get,
	.set = machine_set,
	.cycle = machine_cycle,
	.diag = machine_diag,
	.rehearse = machine_rehearse,
	.pin = machine_pin,
	.close = machine_close,
};

static const struct agent agent = {
	.name = "fence_picket_redfish",
	.shortdesc = "I/O Fencing agent for Redfish",
	.longdesc = "fence_picket_redfish is an I/O Fencing agent for management controllers that "
		    "support Redfish. It says \"off\" only after it read PowerState Off, acts only "
		    "on a "
		    "system that is named without doubt, and ends inside its own deadline.",
	.vendor_url = "https://www.dmtf.org",
	.groups = PARAM_DEVICE | PARAM_LOGIN | PARAM_PLUG | PARAM_METHOD | PARAM_POWER |
		  PARAM_AS_IP | PARAM_TLS,
	.params = params,
	.presets = presets,
	.check = machine_check,
	.device = &device,
};

int main(int argc, char **argv)
{
	return agent_main(&agent, argc, argv);
}
