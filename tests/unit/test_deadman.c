/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
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

/* ---- a module that is none: the ioctls of any open file, as picket.ko and a watchdog answer ---
 */

static struct {
	struct picket_door_state state;
	struct picket_door_config config;
	struct picket_door_renewal renewal;
	bool no_page; /* cannot be pinned */
	bool obeys;   /* the watchdog takes what timeout it is given */
	int watchdog_s, configured, renewed, fed;
} fake;

static int fake_door(unsigned long request, void *argument)
{
	switch (request) {
	case PICKET_DOOR_STATE:
		memcpy(argument, &fake.state, sizeof(fake.state));
		return 0;
	case PICKET_DOOR_CONFIGURE:
		memcpy(&fake.config, argument, sizeof(fake.config));
		if (fake.no_page && fake.config.page)
			return EINVAL;
		fake.configured++;
		fake.state.incarnation = fake.config.incarnation;
		fake.state.kill_ns = fake.config.kill_ns;
		fake.state.paged |= fake.config.page != 0;
		return 0;
	case PICKET_DOOR_RENEW:
		memcpy(&fake.renewal, argument, sizeof(fake.renewal));
		fake.renewed++;
		return 0;
	case PICKET_DOOR_ARM:
		fake.state.phase = PICKET_DOOR_ARMED;
		return 0;
	case PICKET_DOOR_RELEASE:
		fake.state.phase = PICKET_DOOR_IDLE;
		return 0;
	default:
		return 0;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;
	int rc = 0;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) == PICKET_DOOR_MAGIC && fake.state.version_max) {
		rc = fake_door(request, argument);
	} else if (_IOC_TYPE(request) == WATCHDOG_IOCTL_BASE && fake.watchdog_s) {
		if (request == WDIOC_GETTIMEOUT)
			*(int *)argument = fake.watchdog_s;
		if (request == WDIOC_SETTIMEOUT && fake.obeys)
			fake.watchdog_s = *(int *)argument;
		fake.fed += request == WDIOC_KEEPALIVE;
	} else {
		return (int)syscall(SYS_ioctl, fd, request, argument);
	}
	errno = rc;
	return rc ? -1 : 0;
}

static char folder[] = "/tmp/picket-deadman-XXXXXX";
static char device[64], dump_switch[64], watchdog[64];

static void fake_begin(void)
{
	cr_assert(mkdtemp(folder));
	snprintf(device, sizeof(device), "%s/picket", folder);
	snprintf(dump_switch, sizeof(dump_switch), "%s/switch", folder);
	snprintf(watchdog, sizeof(watchdog), "%s/watchdog7", folder);
	fake.state.version_min = fake.state.version_max = 1;
}

static void fake_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

static void fake_end(void)
{
	unlink(device);
	unlink(dump_switch);
	unlink(watchdog);
	rmdir(folder);
}

static uint64_t soon_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec + 800000000;
}

static char switched(void)
{
	owned(free) char *text = NULL;
	size_t len;

	return file_read(dump_switch, 8, &text, &len) || !len ? '?' : text[0];
}

static struct picket_lease_page page;

TestSuite(deadman_module, .init = fake_begin, .fini = fake_end);

Test(deadman_module, is_found_when_it_is_loaded_after_the_agent)
{
	const struct deadman_config config = { .device = device,
		.dump_switch = dump_switch,
		.verdict = PICKET_VERDICT_REBOOT,
		.say = say };
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;
	owned(free) char *text = NULL;

	lease.page = &page;
	fake_file(dump_switch, "N\n");
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns());
	cr_assert_eq(fake.configured, 0);
	fake_file(device, "");
	for (int i = 0; i < 300 && fake.state.phase != PICKET_DOOR_ARMED; i++) {
		usleep(10000);
		deadman_tick(d, soon_ns());
	}
	cr_assert_eq(fake.state.phase, PICKET_DOOR_ARMED);
	cr_assert_eq(fake.config.page, (uint64_t)(uintptr_t)&page);
	cr_assert_eq(fake.renewed, 0, "the page does it");
	cr_assert_eq(switched(), 'Y', "the last words are kept");
	text = deadman_text(d);
	cr_assert(strstr(text, "picket.ko, armed"));
	deadman_release(d);
	cr_assert_eq(fake.state.phase, PICKET_DOOR_IDLE);
	cr_assert_eq(switched(), 'N', "as it was found");
}

