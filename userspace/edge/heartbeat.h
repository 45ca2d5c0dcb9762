/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeat: a controller's ear: who is heard on which link, and who gets grants. */
#ifndef EDGE_HEARTBEAT_H
#define EDGE_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <jansson.h>

#include <picket/count.h>
#include <picket/event.h>

#include "base/lines.h"

struct heartbeat;

struct heartbeat_config {
	const char *pin_prefix; /* NULL: "host"; a name: in /sys/fs/bpf/picket; or a path */
	uint64_t cluster;
	unsigned port;          /* UDP, 0: PICKET_PORT_HEARTBEAT */
	const char **ifaces;    /* heartbeat links; loopback is served without being named */
	size_t n_ifaces;
	unsigned controller;    /* own index */
	uint64_t lease_ns;      /* T: a grant_until further away than this is cut to it */
	void (*warn)(void *ctx, const char *text); /* may be NULL: degraded, not failed */
};

struct heartbeat_node {
	uint8_t key[16];        /* of key_epoch; the slot of the other parity stays as it was */
	uint32_t key_epoch;
	uint64_t incarnation;   /* the one that may get grants */
	bool admitted;          /* false: "heard, no grant" */
	uint32_t interval_us;
	unsigned misses;        /* silent after misses x interval */
	uint8_t links_mask;     /* links on which the node is expected */
	uint32_t agent_age_max_ms; /* 0: the agent's age is not watched */
};

struct heartbeat_link {
	uint64_t last_ns;       /* CLOCK_BOOTTIME of the last valid probe */
	uint64_t incarnation, seq;
	uint32_t agent_age_ms, beats;
	bool silent;            /* the promise is broken */
};

/* After a restart everything the kernel knew is still there: every link ever heard is reported
 * once, as HEARD or SILENT, in the first turn of the loop. The same follows a lost event.
 * Errors: -EINVAL configuration, -EPERM, -ENODEV no interface could be attached, -EBUSY an
 * interface has a foreign XDP program, or what the kernel says. */
int heartbeat_new(uv_loop_t *loop, const struct heartbeat_config *config,
	void (*on_event)(void *ctx, const struct picket_event *event), void *ctx,
	struct heartbeat **ret);

/* Lets go. The kernel part stays and hears on; grants end with the last grant_until. The loop
 * must turn once more to close the handles. */
void heartbeat_free(struct heartbeat *hb);

/* Takes the kernel part away as well: pins, programs, what was heard. */
void heartbeat_uninstall(const struct heartbeat_config *config);

/* Once these return, the change is in force for every probe sent afterwards.
 * -EINVAL: id, interval, misses or links out of bounds. */
int heartbeat_node_set(struct heartbeat *hb, uint32_t node, const struct heartbeat_node *config);
int heartbeat_node_remove(struct heartbeat *hb, uint32_t node); /* -ENOENT: was not set */

/* The smallest configured node above `after`, 0 if none: after a restart the kernel may know nodes
 * that the configuration no longer has. */
uint32_t heartbeat_node_next(const struct heartbeat *hb, uint32_t after);

/* Grants are given until then (CLOCK_BOOTTIME ns); 0 stops them. */
int heartbeat_grant_until(struct heartbeat *hb, uint64_t boot_ns);

int heartbeat_link_get(const struct heartbeat *hb, uint32_t node, unsigned link,
	struct heartbeat_link *ret); /* -ENOENT: never heard */
/* The same as members of cell, with the beat's age; nothing, if it was never heard. */
void heartbeat_link_tell(const struct heartbeat *hb, uint32_t node, unsigned link,
	uint64_t now_ns, json_t *cell);
int heartbeat_link_age(const struct heartbeat *hb, uint32_t node, unsigned link,
	uint64_t *ret_last_ns);

/* Sum over all CPUs since the kernel part was loaded. */
int heartbeat_count(const struct heartbeat *hb, enum picket_count which, uint64_t *ret);
/* What became of every packet, for /metrics. */
void heartbeat_figures(const struct heartbeat *hb, struct lines *lines);

#endif
