/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's death as the director keeps it: which method is tried, and what it has given so far. */
#ifndef CORE_DIRECTOR_DEATH_H
#define CORE_DIRECTOR_DEATH_H

#include "core/proof.h"
#include "core/topology.h"

enum fence_phase {
	FENCE_NONE,    /* the next method is due */
	FENCE_INTENT,  /* proposed, not committed */
	FENCE_RUNNING, /* the order is out */
	FENCE_ASKING,  /* the feeds are off: is the machine's own controller silent, too? */
	FENCE_LEASE,   /* the node's own end is waited for */
	FENCE_LISTEN,  /* off was read; is the node silent? */
	FENCE_PROVEN,  /* the proof is proposed */
	FENCE_PAUSE,   /* failed: again at until_ns */
	FENCE_REST,    /* dead; switched on again at until_ns, when the others have taken over */
	FENCE_ON,      /* being switched on again */
};

struct director_fence {
	enum fence_phase phase;
	struct topology_place place; /* where the next try stands */
	uint64_t id, until_ns, off_ns;
	uint64_t intent_ns; /* when the present intent was proposed */
	unsigned late;      /* intents whose commit took so long that another may lead by now */
	json_t *devices, *evidence; /* switched off in this level, and what was read */
	struct proof_grade grade;
	bool asked;   /* FENCE_ASKING is over */
	char *silent; /* the controller that did not answer then; NULL: it did, or was not asked */
	char *why;                  /* why the last try failed */
	struct proof_wait wait;
};

#endif
