/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probe: one heartbeat datagram, built and handed to the device without a socket. */
#ifndef KMOD_PROBE_H
#define KMOD_PROBE_H

#include <picket/door.h>
#include <picket/wire.h>

/* Softirq context. -ENETUNREACH and what routing says; -ENOMEM; -ENETDOWN and the like. */
int probe_send(const struct picket_door_channel *channel, const struct picket_wire *wire);

#endif
