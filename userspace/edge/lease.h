/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lease: a node's permission to live: sends the probes, holds what the grants renew. */
#ifndef EDGE_LEASE_H
#define EDGE_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <uv.h>

#include <picket/count.h>
#include <picket/event.h>
#include <picket/lease.h>

struct lease;

struct lease_controller {
	const char *address[PICKET_LINKS_MAX]; /* by link, IPv4 or IPv6; NULL: not on that link */
};

struct lease_config {
	const char *pin_prefix;  /* as in heartbeat_config; the same for both on one host */
	uint64_t cluster;
	uint32_t node;
	unsigned port;           /* UDP, 0: PICKET_PORT_HEARTBEAT */
	const struct lease_controller *controllers;
	size_t n_controllers;
	const char **ifaces;     /* heartbeat links: ifaces[i] is link i */
	size_t n_ifaces;
	const char **data_ifaces; /* what isolation cuts off; may be none */
	size_t n_data_ifaces;
	const char **keep;       /* local addresses of the control plane beside those of the links:
				  * isolation leaves them reachable, for its ports */
	size_t n_keep;
	unsigned link_port, raft_port; /* TCP, 0: default; open under isolation */
	uint32_t interval_us;
	uint64_t lease_ns;       /* T */
	uint32_t voters[2];      /* now and next, as it is known; 0: all the controllers */
	unsigned majority;       /* 0, or n / 2 + 1: a promise is a majority's, nothing else */
	enum picket_verdict verdict; /* whatever it is, the data interfaces are isolated as well */
	bool goes_on;            /* no verdict: a lease that ran out may be granted again */
	bool quiet;              /* no sender thread: picket.ko sends the probes */
	void (*warn)(void *ctx, const char *text); /* may be NULL: degraded, not failed */
};

/* After a restart the lease goes on as it was: lease_incarnation() tells whose it is. */
int lease_new(uv_loop_t *loop, const struct lease_config *config,
	void (*on_event)(void *ctx, const struct picket_event *event), void *ctx,
	struct lease **ret);

/* Lets go: no more probes. The lease still runs out and is still acted on: closing the door does
 * not end the promise. The loop must turn once more to close the handles. */
void lease_free(struct lease *lease);

/* Takes the kernel part away as well: pins, filters, isolation. */
void lease_uninstall(const struct lease_config *config);

int lease_key_set(struct lease *lease, unsigned controller, const uint8_t key[16], uint32_t epoch);

/* A new incarnation begins without a lease and lifts the verdict of the old one; 0 disarms. The
 * same as before changes nothing. */
int lease_incarnation_set(struct lease *lease, uint64_t incarnation);
uint64_t lease_incarnation(const struct lease *lease);

int lease_interval_set(struct lease *lease, uint32_t interval_us);

/* T, from the next grant on; what is held already stays held. */
int lease_length_set(struct lease *lease, uint64_t lease_ns);
int lease_goes_on_set(struct lease *lease, bool goes_on);

/* Other controllers, by index. -EINVAL: not an address. */
int lease_controllers_set(
	struct lease *lease, const struct lease_controller *controllers, size_t n);

/* Who votes, as masks of controller indexes; while the set changes, grants of a majority of both
 * are needed; next = 0: no change under way. */
int lease_voters_set(struct lease *lease, uint32_t now, uint32_t next);

/* The same from a welcome {term, voters, voters_next}; what an older leader says is of a set that
 * is no more. -EINVAL: somebody votes who is not among the controllers. */
int lease_voters_learn(struct lease *lease, json_t *welcome, uint64_t known_term);

/* The agent's main loop is alive: call it at least every interval; async-signal-safe. */
void lease_alive(struct lease *lease);

uint64_t lease_deadline(const struct lease *lease); /* CLOCK_BOOTTIME ns; 0: none held */
bool lease_expired(const struct lease *lease);      /* the verdict has fallen */

/* picket.ko sends the probes now: our own sender keeps its sockets and is silent. */
int lease_hush(struct lease *lease, bool silent);

int lease_isolate(struct lease *lease, bool isolated);
bool lease_isolated(const struct lease *lease);

/* The mapped page, for picket.ko to pin; belongs to the lease. */
struct picket_lease_page *lease_page(const struct lease *lease);

/* Sum over all CPUs since the kernel part was loaded. */
int lease_count(const struct lease *lease, enum picket_count which, uint64_t *ret);

/* What the sender did: beats, and probes that could not be sent. */
struct lease_stats {
	uint64_t beats;       /* times the sender woke and sent */
	uint64_t skipped;     /* beats it slept through */
	uint64_t probes;      /* sent */
	uint64_t failed;      /* could not be sent */
	uint64_t late_max_ns; /* latest wake-up, after its time */
	bool realtime;        /* SCHED_FIFO was permitted */
	bool locked;          /* mlockall was permitted */
};
void lease_stats_get(const struct lease *lease, struct lease_stats *ret);

#endif
