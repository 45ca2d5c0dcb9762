/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executor: carries operations out: OCF and LSB agents as programs, systemd units over D-Bus. */
#ifndef EDGE_EXECUTOR_H
#define EDGE_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "core/operation.h"
#include "core/outcome.h"

struct executor;
struct cgroup;

/* Processes that a stop left behind. */
enum executor_left {
	EXECUTOR_LEFT_KILL,   /* killed, and the stop counts when they are gone */
	EXECUTOR_LEFT_FAIL,   /* the stop has failed */
	EXECUTOR_LEFT_REPORT, /* told, nothing more: an agent that starts shared helpers */
};

#define EXECUTOR_LEFT_MS 1500          /* after a stop, for processes that are about to end */
#define EXECUTOR_KILLED_MS 3000        /* after a SIGKILL */
#define EXECUTOR_CAPTURE_MAX (1 << 20) /* bytes read of an agent's output; the result holds less   \
					*/
#define EXECUTOR_REASON_MAX 1024       /* bytes of an exit reason */

/* Borrowed: must outlive the executor. */
struct executor_config {
	const char *node;      /* name of this node */
	const char *node_uuid; /* what CRM_meta_on_node_uuid says; the id */
	const char *ocf_root;  /* NULL: /usr/lib/ocf */
	const char *init_dir;  /* NULL: /etc/init.d */
	const char *helpers;   /* folder of crm_attribute and its like; first in PATH */
	const char *socket;    /* where they find us */
	struct cgroup *cgroup; /* NULL: process groups only */
	enum executor_left left;
};

struct executor_handler {
	/* An operation's process exists; pid_start tells it from a later one with its number. */
	void (*on_started)(void *ctx, unsigned run, int64_t pid, int64_t pid_start);
	/* Takes what the outcome holds. */
	void (*on_ran)(void *ctx, unsigned run, struct outcome *outcome);
	void (*on_cleared)(void *ctx, unsigned run, bool empty, const char *note);
};

/* Handlers are called from the loop, never from within a call. */
int executor_new(uv_loop_t *loop, const struct executor_config *config,
	const struct executor_handler *handler, void *ctx, struct executor **ret);
/* What runs goes on running, without us. */
void executor_free(struct executor *executor);

/* Carries the operation out as `as`; it must live until on_ran. after_pid: a process of an earlier
 * life of ours that must have ended first, with its start time; 0: none. */
void executor_run(struct executor *executor, unsigned run, const struct operation *operation,
	enum operation_kind as, uint64_t timeout_ms, int64_t after_pid, int64_t after_pid_start);
void executor_kill(struct executor *executor, unsigned run); /* on_ran tells: cancelled */
/* Sees to it that nothing of the operation's resource is left; on_cleared tells. */
void executor_clear(struct executor *executor, unsigned run, const struct operation *operation);

#endif