Test(deadman_module, is_renewed_at_the_door_where_the_page_cannot_be_pinned)
{
	const struct deadman_config config = {
		.device = device, .dump_switch = dump_switch, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL, *next = NULL;
	uint64_t deadline = soon_ns(), seq;

	lease.page = &page;
	fake.no_page = true;
	fake_file(device, "");
	fake_file(dump_switch, "Y\n");
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, deadline);
	cr_assert_eq(fake.renewed, 1);
	cr_assert_eq(fake.renewal.deadline_ns, deadline);
	cr_assert_eq(fake.renewal.incarnation, 2);
	seq = fake.renewal.seq;
	deadman_tick(d, 0);
	cr_assert_eq(fake.renewed, 1, "without a lease there is nothing to say");
	deadman_tick(d, deadline + 1);
	cr_assert(fake.renewal.seq > seq);
	/* the agent after a restart could share its page, but the module has seen other numbers */
	fake.no_page = false;
	cr_assert_eq(deadman_new(&config, &next), 0);
	cr_assert_eq(deadman_lease_set(next, &lease), 0);
	cr_assert_eq(fake.config.page, 0);
	seq = fake.renewal.seq;
	deadman_tick(next, deadline + 2);
	cr_assert(fake.renewal.seq > seq);
	deadman_release(next);
	cr_assert_eq(switched(), 'Y', "the administrator's own");
}

Test(deadman_module, a_wait_that_is_too_short_is_refused)
{
	const struct deadman_config config = { .device = device,
		.dump_switch = dump_switch,
		.verdict = PICKET_VERDICT_POWEROFF,
		.say = say };
	const uint64_t lease_ns = 3000000000, poweroff_ns = deadman_kill_ns(config.verdict);
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;

	fake_file(device, "");
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_wait_set(d, lease_ns, 0), 0, "controllers that do not say");
	cr_assert_eq(deadman_wait_set(d, lease_ns, lease_ns + poweroff_ns), 0);
	said = 0;
	cr_assert_eq(deadman_wait_set(d, lease_ns, lease_ns + poweroff_ns - 1), -ERANGE);
	cr_assert_eq(said, 1);
	/* what is armed stands, and dies faster than what was configured since */
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns());
	fake.state.kill_ns = 1000000000;
	cr_assert_eq(deadman_wait_set(d, lease_ns, lease_ns + 1000000000), 0);
	cr_assert_eq(deadman_wait_set(d, lease_ns, lease_ns + 999999999), -ERANGE);
}

