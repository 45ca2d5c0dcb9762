// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/rule_date.h"

#include <errno.h>

#include "core/model/value.h"

/* A search for the next change gives up after so many steps; rechecking early does no harm. */
#define STEPS_MAX 5000

static void change_at(int64_t *next_change, int64_t when)
{
	if (next_change && (!*next_change || when < *next_change))
		*next_change = when;
}

/* The same instant on the calendar of the zone that is named; false: there is no such zone. */
static bool in_zone(const struct rule_input *in, const char *zone, struct when *when)
{
	if (!zone)
		return true;
	return in->zone && !in->zone(in->zone_ctx, zone, when->seconds, &when->offset_s);
}

static const char *zone_of(const struct element *expression, const struct element *spec)
{
	const char *zone = element_get(spec, "timezone");

	return zone ? zone : element_get(expression, "timezone");
}

/* ---- date_spec --------------------------------------------------------------------------------
 */

enum unit { UNIT_DAY, UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND, UNIT_N };
static const int unit_s[UNIT_N] = { 86400, 3600, 60, 1 };

static const struct {
	const char *name;
	enum unit unit;
} fields[] = {
	{ "years", UNIT_DAY },
	{ "months", UNIT_DAY },
	{ "monthdays", UNIT_DAY },
	{ "yeardays", UNIT_DAY },
	{ "weekyears", UNIT_DAY },
	{ "weeks", UNIT_DAY },
	{ "weekdays", UNIT_DAY },
	{ "moon", UNIT_DAY },
	{ "hours", UNIT_HOUR },
	{ "minutes", UNIT_MINUTE },
	{ "seconds", UNIT_SECOND },
};
#define N_FIELDS (sizeof(fields) / sizeof(*fields))

static int field_value(unsigned field, const struct when_calendar *c)
{
	const int values[N_FIELDS] = { c->year, c->month, c->day, c->year_day, c->week_year,
		c->week, c->week_day, c->moon, c->hour, c->minute, c->second };

	return values[field];
}

/* The coarsest unit whose fields do not fit; UNIT_N: all do. Not even a range: it never fits. */
static enum unit spec_misfit(const struct element *spec, const struct when *when)
{
	struct when_calendar c;

	when_calendar(when, &c);
	for (unsigned i = 0; i < N_FIELDS; i++) {
		const char *range = element_get(spec, fields[i].name);
		bool fits = false;

		if (range && (when_range(range, field_value(i, &c), &fits) || !fits))
			return fields[i].unit;
	}
	return UNIT_N;
}

/* What is no range fits at no time: nobody needs to look for one. */
static bool spec_valid(const struct element *spec)
{
	bool fits;

	for (unsigned i = 0; i < N_FIELDS; i++) {
		const char *range = element_get(spec, fields[i].name);

		if (range && when_range(range, 0, &fits))
			return false;
	}
	return true;
}

static enum unit spec_finest(const struct element *spec)
{
	enum unit finest = UNIT_DAY;

	for (unsigned i = 0; i < N_FIELDS; i++)
		if (element_get(spec, fields[i].name) && fields[i].unit > finest)
			finest = fields[i].unit;
	return finest;
}

/* The start of the next unit, on the calendar of the zone. */
static int64_t next_unit(const struct when *when, enum unit unit)
{
	int64_t local = when->seconds + when->offset_s, s = unit_s[unit];
	int64_t into = (local % s + s) % s;

	return when->seconds + s - into;
}

static int64_t spec_change(
	const struct element *spec, const struct rule_input *in, const char *zone, bool passes)
{
	enum unit finest = spec_finest(spec), misfit;
	struct when t = in->now;

	for (int i = 0; i < STEPS_MAX; i++) {
		in_zone(in, zone, &t);
		misfit = spec_misfit(spec, &t);
		if ((misfit == UNIT_N) != passes)
			return t.seconds;
		t.seconds = next_unit(&t, misfit == UNIT_N ? finest : misfit);
	}
	return t.seconds;
}

static bool spec_passes(const struct element *expression, const struct element *spec,
	const struct rule_input *in, int64_t *next_change)
{
	const char *zone = zone_of(expression, spec);
	struct when now = in->now;
	bool passes;

	if (!spec || !spec_valid(spec) || !in_zone(in, zone, &now))
		return false;
	passes = spec_misfit(spec, &now) == UNIT_N;
	if (next_change)
		change_at(next_change, spec_change(spec, in, zone, passes));
	return passes;
}

/* ---- instants ---------------------------------------------------------------------------------
 */

static int read_instant(const struct element *expression, const char *name,
	const struct rule_input *in, struct when *ret)
{
	const char *text = element_get(expression, name), *zone = zone_of(expression, NULL);
	struct when guess = in->now;

	if (!text)
		return -ENOENT;
	if (!in_zone(in, zone, &guess) || when_parse(text, &guess, ret))
		return -EINVAL;
	if (zone) { /* the zone's offset then, which may not be the one of now */
		guess = *ret;
		in_zone(in, zone, &guess);
		return when_parse(text, &guess, ret);
	}
	return 0;
}

static void read_duration(const struct element *e, struct when_duration *ret)
{
	*ret = (struct when_duration){
		.years = (int)value_number(element_get(e, "years"), 0),
		.months = (int)value_number(element_get(e, "months"), 0),
		.weeks = (int)value_number(element_get(e, "weeks"), 0),
		.days = (int)value_number(element_get(e, "days"), 0),
		.hours = (int)value_number(element_get(e, "hours"), 0),
		.minutes = (int)value_number(element_get(e, "minutes"), 0),
		.seconds = (int)value_number(element_get(e, "seconds"), 0),
	};
}

static bool range_passes(
	const struct element *expression, const struct rule_input *in, int64_t *next_change)
{
	const struct element *duration = element_child(expression, "duration");
	struct when start, end;
	int has_start = read_instant(expression, "start", in, &start);
	int has_end = read_instant(expression, "end", in, &end);

	if (has_start == -EINVAL || has_end == -EINVAL || (has_start && has_end))
		return false;
	if (!has_start && has_end && duration) {
		struct when_duration d;

		read_duration(duration, &d);
		end = when_add(&start, &d);
		has_end = 0;
	}
	if (!has_start && when_compare(&start, &in->now) > 0) {
		change_at(next_change, start.seconds);
		return false;
	}
	if (has_end)
		return true;
	if (when_compare(&end, &in->now) < 0)
		return false;
	change_at(next_change, end.seconds + 1); /* the end is still inside */
	return true;
}

bool rule_date_passes(
	const struct element *expression, const struct rule_input *in, int64_t *next_change)
{
	const char *op = element_get(expression, "operation");
	struct when t;

	if (!op || !strcmp(op, "in_range"))
		return range_passes(expression, in, next_change);
	if (!strcmp(op, "date_spec"))
		return spec_passes(
			expression, element_child(expression, "date_spec"), in, next_change);
	if (!strcmp(op, "gt")) {
		if (read_instant(expression, "start", in, &t))
			return false;
		if (when_compare(&t, &in->now) < 0)
			return true;
		change_at(next_change, t.seconds + 1);
		return false;
	}
	if (!strcmp(op, "lt")) {
		if (read_instant(expression, "end", in, &t) || when_compare(&t, &in->now) <= 0)
			return false;
		change_at(next_change, t.seconds);
		return true;
	}
	return false;
}
