/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Own: memory whose owner is visible in the text. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * owned(free) char *s = strdup("x");      freed at the end of the block
 * *ret_s = give(s);                       moved out; s is NULL afterwards
 *
 * own_define(plan, plan_free) gives owned(plan) struct plan *p.
 */
#define owned(what) __attribute__((cleanup(own_cleanup_##what)))
#define own_define(what, type, fn)                                                                 \
	static inline void own_cleanup_##what(type **p)                                            \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
		*p = NULL;                                                                         \
	}
#define give(p)                                                                                    \
	__extension__({                                                                            \
		__typeof__(p) own_given = (p);                                                     \
		(p) = NULL;                                                                        \
		own_given;                                                                         \
	})

static inline void own_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void own_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Out of memory in userspace ends the process: a daemon that cannot allocate stops renewing, and
 * the lease ends what it held (S14). Never used on the lease path, which does not allocate. */
void *own_alloc(size_t size);                 /* zeroed */
void *own_array(void *old, size_t n, size_t size); /* like reallocarray */
char *own_string(const char *s);              /* NULL gives NULL */
char *own_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define own_new(type) ((type *)own_alloc(sizeof(type)))

/* Makes room for one more element of a growing array: *items has n used of *cap. */
#define own_grow(items, n, cap)                                                                    \
	do {                                                                                       \
		if ((n) == (cap)) {                                                                \
			(cap) = (cap) ? 2 * (cap) : 8;                                             \
			(items) = own_array((items), (cap), sizeof(*(items)));                     \
		}                                                                                  \
	} while (0)

#endif
