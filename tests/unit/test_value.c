/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

#include "core/model/value.h"

Test(value, scores_are_bounded_and_have_names)
{
	const struct value_colours colours = { .red = -7, .yellow = 3, .green = 9 };

	cr_assert_eq(value_score(NULL, NULL), 0);
	cr_assert_eq(value_score("", NULL), 0);
	cr_assert_eq(value_score("12", NULL), 12);
	cr_assert_eq(value_score("-12", NULL), -12);
	cr_assert_eq(value_score("+5", NULL), 5);
	cr_assert_eq(value_score("INFINITY", NULL), VALUE_INFINITY);
	cr_assert_eq(value_score("+infinity", NULL), VALUE_INFINITY);
	cr_assert_eq(value_score("-INFINITY", NULL), -VALUE_INFINITY);
	cr_assert_eq(value_score("99999999999999999999", NULL), VALUE_INFINITY);
	cr_assert_eq(value_score("-1000001", NULL), -VALUE_INFINITY);
	cr_assert_eq(value_score("red", NULL), -VALUE_INFINITY);
	cr_assert_eq(value_score("green", NULL), 0);
	cr_assert_eq(value_score("red", &colours), -7);
	cr_assert_eq(value_score("Yellow", &colours), 3);
	cr_assert_eq(value_score("green", &colours), 9);
	cr_assert_eq(value_score("nonsense", NULL), 0);
	cr_assert(value_is_score("-INFINITY"));
	cr_assert(value_is_score("17"));
	cr_assert_not(value_is_score("seventeen"));
	cr_assert_not(value_is_score("17x"));
	cr_assert_not(value_is_score(NULL));
}

Test(value, minus_infinity_wins_a_sum)
{
	cr_assert_eq(value_score_add(1, 2), 3);
	cr_assert_eq(value_score_add(VALUE_INFINITY, -VALUE_INFINITY), -VALUE_INFINITY);
	cr_assert_eq(value_score_add(-VALUE_INFINITY, VALUE_INFINITY), -VALUE_INFINITY);
	cr_assert_eq(value_score_add(VALUE_INFINITY, -5), VALUE_INFINITY);
	cr_assert_eq(value_score_add(999999, 999999), VALUE_INFINITY);
	cr_assert_eq(value_score_add(-999999, -999999), -VALUE_INFINITY);
}

Test(value, truth_is_told_or_refused)
{
	const char *yes[] = { "true", "on", "yes", "y", "1", "TRUE", "Yes" };
	const char *no[] = { "false", "off", "no", "n", "0", "False" };
	bool b = false;

	for (unsigned i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		cr_assert(!value_bool(yes[i], &b) && b, "%s", yes[i]);
	for (unsigned i = 0; i < sizeof(no) / sizeof(*no); i++)
		cr_assert(!value_bool(no[i], &b) && !b, "%s", no[i]);
	b = true;
	cr_assert_eq(value_bool("maybe", &b), -EINVAL);
	cr_assert_eq(value_bool(NULL, &b), -EINVAL);
	cr_assert(b, "a failed call leaves its ret alone");
	cr_assert(value_true(NULL, true));
	cr_assert_not(value_true("maybe", false));
}

Test(value, intervals_have_units)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = { { "10", 10000 }, { "10s", 10000 }, { " 10 sec ", 10000 }, { "500ms", 500 },
		{ "500msec", 500 }, { "3000us", 3 }, { "2m", 120000 }, { "2MIN", 120000 },
		{ "1h", 3600000 }, { "1hr", 3600000 }, { "PT5M", 300000 }, { "P30S", 30000 },
		{ "P1D", 86400000 }, { "0", 0 } };
	uint64_t ms = 7;

	for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cr_assert_eq(value_ms(good[i].text, &ms), 0, "%s", good[i].text);
		cr_assert_eq(ms, good[i].ms, "%s: %llu", good[i].text, (unsigned long long)ms);
	}
	ms = 7;
	cr_assert_eq(value_ms("10 parsecs", &ms), -EINVAL);
	cr_assert_eq(value_ms("-1", &ms), -EINVAL);
	cr_assert_eq(value_ms("", &ms), -EINVAL);
	cr_assert_eq(value_ms(NULL, &ms), -EINVAL);
	cr_assert_eq(value_ms("P", &ms), -EINVAL);
	cr_assert_eq(ms, 7);
	cr_assert_eq(value_interval("x"), 0);
	cr_assert_eq(value_ms("99999999999999999999h", &ms), 0);
	cr_assert_eq(ms, INT64_MAX, "what is too long is as long as can be");
}

Test(value, integers_are_the_leading_ones)
{
	long long n = 5;

	cr_assert_str_eq(value_digits("17 apples", &n), " apples");
	cr_assert_eq(n, 17);
	cr_assert_str_eq(value_digits("999999999999999999", &n), "");
	cr_assert_eq(n, 999999999999999999);
	n = 5;
	cr_assert_null(value_digits("1000000000000000000", &n));
	cr_assert_null(value_digits("-1", &n));
	cr_assert_null(value_digits("", &n));
	cr_assert_eq(n, 5);
	cr_assert_eq(value_integer(" -1", &n), 0);
	cr_assert_eq(n, -1);
	cr_assert_eq(value_integer("17 apples", &n), 0);
	cr_assert_eq(n, 17);
	cr_assert_eq(value_integer("apples", &n), -EINVAL);
	cr_assert_eq(n, 17);
	cr_assert_eq(value_integer("99999999999999999999", &n), -ERANGE);
	cr_assert_eq(value_number(NULL, -1), -1);
}

Test(value, versions_compare_number_by_number)
{
	cr_assert_gt(value_version_compare("1.10", "1.9"), 0);
	cr_assert_lt(value_version_compare("3.0.12", "3.0.13"), 0);
	cr_assert_eq(value_version_compare("2.1.5", "2.1.5"), 0);
	cr_assert_lt(value_version_compare("2.1", "2.1.1"), 0);
	cr_assert_lt(value_version_compare(NULL, "0"), 0);
	cr_assert_eq(value_version_compare(NULL, NULL), 0);
}
