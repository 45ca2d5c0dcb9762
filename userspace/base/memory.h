/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: what a daemon needs from now on stays in it. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>

/*
 * Locks what this process touches from now on, and what it wrote before; future: what is mapped
 * later as well. Code and constants that only its start needed are not kept: loading and relocating
 * libraries touches most of them, and they would be locked for good. What is needed after all comes
 * back by a fault, and then stays. Returns 0 or -errno (-EPERM, -ENOMEM: no right to lock so much).
 */
int memory_lock(bool future);

#endif
