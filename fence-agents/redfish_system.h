/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redfish system: the one computer that is meant, among those that a service knows. */
#ifndef FENCE_REDFISH_SYSTEM_H
#define FENCE_REDFISH_SYSTEM_H

#include "redfish.h"

struct redfish_system {
	char *path;
	char *etag;        /* of the last reading, or NULL */
	char *task;        /* of the last command that was only promised, or NULL */
	char *target;      /* where resets are posted */
	char *action_info; /* path that lists the allowed resets, or NULL */
	json_t *resets;    /* array of allowed reset types, or NULL: not told */
	json_t *object;    /* the last reading */
	bool fresh;        /* nothing was asked since, and nobody has used it */
};

/* By systems_uri; or by system_uuid and system_serial; or by the plug (id, UUID, serial number,
 * host name); or the only one there is. Anything else is refused with a list (-ENODEV). A system
 * that is not the one that system_uuid and system_serial name is refused (-ESTALE). */
int redfish_system_find(struct redfish *redfish, struct call *call, struct redfish_system *ret);
void redfish_system_done(struct redfish_system *system);

/* Reads it again. Only the exact words On and Off count. */
int redfish_system_power(struct redfish *redfish, struct call *call, struct redfish_system *system,
	enum power *ret_power);

/* Fetches the list of allowed resets if the system only said where it is. */
int redfish_system_resets(
	struct redfish *redfish, struct call *call, struct redfish_system *system);

/* -ENOTSUP: the system does not list this reset type. */
int redfish_system_reset(struct redfish *redfish, struct call *call, struct redfish_system *system,
	const char *const *types);

#endif
