/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/deadman.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/watchdog.h"

#define DEVICE "/dev/picket"
#define DUMP_SWITCH "/sys/module/printk/parameters/always_kmsg_dump"
#define WATCHDOGS "/sys/class/watchdog"
#define CPUINFO_MAX (8 << 20)
#define SECOND_NS 1000000000ULL
#define MS_NS 1000000ULL
#define RETRY_NS SECOND_NS           /* a module may be loaded at any time */
#define AGENT_MIN_NS (5 * SECOND_NS) /* an agent may be silent this long: it is restarted */
#define KILL_NS SECOND_NS
#define DRIFT_PART 1000                   /* of any time: two clocks, 500 ppm each */
#define KILL_POWEROFF_NS (10 * SECOND_NS) /* devices are shut down one after the other */

struct deadman {
	struct deadman_config config;
	char *device, *watchdog_path, *watchdogs, *dump_switch;
	int fd;                    /* -1: no module */
	bool armed, sends, warned; /* as said last */
	bool watchdog_warned, watchdog_refused;
	bool watchdog_misfit; /* it was open, and had a timeout that does not fit */
	bool renews;          /* the module has no page: it is told at the door */
	bool dumps;           /* the switch was turned on by us */
	uint64_t retry_ns, watchdog_retry_ns;
	uint64_t room_ns;          /* from the end of the lease to the end of W; 0: not known */
	struct watchdog *watchdog; /* NULL: not open */
	struct picket_door_config lease; /* incarnation 0: not known yet */
	struct picket_door_links links;
	struct picket_door_key keys[PICKET_CONTROLLERS_MAX];
};

static uint64_t deadman_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

__attribute__((format(printf, 3, 4))) static void deadman_say(
	const struct deadman *d, bool good, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!d->config.say)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->config.say(d->config.ctx, good, text);
}

static void deadman_sends(struct deadman *d, bool module)
{
	if (d->sends == module)
		return;
	d->sends = module;
	if (d->config.sends)
		d->config.sends(d->config.ctx, module);
}

/* ---- the module ---------------------------------------------------------------------------- */

