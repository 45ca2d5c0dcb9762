/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trust: which CAs the cluster's hosts trust, while one gives way to the next. */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/*
 * Three steps, so that at no time two hosts meet of which one does not trust the other:
 *  TRUST_BOTH     everybody trusts both, the one before signs. It goes on when all do;
 *  TRUST_NEXT     the next one signs, and whoever shows a certificate of the one before gets
 * another; TRUST_SETTLED  the next one alone is trusted. It goes on when somebody wants it to:
 * certificates of operators are where nobody sees them. The state is {step, since_ms, user,
 * without: [host], texts: {now, next}, pin}, set by entries {do: ca, step: both, now, next, pin,
 * ...}  now: what ca.crt says; next: PEM; pin: its fingerprint {do: ca, step: next|settled, pin,
 * ...}     the same pin, and the step after the present one
 */
enum trust_step { TRUST_SETTLED, TRUST_BOTH, TRUST_NEXT };
extern const char *const trust_step_names[];

#define TRUST_MARK 16

/* Two texts of one mark are taken for the same: a host lies about itself alone. */
void trust_mark(const char *text, char ret[TRUST_MARK + 1]);

/* The cluster's id in heartbeats: FNV-1a over its first ca.crt, which later ones carry along in
 * their first line. Below 2^63: JSON's integers are signed. */
uint64_t trust_cluster(const char *ca_text);

/* True: *state (NULL: no CA ever gave way) has changed. */
bool trust_apply(json_t **state, json_t *entry);
enum trust_step trust_step(json_t *state);
const char *trust_pin(json_t *state); /* of the CA that is to be, or is, the only one; NULL */
bool trust_without(json_t *list, const char *host); /* it is one of those who are left behind */
/* What begins to give way: what the state says, or, if no CA ever gave way, the file. Borrowed. */
const char *trust_now(json_t *state, const char *ca_text);
/* What every host's ca.crt is to say, the CA that signs first; NULL: what it says. free() it. */
char *trust_text(json_t *state, uint64_t cluster);

#endif
