/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signer: a certificate for who joins, by our own CA key, or by another controller that has it. */
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
	/* cookie: of signer_sign(). status 200: json is {certificate, ca}; else a problem's {title,
	 * detail}. Stolen. */
	void (*on_signed)(void *ctx, void *cookie, unsigned status, json_t *json);
};

struct signer *signer_new(
	uv_loop_t *loop, const char *pki, const struct signer_handler *handler, void *ctx);
void signer_free(struct signer *signer); /* no callbacks */

/* One on_signed follows, maybe at once: the first that has the CA's key signs. request: PKCS #10 in
 * PEM form, by a host that is to be name, with these roles. */
void signer_sign(struct signer *signer, const char *name, unsigned roles, const char *request,
	void *cookie);
/* What another controller has said; false: none of ours. */
bool signer_take(struct signer *signer, unsigned controller, json_t *message);

#endif