static int door(const struct deadman *d, unsigned long command, const void *argument)
{
	return ioctl(d->fd, command, argument) < 0 ? -errno : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is armed with this incarnation stands: its verdict, and none of its times may grow. */
static int deadman_configure(struct deadman *d)
{
	struct picket_door_config c = d->lease;
	struct picket_door_state now = { 0 };
	int rc;

	/* what was armed without a page has seen other numbers than the page's */
	if (door(d, PICKET_DOOR_STATE, &now) == 0 && now.phase == PICKET_DOOR_ARMED && !now.paged)
		c.page = 0;
	rc = door(d, PICKET_DOOR_CONFIGURE, &c);
	if (rc < 0 && rc != -EBUSY && c.page) {
		c.page = 0;
		if (door(d, PICKET_DOOR_CONFIGURE, &c) == 0) {
			deadman_say(d, false,
				"picket.ko cannot share the lease page (%s): renewed by the ioctl",
				strerror(-rc));
			rc = 0;
		}
	}
	d->renews = !c.page;
	if (rc != -EBUSY || now.incarnation != c.incarnation)
		return rc;
	deadman_say(d, false, "picket.ko keeps the verdict and the times it was armed with");
	c.verdict = now.verdict;
	c.lease_max_ns = least(c.lease_max_ns, now.lease_max_ns);
	c.warn_ns = least(c.warn_ns, c.lease_max_ns / 3);
	c.kill_ns = least(c.kill_ns, now.kill_ns);
	if (now.agent_max_ns)
		c.agent_max_ns = least(c.agent_max_ns, now.agent_max_ns);
	return door(d, PICKET_DOOR_CONFIGURE, &c);
}

/* All that the module has to know; it takes the same again without harm. */
static int deadman_tell(struct deadman *d)
{
	int rc = deadman_configure(d);

	for (unsigned i = 0; rc == 0 && i < PICKET_CONTROLLERS_MAX; i++)
		if (d->keys[i].epoch)
			rc = door(d, PICKET_DOOR_KEY, &d->keys[i]);
	if (rc == 0)
		rc = door(d, PICKET_DOOR_LINKS, &d->links);
	if (rc == -EOPNOTSUPP) {
		/* not the first network namespace: the deadline is the machine's all the same */
		deadman_sends(d, false);
		return 0;
	}
	if (rc == 0)
		deadman_sends(d, true);
	return rc;
}

static void deadman_close(struct deadman *d)
{
	close(d->fd);
	d->fd = -1;
	d->armed = false;
	deadman_sends(d, false);
}

static void deadman_watchdog_open(struct deadman *d, uint64_t lease_ns, uint64_t interval_ns)
{
	int rc = watchdog_open(d->watchdog_path, lease_ns, interval_ns, &d->watchdog);

	if (rc == 0)
		deadman_say(d, watchdog_fits(d->watchdog), "%s: %llu ms, which %s the lease",
			d->watchdog_path,
			(unsigned long long)(watchdog_timeout_ns(d->watchdog) / MS_NS),
			watchdog_fits(d->watchdog) ? "fits into" : "is added to the end of");
	else if (!d->watchdog_warned)
		deadman_say(d, false, "%s: %s", d->watchdog_path, strerror(-rc));
	d->watchdog_warned = rc < 0;
}

/* The agent before us fed it, and it counts: it does not wait until we hold the lease again. The
 * module does, and knows until when. How often beats are sent is told later; this is close. */
static void deadman_watchdog_inherit(struct deadman *d, const struct picket_door_state *state)
{
	uint64_t interval_ns = state->lease_max_ns / 10, now = deadman_now_ns();

	if (!d->watchdog_path || d->watchdog ||
		!watchdog_startable(state->deadline_ns, now, state->lease_max_ns, interval_ns))
		return;
	deadman_watchdog_open(d, state->lease_max_ns, interval_ns);
	if (d->watchdog)
		watchdog_feed(d->watchdog, state->deadline_ns, now);
}

static int deadman_open(struct deadman *d)
{
	struct picket_door_state state;
	int rc;

	d->fd = open(d->device, O_RDWR | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	rc = door(d, PICKET_DOOR_STATE, &state);
	if (rc == 0 && (state.version_min > PICKET_DOOR_VERSION_MAX ||
			       state.version_max < PICKET_DOOR_VERSION_MIN))
		rc = -EPROTONOSUPPORT;
	if (rc < 0) {
		deadman_close(d);
		return rc;
	}
	d->lease.version = PICKET_DOOR_VERSION_MAX;
	d->armed = state.phase == PICKET_DOOR_ARMED;
	deadman_say(d, true, "%s: picket.ko is loaded%s", d->device,
		d->armed ? ", and armed: its lease is taken over" : "");
	if (d->armed)
		deadman_watchdog_inherit(d, &state);
	return 0;
}

/* Loaded later than we were started, it is found here. */
static void deadman_find(struct deadman *d, uint64_t now)
{
	int rc;

	if (d->config.module == DEADMAN_OFF || d->fd >= 0 || now < d->retry_ns)
		return;
	d->retry_ns = now + RETRY_NS;
	rc = deadman_open(d);
	if (rc == 0 && d->lease.incarnation)
		rc = deadman_tell(d);
	if (rc < 0 && d->fd >= 0)
		deadman_close(d);
	if (rc < 0 && !d->warned)
		deadman_say(d, false,
			"%s: %s: the lease is watched by BPF and by this process only", d->device,
			rc == -ENOENT ? "no picket.ko" : strerror(-rc));
	d->warned = rc < 0;
}

/* The module's last words are no crash, and are kept for the next boot only if pstore is told so.
 */
static void deadman_dumps(struct deadman *d, bool on)
{
	owned(free) char *text = NULL;
	size_t len;
	int fd;

	if (on == d->dumps ||
		(on && (file_read(d->dump_switch, 16, &text, &len) < 0 || text[0] != 'N')))
		return;
	fd = open(d->dump_switch, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, on ? "Y" : "N", 1) == 1)
		d->dumps = on;
	if (fd >= 0)
		close(fd);
}

static void deadman_renew(const struct deadman *d, uint64_t deadline, uint64_t now)
{
	struct picket_door_renewal renewal = { d->lease.incarnation, now, deadline };

	if (d->fd >= 0 && d->renews && d->lease.incarnation && deadline > now)
		door(d, PICKET_DOOR_RENEW, &renewal);
}

static void deadman_arm(struct deadman *d, uint64_t deadline, uint64_t now)
{
	int rc;

	if (d->fd < 0 || d->armed || !d->lease.incarnation || deadline <= now)
		return;
	rc = door(d, PICKET_DOOR_ARM, NULL);
	if (rc == 0) {
		d->armed = true;
		deadman_dumps(d, true);
		deadman_say(d, true, "picket.ko is armed, incarnation %llu",
			(unsigned long long)d->lease.incarnation);
	} else if (rc != -ENODATA && !d->warned) {
		d->warned = true;
		deadman_say(d, false, "picket.ko cannot be armed: %s", strerror(-rc));
	}
}

/* ---- the watchdog -------------------------------------------------------------------------- */

/* One that counts from the last renewal, and for longer than controllers wait: they would have to
 * know of it first, and do when this node joins anew. */
static bool deadman_refuses(struct deadman *d)
{
	if (!d->watchdog || !d->room_ns || watchdog_fits(d->watchdog) ||
		watchdog_timeout_ns(d->watchdog) <= d->room_ns)
		return false;
	deadman_say(d, false,
		"%s is not used: its %llu ms fit neither into the lease nor into the %llu ms that "
		"controllers wait after it",
		d->watchdog_path, (unsigned long long)(watchdog_timeout_ns(d->watchdog) / MS_NS),
		(unsigned long long)(d->room_ns / MS_NS));
	watchdog_release(d->watchdog);
	d->watchdog = NULL;
	d->watchdog_refused = true;
	return true;
}

static void deadman_watch(struct deadman *d, uint64_t deadline, uint64_t now)
{
	uint64_t lease_ns = d->lease.lease_max_ns, interval_ns = d->lease.interval_us * 1000ULL;

	if (!d->watchdog_path || !d->lease.incarnation || d->watchdog_refused)
		return;
	if (watchdog_startable(deadline, now, lease_ns, interval_ns)) {
		/* one made to fit a longer lease would never be fed inside a shorter one */
		if (d->watchdog) {
			watchdog_lease_set(d->watchdog, lease_ns, interval_ns);
		} else if (now >= d->watchdog_retry_ns) {
			d->watchdog_retry_ns = now + RETRY_NS;
			deadman_watchdog_open(d, lease_ns, interval_ns);
		}
	}
	if (!d->watchdog || watchdog_refresh(d->watchdog) < 0)
		return;
	if (!watchdog_fits(d->watchdog))
		d->watchdog_misfit = true;
	if (!deadman_refuses(d))
		watchdog_feed(d->watchdog, deadline, now);
}

/* ---- orders -------------------------------------------------------------------------------- */

int deadman_new(const struct deadman_config *config, struct deadman **ret)
{
	owned(deadman) struct deadman *d = own_new(struct deadman);

	d->config = *config;
	d->fd = -1;
	d->device = own_string(config->device ? config->device : DEVICE);
	d->watchdog_path = config->watchdog ? own_string(config->watchdog) : NULL;
	d->watchdogs = own_string(config->watchdogs ? config->watchdogs : WATCHDOGS);
	d->dump_switch = own_string(config->dump_switch ? config->dump_switch : DUMP_SWITCH);
	deadman_find(d, deadman_now_ns());
	if (config->module == DEADMAN_REQUIRE && d->fd < 0)
		return -ENODEV;
	*ret = give(d);
	return 0;
}

void deadman_free(struct deadman *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	watchdog_free(d->watchdog);
	explicit_bzero(d->keys, sizeof(d->keys));
	free(d->device);
	free(d->watchdog_path);
	free(d->watchdogs);
	free(d->dump_switch);
	free(d);
}

uint64_t deadman_kill_ns(enum picket_verdict verdict)
{
	return verdict == PICKET_VERDICT_POWEROFF ? KILL_POWEROFF_NS : KILL_NS;
}

/* What is armed ends this machine as it was armed to, whatever is configured since. */
static uint64_t deadman_needs_ns(const struct deadman *d)
{
	struct picket_door_state now;

	if (d->fd >= 0 && d->armed && door(d, PICKET_DOOR_STATE, &now) == 0)
		return now.kill_ns;
	return deadman_kill_ns(d->config.verdict);
}

int deadman_wait_set(struct deadman *d, uint64_t lease_ns, uint64_t wait_ns)
{
	uint64_t needs_ns = deadman_needs_ns(d), room_ns;

	if (!wait_ns || !d->config.verdict)
		return 0;
	if (wait_ns < lease_ns + needs_ns) {
		deadman_say(d, false,
			"controllers wait %llu ms for this node's end, which takes %llu ms of "
			"lease and "
			"%llu ms to die: no lease is held",
			(unsigned long long)(wait_ns / MS_NS),
			(unsigned long long)(lease_ns / MS_NS),
			(unsigned long long)(needs_ns / MS_NS));
		return -ERANGE;
	}
	/* what they add for clocks that drift is not the watchdog's; and whoever waits longer may
	 * give way to a leader who does not */
	room_ns = wait_ns - lease_ns - least(wait_ns / DRIFT_PART, wait_ns - lease_ns - needs_ns);
	if (!d->room_ns || room_ns < d->room_ns)
		d->room_ns = room_ns;
	return 0;
}

static int deadman_channel(struct picket_door_links *links, const char *text, const char *iface,
	const struct picket_door_channel *like)
{
	struct picket_door_channel *c = &links->channel[links->n];

	*c = *like;
	c->address[10] = c->address[11] = 0xff;
	if (inet_pton(AF_INET, text, c->address + 12) != 1 &&
		inet_pton(AF_INET6, text, c->address) != 1)
		return -EINVAL;
	c->ifindex = if_nametoindex(iface);
	links->n++;
	return 0;
}

static int deadman_links(const struct deadman_lease *lease, struct picket_door_links *ret)
{
	struct picket_door_links links = { 0 };
	struct picket_door_channel like = {
		.port = (uint16_t)(lease->port ? lease->port : PICKET_PORT_HEARTBEAT),
	};

	if (lease->n_controllers > PICKET_CONTROLLERS_MAX || lease->n_ifaces > PICKET_LINKS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < lease->n_controllers; i++)
		for (unsigned link = 0; link < lease->n_ifaces; link++) {
			const char *text = lease->address(lease->ctx, i, link);

			like.controller = (uint8_t)i;
			like.link = (uint8_t)link;
			if (text && deadman_channel(&links, text, lease->ifaces[link], &like))
				return -EINVAL;
		}
	*ret = links;
	return 0;
}

int deadman_lease_set(struct deadman *d, const struct deadman_lease *lease)
{
	uint64_t agent_ns = 2 * lease->lease_ns > AGENT_MIN_NS ? 2 * lease->lease_ns : AGENT_MIN_NS;
	int rc = deadman_links(lease, &d->links);

	if (rc < 0)
		return rc;
	if (agent_ns > PICKET_LEASE_MAX_NS)
		agent_ns = PICKET_LEASE_MAX_NS;
	d->lease = (struct picket_door_config){
		.version = PICKET_DOOR_VERSION_MAX,
		.verdict = d->config.verdict,
		.cluster = lease->cluster,
		.incarnation = lease->incarnation,
		.node = lease->node,
		.interval_us = lease->interval_us,
		.lease_max_ns = lease->lease_ns,
		.agent_max_ns = agent_ns,
		.warn_ns = lease->lease_ns / 3,
		.kill_ns = deadman_kill_ns(d->config.verdict),
		.page = (uint64_t)(uintptr_t)lease->page,
	};
	if (d->fd < 0 || !lease->incarnation)
		return 0;
	rc = deadman_tell(d);
	if (rc == -EBUSY)
		deadman_say(d, false,
			"picket.ko is armed with another promise, which stands until it is kept");
	else if (rc < 0)
		deadman_say(d, false, "picket.ko: %s", strerror(-rc));
	return rc;
}

void deadman_key_set(struct deadman *d, unsigned controller, const uint8_t key[16], uint32_t epoch)
{
	struct picket_door_key *k = &d->keys[controller];

	assert(controller < PICKET_CONTROLLERS_MAX);
	k->controller = controller;
	k->epoch = epoch;
	memcpy(k->key, key, sizeof(k->key));
	if (d->fd >= 0 && door(d, PICKET_DOOR_KEY, k) < 0)
		deadman_say(d, false, "picket.ko does not take a key: %s", strerror(errno));
}

void deadman_tick(struct deadman *d, uint64_t deadline_ns)
{
	uint64_t now = deadman_now_ns();

	deadman_find(d, now);
	if (d->fd >= 0)
		door(d, PICKET_DOOR_ALIVE, NULL);
	deadman_renew(d, deadline_ns, now);
	deadman_arm(d, deadline_ns, now);
	deadman_watch(d, deadline_ns, now);
}

void deadman_release(struct deadman *d)
{
	int rc;

	watchdog_release(d->watchdog);
	d->watchdog = NULL;
	if (d->fd >= 0 && d->armed) {
		rc = door(d, PICKET_DOOR_RELEASE, &d->lease.incarnation);
		d->armed = rc < 0;
		if (rc == 0)
			deadman_dumps(d, false);
		deadman_say(d, rc == 0, "picket.ko: %s",
			rc == 0 ? "released" : "not released, the machine will end");
	}
	d->lease.incarnation = 0; /* what comes next is another lease, and another W */
	d->room_ns = 0;
	d->watchdog_refused = false;
}

/* ---- what is said -------------------------------------------------------------------------- */

static const char *deadman_verdict(const struct deadman *d)
{
	static const char *const words[] = { "none", "reboot", "panic", "poweroff", "isolate" };

	return words[d->config.verdict];
}

/* A virtual machine may be stopped, and no clock of its own tells it. */
static bool deadman_virtual(void)
{
	owned(free) char *cpu = NULL;
	size_t len;

	return (file_read("/proc/cpuinfo", CPUINFO_MAX, &cpu, &len) == 0 &&
		       strstr(cpu, " hypervisor")) ||
	       access("/proc/device-tree/hypervisor", F_OK) == 0 ||
	       access("/sys/hypervisor/type", F_OK) == 0;
}

/* What the driver says of itself without being opened; -ENOENT and the like. */
static int deadman_watchdog_says(const struct deadman *d, const char *what, uint64_t *ret)
{
	const char *name = d->watchdog_path ? strrchr(d->watchdog_path, '/') : NULL;
	owned(free) char *path = NULL, *text = NULL;
	size_t len;
	int rc;

	if (!name)
		return -ENOENT;
	/* the oldest name is the first device's */
	path = own_printf(
		"%s/%s/%s", d->watchdogs, strcmp(name, "/watchdog") ? name + 1 : "watchdog0", what);
	rc = file_read(path, 64, &text, &len);
	if (rc == 0)
		*ret = strtoull(text, NULL, 0);
	return rc;
}

/* Before it is opened, what the driver would use by itself. */
static uint64_t deadman_watchdog_ms(const struct deadman *d)
{
	uint64_t seconds = 0;

	if (d->watchdog)
		return watchdog_timeout_ns(d->watchdog) / MS_NS;
	deadman_watchdog_says(d, "timeout", &seconds);
	return seconds * 1000;
}

/* The shortest timeout that it can be given; 0: not known, or it did not take one that it should.
 * Whether it does is only seen once it is open, and counts; one that then does not is refused. */
static uint64_t deadman_watchdog_least_ms(const struct deadman *d)
{
	uint64_t least, options = WDIOF_SETTIMEOUT;

	if (d->watchdog_misfit || deadman_watchdog_says(d, "min_timeout", &least))
		return 0;
	deadman_watchdog_says(d, "options", &options); /* newer than the other */
	if (!(options & WDIOF_SETTIMEOUT))
		return 0;
	return least ? least * 1000 : 1000;
}

void deadman_hello(const struct deadman *d, json_t *hello)
{
	uint64_t watchdog_ms = deadman_watchdog_ms(d), kill_ms;
	uint64_t least_ms = deadman_watchdog_least_ms(d);
	bool fits = d->watchdog && watchdog_fits(d->watchdog);

	kill_ms = deadman_kill_ns(d->config.verdict) / MS_NS;
	if (watchdog_ms > kill_ms && !fits) {
		if (least_ms)
			json_object_set_new(hello, "fits",
				json_pack("{s:I, s:I}", "timeout_ms", (json_int_t)least_ms,
					"kill_ms", (json_int_t)kill_ms));
		kill_ms = watchdog_ms;
	}
	json_object_set_new(hello, "verdict", json_string(deadman_verdict(d)));
	json_object_set_new(hello, "virtual", json_boolean(deadman_virtual()));
	json_object_set_new(hello, "kill_ms", json_integer((json_int_t)kill_ms));
	json_object_set_new(hello, "hands",
		json_pack("{s:s, s:I, s:b}", "module",
			d->fd < 0  ? "none"
			: d->armed ? "armed"
				   : "idle",
			"watchdog_ms", (json_int_t)watchdog_ms, "watchdog_fits", fits));
}

char *deadman_text(const struct deadman *d)
{
	owned(free) char *watchdog =
		d->watchdog
			? own_printf("%s, %llu ms", d->watchdog_path,
				  (unsigned long long)(watchdog_timeout_ns(d->watchdog) / MS_NS))
			: own_string("no watchdog");

	return own_printf("dead man's hand: %s, verdict %s; %s",
		d->fd < 0  ? "BPF only, no picket.ko"
		: d->armed ? "picket.ko, armed"
			   : "picket.ko, not armed",
		deadman_verdict(d), watchdog);
}

int deadman_strike(enum picket_verdict verdict)
{
	const char *key = verdict == PICKET_VERDICT_PANIC ? "c" : "b";
	int fd, rc = 0;

	/* no sync: a disk that hangs must not keep us alive */
	if (verdict == PICKET_VERDICT_POWEROFF)
		reboot(RB_POWER_OFF);
	if (verdict == PICKET_VERDICT_REBOOT)
		reboot(RB_AUTOBOOT);
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, key, 1) != 1)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}
