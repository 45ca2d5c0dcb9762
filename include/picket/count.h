/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Count: what the kernel side did with each heartbeat packet, one counter per outcome. */
#ifndef PICKET_COUNT_H
#define PICKET_COUNT_H

/* X(name in C, name in metrics). Order is the index into the per-CPU counter arrays. */
#define PICKET_COUNTS(X)                                                                           \
	X(RECEIVED, "received")         /* packets that were ours; the sum of the outcomes */      \
	X(GRANTED, "granted")           /* grants given, or on a node accepted */                  \
	X(HEARD, "heard")               /* the same for "heard, no grant" */                       \
	X(MALFORMED, "malformed")       /* lengths do not agree, or no answerable address */       \
	X(VERSION, "version")           /* wire version outside MIN..MAX */                        \
	X(TYPE, "type")                 /* not a type for this side */                             \
	X(CLUSTER, "cluster")           /* another cluster's */                                    \
	X(CONTROLLER, "controller")     /* controller index not ours, or no voter */               \
	X(NODE, "node")                 /* unknown node, or not this one */                        \
	X(LINK, "link")                 /* link index not in use */                                \
	X(EPOCH, "epoch")               /* no key of that epoch */                                 \
	X(MAC, "mac")                   /* forged or damaged */                                    \
	X(INCARNATION, "incarnation")   /* older than one already seen, or not ours */             \
	X(REPLAYED, "replayed")         /* controller: sequence not newer */                       \
	X(UNSENT, "unsent")             /* node: grant for a probe we do not remember */           \
	X(FUTURE, "future")             /* node: grant for a probe sent after now */               \
	X(STALE, "stale")               /* node: grant for a probe older than the lease */         \
	X(NOT_NEWER, "not_newer")       /* node: renews nothing, another link was first */         \
	X(TOO_LATE, "too_late")         /* node: after the verdict nothing renews */               \
	X(NOT_ADMITTED, "not_admitted") /* controller: heard without grant, for this reason */     \
	X(NOT_GRANTING, "not_granting") /* controller: heard without grant, grant_until passed */  \
	X(SILENT, "silent")             /* promises seen broken */                                 \
	X(SWEEPS, "sweeps")             /* runs of the silence timer */                            \
	X(LOST_EVENTS, "lost_events")   /* the event ring was full */                              \
	X(TIMER_FAILED, "timer_failed") /* arming a timer failed; userspace arms it again */       \
	X(EXPIRED, "expired")           /* node: leases that ran out */                            \
	X(ISOLATED, "isolated")         /* node: packets dropped by isolation */

enum picket_count {
#define PICKET_COUNT_ENUM(name, text) PICKET_COUNT_##name,
	PICKET_COUNTS(PICKET_COUNT_ENUM)
#undef PICKET_COUNT_ENUM
	PICKET_COUNT_END,
	PICKET_COUNT_OUTCOME_LAST = PICKET_COUNT_TOO_LATE, /* a packet has one of GRANTED .. this */
};

#endif
