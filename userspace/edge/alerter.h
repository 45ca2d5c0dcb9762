/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerter: tells programs and webhooks what happened, on threads of its own: nothing waits for it.
 */
#ifndef EDGE_ALERTER_H
#define EDGE_ALERTER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/lines.h"
#include "base/log.h"
#include "base/own.h"
#include "core/director.h"

struct alerter;

struct alerter_counts {
	uint64_t delivered, failed, dropped, retried;
};

/* warn: a sentence about what could not be delivered; from one of the alerter's own threads. */
struct alerter *alerter_new(
	const char *controller, void (*warn)(void *ctx, const char *text), void *ctx);
/* For when the program ends: what is still queued is not told, and what is being told at this
 * moment has a second. */
void alerter_free(struct alerter *alerter);
own_define(alerter, struct alerter, alerter_free)

/* alerts: the configuration's section as it is now, or NULL; borrowed for the call.
 * Everybody who wants the event has it queued; a queue that is full loses its oldest. */
void alerter_tell(struct alerter *alerter, json_t *alerts, const char *cluster, json_t *event);
/* What the director noted, by its configuration: the leader tells, once. */
void alerter_note(
	struct alerter *alerter, const struct director *director, bool leads, json_t *event);
/* To be called now and then. A new leader tells again of who is dead: the one before may have gone
 * down before it told. */
void alerter_again(struct alerter *alerter, const struct director *director);
/* The counts, for /metrics. */
void alerter_figures(struct alerter *alerter, struct lines *lines);
void alerter_counts(struct alerter *alerter, struct alerter_counts *ret);

/* An event for this host's journal: by its kind's MESSAGE_ID picket.catalog explains it. */
void alerter_log(const struct log *log, const json_t *event);

#endif
