/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signer: certificates for who joins or renews, by our own CA key, or by another controller that has it.
 */
#ifndef EDGE_SIGNER_H
#define EDGE_SIGNER_H

#include <stdbool.h>

#include <jansson.h>
#include <uv.h>

struct signer;

struct signer_handler {
	/* To all other controllers; borrowed. False: none is connected. */
	bool (*on_ask)(void *ctx, json_t *message);
	void (*on_answer)(void *ctx, unsigned controller, json_t *message);
};

struct signer_wish {
	const char *request; /* PKCS #10 in PEM form */
	const char *name;    /* a host that is to be called that, */
	unsigned roles;      /* with these roles; or: */
	const char *renews;  /* the certificate (PEM) that gives way to the new one */
	/* status 200: json is {certificate, ca}; else a problem's {title, detail}. Stolen. */
	void (*on_signed)(void *ctx, void *cookie, unsigned status, json_t *json);
	void *ctx, *cookie;
};

struct signer *signer_new(
	uv_loop_t *loop, const char *pki, const struct signer_handler *handler, void *ctx);
void signer_free(struct signer *signer); /* no callbacks */

/* One on_signed follows, maybe at once: the first that has the CA's key signs. Texts are borrowed. */
void signer_sign(struct signer *signer, const struct signer_wish *wish);
/* What another controller has said; false: none of ours. */
bool signer_take(struct signer *signer, unsigned controller, json_t *message);

#endif
