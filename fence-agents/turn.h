/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turn: plugs turned on or off, and the proof that they are. */
#ifndef FENCE_TURN_H
#define FENCE_TURN_H

#include "agent.h"

/* Brings all plugs of the call into the wanted state (POWER_ON or POWER_OFF) and reads it back, as
 * often in a row as proof_reads says. The device must be open. *ret_already: none needed switching.
 * Fails with a reason inside power_wait + power_timeout, and inside the call's deadline. */
int turn_plugs(
	struct call *call, const struct agent_device *device, enum power wanted, bool *ret_already);

/* Lets the device itself cycle each plug; succeeds only if each was read off, and then on. */
int turn_cycle(struct call *call, const struct agent_device *device);

/* Reads one plug; tries again while that may help, until the deadline given. */
int turn_read(struct call *call, const struct agent_device *device, const char *plug,
	struct deadline until, enum power *ret_power);

#endif
