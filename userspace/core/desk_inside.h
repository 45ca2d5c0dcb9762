/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desk inside: a request on its way, and what the desk's files share. */
#ifndef CORE_DESK_INSIDE_H
#define CORE_DESK_INSIDE_H

#include "core/desk.h"

#define DESK_JOBS_MAX 200
#define DESK_REFUSALS_PER_S 5.0 /* recorded in the audit; more are counted, and told later */

typedef void desk_then(
	struct desk *desk, struct desk_case *of, unsigned status, json_t *json, const char *text);

struct desk_case {
	void *token;
	struct route_match match;
	char *method, *path, *text, *if_match, *if_none_match, *key, *digest, *from;
	json_t *query, *body;
	struct warden_who who;
	json_t *scope; /* owns who.scope */
	uint8_t random[WARDEN_RANDOM];
	uint64_t now_ms;
	bool async, stamped;
	int peer;       /* the controller where it came in; -1: here */
	uint64_t relay; /* its number on the way to the leader; 0: it stays here */
	char nonce[33];  /* of an entry that the desk itself proposed; "": none */
	json_t *good;    /* the answer when that entry is applied */
	desk_then *then; /* takes what the director says */
	json_t *gathered;
	struct desk_case *next, **link;
};

struct desk {
	char *name, *version;
	json_t *schemas, *openapi;
	struct desk_handler handler;
	void *ctx;
	struct warden warden;
	struct office *office;
	struct desk_case *cases, *current; /* current: being passed on at this moment */
	json_t *jobs;                      /* array, oldest first */
	uint64_t job, missed;              /* refusals that were not recorded */
	uint64_t relay;                    /* the last number given */
	uint64_t now_ms;
};

/* desk.c */
void desk_say(
	struct desk *desk, struct desk_case *of, struct desk_reply *reply); /* ends the case */
void desk_good(struct desk *desk, struct desk_case *of, json_t *json);
void desk_problem(struct desk *desk, struct desk_case *of, unsigned status, const char *title,
	const char *detail, json_t *more);
void desk_pass_on(struct desk *desk, struct desk_case *of, const char *method, const char *path,
	const char *text, json_t *query, desk_then *then);
void desk_finish(
	struct desk *desk, struct desk_case *of, unsigned status, json_t *json, const char *text);
bool desk_leads(struct desk *desk, struct desk_case *of); /* false: answered */
/* Proposes an entry of the desk's own; when it is applied, good is the answer. Both are stolen. */
void desk_propose(struct desk *desk, struct desk_case *of, json_t *entry, json_t *good);
json_t *desk_audit(
	struct desk *desk, const struct desk_case *of, unsigned status, const char *text);
const char *desk_query(const struct desk_case *of, const char *name); /* or NULL */

/* What another controller says of who asks, and where its answer goes. */
struct desk_vouched {
	int peer;
	uint64_t relay;
	json_t *scope;
	const char *token, *host; /* of one that joins */
	bool controller;
};
void desk_ask_vouched(struct desk *desk, const struct desk_asked *asked,
	const struct desk_vouched *vouched, uint64_t now_ms);
/* desk_relay.c: true: the leader has it now, or the case has been answered */
bool desk_relay(struct desk *desk, struct desk_case *of, const struct desk_asked *asked);
void desk_relay_say(struct desk *desk, const struct desk_case *of, struct desk_reply *reply);

/* desk_look.c, desk_change.c: what a route's id stands for; false: not theirs */
bool desk_look(struct desk *desk, struct desk_case *of);
bool desk_change(struct desk *desk, struct desk_case *of);
/* Is it the revision that If-Match names? Else the case has been answered. */
bool desk_matches(struct desk *desk, struct desk_case *of);
json_t *desk_job_add(struct desk *desk, const struct desk_case *of);
/* Values of parameters that are secrets become "********", in place. */
void desk_redact(json_t *value);

#endif
