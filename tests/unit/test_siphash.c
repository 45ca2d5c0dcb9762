/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/siphash.h"

static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* Appendix A of the SipHash paper: key 00..0f, message 00..0e. */
Test(siphash, vector_of_the_paper)
{
	owned(siphash) struct siphash *s = NULL;
	uint8_t message[15];
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = i;
	cr_assert_eq(siphash_new(key, &s), 0);
	cr_assert_eq(siphash_sum(s, message, sizeof(message), &sum), 0);
	cr_assert_eq(sum, 0xa129ca6149be45e5ULL);
}

Test(siphash, same_object_again_gives_the_same)
{
	owned(siphash) struct siphash *s = NULL;
	uint64_t first = 0, again = 1, other = 0;

	cr_assert_eq(siphash_new(key, &s), 0);
	cr_assert_eq(siphash_sum(s, "abcdefgh", 8, &first), 0);
	cr_assert_eq(siphash_sum(s, "abcdefgi", 8, &other), 0);
	cr_assert_eq(siphash_sum(s, "abcdefgh", 8, &again), 0);
	cr_assert_eq(first, again);
	cr_assert_neq(first, other);
}

Test(siphash, keys_differ)
{
	owned(siphash) struct siphash *a = NULL, *b = NULL;
	uint8_t other[16] = { 1 };
	uint64_t sum_a = 0, sum_b = 0;

	cr_assert_eq(siphash_new(key, &a), 0);
	cr_assert_eq(siphash_new(other, &b), 0);
	cr_assert_eq(siphash_sum(a, "x", 1, &sum_a), 0);
	cr_assert_eq(siphash_sum(b, "x", 1, &sum_b), 0);
	cr_assert_neq(sum_a, sum_b);
}
