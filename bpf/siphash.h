/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash: SipHash-2-4 over the MACed part of a wire message (Aumasson, Bernstein 2012). */
#ifndef BPF_SIPHASH_H
#define BPF_SIPHASH_H

#include <picket/maps.h>
#include <picket/wire.h>

struct siphash {
	__u64 v0, v1, v2, v3;
};

#define siphash_rotl(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static __always_inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotl(s->v1, 13);
	s->v1 ^= s->v0;
	s->v0 = siphash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotl(s->v3, 16);
	s->v3 ^= s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotl(s->v3, 21);
	s->v3 ^= s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotl(s->v1, 17);
	s->v1 ^= s->v2;
	s->v2 = siphash_rotl(s->v2, 32);
}

static __always_inline void siphash_word(struct siphash *s, __u64 m)
{
	s->v3 ^= m;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= m;
}

/*
 * The MAC as a number; on the wire it lies little-endian, like this CPU's. `head` stands for the
 * message's first word: an answer differs from its probe in nothing else.
 */
static __always_inline __u64 siphash_wire(
	__u64 head, const struct picket_wire *w, const struct picket_key *k)
{
	struct siphash s = {
		.v0 = k->k0 ^ 0x736f6d6570736575ULL,
		.v1 = k->k1 ^ 0x646f72616e646f6dULL,
		.v2 = k->k0 ^ 0x6c7967656e657261ULL,
		.v3 = k->k1 ^ 0x7465646279746573ULL,
	};
	const __u64 *m = (const __u64 *)w;

	siphash_word(&s, head);
	siphash_word(&s, m[1]);
	siphash_word(&s, m[2]);
	siphash_word(&s, m[3]);
	siphash_word(&s, m[4]);
	siphash_word(&s, m[5]);
	siphash_word(&s, m[6]);
	siphash_word(&s, (__u64)PICKET_WIRE_MACED << 56);
	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static __always_inline __u64 siphash_head(const struct picket_wire *w)
{
	return *(const __u64 *)w;
}

/* The same head, but of another type. */
static __always_inline __u64 siphash_head_as(__u64 head, enum picket_wire_type type)
{
	const unsigned shift = 8 * __builtin_offsetof(struct picket_wire, type);

	return (head & ~(0xffULL << shift)) | (__u64)type << shift;
}

_Static_assert(PICKET_WIRE_MACED == 7 * 8, "siphash_wire takes seven words");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire is little-endian; picket runs on little-endian hosts"
#endif

#endif
