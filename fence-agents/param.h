/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Param: one row of an agent's parameter table; parser, help and metadata come from the same rows.
 */
#ifndef FENCE_PARAM_H
#define FENCE_PARAM_H

#include <stdbool.h>
#include <stddef.h>

enum param_type { PARAM_STRING, PARAM_BOOLEAN, PARAM_SECOND, PARAM_INTEGER, PARAM_SELECT };

/* Groups of common rows that an agent takes. */
enum param_group {
	PARAM_ALWAYS = 0,
	PARAM_DEVICE =
		1 << 0,       /* ip, ipport, inet4_only, inet6_only, login_timeout, shell_timeout */
	PARAM_LOGIN = 1 << 1, /* username, password, password_script, password_file */
	PARAM_PLUG = 1 << 2,  /* plug, plug_separator */
	PARAM_LIST = 1 << 3,  /* separator */
	PARAM_METHOD = 1 << 4, /* method */
	PARAM_POWER = 1 << 5, /* power_timeout, power_wait, stonith_status_sleep, retry_on, delay */
	PARAM_AS_IP = 1 << 6, /* port_as_ip */
	PARAM_TLS = 1 << 7,   /* ssl, ssl_secure, ssl_insecure, ssl_ca, ssl_pin */
};

struct param {
	const char *name;
	const char *old; /* the deprecated twin, listed as well; NULL = none */
	char letter;     /* short option, 0 = none */
	enum param_type type;
	const char *hint;           /* shown after "=" in the help, such as "[seconds]" */
	const char *preset;         /* default, NULL = none */
	const char *const *options; /* of a select, NULL-terminated */
	const char *text;
	bool required, secret;
	unsigned group; /* of a common row */
};

/* An agent's own default for a common row. */
struct param_preset {
	const char *name, *preset;
};

/* The whole table of one agent: common rows of its groups, then its own. */
struct params {
	struct param *rows;
	size_t n;
};

/* own and presets end with a row whose name is NULL; either may be NULL. */
void params_init(struct params *params, unsigned groups, const struct param *own,
	const struct param_preset *presets);
void params_done(struct params *params);

/* By new or old name; '-' and '_' are equal, case is not. NULL = no such row. */
const struct param *params_find(const struct params *params, const char *name, size_t length);
const struct param *params_letter(const struct params *params, char letter);

#endif
