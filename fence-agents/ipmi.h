/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ipmi: a session with one management controller over LAN, and the chassis behind it. */
#ifndef FENCE_IPMI_H
#define FENCE_IPMI_H

#include <freeipmi/freeipmi.h>

#include "call.h"

struct ipmi;

/* From the call's settings; nothing is sent yet. */
struct ipmi *ipmi_new(struct call *call);
void ipmi_free(struct ipmi *ipmi); /* closes the session */

/* Opens a session: IPMI 2.0 with cipher suite 17, then 3; once more with the privilege level in the
 * open session request where a controller wants that; IPMI 1.5 if asked for, or if the controller
 * has nothing else and lanplus was not asked for. Never a suite without authentication unless
 * it was named. */
int ipmi_open(struct ipmi *ipmi);

/* Opens the session anew first if it was lost. */
int ipmi_power(struct ipmi *ipmi, enum power *ret_power);

/* One of IPMI_CHASSIS_CONTROL_*. -EPERM: not in the present state (0xD5). */
int ipmi_control(struct ipmi *ipmi, unsigned char control);

/* Does the system's GUID, in any of its two byte orders, read like this? 0, -ESTALE if not. */
int ipmi_check_guid(struct ipmi *ipmi, const char *uuid);

/* The GUID as text (the order of SMBIOS), freed by the caller. */
int ipmi_guid(struct ipmi *ipmi, char **ret_uuid);

/* "2.0, cipher suite 17" or "1.5". */
const char *ipmi_description(const struct ipmi *ipmi);

/* Hexadecimal digits, with or without 0x: returns the number of bytes, -EINVAL if not. */
int ipmi_hex(const char *text, unsigned char *to, size_t size);

#endif
