/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/store.h"
#include "edge/store_inside.h"
#include "edge/store_machine.h"

/* ---- from the log's thread to the owner ---------------------------------------------------------
 */

struct note *note_new(enum note_kind kind, const void *data, size_t len)
{
	struct note *note = own_alloc(sizeof(*note) + len);

	note->kind = kind;
	note->len = len;
	if (len)
		memcpy(note->data, data, len);
	return note;
}

void store_tell(struct store *store, struct note *note)
{
	pthread_mutex_lock(&store->lock);
	*store->notes_end = note;
	store->notes_end = &note->next;
	pthread_mutex_unlock(&store->lock);
	uv_async_send(&store->wake_owner);
}

static void log_started(struct store *store, int result, char *why);

void store_park(struct store *store, const char *what, const char *why)
{
	char *text = own_printf("%s: %s", what, why);

	pthread_mutex_lock(&store->lock);
	store->status.role = STORE_FOLLOWER;
	store->status.leader = 0;
	pthread_mutex_unlock(&store->lock);
	if (!store->started) {
		log_started(store, -EUCLEAN, text);
	} else {
		store_tell(store, note_new(NOTE_FAILURE, text, strlen(text) + 1));
		free(text);
	}
	pthread_mutex_lock(&store->lock);
	while (!store->quit)
		pthread_cond_wait(&store->cond, &store->lock);
	pthread_mutex_unlock(&store->lock);
	pthread_exit(NULL);
}

static void owner_hear(struct store *store, const struct note *note)
{
	const struct store_handler *h = &store->handler;

	switch (note->kind) {
	case NOTE_COMMIT:
		h->on_commit(store->ctx, note->index, note->term, note->data, note->len);
		break;
	case NOTE_RESTORE:
		h->on_restore(store->ctx, note->index, note->term, note->data, note->len);
		break;
	case NOTE_ROLE:
		h->on_role(store->ctx, note->role, note->term, note->leader);
		break;
	case NOTE_RESULT:
		store->in_flight--;
		h->on_result(store->ctx, note->cookie, note->status, note->index);
		break;
	case NOTE_FAILURE:
		h->on_failure(store->ctx, (const char *)note->data);
		break;
	case NOTE_STALL:
		if (h->on_stalled)
			h->on_stalled(store->ctx, note->status);
		break;
	}
}

static struct note *owner_take(struct store *store)
{
	struct note *first;

	pthread_mutex_lock(&store->lock);
	first = store->notes;
	store->notes = NULL;
	store->notes_end = &store->notes;
	pthread_mutex_unlock(&store->lock);
	return first;
}

static void owner_on_wake(uv_async_t *async)
{
	struct store *store = async->data;
	struct note *note = owner_take(store), *next;

	for (; note; note = next) {
		next = note->next;
		if (!store->closing)
			owner_hear(store, note);
		free(note);
	}
}

/* ---- from the owner to the log's thread ---------------------------------------------------------
 */

static struct order *order_new(struct store *store, enum order_kind kind, void *cookie)
{
	struct order *order = own_new(struct order);

	order->kind = kind;
	order->store = store;
	order->cookie = cookie;
	return order;
}

static void store_order(struct store *store, struct order *order)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&store->lock);
	*store->orders_end = order;
	store->orders_end = &order->next;
	pthread_mutex_unlock(&store->lock);
	if (write(store->wake_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN); /* it is awake already */
}

static void log_on_wake(uv_poll_t *poll, int status, int events)
{
	struct store *store = poll->data;
	struct order *order, *next;
	uint64_t count;

	if (read(store->wake_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&store->lock);
	order = store->orders;
	store->orders = NULL;
	store->orders_end = &store->orders;
	pthread_mutex_unlock(&store->lock);
	for (; order; order = next) {
		next = order->next;
		store_raft_order(store, order);
	}
}

int store_propose(struct store *store, uint64_t term, const void *data, size_t len, void *cookie)
{
	struct order *order;

	if (len > STORE_ENTRY_MAX)
		return -EMSGSIZE;
	if (store->in_flight >= STORE_INFLIGHT_MAX)
		return -EBUSY;
	store->in_flight++;
	order = order_new(store, ORDER_PROPOSE, cookie);
	order->term = term;
	store_entry_encode(data, len, &order->buffer);
	store_order(store, order);
	return 0;
}

int store_transfer(struct store *store, unsigned id, void *cookie)
{
	struct order *order = order_new(store, ORDER_TRANSFER, cookie);

	store->in_flight++;
	order->id = id;
	store_order(store, order);
	return 0;
}

int store_add(struct store *store, const struct store_peer *peer, void *cookie)
{
	struct order *order = order_new(store, ORDER_ADD, cookie);

	store->in_flight++;
	order->id = peer->id;
	order->address = store_wire_address(peer);
	store_order(store, order);
	return 0;
}

int store_assign(struct store *store, unsigned id, bool voter, void *cookie)
{
	struct order *order = order_new(store, ORDER_ASSIGN, cookie);

	store->in_flight++;
	order->id = id;
	order->voter = voter;
	store_order(store, order);
	return 0;
}

int store_remove(struct store *store, unsigned id, void *cookie)
{
	struct order *order = order_new(store, ORDER_REMOVE, cookie);

	store->in_flight++;
	order->id = id;
	store_order(store, order);
	return 0;
}

void store_leader_silent(struct store *store)
{
	store_order(store, order_new(store, ORDER_HINT, NULL));
}

void store_status(struct store *store, struct store_status *ret)
{
	pthread_mutex_lock(&store->lock);
	*ret = store->status;
	pthread_mutex_unlock(&store->lock);
}

/* ---- the log's thread ---------------------------------------------------------------------------
 */

/* Hands the opener its answer, once. */
static void log_started(struct store *store, int result, char *why)
{
	pthread_mutex_lock(&store->lock);
	store->started = true;
	store->start_result = result;
	store->start_why = why;
	pthread_cond_broadcast(&store->cond);
	pthread_mutex_unlock(&store->lock);
}

static void *log_thread(void *ctx)
{
	struct store *store = ctx;
	char *why = NULL;
	int r;

	if (store->config->realtime)
		store->status.realtime = store_realtime(&store->loop);
	r = store_raft_open(store, store->config, &why);
	log_started(store, r, why);
	if (!r)
		uv_run(&store->loop, UV_RUN_DEFAULT);
	store_raft_done(store);
	return NULL;
}

static void store_locks(struct store *store)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&store->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_cond_init(&store->cond, NULL);
	store->notes_end = &store->notes;
	store->orders_end = &store->orders;
}

