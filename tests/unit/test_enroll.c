/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/own.h"
#include "core/warden.h"
#include "edge/api_desk.h"
#include "edge/authority.h"
#include "edge/enroll.h"
#include "edge/identity.h"

/* A controller's door and desk on a thread of its own; what is proposed is committed at once. */
struct rig {
	char dir[40];
	char *address, *pki, *host, *token;
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t stop;
	struct api_desk *doors;
	uint64_t index;
};

static void on_event(void *ctx, const struct event *event)
{
}

static int on_propose(void *ctx, json_t *entry)
{
	struct rig *rig = ctx;
	json_t *record;

	desk_apply(api_desk_desk(rig->doors), ++rig->index, entry, &record);
	return 0;
}

static void on_stop(uv_async_t *async)
{
	struct rig *rig = async->data;

	api_desk_free(rig->doors);
	uv_close((uv_handle_t *)async, NULL);
}

static void *serve(void *ctx)
{
	uv_run(&((struct rig *)ctx)->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void token_new(struct rig *rig, const char *roles, uint64_t expires_ms)
{
	uint8_t random[WARDEN_RANDOM] = { 1, 2, 3 };
	char id[17], token[WARDEN_TOKEN_MAX], hash[WARDEN_HASH_LEN], pin[ENROLL_PIN + 1];
	owned(free) char *path = own_printf("%s/ca.crt", rig->pki), *ca = NULL;
	json_t *entry;
	size_t len;

	warden_token(random, id, token);
	warden_hash(token, hash);
	entry = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:I}}", "do", "token", "id", id, "token",
		"name", "n7", "roles", roles, "hash", hash, "expires_ms", (json_int_t)expires_ms);
	on_propose(rig, entry);
	json_decref(entry);
	cr_assert_eq(file_read(path, 1 << 20, &ca, &len), 0);
	cr_assert_eq(enroll_pin(ca, pin), 0);
	rig->token = own_printf("%s.%s", token, pin);
}

static void rig_init(struct rig *rig, unsigned role, const char *roles, uint64_t expires_ms)
{
	struct authority_subject subject = { .name = "c1", .roles = role };
	static const struct api_desk_handler handler = { on_event, on_propose, NULL };
	owned(free) char *socket = NULL, *why = NULL;
	json_t *controllers = json_pack(
		"[{s:s, s:s, s:[s]}]", "name", "c1", "link", "a:7407", "addresses", "10.0.0.1");
	struct api_desk_config config = {
		.name = "c1", .version = "1", .controllers = controllers
	};

	*rig = (struct rig){ .dir = "/tmp/picket-enroll-XXXXXX" };
	cr_assert(mkdtemp(rig->dir));
	rig->pki = own_printf("%s/pki", rig->dir);
	rig->host = own_printf("%s/host", rig->dir);
	rig->address = own_printf("127.0.0.1:%d", 30000 + getpid() % 2700);
	socket = own_printf("%s/sock", rig->dir);
	cr_assert_eq(authority_create(rig->pki, "test", &why), 0, "%s", why);
	cr_assert_eq(authority_issue(rig->pki, &subject, rig->pki, &why), 0, "%s", why);
	config.socket = socket;
	config.address = rig->address;
	config.pki = rig->pki;
	uv_loop_init(&rig->loop);
	uv_async_init(&rig->loop, &rig->stop, on_stop);
	rig->stop.data = rig;
	cr_assert_eq(
		api_desk_new(&rig->loop, &config, &handler, rig, &rig->doors, &why), 0, "%s", why);
	json_decref(controllers);
	token_new(rig, roles, expires_ms);
	cr_assert_eq(pthread_create(&rig->thread, NULL, serve, rig), 0);
}

static void rig_done(struct rig *rig)
{
	owned(free) char *command = own_printf("rm -rf %s", rig->dir);

	uv_async_send(&rig->stop);
	pthread_join(rig->thread, NULL);
	uv_loop_close(&rig->loop);
	cr_assert_eq(system(command), 0);
	free(rig->address);
	free(rig->pki);
	free(rig->host);
	free(rig->token);
}

