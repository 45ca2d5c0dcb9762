/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment: what time it is, by the clock that suits. */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdint.h>

uint64_t moment_boot_ns(void);  /* CLOCK_BOOTTIME: nobody sets it, and it counts a suspension */
uint64_t moment_epoch_ms(void); /* CLOCK_REALTIME: for people alone */

#endif
