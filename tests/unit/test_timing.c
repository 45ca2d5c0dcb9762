/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/timing.h"

static int of(const char *cluster, struct problems *p, struct timing *t)
{
	owned(free) char *text = own_printf("cluster: {name: a%s}\n", cluster);
	owned(document) struct document *d = NULL;
	owned(site) struct site *s = NULL;

	cr_assert_eq(document_parse(text, strlen(text), "t", p, &d), 0);
	cr_assert_eq(site_new(d->root, d, p, &s), 0);
	return timing_of(s, p, t);
}

Test(timing, profiles)
{
	struct problems p = { 0 };
	struct timing t;

	cr_assert_eq(of("", &p, &t), 0);
	cr_assert_eq(t.interval_us, 50000);
	cr_assert_eq(of(", profile: fast", &p, &t), 0);
	cr_assert_eq(t.interval_us, 10000);
	cr_assert_eq(t.misses, 3);
}

Test(timing, a_broken_inequality_is_named_with_its_numbers)
{
	struct problems p = { 0 };
	struct timing t = { .misses = 77 };

	cr_assert_eq(of(", lease: 300ms", &p, &t), -EINVAL);
	cr_assert_eq(t.misses, 77);
	cr_assert(strstr(p.items[0].text, "lease >="), "%s", p.items[0].text);
	cr_assert(strstr(p.items[0].text, "300 ms against 400 ms"), "%s", p.items[0].text);
	problems_done(&p);
	cr_assert_eq(of(", profile: slow", &p, &t), -EINVAL);
	problems_done(&p);
}
