/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deadman: what ends this machine when its lease has: picket.ko and the hardware watchdog. */
#ifndef EDGE_DEADMAN_H
#define EDGE_DEADMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <picket/door.h>

#include "base/own.h"

enum deadman_module { DEADMAN_AUTO, DEADMAN_REQUIRE, DEADMAN_OFF };

struct deadman;

struct deadman_config {
	const char *device;      /* NULL: /dev/picket */
	const char *dump_switch; /* NULL: the kernel's, which has pstore keep more than crashes */
	enum deadman_module module;
	const char *watchdog;        /* device; NULL: none */
	enum picket_verdict verdict; /* 0: none, then nothing ends this machine */
	/* One sentence for the log; and who sends the beats from now on. */
	void (*say)(void *ctx, bool good, const char *sentence);
	void (*sends)(void *ctx, bool module);
	void *ctx;
	const char *watchdogs; /* NULL: /sys/class/watchdog */
};

/* What the lease is. All strings are used during the call only. */
struct deadman_lease {
	uint64_t cluster, incarnation, lease_ns;
	uint32_t node, interval_us;
	unsigned port;                        /* UDP, 0: PICKET_PORT_HEARTBEAT */
	const struct picket_lease_page *page; /* mapped, shared with BPF */
	const char *(*address)(void *ctx, unsigned controller, unsigned link); /* NULL: none */
	const char *const *ifaces;                                             /* by link */
	unsigned n_controllers, n_ifaces;
	void *ctx;
};

/* -ENODEV: required, and not there. */
int deadman_new(const struct deadman_config *config, struct deadman **ret);

/* Closes; what is armed stays armed. */
void deadman_free(struct deadman *deadman);
own_define(deadman, struct deadman, deadman_free)

/* Whether this machine's end takes no longer than controllers wait for it: wait_ns from the last
 * grant, 0: they did not say. Watchdogs that would make it longer are refused from then on.
 * -ERANGE: it does take longer, as was said; then no lease may be held. */
int deadman_wait_set(struct deadman *deadman, uint64_t lease_ns, uint64_t wait_ns);

/* Kept, and told to the module now or as soon as it is loaded. -EINVAL. */
int deadman_lease_set(struct deadman *deadman, const struct deadman_lease *lease);
void deadman_key_set(
	struct deadman *deadman, unsigned controller, const uint8_t key[16], uint32_t epoch);

/* The agent is alive; arms and feeds what a lease until deadline_ns (0: none) allows. At least
 * every interval. */
void deadman_tick(struct deadman *deadman, uint64_t deadline_ns);

/* All that ran here has been stopped: the orderly way out, before the lease is given back. */
void deadman_release(struct deadman *deadman);

/* What controllers must know to count on this node's own end, put into its first words: "verdict",
 * "virtual", "kill_ms" (from the end of the lease to the end of the machine, at the latest), "fits"
 * (proof_kill_ms()), and "hands" with what is in force. */
void deadman_hello(const struct deadman *deadman, json_t *hello);

/* The same in a few words. */
char *deadman_text(const struct deadman *deadman);

/* Without the module: what a process can do. Returns only if it could not; -errno. */
int deadman_strike(enum picket_verdict verdict);

/* Longest time from the verdict to the end, which the module sees to. */
uint64_t deadman_kill_ns(enum picket_verdict verdict);

#endif
