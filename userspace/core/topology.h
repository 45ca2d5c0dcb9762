/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topology: the fencing levels of a node: which method is next, and when a level is done. */
#ifndef CORE_TOPOLOGY_H
#define CORE_TOPOLOGY_H

#include "core/model/site.h"

/* One method of a level: a device, or the node's own lease. */
struct topology_step {
	const struct site_device *device; /* NULL: self */
};

/* Does it switch outlets, not machines? By its agent's name. */
bool topology_outlets(const struct site_device *device);

/* Where the fencing of a node stands. */
struct topology_place {
	size_t level, step;
};

/* Without a topology of its own a node has one level for each device that names it as a target. */
size_t topology_levels(const struct site *site, const char *node);
size_t topology_steps(const struct site *site, const char *node, size_t level);
/* false: there is no such place. */
bool topology_at(const struct site *site, const char *node, struct topology_place place,
	struct topology_step *ret);
/* One method of the level is proof enough; otherwise all are needed. */
bool topology_any(const struct site *site, const char *node, size_t level);
/* A level of outlets alone, all of them needed: the node's feeds. */
bool topology_feeds(const struct site *site, const char *node, size_t level);
/* The first device of the levels before this one that is no outlet, NULL: there is none. */
const struct site_device *topology_machine(const struct site *site, const char *node, size_t level);
/* The level counts on the node's own end. */
bool topology_self(const struct site *site, const char *node, size_t level);
/* Any of its levels does. */
bool topology_counts_on_self(const struct site *site, const char *node);

#endif