Test(deadman_module, a_watchdog_for_which_nobody_waits_is_not_used)
{
	const struct deadman_config config = {
		.module = DEADMAN_OFF, .watchdog = watchdog, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman_lease lease = lease_of(2, NULL);

	fake_file(watchdog, "");
	fake.watchdog_s = 30; /* the driver takes no other */
	for (uint64_t wait_s = 20; wait_s <= 40; wait_s += 20) {
		owned(deadman) struct deadman *d = NULL;

		fake.fed = 0;
		cr_assert_eq(deadman_new(&config, &d), 0);
		cr_assert_eq(deadman_wait_set(d, lease.lease_ns, wait_s * 1000000000), 0);
		cr_assert_eq(deadman_lease_set(d, &lease), 0);
		for (int i = 0; i < 3; i++)
			deadman_tick(d, soon_ns());
		cr_assert_eq(fake.fed > 0, wait_s == 40, "%llu s", (unsigned long long)wait_s);
	}
}

/* What it says that a fitting watchdog makes of its end; 0: nothing. */
static json_int_t hello_fits(const struct deadman *d, json_int_t *ret_kill_ms)
{
	json_t *hello = json_object(), *fits;
	json_int_t timeout_ms;

	deadman_hello(d, hello);
	*ret_kill_ms = json_integer_value(json_object_get(hello, "kill_ms"));
	fits = json_object_get(hello, "fits");
	timeout_ms = json_integer_value(json_object_get(fits, "timeout_ms"));
	cr_assert(!fits || json_integer_value(json_object_get(fits, "kill_ms")) == 1000);
	json_decref(hello);
	return timeout_ms;
}

Test(deadman_module, what_a_watchdog_can_be_given_is_told_before_it_is_open)
{
	owned(free) char *says = own_printf("%s/class", folder);
	owned(free) char *of = own_printf("%s/watchdog7", says);
	owned(free) char *timeout = own_printf("%s/timeout", of);
	owned(free) char *least = own_printf("%s/min_timeout", of);
	const struct deadman_config config = { .module = DEADMAN_OFF,
		.watchdog = watchdog,
		.verdict = PICKET_VERDICT_REBOOT,
		.watchdogs = says };
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;
	json_int_t kill_ms;

	cr_assert(!mkdir(says, 0700) && !mkdir(of, 0700));
	fake_file(timeout, "30\n");
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(hello_fits(d, &kill_ms), 0, "what it can be given is not known");
	cr_assert_eq(kill_ms, 30000);
	fake_file(least, "1\n");
	cr_assert_eq(hello_fits(d, &kill_ms), 1000);
	cr_assert_eq(kill_ms, 30000, "for who does not know of the other");

	/* it does not take what it said it would: not used, and the truth is told from then on */
	fake_file(watchdog, "");
	fake.watchdog_s = 30;
	cr_assert_eq(deadman_wait_set(d, lease.lease_ns, 40 * 1000000000ULL), 0);
	cr_assert_eq(deadman_wait_set(d, lease.lease_ns, 5 * 1000000000ULL), 0);
	cr_assert_eq(deadman_wait_set(d, lease.lease_ns, 40 * 1000000000ULL), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns());
	cr_assert_eq(fake.fed, 0, "one leader of this incarnation waits for less");
	cr_assert_eq(hello_fits(d, &kill_ms), 0);
	cr_assert_eq(kill_ms, 30000);
	unlink(least);
	unlink(timeout);
	rmdir(of);
	rmdir(says);
}

Test(deadman_module, a_watchdog_follows_the_length_of_the_lease)
{
	const struct deadman_config config = {
		.module = DEADMAN_OFF, .watchdog = watchdog, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;

	fake_file(watchdog, "");
	fake.watchdog_s = 30;
	fake.obeys = true;
	lease.lease_ns = 6000000000;
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns() + 6000000000);
	cr_assert_eq(fake.watchdog_s, 5);
	lease.lease_ns = 3000000000;
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	fake.fed = 0;
	deadman_tick(d, soon_ns());
	cr_assert_eq(fake.watchdog_s, 5, "to ask is to feed, and 0.8 s are left of the lease");
	cr_assert_eq(fake.fed, 0);
	deadman_tick(d, soon_ns() + 2100000000);
	cr_assert_eq(fake.watchdog_s, 2, "5 s were never fed inside 3 s");
	cr_assert_eq(fake.fed, 1);
}

Test(deadman_module, a_watchdog_whose_timeout_is_changed_is_looked_at_before_it_is_fed)
{
	const struct deadman_config config = { .module = DEADMAN_OFF,
		.watchdog = watchdog,
		.verdict = PICKET_VERDICT_REBOOT,
		.say = say };
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;
	json_int_t kill_ms;

	fake_file(watchdog, "");
	fake.watchdog_s = 30;
	fake.obeys = true;
	lease.lease_ns = 3000000000;
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_wait_set(d, lease.lease_ns, 4200000000), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns() + 2100000000);
	cr_assert_eq(fake.watchdog_s, 2);
	cr_assert_eq(fake.fed, 1);
	fake.watchdog_s = 60; /* by somebody else: controllers wait for 1 s of it */
	said = 0;
	deadman_tick(d, soon_ns() + 2200000000);
	cr_assert_eq(fake.fed, 1, "not even once");
	cr_assert_eq(said, 1);
	cr_assert_eq(hello_fits(d, &kill_ms), 0, "and it is not called fitting again");
}

