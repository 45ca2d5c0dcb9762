/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/model/when.h"

/* 2026-11-29 17:00:00, two hours east. */
static const struct when now = { .seconds = 1795964400, .offset_s = 7200 };

static const char *read(const char *text)
{
	static char out[WHEN_TEXT_MAX];
	struct when w;

	if (when_parse(text, &now, &w))
		return "refused";
	when_format(&w, out);
	return out;
}

Test(when, every_form_of_a_date_is_read)
{
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "2005-04-30T10:00:00Z", "2005-04-30 10:00:00Z" },
		{ "20050430T100000Z", "2005-04-30 10:00:00Z" },
		{ "2005-120 10:00Z", "2005-04-30 10:00:00Z" },
		{ "2005-W17-6T10:00Z", "2005-04-30 10:00:00Z" },
		{ "2005W176T10Z", "2005-04-30 10:00:00Z" },
		{ "2005-04-30 10:00:00 -02:30", "2005-04-30 10:00:00 -02:30" },
		{ "2005-04-30 10:00:00 +0200", "2005-04-30 10:00:00 +02:00" },
		{ "2005-04-30", "2005-04-30 00:00:00 +02:00" },
		{ "2005-04-30T24:00:00Z", "2005-05-01 00:00:00Z" },
		{ "2004-366Z", "2004-12-31 00:00:00Z" },
		{ "1-1-1", "0001-01-01 00:00:00 +02:00" },
		{ "10:00", "2026-11-29 10:00:00 +02:00" },
		{ "T10:00Z", "2026-11-29 10:00:00Z" },
		{ "2005-04-30T10:00:00.25Z", "2005-04-30 10:00:00Z" },
		{ "epoch", "1970-01-01 00:00:00Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31 23:59:59Z" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_assert_str_eq(read(cases[i].text), cases[i].is, "%s: %s", cases[i].text,
			read(cases[i].text));
}

Test(when, what_is_no_date_is_refused)
{
	static const char *const bad[] = { "", "tomorrow", "2005", "2005-02-30", "2005-13-01",
		"2005-366", "2005-W53-1", "2005-W17-8", "2005-04-30T25:00Z", "2005-04-30T10:60Z",
		"2005-04-30T24:00:01Z", "2005-04-30X", "2005-04-30T10:00Zx", "0000-01-01" };
	struct when w = { .seconds = 5 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(when_parse(bad[i], &now, &w), -EINVAL, "%s", bad[i]);
	cr_assert_eq(when_parse(NULL, &now, &w), -EINVAL);
	cr_assert_eq(w.seconds, 5);
}

Test(when, the_calendar_of_every_day_agrees_with_gmtime)
{
	for (int64_t day = -200000; day < 200000; day += 17) {
		struct when w = { .seconds = day * 86400 + 3661 };
		struct when_calendar c;
		struct tm tm;
		time_t t = (time_t)w.seconds;
		char iso[32];

		when_calendar(&w, &c);
		gmtime_r(&t, &tm);
		strftime(iso, sizeof(iso), "%Y %m %d %j %G %V %u", &tm);
		cr_assert_eq(c.year, tm.tm_year + 1900);
		cr_assert_eq(c.month, tm.tm_mon + 1);
		cr_assert_eq(c.day, tm.tm_mday);
		cr_assert_eq(c.year_day, tm.tm_yday + 1);
		cr_assert_eq(c.hour, 1);
		strftime(iso, sizeof(iso), "%G", &tm);
		cr_assert_eq(c.week_year, atoi(iso), "%d-%d-%d", c.year, c.month, c.day);
		strftime(iso, sizeof(iso), "%V", &tm);
		cr_assert_eq(c.week, atoi(iso), "%d-%d-%d", c.year, c.month, c.day);
		strftime(iso, sizeof(iso), "%u", &tm);
		cr_assert_eq(c.week_day, atoi(iso));
		cr_assert(c.moon >= 0 && c.moon <= 7);
	}
}

Test(when, adding_keeps_the_day_of_the_month_where_there_is_one)
{
	static const struct {
		const char *from, *add, *is;
	} cases[] = {
		{ "2024-01-31T00:00:00Z", "P1M", "2024-02-29 00:00:00Z" },
		{ "2024-01-31T00:00:00Z", "P13M", "2025-02-28 00:00:00Z" },
		{ "2024-02-29T00:00:00Z", "P1Y", "2025-02-28 00:00:00Z" },
		{ "2024-03-01T00:00:00Z", "P1Y", "2025-03-01 00:00:00Z" },
		{ "2024-12-31T23:00:00Z", "PT1H", "2025-01-01 00:00:00Z" },
		{ "2024-12-31T23:00:00Z", "P1W2DT1M1S", "2025-01-09 23:01:01Z" },
		{ "2024-05-31T00:00:00 +05:00", "P1M", "2024-06-30 00:00:00 +05:00" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct when_duration d;
		char text[WHEN_TEXT_MAX];
		struct when w;

		cr_assert_eq(when_parse(cases[i].from, &now, &w), 0);
		cr_assert_eq(when_duration_parse(cases[i].add, &d), 0);
		w = when_add(&w, &d);
		when_format(&w, text);
		cr_assert_str_eq(text, cases[i].is);
	}
}

Test(when, durations)
{
	struct when_duration d = { .years = 9 };

	cr_assert_eq(when_duration_parse("P1Y2M3W4DT5H6M7S", &d), 0);
	cr_assert(d.years == 1 && d.months == 2 && d.weeks == 3 && d.days == 4 && d.hours == 5 &&
		  d.minutes == 6 && d.seconds == 7);
	cr_assert_eq(when_duration_parse("P30S", &d), 0);
	cr_assert_eq(when_duration_seconds(&d), 30);
	d.years = 9;
	cr_assert_eq(when_duration_parse("P", &d), -EINVAL);
	cr_assert_eq(when_duration_parse("P1", &d), -EINVAL);
	cr_assert_eq(when_duration_parse("1Y", &d), -EINVAL);
	cr_assert_eq(when_duration_parse("P1.5D", &d), -EINVAL);
	cr_assert_eq(when_duration_parse("P99999999999S", &d), -EINVAL);
	cr_assert_eq(d.years, 9);
}

Test(when, ranges)
{
	static const struct {
		const char *range;
		long long value;
		int error;
		bool in;
	} cases[] = { { "5", 5, 0, true }, { "5", 6, 0, false }, { "1-5", 1, 0, true },
		{ "1-5", 5, 0, true }, { "1-5", 6, 0, false }, { "3-", 99, 0, true },
		{ "3-", 2, 0, false }, { "-3", 2, 0, true }, { "-3", 4, 0, false },
		{ "1,3,5-7", 6, 0, true }, { "1,3,5-7", 4, 0, false }, { "", 1, -EINVAL, false },
		{ "x", 1, -EINVAL, false }, { "-", 1, -EINVAL, false },
		{ "1-5x", 1, -EINVAL, false }, { "1,", 1, -EINVAL, false } };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool in = false;

		cr_assert_eq(when_range(cases[i].range, cases[i].value, &in), cases[i].error, "%s",
			cases[i].range);
		cr_assert_eq(in, cases[i].in, "%s %lld", cases[i].range, cases[i].value);
	}
}
