/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status, inside: what the files that read the status section share. */
#ifndef CORE_POLICY_STATUS_INSIDE_H
#define CORE_POLICY_STATUS_INSIDE_H

#include "core/policy/engine_action.h"
#include "core/policy/engine_inside.h"

/* How an operation ended, as op-status has it. */
enum exec_status {
	EXEC_UNKNOWN = -2,
	EXEC_PENDING,
	EXEC_DONE,
	EXEC_CANCELLED,
	EXEC_TIMEOUT,
	EXEC_NOT_SUPPORTED,
	EXEC_ERROR,
	EXEC_ERROR_HARD,
	EXEC_ERROR_FATAL,
	EXEC_NOT_INSTALLED,
	EXEC_NOT_CONNECTED,
	EXEC_INVALID,
	EXEC_NO_FENCE_DEVICE,
	EXEC_NO_SECRETS,
};

/* What the agent said, as rc-code has it. */
enum exit_status {
	EXIT_OK,
	EXIT_ERROR,
	EXIT_INVALID_PARAM,
	EXIT_UNIMPLEMENTED,
	EXIT_PERMISSION,
	EXIT_NOT_INSTALLED,
	EXIT_NOT_CONFIGURED,
	EXIT_NOT_RUNNING,
	EXIT_PROMOTED,
	EXIT_FAILED_PROMOTED,
	EXIT_DEGRADED = 190,
	EXIT_DEGRADED_PROMOTED,
};

/* One <lrm_rsc_op> while it is replayed. */
struct history {
	struct resource *r;
	struct node *node;
	const struct element *xml;
	const char *id, *key, *task;
	uint64_t interval_ms;
	int expected; /* exit status; -1: not recorded */
	int exit;
	enum exec_status status;
	bool probe, masked; /* masked: its failure only says that the resource cannot be there */
};

/* What the replay of one <lrm_resource> carries from entry to entry. */
struct replay {
	enum on_fail on_fail;
	const struct element *last_failure;
};

/* ---- status_order.c: which of two entries is newer ---- */
/* < 0: a is older, > 0: newer; 0: not to tell. */
int status_order(const struct element *a, const struct element *b, bool same_node);
/* The entries of one resource on one node, oldest first; the caller frees them. */
const struct element **status_sorted(const struct element *lrm_resource, unsigned *ret_n);
/* The exit status that the entry's transition key expected; -1: none. */
int status_expected(const struct element *op);
const char *status_key(const struct element *op);

/* ---- status_history.c, status_result.c, status_failure.c ---- */
void history_read(struct engine *e, struct node *node, const struct element *state);
void result_replay(struct engine *e, struct resource *r, struct node *node,
	const struct element *op, struct replay *replay);
void result_update(struct engine *e, struct history *h, int exit, struct replay *replay);
void result_failed(struct engine *e, struct history *h, const struct operation_settings *set,
	struct replay *replay);
void result_record(struct engine *e, const struct history *h);
/* Whether the entry is too old to count; schedules the clearing of fail counts. */
bool result_expired(struct engine *e, struct history *h);
/* As a cluster compares what failures ask for: not in the order of the enumeration. */
void role_activate(struct resource *r);

/* ---- status_migration.c ---- */
void migration_to_succeeded(struct engine *e, struct history *h);
void migration_to_failed(struct engine *e, struct history *h);
void migration_from_failed(struct engine *e, struct history *h);

/* ---- status_failcount.c ---- */
void failcount_read(struct engine *e, const struct node *node);
/* expiring: 0 if all of them are too old. op: the entry that asks, or NULL. */
int failcount_of(struct engine *e, struct resource *r, const struct node *node, bool expiring,
	bool fillers, const struct element *op, int64_t *ret_last_failure);

/* ---- status_digest.c: as digest_check(), but secrets that were masked count as changed ---- */
enum digest_verdict digest_compare(struct engine *e, struct resource *r, const struct node *node,
	const struct element *lrm_op, const char *task, uint64_t interval_ms);

/* Parameters name its container's host, which is not known before that is assigned. */
bool digest_needs_host(struct engine *e, struct resource *r);

/* ---- status_node.c ---- */
void node_state_read(struct engine *e, const struct element *state);
void node_remote_online(struct node *node);
void node_remote_attributes(struct engine *e, struct node *node, const struct element *state);

/* Adds score to what r, or each of its parts, thinks of a node; node NULL: of every node. */
void status_ban(struct engine *e, struct resource *r, const struct node *node);

#endif
