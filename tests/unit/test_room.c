/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/room.h"

Test(room, what_is_allocated_is_whole_and_apart)
{
	char *parts[64];

	room_make(64 << 20);
	for (int i = 0; i < 64; i++) {
		parts[i] = malloc(1 << 20);
		memset(parts[i], i, 1 << 20);
	}
	for (int i = 0; i < 64; i++) {
		cr_assert_eq(parts[i][0], i);
		cr_assert_eq(parts[i][(1 << 20) - 1], i);
		free(parts[i]);
	}
}

Test(room, more_than_was_asked_for_is_there_too)
{
	char *more;

	room_make(1 << 20);
	more = malloc(32 << 20);
	cr_assert(more);
	memset(more, 1, 32 << 20);
	free(more);
}
