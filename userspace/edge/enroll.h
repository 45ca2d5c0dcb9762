/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enroll: a bare host makes its key, and a controller certifies it, by a token that pins the CA. */
#ifndef EDGE_ENROLL_H
#define EDGE_ENROLL_H

#include <jansson.h>

#define ENROLL_PIN 64 /* characters: SHA-256 of the CA's certificate */

/* The fingerprint of the first certificate in a PEM text. -EBADMSG: there is none. */
int enroll_pin(const char *pem, char ret[ENROLL_PIN + 1]);

/*
 * Asks the controller at address (host:port) with "TOKEN.PIN". The token is shown to nobody but a
 * controller whose certificate the pinned CA has signed. Then dir holds ca.crt, node.crt, node.key,
 * and *ret_answer is {name, controllers, ...}. What was there before is not touched by a failure.
 * -EINVAL: not such a token; -EKEYREJECTED: another CA, or no controller; -EACCES: the controller
 * says no. *why is a sentence; the caller frees it.
 */
int enroll(const char *address, const char *token, const char *dir, json_t **ret_answer,
	char **why);

#endif
