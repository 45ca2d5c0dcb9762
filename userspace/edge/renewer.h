/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Renewer: a controller sees to it that its own certificate, and nodes', give way to the next in
 * time, and that its CA does when the cluster's does.
 */
#ifndef EDGE_RENEWER_H
#define EDGE_RENEWER_H

#include <stdbool.h>

#include <jansson.h>

struct api_desk;
struct identity;
struct link;

struct renewer {
	struct identity *identity;
	const char *pki;
	struct api_desk *api; /* whose signer signs, and whose door is opened anew */
	struct link *link;
	void (*say)(void *ctx, bool good, const char *text);
	/* What our ca.crt and our certificate are, as identity_trusts(); "why": what the cluster's
	 * CA was refused for. Once at first, and whenever they change. Borrowed. */
	void (*trusts)(void *ctx, json_t *what);
	void *ctx;
	long again_s; /* not before */
	bool reload;  /* the door still shows the certificate before */
	bool told;    /* what trusts() was given is still so */
	char *wanted; /* what ca.crt is to say; NULL: what it says */
};

void renewer_done(struct renewer *renewer);
/* The next tick sees to it. */
void renewer_trust(struct renewer *renewer, const char *text);
void renewer_tick(struct renewer *renewer, long now_s);
/* A node's {type: renew}; false: it is another message. */
bool renewer_take(struct renewer *renewer, const char *node, json_t *message);

#endif
