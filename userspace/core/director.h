/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Director: a controller's mind: events and time in, actions out. No clock, no fd, no thread. */
#ifndef CORE_DIRECTOR_H
#define CORE_DIRECTOR_H

#include <picket/limits.h>

#include "core/action.h"
#include "core/event.h"
#include "core/model/rule.h"
#include "core/museum.h"

struct director;

#define DIRECTOR_PIN 64 /* characters: SHA-256 of a CA's certificate */
/* May this text be the next CA's certificate? Its fingerprint; else *why, which the caller frees.
 */
typedef int director_certificate_fn(const char *pem, char ret_pin[DIRECTOR_PIN + 1], char **why);

struct director_config {
	const char *name;                                /* this controller's */
	uint64_t cluster;                                /* id in heartbeats */
	unsigned index;                                  /* this controller's, 0 .. */
	struct quorum voters;                            /* none: this one alone */
	const char *controllers[PICKET_CONTROLLERS_MAX]; /* names by index; NULL: c1.. */
	json_t *members;  /* list by index of {id, name, link, raft, addresses}: what the files say;
			   * NULL: nobody can be added */
	const char *node; /* the node on the same host; NULL: none, a witness */
	const char *boot_id; /* of this host; NULL with node NULL */
	uint64_t life;       /* random, below 2^63: tells this run from every other */
	director_certificate_fn *certificate; /* NULL: no CA can give way */
	rule_zone_fn *zone;          /* for rules that name a time zone; NULL: they do not hold */
	const struct museum *museum; /* NULL; a test breaks a rule with it */
};

struct director *director_new(const struct director_config *config);
void director_free(struct director *director);
own_define(director, struct director, director_free)

/* now_ns: CLOCK_BOOTTIME. epoch_ms: for people. Appends to actions. */
void director_step(struct director *director, const struct event *event, uint64_t now_ns,
	uint64_t epoch_ms, struct actions *actions);

/* Replaces the replicated state by a snapshot. -EINVAL: it is not one. */
int director_restore(struct director *director, const char *text, size_t len, uint64_t now_ns,
	struct actions *actions);

/* When EVENT_TIME is due at the latest, CLOCK_BOOTTIME ns; 0: not by time alone. */
uint64_t director_due(const struct director *director);

/* Until when this controller's kernel may grant: 0 while it may not (design: rules 4a, 4b). */
uint64_t director_grant_until(const struct director *director, uint64_t now_ns);
uint64_t director_lease_ns(const struct director *director);
/* Has it applied what was committed before it was started? Until then it knows less than was
 * acknowledged. */
bool director_abreast(const struct director *director);
/* It leads, and has applied everything that was committed before its term. */
bool director_leads(const struct director *director);
/* The last term that it was told of. */
uint64_t director_term(const struct director *director);

/* The configuration's section "alerts", borrowed, or NULL; *ret_cluster: its name. */
json_t *director_alerts(const struct director *director, const char **ret_cluster);
/* As a leader that has caught up: events "node-dead", marked "again", of who is dead now; a new
 * reference. The leader before may have gone down before it told anybody. NULL: it leads not. */
json_t *director_deaths(const struct director *director);

#endif
