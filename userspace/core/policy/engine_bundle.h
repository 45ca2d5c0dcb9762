/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bundle: containers, each with an address, a connection and an instance of what it carries. */
#ifndef CORE_POLICY_ENGINE_BUNDLE_H
#define CORE_POLICY_ENGINE_BUNDLE_H

#include "core/policy/engine_resource.h"

struct replica {
	int offset;
	const char *address;
	struct resource *ip, *container, *connection, *child; /* NULL: it has none */
	struct node *node; /* the guest node that the container is */
};

struct bundle {
	const char *prefix, *agent, *control_port;
	int n_replicas, per_host, promoted_max;
	bool network;
	struct resource *child; /* the clone that is carried, NULL: none */
	struct replica *replicas;
	unsigned n, cap;
};

/* The replica that a part belongs to. */
struct replica *bundle_replica_of(const struct bundle *bundle, const struct resource *part);
struct replica *bundle_replica_on(const struct bundle *bundle, const struct node *guest);

#endif
