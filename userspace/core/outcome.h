/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcome: what came of an operation, and the message that says so. */
#ifndef CORE_OUTCOME_H
#define CORE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/operation.h"

/* Exit statuses, OCF 1.1 "Standard exit codes" and the degraded ones that agents use. */
enum outcome_rc {
	OUTCOME_OK = 0,
	OUTCOME_ERROR = 1,
	OUTCOME_BAD_ARGUMENTS = 2,
	OUTCOME_UNIMPLEMENTED = 3,
	OUTCOME_NO_PERMISSION = 4,
	OUTCOME_NOT_INSTALLED = 5,
	OUTCOME_NOT_CONFIGURED = 6,
	OUTCOME_NOT_RUNNING = 7,
	OUTCOME_PROMOTED = 8,
	OUTCOME_FAILED_PROMOTED = 9,
	OUTCOME_DEGRADED = 190,
	OUTCOME_DEGRADED_PROMOTED = 191,
	OUTCOME_UNKNOWN = 193, /* no result yet */
};

enum outcome_status {
	OUTCOME_DONE,   /* the agent ended by itself: its exit status is the result */
	OUTCOME_FAILED, /* "error": killed, could not be run, or found to have lied */
	OUTCOME_TIMEOUT,
	OUTCOME_CANCELLED, /* not carried out */
	OUTCOME_NOT_SUPPORTED,
	OUTCOME_NO_AGENT, /* "not-installed" */
	OUTCOME_PENDING,  /* under way */
};

struct outcome {
	enum outcome_status status;
	int rc;
	char *exit_reason; /* what the agent, or picket, says about it; NULL: nothing */
	char *output;      /* stdout and stderr, bounded; NULL: none */
};

const char *outcome_status_name(enum outcome_status status);
void outcome_done(struct outcome *outcome);
/* Replaces the reason. */
void outcome_say(struct outcome *outcome, enum outcome_status status, int rc, char *reason);

/* Not what was asked for: counts as a failure of the resource here. */
bool outcome_failed(const struct operation *operation, const struct outcome *outcome);

/* The "result" message. times are added by the caller. */
json_t *outcome_json(const struct operation *operation, const struct outcome *outcome);

#endif
