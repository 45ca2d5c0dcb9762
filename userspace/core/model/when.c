// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static bool leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int y, int m)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[m - 1] + (m == 2 && leap(y));
}

/* Days since 1970-01-01 of the last day before a year. */
static int64_t year_start(int y)
{
	int64_t p = y - 1;

	return p * 365 + p / 4 - p / 100 + p / 400 - 719163;
}

static int64_t day_number(int y, int m, int d)
{
	int64_t n = year_start(y) + d;

	for (int i = 1; i < m; i++)
		n += month_days(y, i);
	return n;
}

static int week_day(int64_t day)
{
	/* 1970-01-01 was a Thursday. */
	return (int)(((day + 3) % 7 + 7) % 7) + 1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void calendar_day(int64_t day, struct when_calendar *c)
{
	int64_t thursday = day + 4 - week_day(day);
	int y = (int)floor_div(day * 400, 146097) + 1970;

	while (y > 1 && day <= year_start(y))
		y--;
	while (day > year_start(y + 1))
		y++;
	c->year = y;
	c->year_day = (int)(day - year_start(y));
	c->day = c->year_day;
	for (c->month = 1; c->day > month_days(y, c->month); c->month++)
		c->day -= month_days(y, c->month);
	c->week_day = week_day(day);
	/* A week belongs to the year that has its Thursday. */
	c->week_year = y;
	if (thursday <= year_start(y))
		c->week_year--;
	else if (thursday > year_start(y + 1))
		c->week_year++;
	c->week = (int)(thursday - year_start(c->week_year) - 1) / 7 + 1;
}

/* 0 to 7 from new over full to new again: the classic reckoning by golden number and epact. */
static int moon_phase(int year, int year_day)
{
	int golden = year % 19 + 1, epact = (11 * golden + 18) % 30;

	if ((epact == 25 && golden > 11) || epact == 24)
		epact++;
	return ((((year_day + epact) * 6 + 11) % 177) / 22) & 7;
}

void when_calendar(const struct when *when, struct when_calendar *ret)
{
	int64_t local = when->seconds + when->offset_s, day = floor_div(local, DAY_S);
	int second = (int)(local - day * DAY_S);

	calendar_day(day, ret);
	ret->hour = second / 3600;
	ret->minute = second / 60 % 60;
	ret->second = second % 60;
	ret->moon = moon_phase(ret->year, ret->year_day);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Takes exactly n digits; -1: there are not so many. */
static int digits(const char **p, unsigned n)
{
	int value = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return -1;
		value = value * 10 + ((*p)[i] - '0');
	}
	*p += n;
	return value;
}

static unsigned digit_count(const char *p)
{
	unsigned n = 0;

	while (isdigit((unsigned char)p[n]))
		n++;
	return n;
}

static int read_week_date(const char **p, int year, int64_t *day)
{
	int week = digits(p, 2), wday = 1;
	int64_t first;

	if (**p == '-')
		++*p;
	if (isdigit((unsigned char)**p))
		wday = digits(p, 1);
	/* The 4th of January is always in the first week. */
	first = day_number(year, 1, 4);
	first -= week_day(first) - 1;
	*day = first + (week - 1) * 7 + wday - 1;
	if (week < 1 || wday < 1 || wday > 7)
		return -EINVAL;
	first = day_number(year, 12, 28);
	return (*day > first + 7 - week_day(first)) ? -EINVAL : 0;
}

static int read_day(const char **p, int64_t *day)
{
	int year, month, mday;
	bool dash;

	year = digits(p, digit_count(*p) < 4 ? digit_count(*p) : 4);
	dash = **p == '-';
	*p += dash;
	if (year < 1)
		return -EINVAL;
	if (**p == 'W') {
		++*p;
		return read_week_date(p, year, day);
	}
	if (digit_count(*p) == 3) {
		mday = digits(p, 3);
		*day = year_start(year) + mday;
		return mday < 1 || mday > 365 + leap(year) ? -EINVAL : 0;
	}
	month = digits(p, dash && digit_count(*p) == 1 ? 1 : 2);
	if (dash && **p != '-')
		return -EINVAL;
	*p += dash;
	mday = digits(p, dash && digit_count(*p) == 1 ? 1 : 2);
	if (month < 1 || month > 12 || mday < 1 || mday > month_days(year, month))
		return -EINVAL;
	*day = day_number(year, month, mday);
	return 0;
}

static int read_time(const char **p, int64_t *seconds)
{
	int h = digits(p, 2), m = 0, s = 0;

	if (**p == ':')
		++*p;
	if (isdigit((unsigned char)**p)) {
		m = digits(p, 2);
		if (**p == ':')
			++*p;
		if (isdigit((unsigned char)**p))
			s = digits(p, 2);
	}
	if (**p == '.') /* parts of a second are of no use here */
		*p += 1 + digit_count(*p + 1);
	if (h < 0 || h > 24 || m < 0 || m > 59 || s < 0 || s > 59 || (h == 24 && (m || s)))
		return -EINVAL;
	*seconds = h * 3600 + m * 60 + s;
	return 0;
}

static int read_zone(const char **p, int32_t *offset_s)
{
	int sign, h, m = 0;

	while (**p == ' ')
		++*p;
	if (!**p)
		return 0;
	if (**p == 'Z' || **p == 'z') {
		++*p;
		*offset_s = 0;
		return 0;
	}
	if (**p != '+' && **p != '-')
		return -EINVAL;
	sign = *(*p)++ == '-' ? -1 : 1;
	h = digits(p, 2);
	if (**p == ':')
		++*p;
	if (isdigit((unsigned char)**p))
		m = digits(p, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -EINVAL;
	*offset_s = sign * (h * 3600 + m * 60);
	return 0;
}

int when_parse(const char *text, const struct when *now, struct when *ret)
{
	int32_t offset_s = now->offset_s;
	int64_t day, seconds = 0;
	const char *p = text;

	if (!p)
		return -EINVAL;
	while (isspace((unsigned char)*p))
		p++;
	if (!strcmp(p, "epoch")) {
		*ret = (struct when){ 0 };
		return 0;
	}
	if (*p == 'T' || (digit_count(p) == 2 && p[2] == ':')) {
		day = floor_div(now->seconds + now->offset_s, DAY_S);
		p += *p == 'T';
		if (read_time(&p, &seconds))
			return -EINVAL;
	} else {
		if (read_day(&p, &day))
			return -EINVAL;
		if (*p == 'T' || *p == 't' || *p == ' ') {
			p++;
			if (*p && read_time(&p, &seconds))
				return -EINVAL;
		}
	}
	if (read_zone(&p, &offset_s))
		return -EINVAL;
	while (isspace((unsigned char)*p))
		p++;
	if (*p)
		return -EINVAL;
	*ret = (struct when){ .seconds = day * DAY_S + seconds - offset_s, .offset_s = offset_s };
	return 0;
}

/* Only M needs the T to be told apart; the others are taken wherever they stand. */
static int duration_part(struct when_duration *d, char unit, bool time, int n)
{
	int *const parts[] = { &d->years, time ? &d->minutes : &d->months, &d->weeks, &d->days,
		&d->hours, &d->seconds };
	const char *units = "YMWDHS", *at = unit ? strchr(units, unit) : NULL;

	if (!at)
		return -EINVAL;
	*parts[at - units] = n;
	return 0;
}

int when_duration_parse(const char *text, struct when_duration *ret)
{
	struct when_duration d = { 0 };
	bool time = false;
	const char *p = text;

	if (!p || *p++ != 'P' || !*p)
		return -EINVAL;
	while (*p) {
		long n;
		char *end;

		if (*p == 'T' && !time) {
			time = true;
			p++;
			continue;
		}
		n = strtol(p, &end, 10);
		if (end == p || n > INT32_MAX || n < INT32_MIN ||
			duration_part(&d, *end, time, (int)n))
			return -EINVAL;
		p = end + 1;
	}
	*ret = d;
	return 0;
}

int64_t when_duration_seconds(const struct when_duration *d)
{
	int64_t days = d->years * 365LL + d->months * 30LL + d->weeks * 7LL + d->days;

	return days * DAY_S + d->hours * 3600LL + d->minutes * 60LL + d->seconds;
}

struct when when_add(const struct when *when, const struct when_duration *d)
{
	struct when_calendar c;
	struct when sum = *when;
	int64_t months;

	if (d->years || d->months) {
		when_calendar(when, &c);
		months = c.year * 12LL + c.month - 1 + d->years * 12LL + d->months;
		/* Beyond the years that calendars are written for, it is the end of time. */
		months = months < 12 ? 12 : months > 99999 * 12LL ? 99999 * 12LL : months;
		c.year = (int)(months / 12);
		c.month = (int)(months % 12) + 1;
		if (c.day > month_days(c.year, c.month))
			c.day = month_days(c.year, c.month);
		sum.seconds = day_number(c.year, c.month, c.day) * DAY_S + c.hour * 3600 +
			      c.minute * 60 + c.second - when->offset_s;
	}
	sum.seconds += (d->weeks * 7LL + d->days) * DAY_S + d->hours * 3600LL + d->minutes * 60LL +
		       d->seconds;
	return sum;
}

void when_format(const struct when *when, char ret[WHEN_TEXT_MAX])
{
	int minutes = abs(when->offset_s) / 60;
	struct when_calendar c;
	int n;

	when_calendar(when, &c);
	n = snprintf(ret, WHEN_TEXT_MAX, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day,
		c.hour, c.minute, c.second);
	if (!when->offset_s)
		snprintf(ret + n, WHEN_TEXT_MAX - (size_t)n, "Z");
	else
		snprintf(ret + n, WHEN_TEXT_MAX - (size_t)n, " %c%02d:%02d",
			when->offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static int one_range(const char *p, long long value, bool *in, const char **end)
{
	long long low = 0, high;
	bool has_low = false;
	char *e;

	while (*p == ' ')
		p++;
	if (*p != '-') {
		low = strtoll(p, &e, 10);
		if (e == p)
			return -EINVAL;
		p = e;
		has_low = true;
		if (*p != '-') {
			*in = *in || value == low;
			*end = p;
			return 0;
		}
	}
	p++;
	high = strtoll(p, &e, 10);
	if (e == p && !has_low)
		return -EINVAL;
	*in = *in || ((!has_low || value >= low) && (e == p || value <= high));
	*end = e;
	return 0;
}

int when_range(const char *range, long long value, bool *ret)
{
	const char *p = range;
	bool in = false;

	if (!p)
		return -EINVAL;
	for (;;) {
		if (one_range(p, value, &in, &p))
			return -EINVAL;
		while (*p == ' ')
			p++;
		if (!*p)
			break;
		if (*p++ != ',')
			return -EINVAL;
	}
	*ret = in;
	return 0;
}
