/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent: what a fence agent consists of; the runtime does the rest of the fence agent API. */
#ifndef FENCE_AGENT_H
#define FENCE_AGENT_H

#include "call.h"
#include "param.h"

/* Receives one outlet of a list. alias may be NULL. */
typedef int agent_list_entry(void *ctx, const char *id, const char *alias, enum power power);

/*
 * A device. get and set are the agent; the others may be NULL. All return 0 or what call_fail()
 * returned, and keep to call->deadline. The plug is "" if none was given.
 */
struct agent_device {
	void (*warm)(void); /* what takes time and needs no parameters; while waiting for them */
	int (*open)(struct call
			*call); /* log in, find what is meant, check that it is what it should be */
	int (*get)(struct call *call, const char *plug, enum power *ret_power);
	int (*set)(
		struct call *call, const char *plug, enum power wanted); /* POWER_ON or POWER_OFF */
	int (*cycle)(struct call *call, const char *plug); /* off and on by the device itself */
	int (*diag)(struct call *call, const char *plug);  /* interrupt for a dump */
	int (*list)(struct call *call, agent_list_entry *entry, void *ctx);
	int (*rehearse)(struct call *call); /* all that off needs, without switching; prints */
	int (*pin)(struct call *call, char **ret_pin); /* instead of open: who is there? */
	void (*close)(struct call *call);              /* also after a failed open */
};

struct agent_symlink {
	const char *name, *shortdesc;
};

struct agent {
	const char *name, *shortdesc, *longdesc, *vendor_url;
	const struct agent_symlink *symlinks; /* NULL-terminated by name; or NULL */
	unsigned groups;                      /* of common parameters */
	const struct param *params;           /* own rows */
	const struct param_preset *presets;   /* own defaults for common rows */
	int (*check)(struct call *call);      /* offline validation; may be NULL */
	const struct agent_device *device;
};

/* The whole program. Returns its exit status, or ends the process with it: 0, 1, or 2 for the
 * status of a plug that is off. */
int agent_main(const struct agent *agent, int argc, char **argv);

#endif
