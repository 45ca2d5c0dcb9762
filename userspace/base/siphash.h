/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash: SipHash-2-4 with an 8-byte result, by OpenSSL; one object per key and thread. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/own.h"

struct siphash;

/* -ENOTSUP: this OpenSSL has no SipHash. */
int siphash_new(const uint8_t key[16], struct siphash **ret);
void siphash_free(struct siphash *siphash);
own_define(siphash, struct siphash, siphash_free)

/* The bytes of the sum are *ret little-endian. Does not allocate. -EIO: OpenSSL failed. */
int siphash_sum(struct siphash *siphash, const void *data, size_t size, uint64_t *ret);

#endif
