/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zone: how far from UTC a time zone is at an instant, as this host's zone tables tell. */
#ifndef EDGE_ZONE_H
#define EDGE_ZONE_H

#include <stdint.h>

/* A rule_zone_fn: seconds east of UTC of "Europe/Berlin" at utc_s. -ENOENT: there is none. */
int zone_offset(void *ctx, const char *zone, int64_t utc_s, int32_t *ret_offset_s);

#endif
