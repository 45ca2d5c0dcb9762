/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "core/roll.h"
#include "edge/store_inside.h"
#include "edge/store_machine.h"

#define RAFT_SEGMENT_SIZE (4 << 20) /* bytes of one piece of the log on the disk */
#define RAFT_CAPACITY_MIN_KB 1024   /* less room ready on a majority: no new entries */
#define RAFT_DISK_RETRY_MS 500
#define RAFT_RECONNECT_MS 100
#define RAFT_SNAPSHOT_ENTRIES 4096
#define RAFT_SNAPSHOT_TRAILING 1024
#define RAFT_HINT_STEP_MS 25   /* between the voters' attempts after a hint: no split votes */
#define RAFT_HINT_AGAIN_MS 150 /* to the next attempt: long enough to be connected anew */
#define RAFT_HINT_TRIES 8

static int raft_error(int r)
{
	switch (r) {
	case 0:
		return 0;
	case RAFT_NOTLEADER:
		return -ESTALE;
	case RAFT_LEADERSHIPLOST:
		return -EINPROGRESS;
	case RAFT_SHUTDOWN:
	case RAFT_CANCELED:
		return -ECANCELED;
	case RAFT_NOSPACE:
		return -ENOSPC;
	case RAFT_BUSY:
	case RAFT_CANTCHANGE:
		return -EBUSY;
	case RAFT_TOOBIG:
		return -EMSGSIZE;
	case RAFT_NOTFOUND:
	case RAFT_BADID:
		return -ENOENT;
	case RAFT_DUPLICATEID:
	case RAFT_DUPLICATEADDRESS:
		return -EEXIST;
	case RAFT_BADROLE:
		return -EALREADY;
	case RAFT_CORRUPT:
	case RAFT_MALFORMED:
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

/* ---- the library's disk, watched: what fails there ends this voter before anybody is told
 * -------- */

struct disk_append {
	struct raft_io_append request, *theirs;
	raft_io_append_cb cb;
	struct store *store;
};

static void disk_on_appended(struct raft_io_append *request, int status)
{
	struct disk_append *append = request->data;

	append->store->appends--;
	append->store->progress_ms = uv_now(&append->store->loop);
	if (status && status != RAFT_CANCELED)
		store_park(append->store, "writing the log", raft_strerror(status));
	append->cb(append->theirs, status);
	free(append);
}

static int disk_append(struct raft_io *io, struct raft_io_append *theirs,
	const struct raft_entry entries[], unsigned n, raft_io_append_cb cb)
{
	struct raft *raft = io->data;
	struct store *store = raft->data;
	struct disk_append *append = own_new(struct disk_append);
	int r;

	append->request.data = append;
	append->theirs = theirs;
	append->cb = cb;
	append->store = store;
	if (!store->appends++)
		store->progress_ms = uv_now(&store->loop);
	r = store->disk.append(io, &append->request, entries, n, disk_on_appended);
	if (r)
		store_park(store, "writing the log", io->errmsg);
	return 0;
}

struct disk_put {
	struct raft_io_snapshot_put request, *theirs;
	raft_io_snapshot_put_cb cb;
	struct store *store;
};

static void disk_on_put(struct raft_io_snapshot_put *request, int status)
{
	struct disk_put *put = request->data;

	if (status && status != RAFT_CANCELED)
		store_park(put->store, "writing a snapshot", raft_strerror(status));
	put->cb(put->theirs, status);
	free(put);
}

static int disk_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *theirs,
	const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
	struct raft *raft = io->data;
	struct store *store = raft->data;
	struct disk_put *put = own_new(struct disk_put);
	int r;

	put->request.data = put;
	put->theirs = theirs;
	put->cb = cb;
	put->store = store;
	r = store->disk.snapshot_put(io, trailing, &put->request, snapshot, disk_on_put);
	if (r)
		store_park(store, "writing a snapshot", io->errmsg);
	return 0;
}

static int disk_set_term(struct raft_io *io, raft_term term)
{
	struct store *store = ((struct raft *)io->data)->data;

	if (store->disk.set_term(io, term))
		store_park(store, "writing the term", io->errmsg);
	return 0;
}

static int disk_set_vote(struct raft_io *io, raft_id id)
{
	struct store *store = ((struct raft *)io->data)->data;

	if (store->disk.set_vote(io, id))
		store_park(store, "writing the vote", io->errmsg);
	return 0;
}

static int disk_truncate(struct raft_io *io, raft_index index)
{
	struct store *store = ((struct raft *)io->data)->data;

	if (store->disk.truncate(io, index))
		store_park(store, "truncating the log", io->errmsg);
	return 0;
}

static int disk_start(
	struct raft_io *io, unsigned msecs, raft_io_tick_cb tick, raft_io_recv_cb recv)
{
	struct store *store = ((struct raft *)io->data)->data;

	store->tick_cb = tick;
	return store->disk.start(io, msecs, tick, recv);
}

static void disk_watch(struct store *store)
{
	store->disk = store->io;
	store->io.append = disk_append;
	store->io.snapshot_put = disk_put;
	store->io.set_term = disk_set_term;
	store->io.set_vote = disk_set_vote;
	store->io.truncate = disk_truncate;
	store->io.start = disk_start;
}

/* ---- who leads
 * ----------------------------------------------------------------------------------- */

static enum store_role raft_role_now(struct raft *raft)
{
	switch (raft_state(raft)) {
	case RAFT_LEADER:
		return STORE_LEADER;
	case RAFT_CANDIDATE:
		return STORE_CANDIDATE;
	default:
		return STORE_FOLLOWER;
	}
}

static void raft_members(const struct raft_configuration *c, struct store_status *ret)
{
	ret->voters = ret->standbys = ret->spares = 0;
	for (unsigned i = 0; i < c->n; i++) {
		uint32_t bit = 1u << roll_index_of_id(c->servers[i].id);

		if (c->servers[i].role == RAFT_VOTER)
			ret->voters |= bit;
		else if (c->servers[i].role == RAFT_STANDBY)
			ret->standbys |= bit;
		else
			ret->spares |= bit;
	}
}

void store_raft_watch(struct store *store)
{
	struct store_status now = store->status;
	struct note *note;
	const char *address;
	raft_id leader;
	bool changed;

	raft_leader(&store->raft, &leader, &address);
	now.role = raft_role_now(&store->raft);
	now.term = raft_current_term(&store->raft);
	now.leader = (unsigned)leader;
	now.commit_index = raft_commit_index(&store->raft);
	now.last_index = raft_last_index(&store->raft);
	raft_members(&store->raft.configuration, &now);
	changed = now.role != store->status.role || now.term != store->status.term ||
		  now.leader != store->status.leader;
	pthread_mutex_lock(&store->lock);
	store->status = now;
	pthread_mutex_unlock(&store->lock);
	if (!changed)
		return;
	note = note_new(NOTE_ROLE, NULL, 0);
	note->role = now.role;
	note->term = now.term;
	note->leader = now.leader;
	store_tell(store, note);
}

static void stall_on_handed_over(struct raft_transfer *request)
{
	((struct store *)request->data)->handing_over = false;
}

/* The others go on without our disk, and without us: what we lead with would only grow in memory,
 * and when another disk stops there would be no majority left that nobody knows of. */
static void stall_watch(struct store *store)
{
	bool stalled = store->appends && uv_now(&store->loop) - store->progress_ms > STORE_STALL_MS;
	struct note *note;

	if (stalled != store->stalled) {
		store->stalled = stalled;
		note = note_new(NOTE_STALL, NULL, 0);
		note->status = stalled;
		store_tell(store, note);
	}
	if (!stalled || store->handing_over || raft_state(&store->raft) != RAFT_LEADER)
		return;
	store->handover.data = store;
	store->handing_over =
		!raft_transfer(&store->raft, &store->handover, 0, stall_on_handed_over);
}

static void raft_on_watch(uv_prepare_t *watch)
{
	store_raft_watch(watch->data);
	stall_watch(watch->data);
}

/* As if our election timer had run out. Voters refuse a vote while they believe in a leader, so
 * each of them must come here by itself; one after the other. True: worth another look. */
static bool hint_act(struct store *store)
{
	switch (raft_state(&store->raft)) {
	case RAFT_FOLLOWER:
		if (store->status.leader && store->status.leader != store->hinted_leader)
			return false;
		/* Who has given its vote waits for the winner to speak. */
		if (!store->status.leader)
			return true;
		store->raft.follower_state.randomized_election_timeout = 0;
		break;
	case RAFT_CANDIDATE:
		store->raft.candidate_state.randomized_election_timeout = 0;
		break;
	default:
		return false;
	}
	store->tick_cb(&store->io);
	return true;
}

/* A follower writes to another one in an election only, and the library looks at a connection when
 * it writes: if the other end was started again meanwhile, the first word is lost and no more than
 * that. So the election is held again soon, and not after another whole timeout. */
static void raft_on_hint(uv_timer_t *timer)
{
	struct store *store = timer->data;

	store_raft_watch(store);
	if (hint_act(store) && ++store->hint_tries < RAFT_HINT_TRIES)
		uv_timer_start(&store->hint, raft_on_hint,
			RAFT_HINT_AGAIN_MS + (uint64_t)store->hint_rank * RAFT_HINT_STEP_MS, 0);
}

static void raft_hint(struct store *store)
{
	const struct raft_configuration *c = &store->raft.configuration;
	unsigned rank = 0;

	store_raft_watch(store);
	if (store->status.role != STORE_FOLLOWER || !store->status.leader ||
		uv_is_active((uv_handle_t *)&store->hint))
		return;
	for (unsigned i = 0; i < c->n; i++)
		rank += c->servers[i].role == RAFT_VOTER && c->servers[i].id < store->id &&
			c->servers[i].id != store->status.leader;
	store->hinted_leader = store->status.leader;
	store->hint_rank = rank;
	store->hint_tries = 0;
	uv_timer_start(&store->hint, raft_on_hint, (uint64_t)rank * RAFT_HINT_STEP_MS, 0);
}

/* ---- orders
 * -------------------------------------------------------------------------------------- */

static void order_answer(struct order *order, int status, uint64_t index)
{
	struct note *note = note_new(NOTE_RESULT, NULL, 0);

	note->cookie = order->cookie;
	note->status = status;
	note->index = index;
	store_tell(order->store, note);
	free(order->address);
	free(order);
}

static void order_on_applied(struct raft_apply *request, int status, void *result)
{
	order_answer(request->data, raft_error(status), status ? 0 : request->index);
}

static void order_propose(struct order *order)
{
	struct raft *raft = &order->store->raft;
	uint64_t term = raft_current_term(raft);
	int r;

	if (raft_state(raft) != RAFT_LEADER || (order->term && order->term != term)) {
		free(order->buffer.base);
		order_answer(order, -ESTALE, 0);
		return;
	}
	store_entry_stamp(&order->buffer, term);
	order->apply.data = order;
	r = raft_apply(raft, &order->apply, &order->buffer, 1, order_on_applied);
	if (!r)
		return;
	free(order->buffer.base);
	order_answer(order, raft_error(r), 0);
}

static void order_on_changed(struct raft_change *request, int status)
{
	struct order *order = request->data;

	store_raft_watch(order->store); /* the owner looks at once who is in it now */
	order_answer(request->data, raft_error(status), 0);
}

static void order_on_transferred(struct raft_transfer *request)
{
	struct order *order = request->data;
	struct raft *raft = &order->store->raft;

	order_answer(order, raft_state(raft) == RAFT_LEADER ? -ETIMEDOUT : 0, 0);
}

static void order_change(struct order *order)
{
	struct raft *raft = &order->store->raft;
	int r;

	order->change.data = order;
	if (raft_state(raft) != RAFT_LEADER)
		r = RAFT_NOTLEADER;
	else if (order->kind == ORDER_ADD)
		r = raft_add(raft, &order->change, order->id, order->address, order_on_changed);
	else if (order->kind == ORDER_ASSIGN)
		r = raft_assign(raft, &order->change, order->id,
			order->voter ? RAFT_VOTER : RAFT_STANDBY, order_on_changed);
	else
		r = raft_remove(raft, &order->change, order->id, order_on_changed);
	if (r)
		order_answer(order, raft_error(r), 0);
}

static void order_transfer(struct order *order)
{
	struct raft *raft = &order->store->raft;
	int r = RAFT_NOTLEADER;

	order->transfer.data = order;
	if (raft_state(raft) == RAFT_LEADER)
		r = raft_transfer(raft, &order->transfer, order->id, order_on_transferred);
	if (r)
		order_answer(order, raft_error(r), 0);
}

static void raft_on_closed(struct raft *raft)
{
	struct store *store = raft->data;

	store->raft_open = false;
	uv_close((uv_handle_t *)&store->wake, NULL);
	uv_close((uv_handle_t *)&store->watch, NULL);
	uv_close((uv_handle_t *)&store->hint, NULL);
}

void store_raft_order(struct store *store, struct order *order)
{
	if (store->raft_closing && order->kind != ORDER_PROPOSE) {
		free(order->address);
		free(order);
		return;
	}
	switch (order->kind) {
	case ORDER_PROPOSE:
		order_propose(order);
		break;
	case ORDER_TRANSFER:
		order_transfer(order);
		break;
	case ORDER_ADD:
	case ORDER_ASSIGN:
	case ORDER_REMOVE:
		order_change(order);
		break;
	case ORDER_HINT:
		raft_hint(store);
		free(order);
		break;
	case ORDER_QUIT:
		free(order);
		store->raft_closing = true;
		uv_prepare_stop(&store->watch);
		raft_close(&store->raft, raft_on_closed);
		break;
	}
}

/* ---- opening and closing
 * -------------------------------------------------------------------------- */

static int raft_open_fail(char **why, const char *dir, const char *what, int r, const char *detail)
{
	*why = own_printf("%s: %s: %s", dir, what, detail && *detail ? detail : raft_strerror(r));
	return raft_error(r);
}

static int raft_open_voters(const struct store_config *config, struct raft_configuration *c)
{
	int r = 0;

	raft_configuration_init(c);
	for (size_t i = 0; !r && i < config->n_peers; i++) {
		owned(free) char *address = store_wire_address(&config->peers[i]);

		r = raft_configuration_add(c, config->peers[i].id, address, RAFT_VOTER);
	}
	return r;
}

/* Appends the new set of voters to the log on the disk, with nobody's leave. */
static int raft_open_recover(struct store *store, const struct store_config *config, char **why)
{
	struct raft_configuration c;
	int r = raft_open_voters(config, &c);

	if (!r)
		r = raft_recover(&store->raft, &c);
	raft_configuration_close(&c);
	return r ? raft_open_fail(why, config->dir, "recovering", r, store->io.errmsg) : 0;
}

static int raft_open_bootstrap(struct store *store, const struct store_config *config, char **why)
{
	struct raft_configuration c;
	int r = raft_open_voters(config, &c);

	if (!r)
		r = raft_bootstrap(&store->raft, &c);
	raft_configuration_close(&c);
	if (r && r != RAFT_CANTBOOTSTRAP) /* that one: it has a log already */
		return raft_open_fail(why, config->dir, "making a new log", r, store->io.errmsg);
	return 0;
}

static void raft_open_tune(struct store *store, const struct store_config *config)
{
	unsigned entries = config->snapshot_entries;

	raft_uv_set_segment_size(&store->io, RAFT_SEGMENT_SIZE);
	raft_uv_set_disk_retry(&store->io, RAFT_DISK_RETRY_MS);
	raft_uv_set_connect_retry_delay(&store->io, RAFT_RECONNECT_MS);
	raft_uv_set_auto_recovery(&store->io, false);
	raft_set_election_timeout(&store->raft, store->election_ms);
	raft_set_heartbeat_timeout(&store->raft, store->election_ms / 10);
	raft_set_pre_vote(&store->raft, true);
	raft_set_capacity_threshold(&store->raft, RAFT_CAPACITY_MIN_KB);
	raft_set_snapshot_threshold(&store->raft, entries ? entries : RAFT_SNAPSHOT_ENTRIES);
	raft_set_snapshot_trailing(&store->raft, entries ? entries / 4 : RAFT_SNAPSHOT_TRAILING);
}

int store_raft_open(struct store *store, const struct store_config *config, char **why)
{
	struct store_peer self = { .id = config->id, .name = "", .address = "" };
	owned(free) char *address = NULL;
	int r;

	store_machine_attach(store);
	r = store_wire_open(store, config, why);
	if (r)
		return r;
	r = raft_uv_init(&store->io, &store->loop, config->dir, &store->transport);
	if (r)
		return raft_open_fail(why, config->dir, "opening the log", r, store->io.errmsg);
	store->io_open = true;
	disk_watch(store);
	for (size_t i = 0; i < config->n_peers; i++)
		if (config->peers[i].id == config->id)
			self = config->peers[i];
	address = store_wire_address(&self);
	r = raft_init(&store->raft, &store->io, &store->fsm, config->id, address);
	if (r)
		return raft_open_fail(why, config->dir, "opening the log", r, store->io.errmsg);
	store->raft.data = store;
	store->raft_open = true;
	uv_prepare_init(&store->loop, &store->watch);
	uv_timer_init(&store->loop, &store->hint);
	store->watch.data = store->hint.data = store;
	raft_open_tune(store, config);
	if (config->bootstrap)
		r = raft_open_bootstrap(store, config, why);
	if (!r && config->recover)
		r = raft_open_recover(store, config, why);
	if (r)
		return r;
	r = raft_start(&store->raft);
	if (r)
		return raft_open_fail(why, config->dir, "reading the log", r, store->raft.errmsg);
	uv_prepare_start(&store->watch, raft_on_watch);
	return 0;
}

void store_raft_done(struct store *store)
{
	/* After a failed open something is left to close; after a quit the loop has ended by
	 * itself. */
	if (store->raft_open)
		raft_close(&store->raft, raft_on_closed);
	else if (!uv_is_closing((uv_handle_t *)&store->wake))
		uv_close((uv_handle_t *)&store->wake, NULL);
	uv_run(&store->loop, UV_RUN_DEFAULT);
	store_wire_close(store);
	uv_run(&store->loop, UV_RUN_DEFAULT);
	if (store->io_open)
		raft_uv_close(&store->io);
	store_wire_free(store);
	store->machine->machine_free(store->state);
	uv_loop_close(&store->loop);
}
