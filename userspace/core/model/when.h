/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When: points in time and lengths of it, as ISO 8601 and the rules of a configuration write them.
 */
#ifndef CORE_MODEL_WHEN_H
#define CORE_MODEL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_TEXT_MAX 40

/* The zone decides what calendar a moment has, never which of two is earlier. */
struct when {
	int64_t seconds;  /* since 1970-01-01 00:00:00 UTC */
	int32_t offset_s; /* of the zone it was written in, east of UTC */
};

struct when_duration {
	int years, months, weeks, days, hours, minutes, seconds;
};

/* A moment on the calendar of its zone. */
struct when_calendar {
	int year, month, day; /* 1 … */
	int hour, minute, second;
	int year_day;                  /* 1 … 366 */
	int week_year, week, week_day; /* ISO 8601: Monday is 1 */
	int moon;                      /* 0: new, 4: full */
};

/* Dates as 2005-04-30, 20050430, 2005-120, 2005120, 2005-W17-6, 2005W176; times as T10:00,
 * T10:00:00, T1000, T100000 behind a T or a blank, or alone: today; zones as Z, +02, +02:00,
 * +0200; "epoch". What is left out comes from now: the day, and the zone. -EINVAL. */
int when_parse(const char *text, const struct when *now, struct when *ret);
/* P1Y2M3W4DT5H6M7S. -EINVAL. */
int when_duration_parse(const char *text, struct when_duration *ret);
/* With 365 days a year and 30 a month. */
int64_t when_duration_seconds(const struct when_duration *d);
/* Years and months keep the day of the month where there is one, else take the month's last. */
struct when when_add(const struct when *when, const struct when_duration *d);
void when_calendar(const struct when *when, struct when_calendar *ret);
/* 2005-04-30 10:00:00Z, or with +02:00. */
void when_format(const struct when *when, char ret[WHEN_TEXT_MAX]);

static inline int when_compare(const struct when *a, const struct when *b)
{
	return a->seconds < b->seconds ? -1 : a->seconds > b->seconds;
}

/* "a", "a-b", "a-", "-b", and lists of them between commas: whether value is in it. -EINVAL: it is
 * no range. */
int when_range(const char *range, long long value, bool *ret);

#endif