Test(enroll, once_and_as_who_the_token_names)
{
	owned(free) char *why = NULL, *again = NULL, *key = NULL;
	struct identity *identity = NULL;
	json_t *answer = NULL;
	struct stat st;
	struct rig rig;

	rig_init(&rig, IDENTITY_CONTROLLER, "join", 0);
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &why), 0, "%s", why);
	cr_assert_str_eq(json_string_value(json_object_get(answer, "name")), "n7");
	cr_assert_eq(json_array_size(json_object_get(answer, "controllers")), 1);
	cr_assert_eq(identity_load(rig.host, &identity, &why), 0, "%s", why);
	cr_assert(identity_named(identity, "n7"));
	cr_assert_eq(identity_roles(identity), IDENTITY_NODE);
	key = own_printf("%s/node.key", rig.host);
	cr_assert_eq(stat(key, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	identity_free(identity);
	json_decref(answer);
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &again), -EACCES);
	cr_assert(strstr(again, "says no"), "%s", again);
	rig_done(&rig);
}

Test(enroll, a_controller_by_a_controllers_token_only)
{
	struct identity *identity = NULL;
	owned(free) char *why = NULL;
	json_t *answer = NULL;
	struct rig rig;

	rig_init(&rig, IDENTITY_CONTROLLER, "join-controller", 0);
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &why), 0, "%s", why);
	cr_assert_eq(identity_load(rig.host, &identity, &why), 0, "%s", why);
	cr_assert_eq(identity_roles(identity), IDENTITY_NODE | IDENTITY_CONTROLLER);
	identity_free(identity);
	json_decref(answer);
	rig_done(&rig);
}

static void refused(unsigned role, const char *roles, uint64_t expires_ms, int error)
{
	owned(free) char *why = NULL;
	json_t *answer = NULL;
	struct rig rig;

	rig_init(&rig, role, roles, expires_ms);
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &why), error, "%s", why);
	cr_assert_neq(access(rig.host, F_OK), 0, "nothing was written");
	rig_done(&rig);
}

Test(enroll, not_when_the_token_has_run_out)
{
	refused(IDENTITY_CONTROLLER, "join", 1000, -EACCES);
}

Test(enroll, not_by_another_kind_of_token)
{
	refused(IDENTITY_CONTROLLER, "admin", 0, -EACCES);
}

/* Its certificate is good and of the same CA: but it is a node's, and gets no token to see. */
Test(enroll, not_through_a_node_that_plays_controller)
{
	refused(IDENTITY_NODE, "join", 0, -EKEYREJECTED);
}

Test(enroll, not_with_another_ca)
{
	owned(free) char *why = NULL, *half = NULL;
	json_t *answer = NULL;
	struct rig rig;

	rig_init(&rig, IDENTITY_CONTROLLER, "join", 0);
	rig.token[strlen(rig.token) - 1] ^= 1;
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &why), -EKEYREJECTED);
	cr_assert(strstr(why, "its CA is not the one"), "%s", why);
	cr_assert_eq(enroll(rig.address, "pk1_nothing", rig.host, &answer, &half), -EINVAL);
	rig_done(&rig);
}

/* While one CA gives way to the next: what the token names is believed, and both are taken home. */
Test(enroll, with_a_token_of_the_ca_that_is_about_to_go)
{
	owned(free) char *why = NULL, *path = NULL, *old = NULL, *next = NULL, *both = NULL;
	owned(free) char *taken = NULL, *home = NULL;
	struct identity *identity = NULL;
	json_t *answer = NULL;
	struct rig rig;
	size_t len;

	rig_init(&rig, IDENTITY_CONTROLLER, "join", 0);
	path = own_printf("%s/ca.crt", rig.pki);
	home = own_printf("%s/ca.crt", rig.host);
	cr_assert_eq(file_read(path, 1 << 20, &old, &len), 0);
	cr_assert_eq(authority_next(rig.pki, "test", &next, &why), 0, "%s", why);
	both = own_printf("%s%s", next, old);
	cr_assert_eq(file_write(path, 0644, both, strlen(both)), 0);
	cr_assert_eq(enroll(rig.address, rig.token, rig.host, &answer, &why), 0, "%s", why);
	cr_assert_eq(file_read(home, 1 << 20, &taken, &len), 0);
	cr_assert_str_eq(taken, both);
	cr_assert_eq(identity_load(rig.host, &identity, &why), 0, "%s", why);
	cr_assert_not(identity_behind(identity), "the next one has signed");
	identity_free(identity);
	json_decref(answer);
	rig_done(&rig);
}
