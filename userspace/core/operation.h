/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operation: one order to an agent: what to do with which resource, checked before it is obeyed. */
#ifndef CORE_OPERATION_H
#define CORE_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

enum operation_kind {
	OPERATION_START,
	OPERATION_STOP,
	OPERATION_MONITOR,
	OPERATION_PROMOTE,
	OPERATION_DEMOTE,
	OPERATION_NOTIFY,
	OPERATION_MIGRATE_TO,
	OPERATION_MIGRATE_FROM,
	OPERATION_RELOAD,
	OPERATION_RELOAD_AGENT,
	OPERATION_VALIDATE_ALL,
	OPERATION_META_DATA,
	OPERATION_CANCEL,   /* ends the recurring monitor of that interval */
	OPERATION_FORGET,   /* drops the resource's history */
	OPERATION_FORGIVE,  /* drops its last failure alone */
	OPERATION_RECHECK,  /* its recurring monitors are due now */
	OPERATION_SHUTDOWN, /* nothing is left to do here: the agent says goodbye and ends */
};

/* Bounds of what is accepted. */
#define OPERATION_TIMEOUT_MAX_MS (24ull * 3600 * 1000)
#define OPERATION_PAIRS_MAX 1024
#define OPERATION_TIMEOUT_DEFAULT_MS 20000

/* The strings belong to the order, which the operation holds. */
struct operation {
	json_t *order; /* as it came: kept, because it is written down and read again */
	enum operation_kind kind;
	uint64_t term, index, incarnation;
	const char *id;
	const char *resource;                   /* "" for a shutdown */
	const char *standard, *provider, *type; /* ocf, heartbeat, IPaddr2; "" when not given */
	uint64_t interval_ms;                   /* 0: once */
	uint64_t timeout_ms;
	int target_rc;         /* -1: any */
	json_t *params, *meta; /* objects of strings, never NULL */
};

/* Checks an order and holds it. -EINVAL: *why is a sentence; the caller frees it. */
int operation_parse(json_t *order, struct operation **ret, char **why);
void operation_free(struct operation *operation);
own_define(operation, struct operation, operation_free)

const char *operation_name(enum operation_kind kind);
/* -1 when there is no such operation. */
int operation_kind_of(const char *name);

/* It may leave the resource in another state than it found it. */
bool operation_changes(enum operation_kind kind);
/* It may make the resource run or lead here: only while the lease lives (S12). */
bool operation_needs_lease(enum operation_kind kind);
/* Its result is part of the resource's history. */
bool operation_recorded(const struct operation *operation);

#endif
