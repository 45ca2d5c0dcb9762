/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include <picket/limits.h>

#include "base/log.h"
#include "base/own.h"
#include "edge/credential.h"
#include "edge/identity.h"
#include "edge/link.h"
#include "edge/renewal.h"

#define CREDENTIAL_AGAIN_S 5

void credential_tick(struct credential *c, long now_s)
{
	owned(free) char *why = NULL;
	json_t *wish;

	if (now_s < c->again_s || !renewal_due(c->identity, now_s))
		return;
	c->again_s = now_s + CREDENTIAL_AGAIN_S;
	wish = renewal_wish(c->pki, &why);
	if (!wish)
		log_warning(c->log, "this node's certificate cannot be renewed: %s", why);
	for (unsigned i = 0; wish && i < PICKET_CONTROLLERS_MAX; i++)
		if (!link_client_send(c->link, c->asked++ % PICKET_CONTROLLERS_MAX, wish))
			break;
	json_decref(wish);
}

static void tell(struct credential *c, const char *why)
{
	json_t *trusts = identity_trusts(c->identity);

	json_object_del(trusts, "text");
	if (why)
		json_object_set_new(trusts, "why", json_string(why));
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		link_client_send(c->link, i, trusts);
	json_decref(trusts);
}

void credential_tell(struct credential *c)
{
	tell(c, NULL);
}

static void take_renewed(struct credential *c, json_t *message)
{
	owned(free) char *why = NULL;

	if (renewal_take(c->identity, c->pki, message, &why))
		log_warning(c->log, "this node's certificate was not renewed: %s", why);
	else
		log_notice(c->log, "this node's certificate was renewed");
	tell(c, NULL);
}

/* When another CA signs from now on, the next tick asks for a certificate of it. */
static void take_ca(struct credential *c, json_t *message)
{
	const char *text = json_string_value(json_object_get(message, "text"));
	owned(free) char *why = NULL;

	if (identity_trust(c->identity, text ? text : "", &why))
		log_warning(c->log, "the cluster's CA was not taken: %s", why);
	else
		log_notice(c->log, "the cluster's CA has changed");
	c->again_s = 0;
	tell(c, why);
}

bool credential_take(struct credential *c, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (type && !strcmp(type, "renewed"))
		take_renewed(c, message);
	else if (type && !strcmp(type, "ca"))
		take_ca(c, message);
	else
		return false;
	return true;
}
