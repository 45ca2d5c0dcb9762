/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/authority.h"
#include "edge/identity.h"

#define AUTHORITY_CA_DAYS 3650
#define AUTHORITY_DAYS 365
#define AUTHORITY_SKEW_S (-3600) /* valid an hour back: clocks differ */
#define AUTHORITY_FILE_MAX (1 << 20)
#define AUTHORITY_ALSO_MAX 16
#define AUTHORITY_NEXT_KEY "ca-next.key"
#define AUTHORITY_NEXT_CRT "ca-next.crt"

own_define(x509, X509, X509_free)
own_define(pkey, EVP_PKEY, EVP_PKEY_free)
own_define(bio, BIO, BIO_free)

static int authority_fail(char **why, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	*why = own_printf("%s: %s", what, reason ? reason : "OpenSSL refused");
	ERR_clear_error();
	return -EIO;
}

static bool authority_name_fits(const char *name)
{
	size_t len = strlen(name);

	return len && len < PICKET_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       len;
}

static void authority_subject_add(X509_NAME *subject, const char *field, const char *value)
{
	X509_NAME_add_entry_by_txt(
		subject, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0);
}

/* An extension in OpenSSL's own configuration words. */
static int authority_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	int r;

	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!extension)
		return -EIO;
	r = X509_add_ext(certificate, extension, -1) == 1 ? 0 : -EIO;
	X509_EXTENSION_free(extension);
	return r;
}

/* The parts that a CA's and a host's certificate have in common. */
static X509 *authority_draft(EVP_PKEY *key, unsigned days, long seconds)
{
	owned(x509) X509 *certificate = X509_new();
	unsigned char serial[16];
	BIGNUM *number;

	if (!certificate || RAND_bytes(serial, sizeof(serial)) != 1)
		return NULL;
	serial[0] = (serial[0] & 0x7f) | 0x40;
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	X509_set_version(certificate, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(certificate), AUTHORITY_SKEW_S);
	X509_time_adj_ex(X509_getm_notAfter(certificate), seconds ? 0 : (int)days, seconds, NULL);
	X509_set_pubkey(certificate, key);
	return give(certificate);
}

static int authority_write(const char *dir, const char *name, mode_t mode, BIO *bio, char **why)
{
	owned(free) char *path = own_printf("%s/%s", dir, name);
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	int r = file_write(path, mode, data, (size_t)len);

	if (mode == 0600)
		OPENSSL_cleanse(data, (size_t)len);
	if (r)
		*why = own_printf("%s: %s", path, strerror(-r));
	return r;
}