/* One voter, one folder, one process: and the folder remembers which voter's it is. */
static int store_claim(struct store *store, const char *dir, char **why)
{
	owned(free) char *lock = own_printf("%s/lock", dir), *id = own_printf("%s/id", dir);
	owned(free) char *text = NULL, *ours = own_printf("%u\n", store->id);
	size_t len;
	int r;

	r = file_folder(dir, 0700);
	if (r) {
		*why = own_printf("%s: %s", dir, strerror(-r));
		return r;
	}
	store->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0 || flock(store->lock_fd, LOCK_EX | LOCK_NB)) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		*why = r == -EBUSY ? own_printf("%s: another picketd uses it", dir)
				   : own_printf("%s: %s", lock, strerror(-r));
		return r;
	}
	r = file_read(id, 64, &text, &len);
	if (r == -ENOENT)
		r = file_write(id, 0600, ours, strlen(ours));
	else if (!r && strcmp(text, ours)) {
		*why = own_printf("%s: the log of voter %.*s, not of %u: never exchange them", dir,
			(int)strcspn(text, "\n"), text, store->id);
		return -EUCLEAN;
	}
	if (r)
		*why = own_printf("%s: %s", id, strerror(-r));
	return r;
}

static void store_on_async_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;

	pthread_mutex_destroy(&store->lock);
	pthread_cond_destroy(&store->cond);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->wake_fd >= 0)
		close(store->wake_fd);
	free(store);
}

static int store_start(struct store *store, char **why)
{
	sigset_t all, before;
	int r;

	uv_loop_init(&store->loop);
	store->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (store->wake_fd < 0) {
		r = -errno;
		*why = own_printf("waking the log: %s", strerror(-r));
		uv_loop_close(&store->loop);
		return r;
	}
	uv_poll_init(&store->loop, &store->wake, store->wake_fd);
	store->wake.data = store;
	uv_poll_start(&store->wake, UV_READABLE, log_on_wake);
	/* Signals are the owner's; and a voter that hangs up must not raise SIGPIPE here. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&store->thread, NULL, log_thread, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		*why = own_printf("a thread for the log: %s", strerror(r));
		return -r;
	}
	pthread_mutex_lock(&store->lock);
	while (!store->started)
		pthread_cond_wait(&store->cond, &store->lock);
	r = store->start_result;
	if (r) {
		*why = give(store->start_why);
		store->quit = true; /* a thread that has parked instead goes as well */
		pthread_cond_broadcast(&store->cond);
	}
	pthread_mutex_unlock(&store->lock);
	if (r)
		pthread_join(store->thread, NULL);
	return r;
}

static void store_end(struct store *store)
{
	for (struct note *note = owner_take(store), *next; note; note = next) {
		next = note->next;
		free(note);
	}
	uv_close((uv_handle_t *)&store->wake_owner, store_on_async_closed);
}

int store_open(uv_loop_t *loop, const struct store_config *config,
	const struct store_handler *handler, void *ctx, struct store **ret, char **why)
{
	struct store *store = own_new(struct store);
	int r;

	assert(config->id && config->machine);
	store->handler = *handler;
	store->ctx = ctx;
	store->config = config;
	store->id = config->id;
	store->machine = config->machine;
	store->election_ms = config->election_ms ? config->election_ms : 1000;
	store->lock_fd = store->wake_fd = -1;
	store_locks(store);
	uv_async_init(loop, &store->wake_owner, owner_on_wake);
	store->wake_owner.data = store;
	r = store_claim(store, config->dir, why);
	if (!r)
		r = store_start(store, why);
	store->config = NULL; /* the caller's again */
	if (r) {
		store_end(store);
		return r;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store->closing = true;
	store_order(store, order_new(store, ORDER_QUIT, NULL));
	pthread_mutex_lock(&store->lock);
	store->quit = true;
	pthread_cond_broadcast(&store->cond);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	store_end(store);
}
