/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director's rehearsals: whether nodes could be fenced, tried without touching their power. */
#ifndef CORE_DIRECTOR_REHEARSE_H
#define CORE_DIRECTOR_REHEARSE_H

#include "base/lines.h"
#include "core/event.h"
#include "core/rehearsal.h"

struct director;

struct director_rehearse {
	struct rehearsal all;
	uint64_t term;                    /* in which its times were set */
	struct rehearse_waiting *waiting; /* requests answered when a node's tests are done */
};

void director_rehearse_configure(struct director *d);
void director_rehearse_watch(struct director *d);   /* what time alone brings about */
void director_rehearse_give_up(struct director *d); /* no longer the leader */
void director_rehearse_done(struct director *d);
/* The token is answered when the tests of the node are done. false: it has no device. */
bool director_rehearse_ask(struct director *d, void *token, const char *node);
/* false: the result is no rehearsal's. */
bool director_rehearsed(struct director *d, const struct event *event);
/* The device's parameters, with who answered a rehearsal, as the log has it, as parameters, too,
 * where the configuration says nothing itself: whoever else answers is not switched. */
json_t *director_rehearse_params(
	struct director *d, const char *node, const struct site_device *of);
uint64_t director_rehearse_due(const struct director *d);
void director_rehearse_figures(struct director *d, struct lines *t);

#endif