Test(deadman_module, a_watchdog_is_not_started_by_what_is_left_of_a_lease)
{
	const struct deadman_config config = {
		.device = device, .watchdog = watchdog, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman_lease lease = lease_of(2, NULL);
	owned(deadman) struct deadman *d = NULL;

	fake_file(device, "");
	fake_file(watchdog, "");
	fake.watchdog_s = 30;
	fake.obeys = true;
	lease.lease_ns = fake.state.lease_max_ns = 3000000000;
	fake.state.phase = PICKET_DOOR_ARMED;
	fake.state.incarnation = 2;
	fake.state.deadline_ns = soon_ns();
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(deadman_lease_set(d, &lease), 0);
	deadman_tick(d, soon_ns());
	cr_assert_eq(fake.watchdog_s, 30, "not opened: 2 s would end after the lease");
	deadman_tick(d, soon_ns() + 2100000000);
	cr_assert_eq(fake.watchdog_s, 2);
}

Test(deadman_module, what_is_added_for_drift_is_not_the_watchdogs)
{
	const struct deadman_config config = {
		.module = DEADMAN_OFF, .watchdog = watchdog, .verdict = PICKET_VERDICT_REBOOT
	};
	struct deadman_lease lease = lease_of(2, NULL);

	fake_file(watchdog, "");
	fake.watchdog_s = 30; /* and takes no other */
	for (uint64_t spare_ms = 0; spare_ms <= 50; spare_ms += 50) {
		owned(deadman) struct deadman *d = NULL;

		fake.fed = 0;
		cr_assert_eq(deadman_new(&config, &d), 0);
		cr_assert_eq(deadman_wait_set(d, lease.lease_ns,
				     lease.lease_ns + 30000000000 + spare_ms * 1000000),
			0);
		cr_assert_eq(deadman_lease_set(d, &lease), 0);
		deadman_tick(d, soon_ns());
		cr_assert_eq(fake.fed > 0, spare_ms > 0, "%llu ms", (unsigned long long)spare_ms);
	}
}

Test(deadman_module, an_armed_one_has_the_watchdog_fed_before_the_lease_is_held_again)
{
	const struct deadman_config config = {
		.device = device, .watchdog = watchdog, .verdict = PICKET_VERDICT_REBOOT
	};
	owned(deadman) struct deadman *d = NULL;

	fake_file(device, "");
	fake_file(watchdog, "");
	fake.watchdog_s = 2;
	fake.state.phase = PICKET_DOOR_ARMED;
	fake.state.incarnation = 2;
	fake.state.lease_max_ns = 3000000000;
	fake.state.deadline_ns = soon_ns() + 2900000000;
	cr_assert_eq(deadman_new(&config, &d), 0);
	cr_assert_eq(fake.fed, 1);
}

Test(watchdog, is_fed_by_renewals_only)
{
	cr_assert(watchdog_due(0, 100, 10, 500, false));
	cr_assert_not(watchdog_due(100, 100, 10, 500, false), "no renewal since");
	cr_assert_not(watchdog_due(0, 0, 10, 50, true), "no lease");
	cr_assert_not(watchdog_due(0, 0, 10, 500, false), "no lease");
	/* a timeout that ends before the lease does adds nothing to it, whenever it was fed */
	cr_assert(watchdog_due(100, 100, 10, 50, true));
	cr_assert(watchdog_due(200, 100, 10, 50, true), "the lease was made shorter");
}

Test(watchdog, does_not_outlive_the_lease_that_fed_it)
{
	cr_assert(watchdog_due(0, 100, 50, 50, true));
	cr_assert_not(watchdog_due(0, 100, 51, 50, true), "now + timeout > deadline");
	cr_assert(watchdog_due(0, 100, 51, 500, false), "told to the controllers instead");
	cr_assert_not(watchdog_due(0, 100, 100, 50, false), "the lease is over");
}

Test(watchdog, asks_for_what_fits_with_two_intervals_to_spare)
{
	const uint64_t s = 1000000000, ms = 1000000;

	cr_assert_eq(watchdog_wants_ns(3 * s, 100 * ms), 2 * s);
	cr_assert_eq(watchdog_wants_ns(3200 * ms, 100 * ms), 3 * s);
	cr_assert_eq(watchdog_wants_ns(600 * ms, 10 * ms), s, "there is none shorter");
	cr_assert_eq(watchdog_wants_ns(10 * ms, 100 * ms), s);
}

Test(watchdog, is_opened_only_while_that_is_a_feed_in_time)
{
	const uint64_t s = 1000000000, ms = 1000000, lease = 3 * s, interval = 100 * ms;

	cr_assert(watchdog_startable(10 * s, 8 * s, lease, interval));
	cr_assert_not(watchdog_startable(10 * s, 8 * s + 1, lease, interval));
	cr_assert(watchdog_startable(10 * s, 10 * s - 1, 600 * ms, interval),
		"none fits: it is told to the controllers");
	cr_assert_not(watchdog_startable(10 * s, 10 * s, 600 * ms, interval), "no lease");
	cr_assert_not(watchdog_startable(0, 10 * s, 600 * ms, interval), "no lease");
}

Test(watchdog, a_device_that_is_not_there)
{
	struct watchdog *w = NULL;

	cr_assert_eq(watchdog_open("/nonexistent/watchdog", 1, 1, &w), -ENOENT);
	cr_assert_eq(watchdog_open("/dev/null", 1, 1, &w), -ENOTTY);
	cr_assert_null(w);
}
