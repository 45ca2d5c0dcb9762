/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "core/warden.h"

static json_t *tokens_with(const uint8_t random[WARDEN_RANDOM], const char *roles,
	json_int_t expires, char token[WARDEN_TOKEN_MAX])
{
	char id[17], hash[WARDEN_HASH_LEN];

	warden_token(random, id, token);
	warden_hash(token, hash);
	return json_pack("{s:{s:s, s:s, s:s, s:I, s:[s]}}", id, "name", "grafana", "hash", hash,
		"roles", roles, "expires_ms", expires, "scope", "web");
}

Test(warden, roles)
{
	unsigned rights = 99;

	cr_assert_eq(warden_rights("viewer", &rights), 0);
	cr_assert_eq(rights, ROUTE_READ);
	cr_assert_eq(warden_rights("operator,fencer", &rights), 0);
	cr_assert_eq(rights, ROUTE_READ | ROUTE_OPERATE | ROUTE_FENCE);
	rights = 99;
	cr_assert_eq(warden_rights("king", &rights), -EINVAL);
	cr_assert_eq(warden_rights("", &rights), -EINVAL);
	cr_assert_eq(warden_rights("viewer,", &rights), -EINVAL);
	cr_assert_eq(rights, 99);
}

Test(warden, hash_is_sha256)
{
	char hash[WARDEN_HASH_LEN];

	warden_hash("abc", hash);
	cr_assert_str_eq(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

Test(warden, knows_a_token)
{
	uint8_t random[WARDEN_RANDOM] = { 1, 2, 3 };
	char token[WARDEN_TOKEN_MAX];
	json_t *tokens = tokens_with(random, "operator", 5000, token);
	owned(free) char *good = own_printf("Bearer %s", token), *bad = own_printf("%s", good);
	struct warden_who who = { 0 };

	bad[strlen(bad) - 1] ^= 1;
	cr_assert_eq(warden_bearer(tokens, good, 4999, &who), 0);
	cr_assert_str_eq(who.user, "token grafana");
	cr_assert_eq(who.rights, ROUTE_READ | ROUTE_OPERATE);
	cr_assert_eq(warden_bearer(tokens, good, 5000, &who), -EKEYEXPIRED);
	cr_assert_eq(warden_bearer(tokens, bad, 0, &who), -EKEYREJECTED);
	cr_assert_eq(warden_bearer(tokens, token, 0, &who), -EKEYREJECTED);
	cr_assert_eq(warden_bearer(tokens, "Bearer ", 0, &who), -EKEYREJECTED);
	cr_assert_eq(warden_bearer(tokens, "Basic Zm9vOmJhcg==", 0, &who), -EKEYREJECTED);
	json_decref(tokens);
}

Test(warden, scope_names_what_may_be_changed)
{
	json_t *scope = json_pack("[s]", "web");
	struct warden_who who = { .rights = ROUTE_READ | ROUTE_OPERATE, .scope = scope };
	struct route_match m;

	route_find("POST", "/v1/resources/web/move", &m);
	cr_assert(warden_may(&who, m.route, "web"));
	cr_assert_not(warden_may(&who, m.route, "db"));
	route_find("POST", "/v1/nodes/n1/standby", &m);
	cr_assert_not(warden_may(&who, m.route, NULL));
	who.scope = NULL;
	cr_assert(warden_may(&who, m.route, NULL));
	route_find("POST", "/v1/nodes/n1/fence", &m);
	cr_assert_not(warden_may(&who, m.route, NULL));
	json_decref(scope);
}

Test(warden, a_bucket_empties_and_fills)
{
	struct warden *w = own_new(struct warden);

	for (int i = 0; i < 3; i++)
		cr_assert(warden_count(w, "me", 3, 1, 1000000));
	cr_assert_not(warden_count(w, "me", 3, 1, 1000000));
	cr_assert(warden_count(w, "me", 3, 1, 1001100));
	cr_assert_not(warden_count(w, "me", 3, 1, 1001200));
	cr_assert(warden_count(w, "another one", 3, 1, 1001200));
	free(w);
}
