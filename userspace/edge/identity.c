/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "core/trust.h"
#include "edge/identity.h"

#define IDENTITY_FILE_MAX (1 << 20)
#define IDENTITY_SKEW_S 3600 /* as the authority has it */

own_define(x509, X509, X509_free)
own_define(pkey, EVP_PKEY, EVP_PKEY_free)
own_define(bio, BIO, BIO_free)
own_define(store_ctx, X509_STORE_CTX, X509_STORE_CTX_free)
own_define(ssl_ctx, SSL_CTX, SSL_CTX_free)

/* Connections are made on the store's thread too, while the main thread may reload. */
struct identity {
	pthread_mutex_t lock;
	char *dir;
	X509 *certificate;
	char *ca; /* the text of ca.crt */
	long not_after;
	SSL_CTX *server, *client;
};

static const char *identity_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "not in PEM form";
}

static int identity_open(const char *path, BIO **ret, char **why)
{
	owned(free) char *data = NULL;
	size_t len;
	BIO *bio;
	int r;

	r = file_read(path, IDENTITY_FILE_MAX, &data, &len);
	if (r) {
		*why = own_printf("%s: %s", path, strerror(-r));
		return r;
	}
	bio = BIO_new(BIO_s_mem());
	BIO_write(bio, data, (int)len);
	OPENSSL_cleanse(data, len);
	*ret = bio;
	return 0;
}

/* The CA file: every certificate in it is trusted, so that two CAs can overlap. */
static int identity_load_ca(
	const char *path, const char *text, X509_STORE *store, long *not_after, char **why)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(text, -1);
	unsigned n = 0;
	struct tm tm;

	for (;; n++) {
		owned(x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		long end;

		if (!ca)
			break;
		X509_STORE_add_cert(store, ca);
		if (ASN1_TIME_to_tm(X509_get0_notAfter(ca), &tm)) {
			end = (long)timegm(&tm);
			*not_after = n ? (end > *not_after ? end : *not_after) : end;
		}
	}
	if (n) {
		ERR_clear_error();
		return 0;
	}
	*why = own_printf("%s: holds no certificate: %s", path, identity_reason());
	return -EBADMSG;
}

static int identity_load_key(const char *path, X509 *certificate, EVP_PKEY **ret, char **why)
{
	owned(bio) BIO *bio = NULL;
	owned(pkey) EVP_PKEY *key = NULL;
	struct stat st;
	int r;

	r = identity_open(path, &bio, why);
	if (r)
		return r;
	if (!stat(path, &st) && st.st_mode & 07) {
		*why = own_printf("%s: mode %04o lets everybody at the key; chmod o= it", path,
			st.st_mode & 07777u);
		return -EPERM;
	}
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	if (!key) {
		*why = own_printf(
			"%s: not a private key without passphrase: %s", path, identity_reason());
		return -EBADMSG;
	}
	if (X509_check_private_key(certificate, key) != 1) {
		*why = own_printf("%s: not the key of the certificate beside it", path);
		ERR_clear_error();
		return -EKEYREJECTED;
	}
	*ret = give(key);
	return 0;
}

