/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/own.h"
#include "param.h"

static const char *const methods[] = { "onoff", "cycle", NULL };

static const struct param common[] = {
	{ "action", NULL, 'o', PARAM_STRING, "[action]", "reboot", NULL, "Fencing action",
		.required = true },
	{ "ip", "ipaddr", 'a', PARAM_STRING, "[ip]", NULL, NULL,
		"IP address or hostname of fencing device", .group = PARAM_DEVICE },
	{ "ipport", NULL, 'u', PARAM_INTEGER, "[port]", NULL, NULL,
		"TCP/UDP port to use for connection with device", .group = PARAM_DEVICE },
	{ "inet4_only", NULL, '4', PARAM_BOOLEAN, NULL, NULL, NULL,
		"Forces agent to use IPv4 addresses only", .group = PARAM_DEVICE },
	{ "inet6_only", NULL, '6', PARAM_BOOLEAN, NULL, NULL, NULL,
		"Forces agent to use IPv6 addresses only", .group = PARAM_DEVICE },
	{ "username", "login", 'l', PARAM_STRING, "[name]", NULL, NULL, "Login name",
		.group = PARAM_LOGIN },
	{ "password", "passwd", 'p', PARAM_STRING, "[password]", NULL, NULL,
		"Login password or passphrase", .secret = true, .group = PARAM_LOGIN },
	{ "password_script", "passwd_script", 'S', PARAM_STRING, "[script]", NULL, NULL,
		"Script to run to retrieve password", .group = PARAM_LOGIN },
	{ "password_file", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"File that holds the password in its first line", .group = PARAM_LOGIN },
	{ "plug", "port", 'n', PARAM_STRING, "[id]", NULL, NULL,
		"Physical plug number on device, UUID or identification of machine",
		.group = PARAM_PLUG },
	{ "plug_separator", NULL, 0, PARAM_STRING, "[char]", ",", NULL,
		"Separator for plug parameter when specifying more than 1 plug",
		.group = PARAM_PLUG },
	{ "separator", NULL, 'C', PARAM_STRING, "[char]", ",", NULL,
		"Separator for CSV created by 'list' operation", .group = PARAM_LIST },
	{ "port_as_ip", NULL, 0, PARAM_BOOLEAN, NULL, NULL, NULL,
		"Make \"port/plug\" to be an alias to IP address", .group = PARAM_AS_IP },
	{ "method", NULL, 'm', PARAM_SELECT, "[method]", "onoff", methods,
		"Method to fence; a cycle succeeds only if the power was seen off in between",
		.group = PARAM_METHOD },
	{ "ssl", NULL, 'z', PARAM_BOOLEAN, NULL, "1", NULL,
		"Use SSL connection with verifying certificate", .group = PARAM_TLS },
	{ "ssl_secure", NULL, 0, PARAM_BOOLEAN, NULL, NULL, NULL,
		"Use SSL connection with verifying certificate", .group = PARAM_TLS },
	{ "ssl_insecure", NULL, 0, PARAM_BOOLEAN, NULL, NULL, NULL,
		"Use SSL connection without verifying certificate", .group = PARAM_TLS },
	{ "ssl_ca", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"PEM file of the authorities that may sign the device's certificate",
		.group = PARAM_TLS },
	{ "ssl_pin", NULL, 0, PARAM_STRING, "[pin]", NULL, NULL,
		"The device's public key, sha256//BASE64 as action pin prints it; enough without "
		"ssl_ca",
		.group = PARAM_TLS },
	{ "login_timeout", NULL, 0, PARAM_SECOND, "[seconds]", "5", NULL,
		"Wait X seconds for the device to be reached", .group = PARAM_DEVICE },
	{ "shell_timeout", NULL, 0, PARAM_SECOND, "[seconds]", "3", NULL,
		"Wait X seconds for an answer", .group = PARAM_DEVICE },
	{ "power_timeout", NULL, 0, PARAM_SECOND, "[seconds]", "20", NULL,
		"Test X seconds for status change after ON/OFF", .group = PARAM_POWER },
	{ "power_wait", NULL, 0, PARAM_SECOND, "[seconds]", "0", NULL,
		"Wait X seconds after issuing ON/OFF", .group = PARAM_POWER },
	{ "stonith_status_sleep", NULL, 0, PARAM_SECOND, "[seconds]", "1", NULL,
		"Sleep at most X seconds between status calls during a STONITH action",
		.group = PARAM_POWER },
	{ "retry_on", NULL, 0, PARAM_INTEGER, "[attempts]", "1", NULL,
		"Count of attempts to retry power on", .group = PARAM_POWER },
	{ "proof_reads", NULL, 0, PARAM_INTEGER, "[count]", "1", NULL,
		"Consecutive readings of \"off\" that prove it", .group = PARAM_POWER },
	{ "delay", NULL, 0, PARAM_SECOND, "[seconds]", "0", NULL,
		"Wait X seconds before fencing is started", .group = PARAM_POWER },
	{ "deadline", NULL, 0, PARAM_SECOND, "[seconds]", "0", NULL,
		"End the whole action, all tries included, after X seconds, and say why; 0: "
		"derived from the other timeouts" },
	{ "disable_timeout", NULL, 0, PARAM_STRING, "[true/false]", NULL, NULL,
		"Accepted for compatibility; the deadline stays" },
	{ "evidence", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"Append one JSON line per step to this file; - is standard output" },
	{ "quiet", NULL, 'q', PARAM_BOOLEAN, NULL, NULL, NULL, "Disable logging to stderr" },
	{ "verbose", NULL, 'v', PARAM_BOOLEAN, NULL, NULL, NULL,
		"Verbose mode; secrets are never shown" },
	{ "verbose_level", NULL, 0, PARAM_INTEGER, NULL, NULL, NULL,
		"Level of debugging detail in output" },
	{ "debug_file", "debug", 'D', PARAM_STRING, "[debugfile]", NULL, NULL,
		"Write debug information to given file" },
	{ "version", NULL, 'V', PARAM_BOOLEAN, NULL, NULL, NULL,
		"Display version information and exit" },
	{ "help", NULL, 'h', PARAM_BOOLEAN, NULL, NULL, NULL, "Display help and exit" },
};

