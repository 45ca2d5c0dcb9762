/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Limits: every bound of picket has its name here. */
#ifndef PICKET_LIMITS_H
#define PICKET_LIMITS_H

#define PICKET_CONTROLLERS_MAX 7      /* voters: 1, 3, 5 or 7 */
#define PICKET_LINKS_MAX 8            /* heartbeat links per node */
#define PICKET_NODES_MAX 16384        /* ids; a node's is 1 .. PICKET_NODE_CONTROLLER - 1 */
#define PICKET_NODE_CONTROLLER 16376  /* + index: the id of a controller's own beats */
#define PICKET_NAME_MAX 64            /* a node's, resource's or device's name, bytes with NUL */
#define PICKET_PORT_HEARTBEAT 7406    /* UDP */
#define PICKET_PORT_LINK 7407         /* TCP: agent to controller */
#define PICKET_PORT_RAFT 7408         /* TCP: controller to controller */
#define PICKET_PORT_API 7409          /* TCP: remote REST */
#define PICKET_INTERVAL_MIN_US 1000   /* heartbeat interval */
#define PICKET_INTERVAL_MAX_US 10000000
#define PICKET_LEASE_MAX_NS 300000000000ULL
#define PICKET_FRAME_MAX (4 << 20)    /* one message of an agent link, bytes */
#define PICKET_OUTPUT_MAX 65536       /* kept of an action's stdout + stderr, bytes */
#define PICKET_DOCUMENT_MAX (64 << 20) /* a configuration document, bytes */
#define PICKET_DEPTH_MAX 64           /* nesting of a document */
#define PICKET_RING_SIZE (256 << 10)  /* kernel event ring, bytes */

#endif