static int authority_write_key(const char *dir, const char *name, EVP_PKEY *key, char **why)
{
	owned(bio) BIO *bio = BIO_new(BIO_s_mem());

	if (PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return authority_fail(why, "writing a key");
	return authority_write(dir, name, 0600, bio, why);
}

static int authority_write_certificate(
	const char *dir, const char *name, X509 *certificate, char **why)
{
	owned(bio) BIO *bio = BIO_new(BIO_s_mem());

	if (PEM_write_bio_X509(bio, certificate) != 1)
		return authority_fail(why, "writing a certificate");
	return authority_write(dir, name, 0644, bio, why);
}

static int authority_folder(const char *dir, char **why)
{
	int r = file_folder(dir, 0750);

	if (r)
		*why = own_printf("%s: %s", dir, strerror(-r));
	return r;
}

/* The certificate first: a key without one would block the next attempt. */
static int authority_self(const char *dir, const char *cluster, const char *crt_name,
	const char *key_name, char **why)
{
	owned(pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	owned(x509) X509 *ca = key ? authority_draft(key, AUTHORITY_CA_DAYS, 0) : NULL;
	X509_NAME *subject;
	int r;

	if (!ca)
		return authority_fail(why, "making the CA");
	subject = X509_get_subject_name(ca);
	authority_subject_add(subject, "O", "picket");
	authority_subject_add(subject, "CN", cluster);
	X509_set_issuer_name(ca, subject);
	if (authority_extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		authority_extend(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		authority_extend(ca, ca, NID_subject_key_identifier, "hash") ||
		!X509_sign(ca, key, EVP_sha256()))
		return authority_fail(why, "signing the CA");
	r = authority_write_certificate(dir, crt_name, ca, why);
	return r ? r : authority_write_key(dir, key_name, key, why);
}

int authority_create(const char *dir, const char *cluster, char **why)
{
	owned(free) char *path = own_printf("%s/ca.key", dir);
	int r = authority_folder(dir, why);

	if (r)
		return r;
	if (!access(path, F_OK)) {
		*why = own_printf("%s: exists; a CA is not replaced by this command", path);
		return -EEXIST;
	}
	return authority_self(dir, cluster, "ca.crt", "ca.key", why);
}

/* -ENOENT: there is none; *why is set by every other failure. */
static int authority_key(const char *dir, const char *name, EVP_PKEY **ret, char **why)
{
	owned(free) char *path = own_printf("%s/%s", dir, name), *text = NULL;
	owned(bio) BIO *bio = NULL;
	size_t len;
	int r = file_read(path, AUTHORITY_FILE_MAX, &text, &len);

	if (r) {
		if (r != -ENOENT)
			*why = own_printf("%s: %s", path, strerror(-r));
		return r;
	}
	bio = BIO_new(BIO_s_mem());
	BIO_write(bio, text, (int)len);
	OPENSSL_cleanse(text, len);
	*ret = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	return *ret ? 0 : authority_fail(why, path);
}

/* While one CA gives way to the next there are two keys: ca.crt's first certificate says which of
 * them signs, so that a host's step from one to the other is the replacing of that one file. */
static int authority_key_of(const char *dir, X509 *ca, EVP_PKEY **ret, char **why)
{
	static const char *const names[] = { "ca.key", AUTHORITY_NEXT_KEY };
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		owned(pkey) EVP_PKEY *key = NULL;
		int r = authority_key(dir, names[i], &key, why);

		if (r && r != -ENOENT)
			return r;
		if (r)
			continue;
		any = true;
		if (X509_check_private_key(ca, key) == 1) {
			*ret = give(key);
			return 0;
		}
		ERR_clear_error();
	}
	*why = any ? own_printf("%s/ca.key: not the key of ca.crt beside it", dir)
		   : own_printf("%s/ca.key: %s; make the CA first: picket pki ca DIR", dir,
			     strerror(ENOENT));
	return any ? -EKEYREJECTED : -ENOENT;
}

/* *ret_text: the whole of ca.crt, of which the first certificate signs; NULL: not asked for. */
static int authority_load(
	const char *dir, EVP_PKEY **ret_key, X509 **ret_ca, char **ret_text, char **why)
{
	owned(free) char *path = own_printf("%s/ca.crt", dir), *text = NULL;
	owned(bio) BIO *bio = NULL;
	size_t len;
	int r = file_read(path, AUTHORITY_FILE_MAX, &text, &len);

	if (r) {
		*why = own_printf("%s: %s%s", path, strerror(-r),
			r == -ENOENT ? "; make the CA first: picket pki ca DIR" : "");
		return r;
	}
	bio = BIO_new_mem_buf(text, (int)len);
	*ret_ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!*ret_ca)
		return authority_fail(why, path);
	r = authority_key_of(dir, *ret_ca, ret_key, why);
	if (!r && ret_text)
		*ret_text = give(text);
	return r;
}

static int authority_describe(
	X509 *certificate, X509 *ca, const struct authority_subject *s, char **why)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	owned(free) char *names = own_printf("DNS:%s", s->name);
	char *more;

	authority_subject_add(subject, "O", "picket");
	for (unsigned i = 0; i < IDENTITY_ROLES; i++)
		if (s->roles & 1u << i)
			authority_subject_add(subject, "OU", identity_role_names[i]);
	authority_subject_add(subject, "CN", s->name);
	X509_set_issuer_name(certificate, X509_get_subject_name(ca));
	for (size_t i = 0; i < s->n_also; i++) {
		more = own_printf("%s,DNS:%s", names, s->also[i]);
		free(names);
		names = more;
	}
	if (authority_extend(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") ||
		authority_extend(certificate, ca, NID_key_usage, "critical,digitalSignature") ||
		authority_extend(certificate, ca, NID_ext_key_usage, "serverAuth,clientAuth") ||
		authority_extend(certificate, ca, NID_subject_key_identifier, "hash") ||
		authority_extend(certificate, ca, NID_authority_key_identifier, "keyid") ||
		authority_extend(certificate, ca, NID_subject_alt_name, names))
		return authority_fail(why, "describing the certificate");
	return 0;
}

static int authority_check(const struct authority_subject *subject, char **why)
{
	for (size_t i = 0; i <= subject->n_also; i++) {
		const char *name = i ? subject->also[i - 1] : subject->name;

		if (authority_name_fits(name))
			continue;
		*why = own_printf("'%s' is not a name: 1 to %d letters, digits, '.', '_', '-'",
			name, PICKET_NAME_MAX - 1);
		return -EINVAL;
	}
	return 0;
}

int authority_issue(
	const char *dir, const struct authority_subject *subject, const char *out, char **why)
{
	owned(pkey) EVP_PKEY *ca_key = NULL;
	owned(pkey) EVP_PKEY *key = NULL;
	owned(x509) X509 *ca = NULL;
	owned(x509) X509 *certificate = NULL;
	owned(free) char *text = NULL;
	owned(free) char *path = own_printf("%s/ca.crt", out);
	int r;

	r = authority_check(subject, why);
	if (r)
		return r;
	r = authority_load(dir, &ca_key, &ca, &text, why);
	if (!r)
		r = authority_folder(out, why);
	if (r)
		return r;
	key = EVP_EC_gen("P-256");
	if (key)
		certificate = authority_draft(
			key, subject->days ? subject->days : AUTHORITY_DAYS, subject->seconds);
	if (!certificate)
		return authority_fail(why, "making a key");
	r = authority_describe(certificate, ca, subject, why);
	if (r)
		return r;
	if (!X509_sign(certificate, ca_key, EVP_sha256()))
		return authority_fail(why, "signing");
	r = authority_write_key(out, "node.key", key, why);
	if (!r)
		r = authority_write_certificate(out, "node.crt", certificate, why);
	if (r)
		return r;
	r = file_write(path, 0644, text, strlen(text));
	if (r)
		*why = own_printf("%s: %s", path, strerror(-r));
	return r;
}

static char *authority_text(X509 *certificate)
{
	owned(bio) BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (PEM_write_bio_X509(bio, certificate) != 1)
		return NULL;
	len = BIO_get_mem_data(bio, &data);
	return strndup(data, (size_t)len);
}

/* The key that the request is about, when it proves to have it. */
static EVP_PKEY *authority_request(const char *text)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(text, -1);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, (void *)"");
	EVP_PKEY *key = request ? X509_REQ_get_pubkey(request) : NULL;

	if (key && X509_REQ_verify(request, key) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	X509_REQ_free(request);
	ERR_clear_error();
	return key;
}

