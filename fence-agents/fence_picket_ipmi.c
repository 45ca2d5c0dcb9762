/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fences through a management controller that speaks IPMI over LAN. */
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "base/own.h"
#include "ipmi.h"

static const char *const auths[] = { "md5", "password", "none", NULL };
static const char *const levels[] = { "callback", "user", "operator", "administrator", NULL };

static const struct param params[] = {
	{ "auth", NULL, 'A', PARAM_SELECT, "[auth]", NULL, auths, "IPMI Lan Auth type." },
	{ "cipher", NULL, 'C', PARAM_STRING, "[cipher]", NULL, NULL,
		"Ciphersuite to use (same as ipmitool -C parameter); without it 17, then 3" },
	{ "hexadecimal_kg", NULL, 0, PARAM_STRING, "[key]", NULL, NULL,
		"Hexadecimal-encoded Kg key for IPMIv2 authentication", .secret = true },
	{ "hexadecimal_kg_file", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"File that holds the Kg key in its first line" },
	{ "lanplus", NULL, 'P', PARAM_BOOLEAN, NULL, "1", NULL,
		"Use Lanplus to improve security of connection; without a word, IPMI 1.5 is used "
		"only "
		"where there is nothing else" },
	{ "privlvl", NULL, 'L', PARAM_SELECT, "[level]", "administrator", levels,
		"Privilege level on IPMI device" },
	{ "target", NULL, 0, PARAM_STRING, "[targetaddress]", NULL, NULL,
		"Bridge IPMI requests to the remote target address" },
	{ "plug", "port", 'n', PARAM_STRING, "[ip]", NULL, NULL,
		"IP address or hostname of fencing device (together with --port-as-ip)" },
	{ "system_uuid", NULL, 0, PARAM_STRING, "[uuid]", NULL, NULL,
		"Refuse any system but the one with this UUID (GUID)" },
	{ "ipmitool_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/ipmitool", NULL,
		"Accepted for compatibility; no other program is used" },
	{ "ipmitool_timeout", NULL, 0, PARAM_STRING, "[timeout]", "2", NULL,
		"Accepted for compatibility" },
	{ "use_sudo", "sudo", 0, PARAM_BOOLEAN, NULL, NULL, NULL, "Accepted for compatibility" },
	{ "sudo_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/sudo", NULL,
		"Accepted for compatibility" },
	{ NULL },
};

static const struct param_preset presets[] = { { "ipport", "623" }, { NULL, NULL } };

/* Of a controller behind the one that answers: one byte. */
static bool is_address(const char *text)
{
	char *end;
	unsigned long address = strtoul(text, &end, 0);

	return end != text && !*end && *text != '-' && address <= 0xff;
}

static int chassis_check(struct call *call)
{
	const struct settings *s = call->settings;
	const char *kg = settings_get(s, "hexadecimal_kg"), *cipher = settings_get(s, "cipher");
	const char *user = settings_get(s, "username"), *password = settings_get(s, "password");
	const char *target = settings_get(s, "target");
	unsigned char key[IPMI_MAX_K_G_LENGTH];
	int r = kg ? ipmi_hex(kg, key, sizeof(key)) : 0;

	explicit_bzero(key, sizeof(key));
	if (!call_address(call))
		return call_fail(call, -EINVAL, "parameter ip is missing");
	if (r < 0)
		return call_fail(call, r, "hexadecimal_kg must be at most 20 bytes in hexadecimal");
	if (cipher && (strspn(cipher, "0123456789") != strlen(cipher) || strlen(cipher) > 2))
		return call_fail(call, -EINVAL, "parameter cipher must be the number of a suite");
	if (target && !is_address(target))
		return call_fail(call, -EINVAL,
			"parameter target is '%.32s', must be an address from 0 to 0xff", target);
	if (user && strlen(user) > IPMI_MAX_USER_NAME_LENGTH)
		return call_fail(call, -EINVAL, "IPMI user names have at most 16 characters");
	if (password && strlen(password) > IPMI_2_0_MAX_PASSWORD_LENGTH)
		return call_fail(call, -EINVAL, "IPMI passwords have at most 20 characters");
	return 0;
}

static int chassis_open(struct call *call)
{
	const char *uuid = settings_get(call->settings, "system_uuid");
	struct ipmi *ipmi = call->device = ipmi_new(call);
	int r = ipmi_open(ipmi);

	return r == 0 && uuid ? ipmi_check_guid(ipmi, uuid) : r;
}

static void chassis_close(struct call *call)
{
	ipmi_free(give(call->device));
}

static int chassis_get(struct call *call, const char *plug, enum power *ret_power)
{
	return ipmi_power(call->device, ret_power);
}

static int chassis_set(struct call *call, const char *plug, enum power wanted)
{
	return ipmi_control(call->device, wanted == POWER_OFF ? IPMI_CHASSIS_CONTROL_POWER_DOWN
							      : IPMI_CHASSIS_CONTROL_POWER_UP);
}

static int chassis_cycle(struct call *call, const char *plug)
{
	return ipmi_control(call->device, IPMI_CHASSIS_CONTROL_POWER_CYCLE);
}

static int chassis_diag(struct call *call, const char *plug)
{
	return ipmi_control(call->device, IPMI_CHASSIS_CONTROL_PULSE_DIAGNOSTIC_INTERRUPT);
}

static int chassis_rehearse(struct call *call)
{
	const char *level = settings_get(call->settings, "privlvl");
	owned(free) char *uuid = NULL;
	enum power power = POWER_UNKNOWN;
	int r = ipmi_power(call->device, &power);

	if (r < 0)
		return r;
	ipmi_guid(call->device, &uuid); /* not every controller has one */
	printf("session=%s\nprivilege=%s\nuuid=%s\npower=%s\n", ipmi_description(call->device),
		level, uuid ? uuid : "", power_name(power));
	if (uuid)
		printf("record:system_uuid=%s\n", uuid);
	if (strcmp(level, "user") == 0 || strcmp(level, "callback") == 0)
		return call_fail(
			call, -EACCES, "privilege level %s may not switch the power", level);
	return 0;
}

static const struct agent_device device = {
	.open = chassis_open,
	.get = chassis_get,
	.set = chassis_set,
	.cycle = chassis_cycle,
	.diag = chassis_diag,
	.rehearse = chassis_rehearse,
	.close = chassis_close,
};

static const struct agent agent = {
	.name = "fence_picket_ipmi",
	.shortdesc = "Fence agent for IPMI",
	.longdesc =
		"fence_picket_ipmi is an I/O Fencing agent for machines that are controlled by "
		"IPMI. "
		"It speaks the protocol itself, so that no password is seen in a process list, "
		"says "
		"\"off\" only after the chassis status said so, and ends inside its own deadline.",
	.vendor_url = "https://www.intel.com",
	.groups =
		PARAM_DEVICE | PARAM_LOGIN | PARAM_PLUG | PARAM_METHOD | PARAM_POWER | PARAM_AS_IP,
	.params = params,
	.presets = presets,
	.check = chassis_check,
	.device = &device,
};

int main(int argc, char **argv)
{
	return agent_main(&agent, argc, argv);
}
