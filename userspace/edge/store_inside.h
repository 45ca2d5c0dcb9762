/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Store inside: what the owner's thread and the log's thread of a store share, and how they talk.
 */
#ifndef EDGE_STORE_INSIDE_H
#define EDGE_STORE_INSIDE_H

#include <pthread.h>

#include <raft.h>
#include <raft/uv.h>

#include "edge/store.h"

enum note_kind { NOTE_COMMIT, NOTE_RESTORE, NOTE_ROLE, NOTE_RESULT, NOTE_FAILURE, NOTE_STALL };

/* From the log's thread to the owner, in order. */
struct note {
	struct note *next;
	enum note_kind kind;
	enum store_role role;
	int status;
	unsigned leader;
	uint64_t index, term;
	void *cookie;
	size_t len;
	uint8_t data[];
};

enum order_kind {
	ORDER_PROPOSE,
	ORDER_TRANSFER,
	ORDER_ADD,
	ORDER_ASSIGN,
	ORDER_REMOVE,
	ORDER_HINT,
	ORDER_QUIT,
};

/* From the owner to the log's thread. */
struct order {
	struct order *next;
	enum order_kind kind;
	struct store *store;
	void *cookie;
	uint64_t term;
	unsigned id;
	bool voter;
	char *address;
	struct raft_buffer buffer;
	union {
		struct raft_apply apply;
		struct raft_change change;
		struct raft_transfer transfer;
	};
};

struct store_wire;

struct store {
	/* the owner's */
	struct store_handler handler;
	void *ctx;
	uv_async_t wake_owner;
	unsigned in_flight;
	bool closing;

	/* both, under the lock (which lends its priority: the owner may be starved while holding
	 * it) */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct note *notes, **notes_end;
	struct order *orders, **orders_end;
	struct store_status status;
	bool started, quit;
	int start_result;
	char *start_why;

	/* the log's thread's */
	pthread_t thread;
	const struct store_config *config; /* while it opens */
	unsigned id, election_ms;
	int lock_fd;
	uv_loop_t loop;
	uv_poll_t wake;
	int wake_fd;
	uv_prepare_t watch;
	uv_timer_t hint;
	const struct store_machine *machine;
	void *state;
	uint64_t machine_term; /* of the last entry applied */
	struct store_wire *wire;
	struct raft_uv_transport transport;
	struct raft_io io, disk; /* disk: the library's own functions, behind ours */
	struct raft_fsm fsm;
	struct raft raft;
	raft_io_tick_cb tick_cb;
	unsigned appends;     /* given to the disk, and not written yet */
	uint64_t progress_ms; /* when the last one was, or the first of these was given */
	bool stalled, handing_over;
	struct raft_transfer handover;
	bool io_open, raft_open, raft_closing;
	unsigned hinted_leader, hint_rank, hint_tries;
};

struct note *note_new(enum note_kind kind, const void *data, size_t len);
void store_tell(struct store *store, struct note *note); /* to the owner; takes it */
/* Says why and never returns: a voter that cannot trust its disk does nothing more. */
void store_park(struct store *store, const char *what, const char *why) __attribute__((noreturn));

/* Makes this thread, and the pool that its loop hands work to, real-time. True when permitted. */
bool store_realtime(uv_loop_t *loop);

/* The log's side. */
int store_raft_open(struct store *store, const struct store_config *config, char **why);
void store_raft_done(struct store *store); /* the loop has ended, or opening has failed */
void store_raft_order(struct store *store, struct order *order); /* takes it */
void store_raft_watch(struct store *store); /* looks for a change of role or leader */

/* Between voters: TLS under the library's streams. */
int store_wire_open(struct store *store, const struct store_config *config, char **why);
void store_wire_close(struct store *store); /* when the library did not get to it */
void store_wire_free(struct store *store);
/* What the library calls an address: "name@host:port". */
char *store_wire_address(const struct store_peer *peer);

#endif
