/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/lease_sender.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include <picket/wire.h>

#include "base/memory.h"
#include "base/own.h"
#include "base/siphash.h"

#define SENDER_PRIORITY 50
#define SENDER_STACK (256 << 10)
#define SENDER_TOS 0xc0                /* network control */
#define SENDER_RETRY_NS 1000000000ULL  /* a socket that cannot be made is tried again after */
#define SENDER_CHANNELS_MAX (PICKET_CONTROLLERS_MAX * PICKET_LINKS_MAX)

/* One controller on one link. */
struct channel {
	int fd; /* -1: not connected */
	uint8_t controller, link;
	char iface[IF_NAMESIZE];
	struct sockaddr_storage remote;
	socklen_t remote_size;
	uint64_t retry_ns;
};

struct key {
	struct siphash *mac;
	uint32_t epoch;
};

struct lease_sender {
	pthread_t thread;
	bool started, silent;
	int timer, stop;
	unsigned port;
	pthread_mutex_t mutex; /* priority-inheriting: the loop's thread is not real-time */
	struct key keys[PICKET_CONTROLLERS_MAX];
	uint64_t incarnation;
	uint32_t interval_us;
	uint64_t due_ns; /* of the next beat */
	uint64_t cluster;
	uint32_t node;
	uint64_t seq;
	struct picket_sent *sent;
	_Atomic uint64_t alive_ns; /* last sign of life of the agent's main loop; 0 = none */
	struct lease_stats stats;
	size_t n_channels;
	struct channel channels[SENDER_CHANNELS_MAX];
};

static uint64_t sender_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- addresses and sockets ----------------------------------------------------------------- */

static void address_map4(const struct in_addr *in, struct picket_address *ret)
{
	*ret = (struct picket_address){ .bytes = { [10] = 0xff, [11] = 0xff } };
	memcpy(ret->bytes + 12, in, 4);
}

int lease_address(const char *text, struct picket_address *ret)
{
	struct in_addr in4;
	struct in6_addr in6;

	if (inet_pton(AF_INET, text, &in4) == 1)
		address_map4(&in4, ret);
	else if (inet_pton(AF_INET6, text, &in6) == 1)
		memcpy(ret->bytes, &in6, sizeof(in6));
	else
		return -EINVAL;
	return 0;
}

static int channel_remote(struct channel *c, const char *text, unsigned port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&c->remote;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&c->remote;

	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
		c->remote_size = sizeof(*in4);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			in6->sin6_scope_id = if_nametoindex(c->iface);
		c->remote_size = sizeof(*in6);
	} else {
		return -EINVAL;
	}
	return 0;
}

