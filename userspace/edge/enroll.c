/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/enroll.h"
#include "edge/identity.h"

#define ENROLL_ANSWER_MAX (1 << 20)
#define ENROLL_TIMEOUT_S 20L

own_define(bio, BIO, BIO_free)
own_define(x509, X509, X509_free)
own_define(pkey, EVP_PKEY, EVP_PKEY_free)
own_define(slist, struct curl_slist, curl_slist_free_all)

static int pin_of(X509 *ca, char ret[ENROLL_PIN + 1])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(ca, EVP_sha256(), sum, &len) != 1 || 2 * len != ENROLL_PIN)
		return -EBADMSG;
	for (unsigned i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int enroll_pin(const char *pem, char ret[ENROLL_PIN + 1])
{
	owned(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	owned(x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	ERR_clear_error();
	return ca ? pin_of(ca, ret) : -EBADMSG;
}

/* While one CA gives way to the next there are two: the one that the token names, and no other, is
 * what this host may believe so far. NULL: it is not among them. */
static X509 *pinned(const char *pem, const char *pin)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(pem, -1);

	for (;;) {
		X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		char is[ENROLL_PIN + 1] = "";

		if (!ca || (!pin_of(ca, is) && !strcasecmp(is, pin))) {
			ERR_clear_error();
			return ca;
		}
		X509_free(ca);
	}
}

/* ---- one question -------------------------------------------------------------------------- */

struct exchange {
	char *text;
	size_t len;
	X509_STORE *trusted; /* NULL: whoever answers, for nothing secret is said */
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;

	n *= size;
	if (x->len + n > ENROLL_ANSWER_MAX)
		return 0;
	x->text = own_array(x->text, x->len + n + 1, 1);
	memcpy(x->text + x->len, data, n);
	x->len += n;
	x->text[x->len] = '\0';
	return n;
}

/* A node's certificate is signed by the same CA: it must not be taken for a controller's. */
static int on_verify(int good, X509_STORE_CTX *ctx)
{
	X509 *peer = X509_STORE_CTX_get_current_cert(ctx);

	if (!good || X509_STORE_CTX_get_error_depth(ctx))
		return good;
	if (identity_certificate_roles(peer) & IDENTITY_CONTROLLER)
		return 1;
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static CURLcode on_tls(CURL *curl, void *tls, void *ctx)
{
	struct exchange *x = ctx;

	(void)curl;
	SSL_CTX_set1_cert_store(tls, x->trusted);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, on_verify);
	return CURLE_OK;
}

/* *ret_status, and the answer in x. */
static int ask(struct exchange *x, const char *url, const char *token, const char *body,
	long *ret_status, char **why)
{
	owned(slist) struct curl_slist *headers =
		curl_slist_append(NULL, "Content-Type: application/json");
	owned(free) char *bearer = own_printf("Authorization: Bearer %s", token ? token : "");
	CURL *c = curl_easy_init();
	CURLcode code;

	if (token)
		headers = curl_slist_append(headers, bearer);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, ENROLL_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	/* A controller is known by its CA and its role; its address says nothing. */
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, x->trusted ? 1L : 0L);
	if (x->trusted) {
		curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
		curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, x);
	}
	if (body)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(c);
	OPENSSL_cleanse(bearer, strlen(bearer));
	if (!code)
		return 0;
	*why = own_printf("%s: %s", url,
		code == CURLE_PEER_FAILED_VERIFICATION
			? "who answers has no certificate of a controller of this cluster"
			: curl_easy_strerror(code));
	return code == CURLE_PEER_FAILED_VERIFICATION ? -EKEYREJECTED : -ECONNREFUSED;
}

/* ---- the CA, the key, the certificate ------------------------------------------------------ */

static int authority_fetch(const char *address, const char *pin, X509_STORE **ret, char **why)
{
	owned(free) char *url = own_printf("https://%s/v1/ca", address);
	struct exchange x = { 0 };
	owned(x509) X509 *ca = NULL;
	const char *pem = NULL;
	json_t *answer = NULL;
	long status;
	int r = ask(&x, url, NULL, NULL, &status, why);

	if (!r) {
		answer = json_loads(x.text ? x.text : "", 0, NULL);
		pem = json_string_value(json_object_get(answer, "ca"));
		ca = pem ? pinned(pem, pin) : NULL;
		if (!ca) {
			*why = own_printf(
				"%s: its CA is not the one that the token names", address);
			r = -EKEYREJECTED;
		}
	}
	if (!r) {
		*ret = X509_STORE_new();
		X509_STORE_add_cert(*ret, ca);
	}
	json_decref(answer);
	free(x.text);
	return r;
}

