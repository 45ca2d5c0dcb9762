/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redfish: a logged-in conversation with one Redfish service, in JSON over HTTPS. */
#ifndef FENCE_REDFISH_H
#define FENCE_REDFISH_H

#include <jansson.h>

#include "call.h"

struct redfish;

/* From the call's settings; nothing is sent yet. */
int redfish_new(struct call *call, struct redfish **ret_redfish);
void redfish_free(struct redfish *redfish); /* logs out, if a session was opened */

/* The service's root path, without a slash at the end. */
const char *redfish_root(const struct redfish *redfish);

/* The resource at a path, with credentials. *ret_etag (may be NULL) is for If-Match, or NULL.
 * -ENODEV: no such resource; -EAGAIN: later; -EACCES: wrong credentials or no right. */
int redfish_get(struct redfish *redfish, const char *path, json_t **ret_object, char **ret_etag);

/* Posts an action. *ret_task is the path of a task's monitor if the service only promised.
 * -EPERM: the service refuses the action now; -EINPROGRESS never: a promise is a success. */
int redfish_post(struct redfish *redfish, const char *path, const char *body, const char *if_match,
	char **ret_task);

/* -EKEYREVOKED: the service wants (another) If-Match: 412 or 428. Returned by redfish_post(). */

/* Who is there: its public key's pin. */
int redfish_pin(struct redfish *redfish, char **ret_pin);

/* String members; NULL if absent or of another type. */
const char *redfish_string(const json_t *object, const char *key);
/* object[key]["@odata.id"], or NULL. */
const char *redfish_link(const json_t *object, const char *key);

#endif