/* Answers end in BPF: whatever still reaches the socket is thrown away before it takes memory. */
static int channel_deaf(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &drop };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int channel_options(int fd, int family, const char *iface)
{
	int yes = 1, tos = SENDER_TOS;

	/* The link is where its route leads; bound to the device it stays there when routes change.
	 * A controller on this very host is reached over loopback all the same. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface)) < 0 ||
		channel_deaf(fd) < 0)
		return -errno;
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	return 0;
}

static int channel_connect(struct channel *c, unsigned port)
{
	int family = c->remote.ss_family;
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	const struct sockaddr *any = family == AF_INET ? (struct sockaddr *)&any4
						       : (struct sockaddr *)&any6;
	owned(fd) int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = channel_options(fd, family, c->iface);
	if (rc < 0)
		return rc;
	if (bind(fd, any, c->remote_size) < 0 ||
		connect(fd, (struct sockaddr *)&c->remote, c->remote_size) < 0)
		return -errno;
	c->fd = fd;
	fd = -1;
	return 0;
}

static int channel_ready(struct channel *c, uint64_t now, unsigned port)
{
	if (c->fd >= 0)
		return 0;
	if (now < c->retry_ns)
		return -ENOTCONN;
	c->retry_ns = now + SENDER_RETRY_NS;
	return channel_connect(c, port) < 0 ? -ENOTCONN : 0;
}

/* A socket outlives its device and its address; what fails lastingly is made anew. */
static int channel_send(struct channel *c, const struct picket_wire *w, uint64_t now, unsigned port)
{
	int rc = channel_ready(c, now, port);

	if (rc < 0)
		return rc;
	if (send(c->fd, w, sizeof(*w), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*w))
		return 0;
	/* an ICMP error of an earlier probe is reported once, in place of this one */
	if (errno == ECONNREFUSED &&
		send(c->fd, w, sizeof(*w), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*w))
		return 0;
	if (errno != ECONNREFUSED && errno != EAGAIN && errno != ENOBUFS) {
		close(c->fd);
		c->fd = -1;
		c->retry_ns = now + SENDER_RETRY_NS;
	}
	return -EIO;
}

/* ---- the beat ------------------------------------------------------------------------------ */

static uint32_t sender_age_ms(struct lease_sender *s, uint64_t now)
{
	uint64_t alive = atomic_load_explicit(&s->alive_ns, memory_order_relaxed), age_ms;

	if (!alive)
		return PICKET_AGENT_AGE_NONE;
	age_ms = now > alive ? (now - alive) / 1000000 : 0;
	return age_ms < PICKET_AGENT_AGE_NONE ? (uint32_t)age_ms : PICKET_AGENT_AGE_NONE - 1;
}

/* BPF must find the probe before its answer can be back. */
static void sender_remember(struct lease_sender *s, uint64_t now)
{
	struct picket_sent *slot = &s->sent[s->seq & (PICKET_SENT_MAX - 1)];

	__atomic_store_n(&slot->seq, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->t_send_ns, now, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->seq, s->seq, __ATOMIC_RELEASE);
}

static void sender_beat(struct lease_sender *s, uint64_t now)
{
	struct picket_wire w = {
		.magic = PICKET_WIRE_MAGIC,
		.version = PICKET_WIRE_VERSION_MAX,
		.type = PICKET_WIRE_PROBE,
		.cluster = s->cluster,
		.node = s->node,
		.incarnation = s->incarnation,
		.seq = ++s->seq,
		.t_send_ns = now,
		.interval_us = s->interval_us,
		.agent_age_ms = sender_age_ms(s, now),
	};

	sender_remember(s, now);
	for (size_t i = 0; i < s->n_channels; i++) {
		struct channel *c = &s->channels[i];
		struct key *key = &s->keys[c->controller];
		uint64_t mac = 0;

		if (!key->mac)
			continue;
		w.controller = c->controller;
		w.link = c->link;
		w.key_epoch = key->epoch;
		if (siphash_sum(key->mac, &w, PICKET_WIRE_MACED, &mac) < 0) {
			s->stats.failed++;
			continue;
		}
		w.mac = mac;
		if (channel_send(c, &w, now, s->port) < 0)
			s->stats.failed++;
		else
			s->stats.probes++;
	}
	s->stats.beats++;
}

static void sender_rest(struct lease_sender *s, uint64_t now)
{
	for (size_t i = 0; i < s->n_channels; i++)
		channel_ready(&s->channels[i], now, s->port);
}

static void *sender_run(void *arg)
{
	struct lease_sender *s = arg;
	struct pollfd fds[2] = {
		{ .fd = s->timer, .events = POLLIN },
		{ .fd = s->stop, .events = POLLIN },
	};

	for (;;) {
		uint64_t times = 0, now;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents)
			return NULL;
		if (read(s->timer, &times, sizeof(times)) != sizeof(times))
			continue;
		pthread_mutex_lock(&s->mutex);
		now = sender_now_ns();
		s->stats.skipped += times - 1; /* not made up for: a late probe helps nobody */
		s->due_ns += (times - 1) * s->interval_us * 1000ULL;
		if (now > s->due_ns && now - s->due_ns > s->stats.late_max_ns)
			s->stats.late_max_ns = now - s->due_ns;
		s->due_ns += s->interval_us * 1000ULL;
		if (s->silent)
			sender_rest(s, now);
		else
			sender_beat(s, now);
		pthread_mutex_unlock(&s->mutex);
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static int sender_channels(struct lease_sender *s, const struct lease_config *config)
{
	for (size_t i = 0; i < config->n_controllers; i++)
		for (size_t link = 0; link < config->n_ifaces; link++) {
			struct channel *c = &s->channels[s->n_channels];
			const char *address = config->controllers[i].address[link];
			int rc;

			if (!address)
				continue;
			*c = (struct channel){ .fd = -1, .controller = (uint8_t)i,
				.link = (uint8_t)link };
			snprintf(c->iface, sizeof(c->iface), "%s", config->ifaces[link]);
			rc = channel_remote(c, address, s->port);
			if (rc < 0)
				return rc;
			s->n_channels++;
		}
	return 0;
}

int lease_sender_new(const struct lease_config *config, struct picket_sent *sent,
	struct lease_sender **ret)
{
	struct lease_sender *s = own_new(struct lease_sender);
	pthread_mutexattr_t attributes;
	int rc;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&s->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	s->port = config->port ? config->port : PICKET_PORT_HEARTBEAT;
	s->cluster = config->cluster;
	s->node = config->node;
	s->interval_us = config->interval_us;
	s->sent = sent;
	/* Rising over restarts of the agent as well: it counts on from the time since boot. */
	s->seq = sender_now_ns();
	s->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	s->stop = eventfd(0, EFD_CLOEXEC);
	rc = s->timer < 0 || s->stop < 0 ? -errno : sender_channels(s, config);
	if (rc < 0) {
		lease_sender_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void lease_sender_free(struct lease_sender *s)
{
	const uint64_t one = 1;

	if (!s)
		return;
	if (s->started && write(s->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->n_channels; i++)
		if (s->channels[i].fd >= 0)
			close(s->channels[i].fd);
	for (size_t i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		siphash_free(s->keys[i].mac);
	if (s->timer >= 0)
		close(s->timer);
	if (s->stop >= 0)
		close(s->stop);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

static int sender_arm(struct lease_sender *s)
{
	uint64_t first = sender_now_ns() + 1000;
	struct itimerspec spec = {
		.it_value = { .tv_sec = (time_t)(first / 1000000000),
			.tv_nsec = (long)(first % 1000000000) },
		.it_interval = { .tv_sec = s->interval_us / 1000000,
			.tv_nsec = s->interval_us % 1000000 * 1000L },
	};

	s->due_ns = first;
	return timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

/* Real-time where it is permitted; a container without the right still beats, only less evenly. */
static int sender_thread(struct lease_sender *s)
{
	struct sched_param priority = { .sched_priority = SENDER_PRIORITY };
	pthread_attr_t attributes;
	int rc;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, SENDER_STACK);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &priority);
	rc = pthread_create(&s->thread, &attributes, sender_run, s);
	s->stats.realtime = rc == 0;
	if (rc == EPERM) {
		pthread_attr_setinheritsched(&attributes, PTHREAD_INHERIT_SCHED);
		rc = pthread_create(&s->thread, &attributes, sender_run, s);
	}
	pthread_attr_destroy(&attributes);
	s->started = rc == 0;
	return -rc;
}

int lease_sender_start(struct lease_sender *s)
{
	int rc = sender_arm(s);

	if (rc == 0)
		rc = sender_thread(s);
	if (rc < 0)
		return rc;
	/* What the thread touches exists by now. Not "future": without the right to lock, later
	 * allocations of the agent would fail. */
	rc = memory_lock(false);
	pthread_mutex_lock(&s->mutex);
	s->stats.locked = rc == 0;
	pthread_mutex_unlock(&s->mutex);
	return 0;
}

/* ---- orders -------------------------------------------------------------------------------- */

int lease_sender_key(
	struct lease_sender *s, unsigned controller, const uint8_t key[16], uint32_t epoch)
{
	struct siphash *mac, *old;
	int rc = siphash_new(key, &mac);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&s->mutex);
	old = s->keys[controller].mac;
	s->keys[controller] = (struct key){ .mac = mac, .epoch = epoch };
	pthread_mutex_unlock(&s->mutex);
	siphash_free(old);
	return 0;
}

static int channel_make(const struct lease_sender *s, unsigned controller, size_t link,
	const char *iface, const char *address, struct channel *ret)
{
	*ret = (struct channel){
		.fd = -1, .controller = (uint8_t)controller, .link = (uint8_t)link
	};
	snprintf(ret->iface, sizeof(ret->iface), "%s", iface);
	return channel_remote(ret, address, s->port);
}

/* Puts the channel where it is wanted, unless there is the same already. */
static void channel_put(struct lease_sender *s, const struct channel *fresh)
{
	for (size_t i = 0; i < s->n_channels; i++) {
		struct channel *c = &s->channels[i];

		if (c->controller != fresh->controller || c->link != fresh->link)
			continue;
		if (c->remote_size == fresh->remote_size &&
			!memcmp(&c->remote, &fresh->remote, fresh->remote_size))
			return;
		if (c->fd >= 0)
			close(c->fd);
		*c = *fresh;
		return;
	}
	s->channels[s->n_channels++] = *fresh;
}

static void channels_drop(struct lease_sender *s, unsigned controller)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_channels; i++) {
		if (s->channels[i].controller != controller)
			s->channels[kept++] = s->channels[i];
		else if (s->channels[i].fd >= 0)
			close(s->channels[i].fd);
	}
	s->n_channels = kept;
	siphash_free(give(s->keys[controller].mac));
}

int lease_sender_controller(struct lease_sender *s, unsigned controller,
	const struct lease_controller *is, const char *const *ifaces, size_t n_ifaces)
{
	struct channel fresh[PICKET_LINKS_MAX];
	size_t n = 0;
	int rc = 0;

	if (controller >= PICKET_CONTROLLERS_MAX || n_ifaces > PICKET_LINKS_MAX)
		return -EINVAL;
	for (size_t link = 0; is && link < n_ifaces && !rc; link++)
		if (is->address[link])
			rc = channel_make(
				s, controller, link, ifaces[link], is->address[link], &fresh[n++]);
	if (rc)
		return rc;
	pthread_mutex_lock(&s->mutex);
	if (!n)
		channels_drop(s, controller);
	for (size_t i = 0; i < n; i++)
		channel_put(s, &fresh[i]);
	pthread_mutex_unlock(&s->mutex);
	return 0;
}

void lease_sender_incarnation(struct lease_sender *s, uint64_t incarnation)
{
	pthread_mutex_lock(&s->mutex);
	s->incarnation = incarnation;
	pthread_mutex_unlock(&s->mutex);
}

int lease_sender_interval(struct lease_sender *s, uint32_t interval_us)
{
	int rc = 0;

	pthread_mutex_lock(&s->mutex);
	if (s->interval_us != interval_us) {
		s->interval_us = interval_us;
		rc = s->started ? sender_arm(s) : 0;
	}
	pthread_mutex_unlock(&s->mutex);
	return rc;
}

void lease_sender_hush(struct lease_sender *s, bool silent)
{
	uint64_t now = sender_now_ns();

	pthread_mutex_lock(&s->mutex);
	s->silent = silent;
	if (s->seq < now)
		s->seq = now; /* who sent in between numbered from the time since boot too */
	pthread_mutex_unlock(&s->mutex);
}

void lease_sender_alive(struct lease_sender *s)
{
	atomic_store_explicit(&s->alive_ns, sender_now_ns(), memory_order_relaxed);
}

void lease_sender_stats(struct lease_sender *s, struct lease_stats *ret)
{
	pthread_mutex_lock(&s->mutex);
	*ret = s->stats;
	pthread_mutex_unlock(&s->mutex);
}

int lease_sender_local(struct lease_sender *s, size_t i, struct picket_address *ret)
{
	struct sockaddr_storage local;
	socklen_t size = sizeof(local);
	int rc = -EAGAIN;

	if (i >= s->n_channels)
		return -ENOENT;
	pthread_mutex_lock(&s->mutex);
	if (s->channels[i].fd >= 0 &&
		getsockname(s->channels[i].fd, (struct sockaddr *)&local, &size) == 0)
		rc = 0;
	pthread_mutex_unlock(&s->mutex);
	if (rc < 0)
		return rc;
	if (local.ss_family == AF_INET)
		address_map4(&((struct sockaddr_in *)&local)->sin_addr, ret);
	else
		memcpy(ret->bytes, &((struct sockaddr_in6 *)&local)->sin6_addr, 16);
	return 0;
}
