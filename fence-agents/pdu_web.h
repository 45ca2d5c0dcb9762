/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pdu web: the outlets of a power distribution unit that speaks JSON over HTTP, of one of four
 * kinds. */
#ifndef FENCE_PDU_WEB_H
#define FENCE_PDU_WEB_H

#include "agent.h"

struct pdu_web;

/* "raritan_json", "netio_json", "redfish_outlets", "http_template": families of this kind. */
bool pdu_web_knows(const char *family);

/* Offline: what the settings of such a family lack. */
int pdu_web_check(struct call *call);

/* Asks the unit for its outlets. */
int pdu_web_new(struct call *call, struct pdu_web **ret_web);
void pdu_web_free(struct pdu_web *web); /* NULL is fine */

/* By number or name; a name that two outlets have is refused. -ENODEV says which there are. */
int pdu_web_get(struct pdu_web *web, const char *plug, enum power *ret_power);
int pdu_web_set(struct pdu_web *web, const char *plug, enum power wanted);
int pdu_web_label(struct pdu_web *web, const char *plug, char *to, size_t size);
int pdu_web_list(struct pdu_web *web, agent_list_entry *entry, void *ctx);
int pdu_web_pin(struct call *call, char **ret_pin);

#endif
