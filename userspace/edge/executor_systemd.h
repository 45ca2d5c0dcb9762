/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executor, systemd: starts, stops and looks at units over D-Bus, without ever waiting for it. */
#ifndef EDGE_EXECUTOR_SYSTEMD_H
#define EDGE_EXECUTOR_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "core/operation.h"
#include "core/outcome.h"

struct executor_systemd;
struct executor_systemd_call;

/* Connects when first needed, and again after a lost connection. */
struct executor_systemd *executor_systemd_new(uv_loop_t *loop);
void executor_systemd_free(struct executor_systemd *systemd); /* calls under way get no answer */

/* type: "nginx" or "nginx.service"; what has no suffix is a service. on_done is called once, from
 * the loop, and takes what the outcome holds. */
struct executor_systemd_call *executor_systemd_run(struct executor_systemd *systemd,
	const char *type, enum operation_kind as, bool recurring, uint64_t timeout_ms,
	void (*on_done)(void *ctx, struct outcome *outcome), void *ctx);
/* Ends waiting for it; what systemd has begun goes on. on_done tells: cancelled. */
void executor_systemd_cancel(struct executor_systemd_call *call);

#endif
