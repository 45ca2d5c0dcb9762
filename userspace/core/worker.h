/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Worker: a node's own decisions: which order to obey, what to run next, what to report and replay.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/allegiance.h"
#include "core/operation.h"
#include "core/outcome.h"

#define WORKER_RESOURCES_MAX 4096
#define WORKER_QUEUE_MAX 64       /* orders that wait, of one resource */
#define WORKER_PREEMPT_MS 2000    /* what a recurring monitor gets when an order waits behind it */
#define WORKER_VERIFY_MIN_MS 5000 /* what a stop's check gets, however late the stop ended */
#define WORKER_VERIFY_MAX_MS 30000
#define WORKER_VERIFY_PAUSE_MS 250
#define WORKER_HISTORY_OPS 128 /* about as many results are in one message */
/* Versions of the messages that this agent speaks. */
#define WORKER_VERSION_MIN 1
#define WORKER_VERSION_MAX 1

struct worker;

struct worker_config {
	unsigned jobs;     /* operations at the same time; 0: 64 */
	unsigned monitors; /* of these recurring monitors; 0: 8 */
};

struct worker_time {
	uint64_t now_ms; /* CLOCK_BOOTTIME */
	int64_t epoch_s; /* for people, and for rules that count from a failure */
};

enum worker_action_kind {
	WORKER_RUN,   /* carry out operation as kind; worker_ran() with run follows */
	WORKER_KILL,  /* end that run; worker_ran() follows */
	WORKER_CLEAR, /* nothing of the resource may be left running; worker_cleared() follows */
	WORKER_SEND,  /* message to a controller, or to all (-1) */
	WORKER_STORE, /* keep message as the resource's history; NULL: keep none */
	WORKER_STATE, /* keep message as the node's state */
	WORKER_LEAVE, /* goodbye is said: the lease may end, and the program */
};

/* What to do next. Strings and operation are borrowed until the run has ended; message until the
 * next call. */
struct worker_action {
	enum worker_action_kind kind;
	unsigned run;
	const struct operation *operation;
	enum operation_kind as; /* a stop is checked by running its monitor */
	uint64_t timeout_ms;
	int64_t after_pid,
		after_pid_start; /* the one that did it before a restart: let it end first */
	int controller;
	const char *resource;
	json_t *message;
};

struct worker *worker_new(const struct worker_config *config, const struct allegiance *allegiance);
void worker_free(struct worker *worker);
own_define(worker, struct worker, worker_free)

const struct allegiance *worker_allegiance(const struct worker *worker);

/* Takes up a kept history; before anything else. As record_parse(); -EEXIST: twice the same. */
int worker_load(struct worker *worker, json_t *document, struct worker_time time, char **why);

/* The first words to a controller, and what follows its welcome. A welcome that names a later
 * incarnation or term is obeyed and kept. */
json_t *worker_hello(const struct worker *worker);
void worker_welcome(
	struct worker *worker, int controller, json_t *welcome, struct worker_time time);
/* The cluster's timing has changed, see allegiance_learn(). Kept. */
void worker_learn(struct worker *worker, json_t *message);
/* Any message may carry a later term. */
void worker_term(struct worker *worker, uint64_t term);
/* Until when the lease holds (CLOCK_BOOTTIME ms, 0: no lease). Tell it before every other call. */
void worker_lease(struct worker *worker, uint64_t until_ms);

/* An order is carried out, answered at once, or refused: each with a result. -EINVAL: it has not
 * even an id to answer to, *why is a sentence, the caller frees it. */
int worker_order(
	struct worker *worker, int controller, json_t *order, struct worker_time time, char **why);

/* A run's process exists: kept, so that a restarted agent finds it again. */
void worker_started(struct worker *worker, unsigned run, int64_t pid, int64_t pid_start);
/* A run has ended. Takes what the outcome holds. */
void worker_ran(
	struct worker *worker, unsigned run, struct outcome *outcome, struct worker_time time);
/* What was left after a stop: empty tells whether nothing is now; note what was found and done
 * (NULL: nothing). */
void worker_cleared(
	struct worker *worker, unsigned run, bool empty, const char *note, struct worker_time time);

/* Time has passed. */
void worker_tick(struct worker *worker, struct worker_time time);
/* When worker_tick() is due, CLOCK_BOOTTIME ms; 0: not by time alone. */
uint64_t worker_due(const struct worker *worker);

/* The next thing to do; false: nothing now. */
bool worker_next(struct worker *worker, struct worker_action *ret);

size_t worker_running(const struct worker *worker); /* runs that have not ended */

#endif
