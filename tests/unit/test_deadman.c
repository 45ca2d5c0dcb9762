/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "edge/deadman.h"
#include "edge/watchdog.h"

static int said;

static void say(void *ctx, bool good, const char *sentence)
{
	said++;
}

static const char *address(void *ctx, unsigned controller, unsigned link)
{
	static const char *const texts[] = { "10.0.0.1", "fd00::1", "no address" };

	return controller < 2 ? texts[controller] : ctx;
}

static const char *const ifaces[] = { "lo" };

static struct deadman_lease lease_of(unsigned n, void *ctx)
{
	return (struct deadman_lease){ .cluster = 1,
		.incarnation = 2,
		.node = 3,
		.lease_ns = 1000000000,
		.interval_us = 50000,
		.address = address,
		.ifaces = ifaces,
		.n_controllers = n,
		.n_ifaces = 1,
		.ctx = ctx };
}

Test(deadman, goes_on_without_the_module_and_says_so_once)
{
	const struct deadman_config config = {
		.device = "/nonexistent/picket", .verdict = PICKET_VERDICT_REBOOT, .say = say
	};
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;
	owned(free) char *text = NULL;
	json_t *hello, *hands;

	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(said, 1);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_key_set(d, 0, (const uint8_t *)"0123456789abcdef", 1);
	deadman_tick(d, UINT64_MAX);
	cr_assert_eq(said, 1);
	hello = json_object();
	deadman_hello(d, hello);
	hands = json_object_get(hello, "hands");
	cr_assert_str_eq(json_string_value(json_object_get(hands, "module")), "none");
	cr_assert_eq(json_integer_value(json_object_get(hands, "watchdog_ms")), 0);
	cr_assert_str_eq(json_string_value(json_object_get(hello, "verdict")), "reboot");
	cr_assert_eq(json_integer_value(json_object_get(hello, "kill_ms")), 1000);
	cr_assert(json_is_boolean(json_object_get(hello, "virtual")));
	json_decref(hello);
	text = deadman_text(d);
	cr_assert(strstr(text, "no picket.ko"));
	deadman_release(d);
}

Test(deadman, what_is_no_door_is_not_taken_for_one)
{
	const struct deadman_config config = {
		.device = "/dev/null", .module = DEADMAN_REQUIRE, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman *d = (struct deadman *)&config;

	cr_assert_eq(deadman_new(&config, &d), -ENODEV);
	cr_assert_eq(d, (struct deadman *)&config, "a failed call leaves its ret alone");
}

Test(deadman, addresses_are_checked)
{
	const struct deadman_config config = { .module = DEADMAN_OFF,
		.verdict = PICKET_VERDICT_ISOLATE };
	char wrong[] = "no address";
	struct deadman_lease bad = lease_of(3, wrong), none = lease_of(3, NULL),
			     many = lease_of(PICKET_CONTROLLERS_MAX + 1, NULL);
	owned(deadman) struct deadman *d = NULL;

	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_lease_set(d, &none), 0, "a controller that is not on a link");
	cr_assert_eq(deadman_lease_set(d, &bad), -EINVAL);
	cr_assert_eq(deadman_lease_set(d, &many), -EINVAL);
}

Test(watchdog, is_fed_by_renewals_only)
{
	cr_assert(watchdog_due(0, 100, 10, 50, true));
	cr_assert_not(watchdog_due(100, 100, 10, 50, true), "no renewal since");
	cr_assert_not(watchdog_due(0, 0, 10, 50, true), "no lease");
}

Test(watchdog, does_not_outlive_the_lease_that_fed_it)
{
	cr_assert(watchdog_due(0, 100, 50, 50, true));
	cr_assert_not(watchdog_due(0, 100, 51, 50, true), "now + timeout > deadline");
	cr_assert(watchdog_due(0, 100, 51, 500, false), "told to the controllers instead");
	cr_assert_not(watchdog_due(0, 100, 100, 50, false), "the lease is over");
}

Test(watchdog, a_device_that_is_not_there)
{
	struct watchdog *w = NULL;

	cr_assert_eq(watchdog_open("/nonexistent/watchdog", 1, 1, &w), -ENOENT);
	cr_assert_eq(watchdog_open("/dev/null", 1, 1, &w), -ENOTTY);
	cr_assert_null(w);
}
