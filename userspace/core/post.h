/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Post: one resource's place at the worker: what waits for it, what recurs, what is under way. */
#ifndef CORE_POST_H
#define CORE_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/operation.h"
#include "core/outcome.h"
#include "core/record.h"

enum post_phase {
	POST_NONE,
	POST_DO,
	POST_VERIFY, /* a stop's monitor runs */
	POST_PAUSE,  /* it said "still running": asked again shortly, until the time is up */
	POST_CLEAR,  /* are there processes left? */
};

/* An order in its turn. */
struct post_job {
	struct post_job *next;
	struct operation *operation;
	uint64_t since_ms;
	bool repeat; /* a recurring monitor's second and later turns: nobody waits for the answer */
	bool resumed; /* was under way when the agent ended */
};

struct post_monitor {
	struct operation *operation;
	uint64_t due_ms; /* 0: its first turn has not ended */
};

struct post {
	struct record *record;
	struct post_job *queue, **tail;
	size_t n_queue;
	struct post_monitor *monitors;
	size_t n_monitors, cap_monitors;
	/* What is under way. */
	struct post_job *job;
	enum post_phase phase;
	unsigned run;
	uint64_t call_id;
	int64_t started_s;
	uint64_t started_ms, until_ms, pause_ms, preempt_ms;
	int64_t orphan,
		orphan_start;   /* a process of ours from before a restart may still be at it */
	struct outcome outcome; /* of the stop, while it is being checked */
	bool dropped;           /* the monitor under way was cancelled meanwhile */
};

/* Takes the record. */
struct post *post_new(struct record *record);
void post_free(struct post *post);
own_define(post, struct post, post_free)
void post_job_free(struct post_job *job);

/* Takes the operation. */
struct post_job *post_put(struct post *post, struct operation *operation, uint64_t now_ms);
struct post_job *post_take(struct post *post, struct post_job **at);

struct post_monitor *post_monitor_find(struct post *post, uint64_t interval_ms);
/* Takes the place of one with the same interval, in the record as well. Not due before it is said.
 */
void post_monitor_add(struct post *post, const struct operation *operation);
void post_monitor_remove(struct post *post, struct post_monitor *monitor);
/* A post at rest takes up a monitor that is due. */
void post_monitor_due(struct post *post, uint64_t now_ms);
/* Names of those that run, or may; NULL: none. The caller frees them. */
char *post_active_names(struct post *const *posts, size_t n);
/* Its monitors that wait for their time are due now. */
void post_recheck(struct post *post, uint64_t now_ms);
/* When the post needs a turn by time alone; 0: it does not. */
uint64_t post_due(const struct post *post);

/* An operation with its order, held once more. */
struct operation *post_operation(const struct operation *operation);

#endif
