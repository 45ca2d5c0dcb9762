/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fencer: runs programs that speak the fence agent API, each under one deadline, and judges them.
 */
#ifndef EDGE_FENCER_H
#define EDGE_FENCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/action.h"
#include "core/event.h"

struct fencer;

/* What is known in the end. Only FENCER_OFF says that a target has no power: the state was read
 * back as off after the order. Whatever nobody knows is FENCER_UNKNOWN, never a success. */
enum fencer_outcome {
	FENCER_OFF,     /* off and verified; or status: off */
	FENCER_ON,      /* on; or status: on */
	FENCER_OK,      /* done, as the agent says: reboot, an unverified off, monitor, list … */
	FENCER_FAILED,  /* not done, or (off) the state still reads on */
	FENCER_UNKNOWN, /* no proof in either direction; cancelled */
	FENCER_TIMEOUT, /* the deadline came first; everything was killed */
};

struct fencer_config {
	const char *const *paths; /* NULL-terminated; searched in order. NULL: /usr/sbin */
	unsigned tries;           /* of a failed action inside its deadline; 0 = 2 */
	unsigned verify_reads;    /* consecutive readings of off that verify; 0 = 1 */
};

struct fencer_order {
	uint64_t id;       /* the caller's */
	const char *agent; /* "fence_ipmilan": a file name, no path */
	const char *const
		*params;    /* name, value, name, value … NULL. pcmk_* are ours, not passed on */
	const char *target; /* the node's name */
	const char *plug;   /* NULL: from pcmk_host_map, else the target's name */
	const char *device; /* orders of one device run one after the other; NULL = alone */
	/* on, off, reboot, status, monitor, list, metadata, validate-all …; rehearse: what off
	 * needs, without switching: by an agent that knows the word, otherwise by its status. It
	 * gives way to every other order of its device. */
	const char *action;
	uint64_t deadline_ms; /* from now, for waiting, all tries and verification; at least 1 */
	unsigned reads;       /* consecutive readings of off that verify; 0: the fencer's */
	bool verify;          /* after a successful off, read the state back by `status` */
};

/* Pointers are valid during on_result only. */
struct fencer_result {
	uint64_t id;
	enum fencer_outcome outcome;
	const char *target, *agent, *action;
	const char *reason; /* one line for people, secrets removed */
	const char *output; /* standard output of the last run of the action (lists, metadata) */
	const char
		*evidence; /* JSON lines: those of our agents, and one for each run of any agent */
	int code;          /* exit status of the last run, -1: none */
	unsigned tries, reads; /* reads: consecutive readings of off that verified */
	bool cancelled;        /* by fencer_cancel(), or it gave way */
	uint64_t start_ns, end_ns; /* CLOCK_BOOTTIME */
};

int fencer_new(uv_loop_t *loop, const struct fencer_config *config,
	void (*on_result)(void *ctx, const struct fencer_result *result), void *ctx,
	struct fencer **ret_fencer);

/* Kills what runs; no results any more. Not from on_result. The loop must run once more to let go
 * of the handles. */
void fencer_free(struct fencer *fencer);

/*
 * Begins. The result always comes later, from the loop, exactly once.
 * -ENOENT: no such agent in the paths; -EINVAL: an agent's name with a path in it, a parameter or
 * target with a line break, no action, no deadline.
 */
int fencer_run(struct fencer *fencer, const struct fencer_order *order);

/* Ends all orders for this target; their results are FENCER_UNKNOWN ("cancelled"), because what a
 * killed agent has already sent cannot be taken back. */
void fencer_cancel(struct fencer *fencer, const char *target);

/* The same, as the director wants it, and what it hears of it: evidence is a new reference. */
int fencer_act(struct fencer *fencer, const struct action *action);
void fencer_event(const struct fencer_result *result, struct event *ret);

const char *fencer_outcome_name(enum fencer_outcome outcome);

#endif
