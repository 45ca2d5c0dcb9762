/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity: who this host is to the others: CA, certificate and key, as TLS 1.3 contexts. */
#ifndef EDGE_IDENTITY_H
#define EDGE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <openssl/ssl.h>

#include <picket/limits.h>

/*
 * A certificate names its holder in CN, further names of the same host are DNS entries of
 * subjectAltName, and each OU is a role. A node's certificate opens no controller's door: a
 * compromised agent can lie about itself and about nothing else.
 */
enum identity_role {
	IDENTITY_NODE = 1 << 0,
	IDENTITY_CONTROLLER = 1 << 1,
	IDENTITY_CLIENT = 1 << 2, /* an operator's certificate, for the remote API; what it may: */
	IDENTITY_VIEWER = 1 << 3,
	IDENTITY_OPERATOR = 1 << 4,
	IDENTITY_FENCER = 1 << 5,
	IDENTITY_ADMIN = 1 << 6,
};
#define IDENTITY_ROLES 7

/* By bit: "node", "controller", …, as in a certificate's OU. */
extern const char *const identity_role_names[IDENTITY_ROLES];

struct identity;

/* Loads DIR/ca.crt (one or more CAs), DIR/node.crt and DIR/node.key. When it fails, *why is a
 * sentence naming the file and what is wrong with it; the caller frees it. -ENOENT, -EACCES: cannot
 * be read; -EPERM: the key is open to others; -EKEYREJECTED: the key is not the certificate's;
 * -EBADMSG: not PEM, or not signed by the CA; -EKEYEXPIRED: not valid at this time. */
int identity_load(const char *dir, struct identity **ret, char **why);
/* Reads the files again. Contexts made before stay usable for their connections; on failure nothing
 * changes. */
int identity_reload(struct identity *identity, char **why);
void identity_free(struct identity *identity);

/* The cluster's id in heartbeats, as trust_cluster() has it from DIR/ca.crt. 0: unreadable. */
uint64_t identity_cluster(const char *dir);
/* Makes text DIR/ca.crt, and reads the files again. It must hold for our own certificate: else
 * nothing changes, and it fails as identity_load() does. */
int identity_trust(struct identity *identity, const char *text, char **why);
/* {type: trusts, mark, by, text}: ca.crt, its trust_mark(), and the fingerprint (SHA-256) of the
 * one of its CAs that signed our certificate. */
json_t *identity_trusts(struct identity *identity);
/* Our certificate is not of the first CA of ca.crt, which is the one that signs now. */
bool identity_behind(struct identity *identity);

/* What our certificate says. Copies the CN: -ENODATA: it has none; -ENAMETOOLONG. */
int identity_name(struct identity *identity, char *ret, size_t size);
bool identity_named(struct identity *identity, const char *name); /* CN or subjectAltName */
unsigned identity_roles(struct identity *identity);
/* Seconds since the epoch when our certificate, or the CA's, ends: whichever is first. */
long identity_not_after(struct identity *identity);
/* When our certificate was made (it says an hour earlier: clocks differ). */
long identity_not_before(struct identity *identity);

/* TLS 1.3 only, both sides show certificates. Referenced for the caller; SSL_CTX_free() when done.
 */
SSL_CTX *identity_server(struct identity *identity);
SSL_CTX *identity_client(struct identity *identity);

/* Roles that any certificate shows. */
unsigned identity_certificate_roles(X509 *certificate);
/* Its CN, "" when it has none, and the other names of the host; how many of those. */
size_t identity_certificate_names(X509 *certificate, char ret_name[PICKET_NAME_MAX],
	char (*ret)[PICKET_NAME_MAX], size_t max);
/* Of a certificate that somebody else has verified, DER: its CN and roles. -EBADMSG; as
 * identity_name(). */
int identity_of(const void *der, size_t len, char *ret, size_t size, unsigned *ret_roles);

/* The same questions about the other end of a finished handshake. */
unsigned identity_peer_roles(SSL *ssl);
bool identity_peer_named(SSL *ssl, const char *name);
/* Copies the CN. -ENODATA: no certificate or no CN; -ENAMETOOLONG. */
int identity_peer_name(SSL *ssl, char *ret, size_t size);

#endif
