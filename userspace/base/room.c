/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/room.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (2UL << 20)
#define ROOM_MAX (1UL << 30)

void room_make(size_t bytes)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)bytes;
#else
	uintptr_t begin, end;
	void *all;

	if (bytes > ROOM_MAX)
		bytes = ROOM_MAX;
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, (int)ROOM_MAX);
	mallopt(M_TOP_PAD, LARGE);
	/* The heap grows by all of it, and keeps that. */
	all = malloc(bytes);
	if (!all)
		return;
	begin = ((uintptr_t)all + LARGE - 1) / LARGE * LARGE;
	end = ((uintptr_t)all + bytes) / LARGE * LARGE;
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE);
	free(all);
#endif
}
