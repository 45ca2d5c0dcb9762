/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/zone.h"

#include <errno.h>
#include <stddef.h>

#include <libical/ical.h>

int zone_offset(void *ctx, const char *zone, int64_t utc_s, int32_t *ret_offset_s)
{
	icaltimezone *z = icaltimezone_get_builtin_timezone(zone), *utc;
	struct icaltimetype at;
	int summer;

	if (!z)
		return -ENOENT;
	utc = icaltimezone_get_utc_timezone();
	at = icaltime_from_timet_with_zone((time_t)utc_s, 0, utc);
	*ret_offset_s = icaltimezone_get_utc_offset_of_utc_time(z, &at, &summer);
	return 0;
}
