/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags: what an order between two acts means. */
#ifndef CORE_POLICY_ENGINE_FLAGS_H
#define CORE_POLICY_ENGINE_FLAGS_H

/* Order flags, as an ordering carries them and as they hold between two acts. */
enum {
	ORD_NONE = 0,
	ORD_OPTIONAL = 1 << 0, /* only if both are done anyway */
	ORD_APPLY_FIRST_NON_MIGRATABLE = 1 << 1,
	ORD_IMPLIES_FIRST = 1 << 2, /* then required makes first required */
	ORD_IMPLIES_THEN = 1 << 3,  /* first required makes then required */
	ORD_PROMOTED_IMPLIES_FIRST = 1 << 4,
	ORD_IMPLIES_FIRST_MIGRATABLE = 1 << 5,
	ORD_RUNNABLE_LEFT = 1 << 6, /* then needs first to be runnable */
	ORD_PSEUDO_LEFT = 1 << 7,   /* then needs first to be runnable or a pseudo act */
	ORD_IMPLIES_THEN_ON_NODE = 1 << 8,
	ORD_PROBE = 1 << 9,
	ORD_RESTART = 1 << 10,
	ORD_STONITH_STOP = 1 << 11,
	ORD_SERIALIZE_ONLY = 1 << 12,
	ORD_SAME_NODE = 1 << 13,
	ORD_IMPLIES_FIRST_PRINTED = 1 << 14,
	ORD_IMPLIES_THEN_PRINTED = 1 << 15,
	ORD_ASYMMETRICAL = 1 << 16,
	ORD_LOAD = 1 << 17,
	ORD_ONE_OR_MORE = 1 << 18,
	ORD_ANTI_COLOCATION = 1 << 19,
	ORD_PRESERVE = 1 << 20,
	ORD_THEN_CANCELS_FIRST = 1 << 21,
	ORD_TRACE = 1 << 22,
};

#endif