int authority_sign(const char *dir, const struct authority_subject *subject, const char *request,
	char **ret_certificate, char **ret_ca, char **why)
{
	owned(pkey) EVP_PKEY *ca_key = NULL, *key = authority_request(request);
	owned(x509) X509 *ca = NULL;
	owned(x509) X509 *certificate = NULL;
	int r;

	if (!key) {
		*why = own_string("not a certificate request, or not signed by its own key");
		return -EBADMSG;
	}
	r = authority_check(subject, why);
	if (!r)
		r = authority_load(dir, &ca_key, &ca, ret_ca, why);
	if (r)
		return r;
	certificate = authority_draft(
		key, subject->days ? subject->days : AUTHORITY_DAYS, subject->seconds);
	if (!certificate)
		return authority_fail(why, "drafting the certificate");
	r = authority_describe(certificate, ca, subject, why);
	if (r)
		return r;
	if (!X509_sign(certificate, ca_key, EVP_sha256()))
		return authority_fail(why, "signing");
	*ret_certificate = authority_text(certificate);
	return *ret_certificate ? 0 : -ENOMEM;
}

/* ---- once more ----------------------------------------------------------------------------------
 */

static long authority_lasts(X509 *certificate)
{
	int days = 0, seconds = 0;

	ASN1_TIME_diff(
		&days, &seconds, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate));
	return days * 86400L + seconds + AUTHORITY_SKEW_S;
}

/* Signed by one of the CAs that ca.crt trusts: by the one before too, while two are trusted. */
static bool authority_signed(const char *ca_text, X509 *certificate)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(ca_text, -1);
	bool good = false;

	while (!good) {
		owned(x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!ca)
			break;
		good = X509_verify(certificate, X509_get0_pubkey(ca)) == 1;
	}
	ERR_clear_error();
	return good;
}

/* Is it one of ours, and does who asks have its key? */
static int authority_ours(const char *dir, X509 *old, const char *request, char **why)
{
	owned(pkey) EVP_PKEY *ca_key = NULL, *key = authority_request(request);
	owned(x509) X509 *ca = NULL;
	owned(free) char *text = NULL;
	int r = authority_load(dir, &ca_key, &ca, &text, why);

	if (r)
		return r;
	if (key && old && authority_signed(text, old) &&
		EVP_PKEY_eq(key, X509_get0_pubkey(old)) == 1)
		return 0;
	ERR_clear_error();
	*why = own_string("a certificate is renewed for its own key alone, and when a CA of this "
			  "cluster signed it");
	return -EACCES;
}

