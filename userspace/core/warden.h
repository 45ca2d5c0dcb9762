/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warden: who asks and what he may: roles, scopes, tokens, and how often. */
#ifndef CORE_WARDEN_H
#define CORE_WARDEN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/route.h"

#define WARDEN_HASH_LEN 65  /* of a SHA-256 in hexadecimal, with its NUL */
#define WARDEN_TOKEN_MAX 96 /* of a token, with its NUL */
#define WARDEN_BUCKETS 512
#define WARDEN_RANDOM 40 /* bytes that a new token needs */

/* Somebody who was recognised. */
struct warden_who {
	char user[96];   /* for the audit: "root", "uid 1000", "token grafana" */
	unsigned rights; /* of enum route_right */
	char token[17], host[PICKET_NAME_MAX]; /* a joining host's: the token's id, and its name */
	bool controller;                       /* it may join as one */
	json_t *scope; /* names of resources and groups that he may change; NULL: all. Borrowed. */
};

/* A bucket per caller: refilled with time, emptied by requests. */
struct warden {
	struct {
		uint64_t key, at_ms;
		double left;
	} buckets[WARDEN_BUCKETS];
};

/* "viewer", "operator,fencer", … → rights; -EINVAL: an unknown role. */
int warden_rights(const char *roles, unsigned *ret);
/* The right's own word, for people: "fence". */
const char *warden_right_name(enum route_right right);

void warden_hash(const char *text, char ret[WARDEN_HASH_LEN]);
/* A token's id and the whole of it, made of random bytes. */
void warden_token(
	const uint8_t random[WARDEN_RANDOM], char ret_id[17], char ret_token[WARDEN_TOKEN_MAX]);
/* Recognises "Bearer TOKEN" among tokens, an object id → {name, hash, roles, scope, expires_ms}.
 * -EKEYREJECTED: not one of them; -EKEYEXPIRED. */
int warden_bearer(
	const json_t *tokens, const char *authorization, uint64_t now_ms, struct warden_who *ret);
/* May he? resource: the one that the path names (a scope names it, or its group, the same way);
 * NULL: none. */
bool warden_may(const struct warden_who *who, const struct route *route, const char *resource);

/* Takes one out of the caller's bucket, which holds burst and gains per_s each second. False: it
 * is empty. */
bool warden_count(
	struct warden *warden, const char *caller, double burst, double per_s, uint64_t now_ms);

#endif