static void params_add(
	struct params *params, const struct param *row, const struct param_preset *presets)
{
	struct param *to = &params->rows[params->n++];

	*to = *row;
	for (; presets && presets->name; presets++)
		if (strcmp(presets->name, row->name) == 0)
			to->preset = presets->preset;
}

/* An agent's own row takes the place of the common one of the same name. */
static bool overridden(const struct param *own, const char *name)
{
	for (; own && own->name; own++)
		if (strcmp(own->name, name) == 0)
			return true;
	return false;
}

void params_init(struct params *params, unsigned groups, const struct param *own,
	const struct param_preset *presets)
{
	size_t n = sizeof(common) / sizeof(common[0]);

	for (const struct param *p = own; p && p->name; p++)
		n++;
	params->rows = own_array(NULL, n, sizeof(*params->rows));
	params->n = 0;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if ((common[i].group & groups) == common[i].group &&
			!overridden(own, common[i].name))
			params_add(params, &common[i], presets);
	for (; own && own->name; own++)
		params_add(params, own, presets);
}

void params_done(struct params *params)
{
	free(params->rows);
	*params = (struct params){ 0 };
}

static bool same(const char *name, const char *given, size_t length)
{
	if (!name || strlen(name) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] != given[i] && !(name[i] == '_' && given[i] == '-'))
			return false;
	return true;
}

const struct param *params_find(const struct params *params, const char *name, size_t length)
{
	for (size_t i = 0; i < params->n; i++)
		if (same(params->rows[i].name, name, length) ||
			same(params->rows[i].old, name, length))
			return &params->rows[i];
	return NULL;
}

const struct param *params_letter(const struct params *params, char letter)
{
	for (size_t i = 0; i < params->n; i++)
		if (params->rows[i].letter == letter)
			return &params->rows[i];
	return NULL;
}
