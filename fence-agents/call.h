/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call: one call of an agent; what was asked for, by when, what it is doing and why it failed. */
#ifndef FENCE_CALL_H
#define FENCE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "deadline.h"
#include "evidence.h"
#include "settings.h"

enum call_level { CALL_QUIET, CALL_NORMAL, CALL_VERBOSE, CALL_DEBUG };

/* CALL_UNKNOWN is zero: what nobody read is not off. */
enum power { POWER_UNKNOWN, POWER_OFF, POWER_ON, POWER_CHANGING };

struct call {
	const char *agent; /* the name it was called by */
	const char *action;
	char **plugs; /* at least one; the only one may be "" */
	size_t n_plugs;
	struct settings *settings;
	struct deadline deadline;
	struct evidence evidence;
	enum call_level level;
	FILE *debug;       /* debug_file, or NULL */
	void *device;      /* the agent's own */
	uint64_t retry_ms; /* how long the device asked to wait, with -EAGAIN */
	char doing[160];   /* the present step, for whoever must explain a late end */
	char reason[512];  /* of the last failure */
};

/* Says what happens now. */
__attribute__((format(printf, 2, 3))) void call_doing(struct call *call, const char *format, ...);

/* Sets the reason and returns `error`, a -errno:
 * -EAGAIN: the device asks to come back in retry_ms; -ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH,
 * -ETIMEDOUT, -EPROTO: may go better next time; -EPERM: the device refuses, its state decides;
 * -EACCES, -ENODEV, -ENOTSUP, -EINVAL, -ESTALE, -EKEYREJECTED, -EMSGSIZE: will not go better. */
__attribute__((format(printf, 3, 4))) int call_fail(
	struct call *call, int error, const char *format, ...);
bool call_may_retry(int error);

/* To standard error and the debug file, if somebody wants this level. Never pass secrets. */
__attribute__((format(printf, 3, 4))) void call_log(
	struct call *call, enum call_level level, const char *format, ...);

/* The device's address: ip, or the plug with port_as_ip; NULL if neither is given. */
const char *call_address(const struct call *call);

/* One step of evidence; see evidence.h. */
void call_evidence(struct call *call, const struct evidence_step *step);

const char *power_name(enum power power); /* "on", "off", "unknown", "in transition" */

#endif
