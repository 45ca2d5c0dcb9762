/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "core/timing.h"

static const struct profile {
	const char *name;
	struct timing timing;
} profiles[] = {
	{ "default",
		{ 50000, 4, 200, 3000, 3000, 10000, 20000, 3000, 500, 20, 200, 100, 900000, 1,
			3600000 } },
	{ "fast", { 10000, 3, 70, 600, 600, 10000, 20000, 3000, 500, 10, 50, 30, 900000, 1,
			  3600000 } },
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

static void number(const struct site *site, struct problems *p, const char *name, uint64_t least,
	uint64_t most, uint64_t *ret)
{
	json_t *v = site_setting(site, name);
	const char *text = json_string_value(v);
	char *end = NULL;
	uint64_t n = text ? strtoull(text, &end, 10) : (uint64_t)json_integer_value(v);

	if (!v)
		return;
	if ((text && (*end || end == text)) || (!text && !json_is_integer(v)) || n < least ||
		n > most)
		problems_add(p, false, "/cluster",
			"%s: a number from %" PRIu64 " to %" PRIu64 " is wanted", name, least,
			most);
	else
		*ret = n;
}

/* Every rule that one timing owes another. */
static void check(struct problems *p, const struct timing *t, uint64_t interval_ms)
{
	uint64_t misses_ms = interval_ms * t->misses;

	hold(p, interval_ms * 1000 >= PICKET_INTERVAL_MIN_US, "heartbeat-interval >= 1 ms",
		interval_ms, 1);
	hold(p, interval_ms * 1000 <= PICKET_INTERVAL_MAX_US, "heartbeat-interval <= 10 s",
		interval_ms, 10000);
	/* One lost probe more or less must not decide. */
	hold(p, t->confirm_ms >= 2 * interval_ms, "confirm >= 2 x heartbeat-interval",
		t->confirm_ms, 2 * interval_ms);
	/* While a node may still be found alive, its lease must not end it. */
	hold(p, t->lease_ms >= misses_ms + t->confirm_ms,
		"lease >= heartbeat-interval x heartbeat-misses + confirm", t->lease_ms,
		misses_ms + t->confirm_ms);
	hold(p, t->lease_ms * 1000000 <= PICKET_LEASE_MAX_NS, "lease <= 300 s", t->lease_ms,
		PICKET_LEASE_MAX_NS / 1000000);
	hold(p, t->restart_ms >= t->confirm_ms, "restart >= confirm", t->restart_ms, t->confirm_ms);
	/* Without probes the lease runs out; who waits longer for an agent waits for a dead one. */
	hold(p, t->restart_ms <= t->lease_ms, "restart <= lease", t->restart_ms, t->lease_ms);
	hold(p, t->margin_ms >= 2 * t->expiry_ms,
		"lease-margin >= 2 x lateness of the expiry timer", t->margin_ms, 2 * t->expiry_ms);
	hold(p, t->join_ms > t->lease_ms, "join-timeout > lease", t->join_ms, t->lease_ms);
	hold(p, t->fence_ms >= 1000, "fence-timeout >= 1 s", t->fence_ms, 1000);
	/* The keys before are good until the next ones come: nobody may be left behind twice. */
	hold(p, !t->rekey_ms || t->rekey_ms >= 1000, "key-rotation >= 1 s, or 0", t->rekey_ms, 1000);
	hold(p, !t->fence_test_ms || t->fence_test_ms >= 10000, "fence-test-interval >= 10 s, or 0",
		t->fence_test_ms, 10000);
}

int timing_of(const struct site *site, struct problems *problems, struct timing *ret)
{
	const char *name = json_string_value(site_setting(site, "profile"));
	uint64_t interval_ms, misses;
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
	misses = t.misses;
	setting(site, problems, "heartbeat-interval", &interval_ms);
	setting(site, problems, "confirm", &t.confirm_ms);
	setting(site, problems, "lease", &t.lease_ms);
	setting(site, problems, "restart", &t.restart_ms);
	setting(site, problems, "kill-time", &t.kill_ms);
	setting(site, problems, "lease-margin", &t.margin_ms);
	setting(site, problems, "join-timeout", &t.join_ms);
	setting(site, problems, "fence-timeout", &t.fence_ms);
	setting(site, problems, "fence-test-interval", &t.fence_test_ms);
	setting(site, problems, "key-rotation", &t.rekey_ms);
	number(site, problems, "fence-reads", 1, 9, &t.fence_reads);
	number(site, problems, "heartbeat-misses", 2, 20, &misses);
	number(site, problems, "clock-drift-ppm", 1, 100000, &t.drift_ppm);
	t.misses = misses;
	if (t.restart_ms > t.lease_ms && !site_setting(site, "restart"))
		t.restart_ms = t.lease_ms;
	check(problems, &t, interval_ms);
	if (problems->errors > before)
		return -EINVAL;
	t.interval_us = interval_ms * 1000;
	*ret = t;
	return 0;
}

uint64_t timing_wait_ns(const struct timing *t, uint64_t kill_ms)
{
	uint64_t lease_ns = t->lease_ms * 1000000;
	uint64_t drift_ns = lease_ns / 1000000 * (2 * t->drift_ppm);

	if (kill_ms < t->kill_ms)
		kill_ms = t->kill_ms;
	return lease_ns + drift_ns + (t->expiry_ms + kill_ms + t->margin_ms) * 1000000;
}