static int identity_verify(
	const char *path, X509_STORE *store, X509 *certificate, STACK_OF(X509) * chain, char **why)
{
	owned(store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int error;

	if (X509_STORE_CTX_init(ctx, store, certificate, chain) == 1 && X509_verify_cert(ctx) == 1)
		return 0;
	error = X509_STORE_CTX_get_error(ctx);
	ERR_clear_error();
	*why = own_printf(
		"%s: does not hold against ca.crt: %s", path, X509_verify_cert_error_string(error));
	return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID
		       ? -EKEYEXPIRED
		       : -EBADMSG;
}

static SSL_CTX *identity_context(const SSL_METHOD *method, X509_STORE *store, X509 *certificate,
	STACK_OF(X509) * chain, EVP_PKEY *key)
{
	owned(ssl_ctx) SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
	/* No resumption: each connection shows certificates anew, and has keys of its own. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set1_cert_store(ctx, store);
	if (SSL_CTX_use_cert_and_key(ctx, certificate, key, chain, 1) != 1)
		return NULL;
	return give(ctx);
}

struct identity_files {
	X509 *certificate;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	X509_STORE *store;
	char *ca;
	long not_after;
};

static void identity_files_done(struct identity_files *f)
{
	X509_free(f->certificate);
	EVP_PKEY_free(f->key);
	X509_STORE_free(f->store);
	sk_X509_pop_free(f->chain, X509_free);
	free(f->ca);
}

/* Whether it all holds together; f->ca is set: what ca.crt says, or is to say. */
static int identity_read(const char *dir, struct identity_files *f, char **why)
{
	owned(free) char *ca = own_printf("%s/ca.crt", dir);
	owned(free) char *crt = own_printf("%s/node.crt", dir);
	owned(free) char *key = own_printf("%s/node.key", dir);
	owned(bio) BIO *bio = NULL;
	X509 *link;
	struct tm tm;
	int r;

	f->store = X509_STORE_new();
	f->chain = sk_X509_new_null();
	r = identity_load_ca(ca, f->ca, f->store, &f->not_after, why);
	if (!r)
		r = identity_open(crt, &bio, why);
	if (r)
		return r;
	f->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!f->certificate) {
		*why = own_printf("%s: holds no certificate: %s", crt, identity_reason());
		return -EBADMSG;
	}
	while ((link = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(f->chain, link);
	ERR_clear_error();
	if (ASN1_TIME_to_tm(X509_get0_notAfter(f->certificate), &tm) &&
		(long)timegm(&tm) < f->not_after)
		f->not_after = (long)timegm(&tm);
	r = identity_load_key(key, f->certificate, &f->key, why);
	return r ? r : identity_verify(crt, f->store, f->certificate, f->chain, why);
}

int identity_reload(struct identity *identity, char **why)
{
	owned(free) char *path = own_printf("%s/ca.crt", identity->dir);
	struct identity_files f = { 0 };
	owned(ssl_ctx) SSL_CTX *server = NULL;
	owned(ssl_ctx) SSL_CTX *client = NULL;
	size_t len;
	int r = file_read(path, IDENTITY_FILE_MAX, &f.ca, &len);

	if (r)
		*why = own_printf("%s: %s", path, strerror(-r));
	else
		r = identity_read(identity->dir, &f, why);
	if (!r) {
		server = identity_context(
			TLS_server_method(), f.store, f.certificate, f.chain, f.key);
		client = identity_context(
			TLS_client_method(), f.store, f.certificate, f.chain, f.key);
		if (!server || !client) {
			*why = own_printf("%s: TLS cannot use the key or the certificate: %s",
				identity->dir, identity_reason());
			r = -EBADMSG;
		}
	}
	if (!r) {
		pthread_mutex_lock(&identity->lock);
		SSL_CTX_free(identity->server);
		SSL_CTX_free(identity->client);
		X509_free(identity->certificate);
		free(identity->ca);
		identity->ca = give(f.ca);
		identity->server = give(server);
		identity->client = give(client);
		identity->certificate = give(f.certificate);
		identity->not_after = f.not_after;
		pthread_mutex_unlock(&identity->lock);
	}
	identity_files_done(&f);
	return r;
}

int identity_load(const char *dir, struct identity **ret, char **why)
{
	struct identity *identity = own_new(struct identity);
	int r;

	identity->dir = own_string(dir);
	pthread_mutex_init(&identity->lock, NULL);
	r = identity_reload(identity, why);
	if (r) {
		identity_free(identity);
		return r;
	}
	*ret = identity;
	return 0;
}

void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	SSL_CTX_free(identity->server);
	SSL_CTX_free(identity->client);
	X509_free(identity->certificate);
	free(identity->ca);
	pthread_mutex_destroy(&identity->lock);
	free(identity->dir);
	free(identity);
}

static SSL_CTX *identity_take(struct identity *identity, SSL_CTX **which)
{
	SSL_CTX *ctx;

	pthread_mutex_lock(&identity->lock);
	ctx = *which;
	SSL_CTX_up_ref(ctx);
	pthread_mutex_unlock(&identity->lock);
	return ctx;
}

SSL_CTX *identity_server(struct identity *identity)
{
	return identity_take(identity, &identity->server);
}

SSL_CTX *identity_client(struct identity *identity)
{
	return identity_take(identity, &identity->client);
}

/* ---- the cluster's CAs --------------------------------------------------------------------- */

uint64_t identity_cluster(const char *dir)
{
	owned(free) char *path = own_printf("%s/ca.crt", dir), *text = NULL;
	size_t len = 0;

	if (file_read(path, IDENTITY_FILE_MAX, &text, &len))
		return 0;
	return trust_cluster(text);
}

int identity_trust(struct identity *identity, const char *text, char **why)
{
	owned(free) char *path = own_printf("%s/ca.crt", identity->dir);
	struct identity_files f = { .ca = own_string(text) };
	int r = identity_read(identity->dir, &f, why);

	/* First the question whether we could live with it, then the file. */
	identity_files_done(&f);
	if (r)
		return r;
	r = file_write(path, 0644, text, strlen(text));
	if (!r)
		return identity_reload(identity, why);
	*why = own_printf("%s: %s", path, strerror(-r));
	return r;
}

/* The first of its CAs that has signed our certificate. */
static X509 *identity_signer(struct identity *identity, unsigned *ret_n)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(identity->ca, -1);

	for (*ret_n = 0;; ++*ret_n) {
		X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!ca || X509_verify(identity->certificate, X509_get0_pubkey(ca)) == 1) {
			ERR_clear_error();
			return ca;
		}
		X509_free(ca);
	}
}

