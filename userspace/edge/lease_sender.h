/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lease sender: the real-time thread that sends a node's probes. */
#ifndef EDGE_LEASE_SENDER_H
#define EDGE_LEASE_SENDER_H

#include <netinet/in.h>
#include <stdint.h>

#include <picket/maps.h>

#include "edge/lease.h"

struct lease_sender;

/* One socket per controller and link. sent: the mapped array in which BPF looks probes up. */
int lease_sender_new(const struct lease_config *config, struct picket_sent *sent,
	struct lease_sender **ret);
void lease_sender_free(struct lease_sender *sender); /* stops the thread */

int lease_sender_start(struct lease_sender *sender);

/* In force from the next beat on; no probe goes to a controller without a key. */
int lease_sender_key(
	struct lease_sender *sender, unsigned controller, const uint8_t key[16], uint32_t epoch);
/* Where a controller is heard from now on, by link; NULL: nowhere. What is so already stays as it
 * is. -EINVAL: not an address. */
int lease_sender_controller(struct lease_sender *sender, unsigned controller,
	const struct lease_controller *is, const char *const *ifaces, size_t n_ifaces);
void lease_sender_incarnation(struct lease_sender *sender, uint64_t incarnation);
int lease_sender_interval(struct lease_sender *sender, uint32_t interval_us);
/* Silent: sockets are made and kept, for their addresses, and nothing is sent. */
void lease_sender_hush(struct lease_sender *sender, bool silent);
void lease_sender_alive(struct lease_sender *sender);
void lease_sender_stats(struct lease_sender *sender, struct lease_stats *ret);

/* The local address from which channel i sends, once it does; -ENOENT: no such channel, -EAGAIN:
 * not connected yet. */
int lease_sender_local(struct lease_sender *sender, size_t i, struct picket_address *ret);

/* Text to the form in which isolation looks addresses up. -EINVAL: neither IPv4 nor IPv6. */
int lease_address(const char *text, struct picket_address *ret);

#endif
