/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ear: the shared kernel part of heartbeat and lease: pins, the dispatcher, its interfaces. */
#ifndef EDGE_EAR_H
#define EDGE_EAR_H

#include <stdbool.h>
#include <stdint.h>
#include <bpf/libbpf.h>

#include <picket/maps.h>

#include "base/own.h"

/*
 * Below one folder of a bpffs, PREFIX:
 *   ear/        the dispatcher's maps, and a link per interface
 *   controller/ node/   the maps of the two rooms: their state outlives the daemons
 */
struct ear;

/* prefix: NULL is "host"; a name stands for /sys/fs/bpf/picket/NAME; a path is taken as it is. A
 * bpffs is mounted where none is. port 0 is the default.
 * -EADDRINUSE: another daemon of this host opened it with another port. */
int ear_open(const char *prefix, unsigned port, struct ear **ret);
void ear_close(struct ear *ear);
own_define(ear, struct ear, ear_close)

/* Lets the object's maps be pinned below PREFIX/room; maps pinned there earlier are taken over, or,
 * when their layout is another version's, thrown away (*ret_fresh = true). To be called before the
 * object is loaded. */
int ear_pins_set(struct ear *ear, const char *room, struct bpf_object *object, bool *ret_fresh);

/* Moves in, or takes the place of a former program. */
int ear_room_set(struct ear *ear, enum picket_room room, int xdp_fd, int lo_fd);

/* Attaches the dispatcher, natively where the driver can. Where one of ours is attached already, it
 * stays, unless take_over: then this (newer) one replaces it, without a gap.
 * -ENODEV: no such interface. -EBUSY: a foreign XDP program is there. 1: attached, generic mode. */
int ear_attach(struct ear *ear, const char *iface, bool take_over);
int ear_attach_lo(struct ear *ear);

/* A tc filter of ours on one direction of an interface; replaces an earlier one of ours. */
int ear_filter_set(const char *iface, bool out, int prog_fd);
bool ear_filter_there(const char *iface, bool out);
void ear_filter_remove(const char *iface, bool out);

/* Runs a program of ours once, on an empty packet. Its return value, or -errno. */
int ear_run(int prog_fd);

/* Removes a room's pins; with the last room goes the dispatcher. */
void ear_room_remove(const char *prefix, enum picket_room room);

/* Sum of a per-CPU counter. */
int ear_count(const struct bpf_map *counts, uint32_t which, uint64_t *ret);

uint64_t ear_now_ns(void); /* CLOCK_BOOTTIME */

#endif
