/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Store: the replicated log. What it committed survives any crash; all see it in one order. */
#ifndef EDGE_STORE_H
#define EDGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct identity;
struct store;

/*
 * The replicated state, as bytes. The store keeps one instance on its own thread, from which it
 * takes snapshots; the owner keeps another, fed by on_restore and on_commit. Deterministic, and it
 * never refuses an entry: what is not understood is ignored in the same way everywhere.
 */
struct store_machine {
	void *(*machine_new)(void);
	void (*machine_free)(void *machine);
	void (*apply)(void *machine, uint64_t index, uint64_t term, const void *data, size_t len);
	/* malloc()ed by the machine. 0 or -errno. */
	int (*snapshot)(void *machine, void **ret_data, size_t *ret_len);
	int (*restore)(void *machine, const void *data, size_t len);
};

enum store_role { STORE_FOLLOWER, STORE_CANDIDATE, STORE_LEADER };

/* All on the owner's loop, in log order: on_restore replaces everything applied so far. */
struct store_handler {
	void (*on_commit)(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len);
	void (*on_restore)(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len);
	/* leader: the leading voter's id, 0 when none is known. */
	void (*on_role)(void *ctx, enum store_role role, uint64_t term, unsigned leader);
	/* status: 0 committed at index, after its on_commit; -ESTALE: not leader, or no longer in
	 * that term: certainly not committed; -EINPROGRESS: leadership was lost meanwhile:
	 * committed or not, on_commit will tell; -ENOSPC; -EBUSY: too much in flight, ask again;
	 * -ECANCELED: closing. */
	void (*on_result)(void *ctx, void *cookie, int status, uint64_t index);
	/* The disk failed or the log is damaged: this voter has stepped down and acknowledges
	 * nothing. */
	void (*on_failure)(void *ctx, const char *why);
	/* The disk is full, or it hangs: nothing was written for STORE_STALL_MS though there is
	 * something to write; or it goes on again. A leader hands the lead to another voter, and
	 * what this voter has not written it acknowledges to nobody. */
	void (*on_stalled)(void *ctx, bool stalled);
};

#define STORE_STALL_MS 5000

struct store_peer {
	unsigned id;         /* 1.., never used again for another disk */
	const char *name;    /* of its certificate */
	const char *address; /* "host:port" of its store */
};

struct store_config {
	const char *dir; /* exists or is made, 0700 */
	unsigned id;
	const char *listen;             /* "address:port"; NULL: a single voter without a network */
	const struct store_peer *peers; /* every first voter, ourselves included */
	size_t n_peers;
	bool bootstrap;            /* an empty dir: a new cluster; else it waits to be added */
	bool recover; /* the majority is lost for good: the peers given here are all voters from now
		       * on. Safe only when no other voter runs, and none ever does again. */
	struct identity *identity; /* NULL with listen NULL */
	unsigned election_ms;      /* 0: 1000; heartbeats go every tenth of it */
	unsigned snapshot_entries; /* entries between snapshots; 0: 4096 */
	bool realtime; /* SCHED_FIFO and mlockall; silently without when not permitted */
	const struct store_machine *machine;
};

/* Loads the log and starts. On failure *why is a sentence; the caller frees it.
 * -EUCLEAN: damaged; nothing is repaired by guessing. -EADDRINUSE etc. from listening. */
int store_open(uv_loop_t *loop, const struct store_config *config,
	const struct store_handler *handler, void *ctx, struct store **ret, char **why);
/* Ends the thread; pending proposals get no answer. Blocks until the disk is quiet (well under a
 * second). */
void store_close(struct store *store);

/* Proposes data (copied). term: the term the decision was made in, 0: whatever it is. One on_result
 * follows. -EMSGSIZE: more than STORE_ENTRY_MAX bytes; -EBUSY: more than STORE_INFLIGHT_MAX without
 * an answer. */
#define STORE_ENTRY_MAX (16u << 20)
#define STORE_INFLIGHT_MAX 1024
int store_propose(struct store *store, uint64_t term, const void *data, size_t len, void *cookie);

/* Voters. Each gives one on_result. A voter is added as spare, hears of everything as standby, and
 * is made a voter when it has caught up. */
int store_transfer(struct store *store, unsigned id, void *cookie); /* 0: to anybody */
int store_add(struct store *store, const struct store_peer *peer, void *cookie);
int store_assign(struct store *store, unsigned id, bool voter, void *cookie); /* else: standby */
int store_remove(struct store *store, unsigned id, void *cookie);
/* eBPF says the leader is silent: for one election, do not wait the whole timeout. No result. */
void store_leader_silent(struct store *store);

struct store_status {
	enum store_role role;
	uint64_t term, commit_index, last_index;
	unsigned leader;
	bool realtime;
	uint32_t voters, standbys, spares; /* of the log's configuration, by index (core/roll.h) */
};
void store_status(struct store *store, struct store_status *ret);

#endif
