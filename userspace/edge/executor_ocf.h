/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executor, OCF and LSB: which program an operation is, and the environment it is promised. */
#ifndef EDGE_EXECUTOR_OCF_H
#define EDGE_EXECUTOR_OCF_H

#include <stddef.h>
#include <stdint.h>

#include "core/operation.h"
#include "core/outcome.h"
#include "edge/executor.h"

/* A program to run. Everything belongs to it. */
struct executor_ocf {
	char *path;
	const char *argv[3];
	char **envp;
};

/* Class ocf: OCF_ROOT/resource.d/PROVIDER/TYPE ACTION. Class lsb: /etc/init.d/TYPE ACTION.
 * -ENOENT: no such agent; -EACCES: not to be executed; -EINVAL: the class knows no such action. */
int executor_ocf_init(struct executor_ocf *call, const struct executor_config *config,
	const struct operation *operation, enum operation_kind as, uint64_t timeout_ms);
void executor_ocf_done(struct executor_ocf *call);

/* What OCF 1.1 makes of an exit status; LSB's status has its own meanings. */
int executor_ocf_rc(const struct operation *operation, enum operation_kind as, int code);

/* The last line "ocf-exit-reason:TEXT" of a text, or NULL. The caller frees it. */
char *executor_ocf_reason(const char *text, size_t len);

#endif
