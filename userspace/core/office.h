/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Office: what is replicated of the operators' side: tokens, the audit chain, revisions, keys. */
#ifndef CORE_OFFICE_H
#define CORE_OFFICE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/own.h"

#define OFFICE_RECORDS_MAX 2000           /* of the audit, kept here; all are in the journal */
#define OFFICE_REVISIONS_MAX 50           /* of the configuration */
#define OFFICE_REVISIONS_BYTES (2u << 20) /* of their texts together, the newest not counted */
#define OFFICE_KEYS_MAX 10000             /* idempotency keys */
#define OFFICE_KEYS_MIN 1000              /* so many are kept however old they are */
#define OFFICE_KEYS_MS 600000             /* and the others for so long */
#define OFFICE_TOKENS_MAX 1000

/*
 * Entries that it understands, beside any other that has a member audit:
 *  {do: audit}                                       a refusal: it changed nothing
 *  {do: token, id, token: {name, hash, roles, scope, expires_ms, created_ms, user}}
 *  {do: token-drop, id}
 *  {do: configure, text, name, user}                 the revision is kept
 * audit: {at_ms, user, from, method, path, status, text?, key?, digest?}. key: the idempotency key
 * with its user, digest: of what was asked with it. What the one who proposed could not know yet
 * is decided when the entry is applied, and the record holds that status: a token taken back that
 * is not there (404), one too many (422).
 */
struct office {
	json_t *tokens;    /* id → token */
	json_t *records;   /* of the audit, oldest first */
	json_t *revisions; /* oldest first: {revision, at_ms, user, name, text} */
	json_t *keys;      /* oldest first: key → {key, digest, at_ms, revision, index, id?} */
	uint64_t count, revision; /* records ever made; revisions ever made */
	char base[65], head[65];  /* hash before the first record kept, and of the last one */
};

struct office *office_new(void);
void office_free(struct office *office);
own_define(office, struct office, office_free)

/* *ret_record: what was added to the audit, borrowed, or NULL. 0, or the status that it came to
 * instead of the one in its audit: nothing was changed then. */
unsigned office_apply(struct office *office, uint64_t index, json_t *entry, json_t **ret_record);

json_t *office_snapshot(const struct office *office);
int office_restore(struct office *office, json_t *snapshot); /* -EINVAL */

/* True: every record holds the hash of the one before. Else *ret_broken is the number of the first
 * that does not. */
bool office_intact(const struct office *office, uint64_t *ret_broken);
/* The hash of a record that follows one with the hash before. */
void office_hash(const char *before, const json_t *record, char ret[65]);
json_t *office_revision(const struct office *office, uint64_t revision); /* 0: newest; or NULL */
json_t *office_key(const struct office *office, const char *key);        /* or NULL */

#endif
