/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/identity.h"
#include "edge/renewal.h"

#define RENEWAL_FILE_MAX (1 << 20)

own_define(bio, BIO, BIO_free)
own_define(x509, X509, X509_free)
own_define(pkey, EVP_PKEY, EVP_PKEY_free)
own_define(request, X509_REQ, X509_REQ_free)

bool renewal_due(struct identity *identity, long now)
{
	long end = identity_not_after(identity), begin = identity_not_before(identity);

	return now > end - (end - begin) / 3 || identity_behind(identity);
}

static char *file_text(const char *pki, const char *name, char **why)
{
	owned(free) char *path = own_printf("%s/%s", pki, name);
	char *text = NULL;
	size_t len;
	int r = file_read(path, RENEWAL_FILE_MAX, &text, &len);

	if (r)
		*why = own_printf("%s: %s", path, strerror(-r));
	return r ? NULL : text;
}

static EVP_PKEY *key_of(const char *pki, char **why)
{
	owned(free) char *text = file_text(pki, "node.key", why);
	owned(bio) BIO *bio = text ? BIO_new_mem_buf(text, -1) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;

	if (text)
		OPENSSL_cleanse(text, strlen(text));
	if (text && !key)
		*why = own_printf("%s/node.key: no key can be read from it", pki);
	ERR_clear_error();
	return key;
}

static char *request_by(EVP_PKEY *key)
{
	owned(request) X509_REQ *request = X509_REQ_new();
	owned(bio) BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (!request || X509_REQ_set_pubkey(request, key) != 1 ||
		!X509_REQ_sign(request, key, EVP_sha256()) ||
		PEM_write_bio_X509_REQ(bio, request) != 1)
		return NULL;
	len = BIO_get_mem_data(bio, &data);
	return strndup(data, (size_t)len);
}

json_t *renewal_wish(const char *pki, char **why)
{
	owned(pkey) EVP_PKEY *key = key_of(pki, why);
	owned(free) char *certificate = key ? file_text(pki, "node.crt", why) : NULL;
	owned(free) char *request = certificate ? request_by(key) : NULL;

	if (certificate && !request)
		*why = own_string("no request can be made by the key");
	return request ? json_pack("{s:s, s:s, s:s}", "type", "renew", "certificate", certificate,
				 "request", request)
		       : NULL;
}

int renewal_take(struct identity *identity, const char *pki, json_t *answer, char **why)
{
	const char *text = json_string_value(json_object_get(answer, "certificate"));
	owned(bio) BIO *bio = BIO_new_mem_buf(text ? text : "", -1);
	owned(x509) X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	owned(free) char *path = own_printf("%s/node.crt", pki);
	owned(pkey) EVP_PKEY *key = key_of(pki, why);
	int r;

	ERR_clear_error();
	if (!key)
		return -EIO;
	if (!certificate || X509_check_private_key(certificate, key) != 1) {
		ERR_clear_error();
		*why = own_string("what came is no certificate for this host's key");
		return -EBADMSG;
	}
	r = file_write(path, 0644, text, strlen(text));
	if (r) {
		*why = own_printf("%s: %s", path, strerror(-r));
		return r;
	}
	return identity_reload(identity, why);
}