bool identity_behind(struct identity *identity)
{
	owned(x509) X509 *ca = NULL;
	unsigned n;

	pthread_mutex_lock(&identity->lock);
	ca = identity_signer(identity, &n);
	pthread_mutex_unlock(&identity->lock);
	return ca && n > 0;
}

json_t *identity_trusts(struct identity *identity)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char by[2 * EVP_MAX_MD_SIZE + 1] = "", mark[TRUST_MARK + 1];
	owned(x509) X509 *ca = NULL;
	unsigned n, len = 0;
	json_t *json;

	pthread_mutex_lock(&identity->lock);
	ca = identity_signer(identity, &n);
	if (ca && X509_digest(ca, EVP_sha256(), digest, &len) == 1)
		for (unsigned i = 0; i < len; i++)
			snprintf(by + 2 * i, 3, "%02x", digest[i]);
	trust_mark(identity->ca, mark);
	json = json_pack("{s:s, s:s, s:s, s:s}", "type", "trusts", "mark", mark, "by", by, "text",
		identity->ca);
	pthread_mutex_unlock(&identity->lock);
	return json;
}

/* ---- what a certificate says ----------------------------------------------------------------- */

static bool certificate_text(const ASN1_STRING *text, const char *want)
{
	size_t len = (size_t)ASN1_STRING_length(text);

	return len == strlen(want) && !memcmp(ASN1_STRING_get0_data(text), want, len);
}

static int certificate_name(X509 *certificate, char *ret, size_t size)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	const ASN1_STRING *text;
	size_t len;

	if (at < 0)
		return -ENODATA;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	len = (size_t)ASN1_STRING_length(text);
	if (len >= size)
		return -ENAMETOOLONG;
	if (!len || memchr(ASN1_STRING_get0_data(text), 0, len))
		return -ENODATA;
	memcpy(ret, ASN1_STRING_get0_data(text), len);
	ret[len] = '\0';
	return 0;
}

