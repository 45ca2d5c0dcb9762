/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen: a status document as one screen for people: what is, why, and what to do about it. */
#ifndef CORE_SCREEN_H
#define CORE_SCREEN_H

#include <jansson.h>
#include <stdbool.h>

/* status: the answer of /v1/status. Whole lines; free(). */
char *screen_status(json_t *status, bool colour);
/* One event of /v1/events as a line without its end; free(). offset_s: of the reader's time zone.
 */
char *screen_event(json_t *event, long offset_s, bool colour);

#endif
