/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct siphash {
	EVP_MAC_CTX *ctx;
	uint8_t key[16];
};

int siphash_new(const uint8_t key[16], struct siphash **ret)
{
	size_t size = sizeof(uint64_t);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end(),
	};
	owned(siphash) struct siphash *s = own_new(struct siphash);
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);

	if (!mac)
		return -ENOTSUP;
	memcpy(s->key, key, sizeof(s->key));
	s->ctx = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (!s->ctx || !EVP_MAC_CTX_set_params(s->ctx, params))
		return -ENOTSUP;
	*ret = give(s);
	return 0;
}

void siphash_free(struct siphash *siphash)
{
	if (!siphash)
		return;
	EVP_MAC_CTX_free(siphash->ctx);
	OPENSSL_cleanse(siphash->key, sizeof(siphash->key));
	free(siphash);
}

int siphash_sum(struct siphash *siphash, const void *data, size_t size, uint64_t *ret)
{
	uint64_t sum;
	size_t n = 0;

	/* The key every time: without it OpenSSL 3.0 goes on from where the last sum ended. */
	if (!EVP_MAC_init(siphash->ctx, siphash->key, sizeof(siphash->key), NULL) ||
		!EVP_MAC_update(siphash->ctx, data, size) ||
		!EVP_MAC_final(siphash->ctx, (unsigned char *)&sum, &n, sizeof(sum)) ||
		n != sizeof(sum))
		return -EIO;
	*ret = le64toh(sum);
	return 0;
}
