/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sim: hosts, wires, clocks, disks and BMCs of a cluster in one process, one seed, one time. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "core/cluster.h"
#include "core/director.h"
#include "core/worker.h"

#define SIM_HOSTS 7
#define SIM_LINKS 2
#define SIM_RESOURCES 4
#define MS 1000000ULL
#define SECOND (1000 * MS)

/* Rules that live outside of the director; the others are in core/museum.h. */
struct sim_museum {
	struct museum director;
	bool lease_from_receipt, lease_from_any, echo_unnamed;
	bool start_unbound, stale_order;
};

struct sim;

struct timer {
	uint64_t at, seq;
	void (*fire)(struct sim *, struct timer *);
	int a, b, c; /* hosts, links: whatever fire makes of them */
	uint64_t gen, x, y, z;
	json_t *json;
};

/* Between an agent and a controller, or two controllers. */
struct conn {
	bool up;
	bool owes;                  /* the controller has not been told yet that it is gone */
	uint64_t gen, broken_since; /* 0: the path is whole */
	uint64_t patience;          /* so long until the ends give it up */
	uint64_t last[2];           /* when the last message of each direction arrives */
};

/* What a controller's kernel knows of one node. */
struct ear_link {
	uint64_t last, deadline, seq, incarnation; /* controller's clock */
	bool heard, armed;
};
struct ear {
	bool known, admitted;
	uint64_t incarnation, interval_ns, misses;
	struct ear_link link[SIM_LINKS];
};

struct controller {
	struct director *director; /* NULL: not running */
	uint64_t gen;              /* of the process */
	uint64_t paused_until;
	struct ear ear[SIM_HOSTS];
	uint64_t grant_until; /* own clock; survives the daemon, not the host */
	uint64_t due_at;      /* of the timer that is set, true time; 0: none */
	uint64_t life;
	/* Of the log. */
	size_t have, applied, known; /* on disk; applied by this process; known as committed */
	uint64_t learns_at;          /* true time; before, it learns of no commit */
	bool leads;
	uint64_t term;
	/* Whom it has promised to grant nothing, and in which term. It may forget that when it
	 * restarts; the leader who counts upon it does not. */
	uint64_t promised[SIM_HOSTS], promised_term[SIM_HOSTS];
	struct conn peer[SIM_HOSTS];
};

struct node {
	struct worker *worker; /* NULL: the agent does not run */
	uint64_t gen, paused_until;
	char boot[40];
	uint64_t boots;
	/* Of the kernel: gone with the host only. */
	uint64_t incarnation, lease_ns, interval_ns, seq[SIM_HOSTS][SIM_LINKS];
	uint64_t expiry[SIM_HOSTS];  /* own clock */
	uint64_t granted[SIM_HOSTS]; /* true time of sending of the last probe granted */
	uint64_t last_send;          /* own clock */
	bool holds, dying, expiry_armed;
	/* Of the disk. */
	json_t *state, *records;
	bool active[SIM_RESOURCES];
	bool may[SIM_RESOURCES]; /* as active, until its death is proven */
	uint64_t due_at;
	json_t *old_orders; /* seen by the wire, to be played again */
	struct conn link[SIM_HOSTS];
};

struct host {
	bool on;
	bool walled;  /* a firewall: packets pass, connections do not */
	uint64_t gen; /* of the boot */
	double rate;  /* its clock against true time */
	uint64_t base, booted_at;
	bool bmc_deaf, bmc_stuck;
	uint64_t bmc_slow_ns;
	struct controller c;
	struct node n;
};

struct entry {
	uint64_t term;
	json_t *json;
	uint32_t blocked; /* nodes that are blocked once this is applied, by host */
};

struct proposal {
	int leader;
	uint64_t term;
	uint32_t reached;
	json_t *json;
};

struct sim {
	uint64_t now, seq, rng, seed;
	struct timer **heap;
	size_t n_heap, cap_heap;
	unsigned n_nodes, n_controllers, n_hosts;
	struct host host[SIM_HOSTS];
	bool cut[SIM_HOSTS][SIM_HOSTS][SIM_LINKS]; /* from, to */
	unsigned loss_permille, dup_permille;
	uint64_t delay_max;
	/* The log. */
	struct entry *entries; /* index 1 is entries[0] */
	size_t n_entries, cap_entries;
	struct proposal *proposals;
	size_t n_proposals, cap_proposals;
	uint64_t term, leader_ok;
	int leader;            /* -1: none */
	struct cluster *truth; /* all committed entries applied */
	struct sim_museum museum;
	uint64_t lease_ns, kill_ns, late_ns;
	unsigned fencing; /* which of the topologies */
	bool fast, faults, trace;
	char violation[400];
	uint64_t steps, fences, deaths, elections, starts, packets, friendly;
};

#include "sim_parts.h"

#endif