int authority_renew(const char *dir, const char *certificate, const char *request,
	char **ret_certificate, char **ret_ca, char **why)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(certificate, -1);
	owned(x509) X509 *old = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	char name[PICKET_NAME_MAX], names[AUTHORITY_ALSO_MAX][PICKET_NAME_MAX];
	const char *also[AUTHORITY_ALSO_MAX];
	struct authority_subject subject = { .name = name, .also = also };
	int r = authority_ours(dir, old, request, why);

	ERR_clear_error();
	if (r)
		return r;
	subject.n_also = identity_certificate_names(old, name, names, AUTHORITY_ALSO_MAX);
	for (size_t i = 0; i < subject.n_also; i++)
		also[i] = names[i];
	subject.roles = identity_certificate_roles(old);
	subject.seconds = authority_lasts(old);
	return authority_sign(dir, &subject, request, ret_certificate, ret_ca, why);
}

/* ---- the next CA --------------------------------------------------------------------------------
 */

int authority_settle(const char *dir, char **why)
{
	owned(free) char *key_path = own_printf("%s/ca.key", dir);
	owned(free) char *next_path = own_printf("%s/" AUTHORITY_NEXT_KEY, dir);
	owned(free) char *crt_path = own_printf("%s/" AUTHORITY_NEXT_CRT, dir);
	owned(pkey) EVP_PKEY *key = NULL;
	owned(pkey) EVP_PKEY *signing = NULL;
	owned(x509) X509 *ca = NULL;
	int r = authority_key(dir, AUTHORITY_NEXT_KEY, &key, why);

	if (r)
		return r == -ENOENT ? 0 : r;
	r = authority_load(dir, &signing, &ca, NULL, why);
	if (r || X509_check_private_key(ca, key) != 1) {
		ERR_clear_error();
		return r; /* it is not the one that signs, or not yet */
	}
	if (rename(next_path, key_path)) {
		*why = own_printf("%s: %s", next_path, strerror(errno));
		return -errno;
	}
	unlink(crt_path);
	return 0;
}

/* One that was made before and is not in use yet: it may be trusted by hosts by now. */
static int authority_pending(const char *dir, char **ret, char **why)
{
	owned(free) char *path = own_printf("%s/" AUTHORITY_NEXT_CRT, dir), *text = NULL;
	owned(pkey) EVP_PKEY *key = NULL;
	owned(bio) BIO *bio = NULL;
	owned(x509) X509 *ca = NULL;
	size_t len;
	int r = authority_key(dir, AUTHORITY_NEXT_KEY, &key, why);

	if (!r)
		r = file_read(path, AUTHORITY_FILE_MAX, &text, &len);
	if (r)
		return r;
	bio = BIO_new_mem_buf(text, (int)len);
	ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	r = ca && X509_check_private_key(ca, key) == 1 ? 0 : -ENOENT;
	ERR_clear_error();
	if (!r)
		*ret = give(text);
	return r;
}

int authority_next(const char *dir, const char *cluster, char **ret, char **why)
{
	owned(pkey) EVP_PKEY *key = NULL;
	owned(x509) X509 *ca = NULL;
	int r = authority_settle(dir, why);

	if (!r)
		r = authority_load(dir, &key, &ca, NULL, why);
	if (r)
		return r;
	r = authority_pending(dir, ret, why);
	if (r != -ENOENT)
		return r;
	r = authority_self(dir, cluster, AUTHORITY_NEXT_CRT, AUTHORITY_NEXT_KEY, why);
	return r ? r : authority_pending(dir, ret, why);
}

int authority_read(const char *pem, char ret_pin[AUTHORITY_PIN + 1], char **why)
{
	owned(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	owned(x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	owned(x509) X509 *second = ca ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char sum[EVP_MAX_MD_SIZE];
	const char *wrong = NULL;
	unsigned len = 0;

	ERR_clear_error();
	if (!ca)
		wrong = "it is no certificate in PEM form";
	else if (second)
		wrong = "there is more than one certificate: give the next CA's alone";
	else if (X509_check_ca(ca) != 1)
		wrong = "it is not a CA's (basicConstraints CA:TRUE)";
	else if (X509_verify(ca, X509_get0_pubkey(ca)) != 1)
		wrong = "it has not signed itself: give a root CA's";
	else if (X509_cmp_current_time(X509_get0_notBefore(ca)) > 0)
		wrong = "it is not valid yet";
	else if (X509_cmp_current_time(X509_get0_notAfter(ca)) < 0)
		wrong = "it is valid no longer";
	else if (X509_digest(ca, EVP_sha256(), sum, &len) != 1)
		wrong = "it has no fingerprint";
	for (unsigned i = 0; i < len; i++)
		snprintf(ret_pin + 2 * i, 3, "%02x", sum[i]);
	ERR_clear_error();
	if (wrong)
		*why = own_string(wrong);
	return wrong ? -EBADMSG : 0;
}
