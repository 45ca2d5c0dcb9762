/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "core/warden.h"

#define TOKEN_PREFIX "pk1_"
#define ID_LEN 16

int warden_rights(const char *roles, unsigned *ret)
{
	static const struct {
		const char *role;
		unsigned rights;
	} rows[] = {
		{ "viewer", ROUTE_READ },
		{ "operator", ROUTE_READ | ROUTE_OPERATE },
		{ "fencer", ROUTE_READ | ROUTE_FENCE },
		{ "admin", ROUTE_READ | ROUTE_OPERATE | ROUTE_FENCE | ROUTE_ADMIN },
		{ "node", ROUTE_READ },
		{ "join", ROUTE_JOIN },
		{ "join-controller", ROUTE_JOIN },
	};
	unsigned rights = 0;

	for (const char *at = roles;; at++) {
		size_t len = strcspn(at, ","), i;

		for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
			if (strlen(rows[i].role) == len && !memcmp(rows[i].role, at, len))
				break;
		if (i == sizeof(rows) / sizeof(*rows))
			return -EINVAL;
		rights |= rows[i].rights;
		at += len;
		if (!*at)
			break;
	}
	*ret = rights;
	return 0;
}

const char *warden_right_name(enum route_right right)
{
	return right == ROUTE_READ      ? "read"
	       : right == ROUTE_JOIN    ? "join"
	       : right == ROUTE_OPERATE ? "operate"
	       : right == ROUTE_FENCE   ? "fence"
					: "administer";
}

static void hex(const uint8_t *data, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[data[i] >> 4];
		*ret++ = digits[data[i] & 15];
	}
	*ret = '\0';
}

void warden_hash(const char *text, char ret[WARDEN_HASH_LEN])
{
	uint8_t sum[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)text, strlen(text), sum);
	hex(sum, sizeof(sum), ret);
}

void warden_token(
	const uint8_t random[WARDEN_RANDOM], char ret_id[17], char ret_token[WARDEN_TOKEN_MAX])
{
	char secret[2 * 32 + 1];

	hex(random, ID_LEN / 2, ret_id);
	hex(random + ID_LEN / 2, 32, secret);
	snprintf(ret_token, WARDEN_TOKEN_MAX, TOKEN_PREFIX "%s_%s", ret_id, secret);
	OPENSSL_cleanse(secret, sizeof(secret));
}

int warden_bearer(
	const json_t *tokens, const char *authorization, uint64_t now_ms, struct warden_who *ret)
{
	const char *token = authorization, *hash, *name;
	char id[ID_LEN + 1], is[WARDEN_HASH_LEN];
	const json_t *record;
	uint64_t expires;
	unsigned rights;

	if (strncasecmp(token, "Bearer ", 7))
		return -EKEYREJECTED;
	token += 7 + strspn(token + 7, " ");
	if (strncmp(token, TOKEN_PREFIX, 4) || strlen(token) != 4 + ID_LEN + 1 + 64)
		return -EKEYREJECTED;
	memcpy(id, token + 4, ID_LEN);
	id[ID_LEN] = '\0';
	record = json_object_get(tokens, id);
	hash = json_string_value(json_object_get(record, "hash"));
	name = json_string_value(json_object_get(record, "name"));
	warden_hash(token, is);
	if (!hash || !name || strlen(hash) != WARDEN_HASH_LEN - 1 ||
		CRYPTO_memcmp(hash, is, WARDEN_HASH_LEN - 1) ||
		warden_rights(json_string_value(json_object_get(record, "roles")), &rights))
		return -EKEYREJECTED;
	expires = (uint64_t)json_integer_value(json_object_get(record, "expires_ms"));
	if (expires && now_ms >= expires)
		return -EKEYEXPIRED;
	snprintf(ret->user, sizeof(ret->user), "token %s", name);
	ret->rights = rights;
	if (rights & ROUTE_JOIN) {
		snprintf(ret->token, sizeof(ret->token), "%s", id);
		snprintf(ret->host, sizeof(ret->host), "%s", name);
		ret->controller = strstr(
			json_string_value(json_object_get(record, "roles")), "join-controller");
	}
	ret->scope = json_object_get(record, "scope");
	return 0;
}

static bool scope_has(const json_t *scope, const char *name)
{
	size_t i;
	json_t *v;

	json_array_foreach (scope, i, v)
		if (name && json_is_string(v) && !strcmp(json_string_value(v), name))
			return true;
	return false;
}

bool warden_may(const struct warden_who *who, const struct route *route, const char *resource)
{
	if (route->right == ROUTE_OPEN)
		return true;
	if (!(who->rights & route->right))
		return false;
	if (!json_array_size(who->scope) || !route_changes(route))
		return true;
	return scope_has(who->scope, resource);
}

bool warden_count(
	struct warden *warden, const char *caller, double burst, double per_s, uint64_t now_ms)
{
	uint64_t key = 0xcbf29ce484222325ULL;
	size_t slot;
	double left;

	for (const char *c = caller; *c; c++)
		key = (key ^ (unsigned char)*c) * 0x100000001b3ULL;
	slot = key % WARDEN_BUCKETS;
	/* Two callers may share one: whoever comes second does not get it filled anew. */
	if (warden->buckets[slot].key != key &&
		now_ms - warden->buckets[slot].at_ms > burst / per_s * 1000) {
		warden->buckets[slot].key = key;
		warden->buckets[slot].at_ms = now_ms;
		warden->buckets[slot].left = burst;
	}
	left = warden->buckets[slot].left;
	if (now_ms > warden->buckets[slot].at_ms)
		left += (double)(now_ms - warden->buckets[slot].at_ms) / 1000 * per_s;
	warden->buckets[slot].at_ms = now_ms;
	warden->buckets[slot].left = left > burst ? burst : left;
	if (warden->buckets[slot].left < 1)
		return false;
	warden->buckets[slot].left -= 1;
	return true;
}