static char *bio_text(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return strndup(data, (size_t)len);
}

/* The key stays here; the request proves that we have it. */
static int request_new(char **ret_key, char **ret_request)
{
	owned(pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	owned(bio) BIO *key_bio = BIO_new(BIO_s_mem());
	owned(bio) BIO *request_bio = BIO_new(BIO_s_mem());
	X509_REQ *request = X509_REQ_new();
	bool good = key && request && X509_REQ_set_pubkey(request, key) == 1 &&
		    X509_REQ_sign(request, key, EVP_sha256()) &&
		    PEM_write_bio_X509_REQ(request_bio, request) == 1 &&
		    PEM_write_bio_PKCS8PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	X509_REQ_free(request);
	ERR_clear_error();
	if (!good)
		return -EIO;
	*ret_key = bio_text(key_bio);
	*ret_request = bio_text(request_bio);
	return 0;
}

static int put(const char *dir, const char *name, mode_t mode, const char *text, char **why)
{
	owned(free) char *path = own_printf("%s/%s", dir, name);
	int r = file_write(path, mode, text, strlen(text));

	if (r)
		*why = own_printf("%s: %s", path, strerror(-r));
	return r;
}

static int put_all(const char *dir, const char *key, json_t *answer, char **why)
{
	const char *certificate = json_string_value(json_object_get(answer, "certificate"));
	const char *ca = json_string_value(json_object_get(answer, "ca"));
	int r = certificate && ca ? file_folder(dir, 0750) : -EBADMSG;

	if (r) {
		*why = own_printf("%s: %s", dir, r == -EBADMSG ? "not an answer" : strerror(-r));
		return r;
	}
	r = put(dir, "node.key", 0600, key, why);
	if (!r)
		r = put(dir, "node.crt", 0644, certificate, why);
	return r ? r : put(dir, "ca.crt", 0644, ca, why);
}

static int join(const char *address, const char *token, const char *dir, struct exchange *x,
	json_t **ret_answer, char **why)
{
	owned(free) char *url = own_printf("https://%s/v1/join", address);
	owned(free) char *key = NULL, *request = NULL, *body = NULL;
	json_t *wish, *answer;
	const char *detail;
	long status;
	int r = request_new(&key, &request);

	if (r) {
		*why = own_string("no key could be made");
		return r;
	}
	wish = json_pack("{s:s}", "request", request);
	body = json_dumps(wish, JSON_COMPACT);
	json_decref(wish);
	r = ask(x, url, token, body, &status, why);
	if (r)
		return r;
	answer = json_loads(x->text ? x->text : "", 0, NULL);
	if (status == 200) {
		r = put_all(dir, key, answer, why);
	} else {
		detail = json_string_value(json_object_get(answer, "detail"));
		*why = own_printf("%s says no: %s", address, detail ? detail : "without a reason");
		r = -EACCES;
	}
	OPENSSL_cleanse(key, strlen(key));
	if (r)
		json_decref(answer);
	else
		*ret_answer = answer;
	return r;
}

int enroll(const char *address, const char *token, const char *dir, json_t **ret_answer, char **why)
{
	const char *pin = strchr(token, '.');
	owned(free) char *secret = pin ? strndup(token, (size_t)(pin - token)) : NULL;
	struct exchange x = { 0 };
	int r;

	if (!pin || strlen(pin + 1) != ENROLL_PIN) {
		*why = own_string("not a token to join with: 'picket token create --node NAME' "
				  "on a controller makes one");
		return -EINVAL;
	}
	r = authority_fetch(address, pin + 1, &x.trusted, why);
	if (!r)
		r = join(address, secret, dir, &x, ret_answer, why);
	X509_STORE_free(x.trusted);
	free(x.text);
	OPENSSL_cleanse(secret, strlen(secret));
	return r;
}
