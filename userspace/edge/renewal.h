/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Renewal: a host's certificate gives way to the next before it ends; its key stays where it is. */
#ifndef EDGE_RENEWAL_H
#define EDGE_RENEWAL_H

#include <stdbool.h>

#include <jansson.h>

struct identity;

/* Two thirds of its time are over, at now (seconds since the epoch), or another CA signs now. */
bool renewal_due(struct identity *identity, long now);
/* {type: renew, certificate, request}: the one that there is, and a request by its key. On failure
 * NULL; *why is a sentence, the caller frees it. */
json_t *renewal_wish(const char *pki, char **why);
/* Takes {certificate} in: node.crt is replaced, and the identity read again. -EBADMSG: it is none,
 * or not for our key: nothing has changed. */
int renewal_take(struct identity *identity, const char *pki, json_t *answer, char **why);

#endif