static bool certificate_named(X509 *certificate, const char *name)
{
	char cn[PICKET_NAME_MAX];
	GENERAL_NAMES *names;
	bool found = !certificate_name(certificate, cn, sizeof(cn)) && !strcmp(cn, name);

	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		found = n->type == GEN_DNS && certificate_text(n->d.dNSName, name);
	}
	GENERAL_NAMES_free(names);
	return found;
}

const char *const identity_role_names[IDENTITY_ROLES] = { "node", "controller", "client", "viewer",
	"operator", "fencer", "admin" };

unsigned identity_certificate_roles(X509 *certificate)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	unsigned found = 0;
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, at)) >= 0)
		for (unsigned i = 0; i < IDENTITY_ROLES; i++)
			if (certificate_text(
				    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)),
				    identity_role_names[i]))
				found |= 1u << i;
	return found;
}

size_t identity_certificate_names(
	X509 *certificate, char ret_name[PICKET_NAME_MAX], char (*ret)[PICKET_NAME_MAX], size_t max)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t n = 0;

	if (certificate_name(certificate, ret_name, PICKET_NAME_MAX))
		ret_name[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && n < max; i++) {
		GENERAL_NAME *is = sk_GENERAL_NAME_value(names, i);
		int len = is->type == GEN_DNS ? ASN1_STRING_length(is->d.dNSName) : 0;

		if (len <= 0 || len >= PICKET_NAME_MAX)
			continue;
		memcpy(ret[n], ASN1_STRING_get0_data(is->d.dNSName), (size_t)len);
		ret[n][len] = '\0';
		n += strcmp(ret[n], ret_name) != 0;
	}
	GENERAL_NAMES_free(names);
	return n;
}

int identity_name(struct identity *identity, char *ret, size_t size)
{
	int r;

	pthread_mutex_lock(&identity->lock);
	r = certificate_name(identity->certificate, ret, size);
	pthread_mutex_unlock(&identity->lock);
	return r;
}

bool identity_named(struct identity *identity, const char *name)
{
	bool named;

	pthread_mutex_lock(&identity->lock);
	named = certificate_named(identity->certificate, name);
	pthread_mutex_unlock(&identity->lock);
	return named;
}

unsigned identity_roles(struct identity *identity)
{
	unsigned roles;

	pthread_mutex_lock(&identity->lock);
	roles = identity_certificate_roles(identity->certificate);
	pthread_mutex_unlock(&identity->lock);
	return roles;
}

int identity_of(const void *der, size_t len, char *ret, size_t size, unsigned *ret_roles)
{
	const unsigned char *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long)len);
	int r;

	if (!certificate)
		return -EBADMSG;
	r = certificate_name(certificate, ret, size);
	if (!r)
		*ret_roles = identity_certificate_roles(certificate);
	X509_free(certificate);
	return r;
}

long identity_not_after(struct identity *identity)
{
	long at;

	pthread_mutex_lock(&identity->lock);
	at = identity->not_after;
	pthread_mutex_unlock(&identity->lock);
	return at;
}

long identity_not_before(struct identity *identity)
{
	struct tm tm = { 0 };

	pthread_mutex_lock(&identity->lock);
	ASN1_TIME_to_tm(X509_get0_notBefore(identity->certificate), &tm);
	pthread_mutex_unlock(&identity->lock);
	return (long)timegm(&tm) + IDENTITY_SKEW_S;
}

unsigned identity_peer_roles(SSL *ssl)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);

	return peer ? identity_certificate_roles(peer) : 0;
}

bool identity_peer_named(SSL *ssl, const char *name)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);

	return peer && certificate_named(peer, name);
}

int identity_peer_name(SSL *ssl, char *ret, size_t size)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);

	return peer ? certificate_name(peer, ret, size) : -ENODATA;
}
