/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credential: a node's certificate, and the CAs it trusts, as it asks for them and takes them in.
 */
#ifndef EDGE_CREDENTIAL_H
#define EDGE_CREDENTIAL_H

#include <stdbool.h>

#include <jansson.h>

struct identity;
struct link_client;
struct log;

struct credential {
	struct identity *identity;
	const char *pki;
	struct link_client *link;
	struct log *log;
	long again_s;   /* no further wish before, seconds since the epoch */
	unsigned asked; /* the controller that is asked next */
};

/* Asks one controller after the other, until a certificate comes that is good for long. */
void credential_tick(struct credential *credential, long now_s);
/* Tells every controller what this node trusts and shows: whichever leads next goes by it. */
void credential_tell(struct credential *credential);
/* {type: renewed} or {type: ca}; false: it is another message. */
bool credential_take(struct credential *credential, json_t *message);

#endif
