/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Membership: who hears whom: every controller's view of every node's links, put together. */
#ifndef CORE_MEMBERSHIP_H
#define CORE_MEMBERSHIP_H

#include <stddef.h>

#include <picket/limits.h>

#include "core/quorum.h"

struct membership_cell {
	bool told; /* the controller has said whether it hears it */
	bool heard;
	uint64_t incarnation; /* of which that is true; 0: of a node that had none yet */
	uint64_t last_ns;     /* our CLOCK_BOOTTIME; 0: never */
};

struct membership_row {
	uint32_t node;
	unsigned links;       /* 0: it is heard, and nobody has configured it yet */
	bool expected;        /* it is admitted: its silence is a fault */
	uint64_t incarnation; /* of earlier ones nothing is heard any more */
	struct membership_cell cell[PICKET_CONTROLLERS_MAX][PICKET_LINKS_MAX];
};

struct membership {
	struct quorum quorum;
	unsigned self;
	uint32_t present; /* controllers whose view is up to date; always with self */
	uint32_t mute;    /* those of them that grant nothing (yet) */
	uint32_t stalled; /* those whose log's disk takes nothing */
	struct membership_row *rows;
	size_t n, cap;
};

void membership_init(struct membership *m, unsigned self, struct quorum quorum);
void membership_done(struct membership *m);
/* Sets the nodes. What was heard is kept, of nodes not configured (yet) as well: the kernel reports
 * before the log is read. */
void membership_nodes(struct membership *m, const uint32_t *nodes, const unsigned *links, size_t n);
void membership_expect(struct membership *m, uint32_t node, bool expected);

/* A controller hears a node on a link, or not any more. last_ns 0: nobody said when. What is told
 * of an incarnation that is over is dropped. */
void membership_note(struct membership *m, unsigned controller, uint32_t node, unsigned link,
	const struct membership_cell *cell);
void membership_come(struct membership *m, unsigned controller);
/* Nobody knows what this controller hears: it is no voice for a node, and none against it. */
void membership_gone(struct membership *m, unsigned controller);
/* It grants nothing yet: it has not caught up with what an earlier life of it promised. */
void membership_mute(struct membership *m, unsigned controller, bool mute);
/* The disk of its log takes nothing: it votes with what it wrote before. */
void membership_stall(struct membership *m, unsigned controller, bool stalled);
/* A node begins a new life: what was heard of the old one says nothing. Another controller may know
 * of it before we do: what it has told of the new one stays. */
void membership_begin(struct membership *m, uint32_t node, uint64_t incarnation);

const struct membership_row *membership_row(const struct membership *m, uint32_t node);
uint32_t membership_voices(const struct membership *m, uint32_t node); /* who hears it at all */
bool membership_heard(const struct membership *m, uint32_t node);      /* a majority does */
/* It is not, as far as was told; with those who have not said yet it may be. */
bool membership_doubtful(const struct membership *m, uint32_t node);
/* When it was last heard by anybody, as far as was told; 0: never. */
uint64_t membership_last(const struct membership *m, uint32_t node);

enum membership_fault_kind {
	MEMBERSHIP_NODE,       /* nobody hears the node */
	MEMBERSHIP_LINK,       /* nobody hears the node on the link, but on another */
	MEMBERSHIP_PATH,       /* the controller does not hear the node on the link, another does */
	MEMBERSHIP_DEAF,       /* the controller hears nobody on the link, others do */
	MEMBERSHIP_CUT,        /* the controller hears nobody at all */
	MEMBERSHIP_CONTROLLER, /* the controller itself is not connected */
	MEMBERSHIP_MUTE,       /* it is, and grants nothing: losing another may cost all leases */
	MEMBERSHIP_STALLED,    /* its log's disk takes nothing: it is full, or hangs */
};

struct membership_fault {
	enum membership_fault_kind kind;
	uint32_t node;
	unsigned controller, link;
};

/* Names what is broken, the widest explanation first and none twice. Returns how many there are;
 * at most max are written. */
size_t membership_faults(const struct membership *m, struct membership_fault *ret, size_t max);

#endif
