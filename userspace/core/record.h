/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Record: what was done to one resource on this node, and what recurs: kept across restarts. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"
#include "core/operation.h"
#include "core/outcome.h"

#define RECORD_VERSION 1
#define RECORD_OPS_MAX 64      /* results kept of one resource */
#define RECORD_OUTPUT_MAX 4096 /* bytes of output kept with a result */

struct record {
	char *resource;
	json_t *ops;            /* array of results: the last of each operation and interval */
	json_t *failure;        /* the last failure; NULL: none */
	json_t *recurring;      /* array of orders: monitors that recur */
	json_t *pending;        /* the order under way; NULL: none */
	json_t *held;           /* parameters of what runs, or may; NULL: none known */
	int64_t pid, pid_start; /* who carries it out, and when that process began (clock ticks) */
};

struct record *record_new(const char *resource);
void record_free(struct record *record);
own_define(record, struct record, record_free)

json_t *record_json(const struct record *record, const char *boot_id);
/* -EINVAL: not a record, *why is a sentence, the caller frees it; -ESTALE: of another boot, and so
 * of no more interest. */
int record_parse(json_t *document, const char *boot_id, struct record **ret, char **why);

/* Takes a result in the place of the last one of its operation and interval. */
void record_note(struct record *record, json_t *result, bool failed);
/* The last result of an operation and interval, or NULL. Borrowed, like the next ones. */
json_t *record_last(const struct record *record, const char *op, uint64_t interval_ms);
/* The result of the order with this id, or NULL. */
json_t *record_of(const struct record *record, const char *id);
/* Forgets the last failure. */
void record_forgive(struct record *record);
/* Drops the results of recurring monitors: of one interval, or of all (0). */
void record_drop_monitors(struct record *record, uint64_t interval_ms);
uint64_t record_call_id(const struct record *record); /* the highest, 0 without any */

/*
 * What was started with some parameters is stopped and demoted with those: the configuration may
 * have others by now, or none, when the resource was taken out of it. An address that is stopped by
 * another address's parameters stays. record_hold() before an operation, which may get other
 * parameters; record_settle() after it.
 */
void record_hold(struct record *record, struct operation *operation);
void record_settle(
	struct record *record, const struct operation *operation, const struct outcome *outcome);
/* It was started well and not stopped well since. */
bool record_ran(const struct record *record);
/* By what is known here the resource runs, or may run. */
bool record_active(const struct record *record);

#endif
