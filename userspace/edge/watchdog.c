/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECOND_NS 1000000000ULL

struct watchdog {
	int fd;
	uint64_t timeout_ns, lease_ns, interval_ns;
	uint64_t fed_ns; /* the deadline that it was fed for */
};

int watchdog_refresh(struct watchdog *w)
{
	int seconds = 0;

	if (ioctl(w->fd, WDIOC_GETTIMEOUT, &seconds) < 0)
		return -errno;
	if (seconds < 1)
		return -EIO;
	w->timeout_ns = (uint64_t)seconds * SECOND_NS;
	return 0;
}

uint64_t watchdog_wants_ns(uint64_t lease_ns, uint64_t interval_ns)
{
	uint64_t room = lease_ns > 2 * interval_ns ? lease_ns - 2 * interval_ns : 0;

	return room < SECOND_NS ? SECOND_NS : room / SECOND_NS * SECOND_NS;
}

bool watchdog_startable(
	uint64_t deadline_ns, uint64_t now_ns, uint64_t lease_ns, uint64_t interval_ns)
{
	uint64_t wants_ns = watchdog_wants_ns(lease_ns, interval_ns);

	if (now_ns >= deadline_ns)
		return false;
	return wants_ns + interval_ns > lease_ns || now_ns + wants_ns <= deadline_ns;
}

int watchdog_lease_set(struct watchdog *w, uint64_t lease_ns, uint64_t interval_ns)
{
	int seconds = (int)(watchdog_wants_ns(lease_ns, interval_ns) / SECOND_NS);

	if (w->lease_ns == lease_ns && w->interval_ns == interval_ns)
		return 0;
	w->lease_ns = lease_ns;
	w->interval_ns = interval_ns;
	w->fed_ns = 0; /* a shorter one's deadlines come before */
	/* some take less only, many have one timeout, and some round: what counts is read back */
	while (ioctl(w->fd, WDIOC_SETTIMEOUT, &seconds) < 0 && errno == EINVAL && seconds > 1)
		seconds /= 2;
	return watchdog_refresh(w);
}

int watchdog_open(const char *path, uint64_t lease_ns, uint64_t interval_ns, struct watchdog **ret)
{
	owned(watchdog) struct watchdog *w = own_new(struct watchdog);
	int rc;

	w->fd = open(path, O_WRONLY | O_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	rc = watchdog_lease_set(w, lease_ns, interval_ns);
	if (rc < 0)
		return rc;
	*ret = give(w);
	return 0;
}

uint64_t watchdog_timeout_ns(const struct watchdog *w)
{
	return w->timeout_ns;
}

bool watchdog_fits(const struct watchdog *w)
{
	return w->timeout_ns + w->interval_ns <= w->lease_ns;
}

bool watchdog_due(
	uint64_t fed_ns, uint64_t deadline_ns, uint64_t now_ns, uint64_t timeout_ns, bool fits)
{
	if (now_ns >= deadline_ns)
		return false;
	return fits ? now_ns + timeout_ns <= deadline_ns : deadline_ns > fed_ns;
}

bool watchdog_feed(struct watchdog *w, uint64_t deadline_ns, uint64_t now_ns)
{
	if (!watchdog_due(w->fed_ns, deadline_ns, now_ns, w->timeout_ns, watchdog_fits(w)) ||
		ioctl(w->fd, WDIOC_KEEPALIVE, 0) < 0)
		return false;
	w->fed_ns = deadline_ns;
	return true;
}

void watchdog_release(struct watchdog *w)
{
	if (!w)
		return;
	/* the letter that says that the silence to come is meant */
	while (write(w->fd, "V", 1) < 0 && errno == EINTR)
		;
	watchdog_free(w);
}

void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
