/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "core/timing.h"

static const struct profile {
	const char *name;
	struct timing timing;
} profiles[] = {
	{ "default", { 50000, 4, 200, 3000, 3000, 10000, 20000, 3000 } },
	{ "fast", { 10000, 3, 70, 2000, 1000, 10000, 20000, 3000 } },
};

static void setting(const struct site *site, struct problems *p, const char *name, uint64_t *ret_ms)
{
	const char *text = json_string_value(site_setting(site, name));

	if (text && site_duration(text, ret_ms))
		problems_add(
			p, false, "/cluster", "%s: '%s' is no duration, as in 50ms", name, text);
}

static void hold(struct problems *p, bool good, const char *rule, uint64_t left, uint64_t right)
{
	if (!good)
		problems_add(p, false, "/cluster",
			"%s does not hold: %" PRIu64 " ms against %" PRIu64 " ms", rule, left,
			right);
}

int timing_of(const struct site *site, struct problems *problems, struct timing *ret)
{
	const char *name = json_string_value(site_setting(site, "profile"));
	uint64_t interval_ms, misses_ms;
	struct timing t = { 0 };
	size_t before = problems->errors;

	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++)
		if (!strcmp(profiles[i].name, name ? name : "default"))
			t = profiles[i].timing;
	if (!t.interval_us) {
		problems_add(problems, false, "/cluster/profile",
			"'%s' is no profile; there are default and fast", name);
		return -EINVAL;
	}
	interval_ms = t.interval_us / 1000;
	setting(site, problems, "heartbeat-interval", &interval_ms);
	setting(site, problems, "confirm", &t.confirm_ms);
	setting(site, problems, "lease", &t.lease_ms);
	setting(site, problems, "join-timeout", &t.join_ms);
	setting(site, problems, "fence-timeout", &t.fence_ms);
	misses_ms = interval_ms * t.misses;
	hold(problems, interval_ms * 1000 >= PICKET_INTERVAL_MIN_US, "heartbeat-interval >= 1 ms",
		interval_ms, 1);
	hold(problems, interval_ms * 1000 <= PICKET_INTERVAL_MAX_US, "heartbeat-interval <= 10 s",
		interval_ms, 10000);
	hold(problems, t.lease_ms >= misses_ms + t.confirm_ms,
		"lease >= heartbeat-interval x misses + confirm", t.lease_ms,
		misses_ms + t.confirm_ms);
	hold(problems, t.confirm_ms >= 2 * interval_ms, "confirm >= 2 x heartbeat-interval",
		t.confirm_ms, 2 * interval_ms);
	hold(problems, t.fence_ms >= 1000, "fence-timeout >= 1 s", t.fence_ms, 1000);
	if (problems->errors > before)
		return -EINVAL;
	t.interval_us = interval_ms * 1000;
	*ret = t;
	return 0;
}
