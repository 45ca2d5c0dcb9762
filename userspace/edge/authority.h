/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authority: the cluster's own CA: makes itself, and certificates for hosts and operators. */
#ifndef EDGE_AUTHORITY_H
#define EDGE_AUTHORITY_H

#include <stddef.h>

struct authority_subject {
	const char *name;        /* CN: letters, digits, '.', '_', '-' */
	const char *const *also; /* further names of the same host */
	size_t n_also;
	unsigned roles; /* of enum identity_role */
	unsigned days;  /* 0: 365 */
	long seconds;   /* instead of days; 0: none */
};

/* Makes DIR/ca.key (0600) and DIR/ca.crt, valid for ten years. -EEXIST: there is one already.
 * On failure *why is a sentence; the caller frees it. */
int authority_create(const char *dir, const char *cluster, char **why);
/* Makes a key and its certificate, signed by the CA, and writes ca.crt, node.crt and node.key
 * into OUT, replacing what is there. -EINVAL: not a name. */
int authority_issue(
	const char *dir, const struct authority_subject *subject, const char *out, char **why);

/* The same for a key that never leaves the host that made it: request is its PKCS #10 in PEM form,
 * of which only the key is taken. *ret_certificate, *ret_ca: PEM; the caller frees them. -EBADMSG:
 * not a request, or not signed by its own key; -ENOENT: DIR has no ca.key. */
int authority_sign(const char *dir, const struct authority_subject *subject, const char *request,
	char **ret_certificate, char **ret_ca, char **why);

/* A new certificate that says what the old one does, for as long a time, and for the same key: who
 * has the key of a certificate of ours may have it renewed. -EACCES: not signed by our CA, or
 * another key; else as authority_sign(). */
int authority_renew(const char *dir, const char *certificate, const char *request,
	char **ret_certificate, char **ret_ca, char **why);

/* Makes the CA that is to come: DIR/ca-next.key and ca-next.crt, *ret is the latter's text. It
 * signs nothing before its certificate is the first one of DIR/ca.crt; until then the same one is
 * given again. -ENOENT: DIR has no ca.key. */
int authority_next(const char *dir, const char *cluster, char **ret, char **why);
/* Has ca-next.key become the key of ca.crt's first certificate? Then it becomes ca.key, and the key
 * before is gone. Nothing to do is no failure. */
int authority_settle(const char *dir, char **why);
#define AUTHORITY_PIN 64 /* characters: SHA-256 of a certificate */
/* Could this text, PEM, be the next CA's certificate? -EBADMSG: *why says what is wrong. */
int authority_read(const char *pem, char ret_pin[AUTHORITY_PIN + 1], char **why);

#endif
