/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "edge/api.h"
#include "edge/door.h"
#include "pki.h"

/* The server runs on the test's thread; a client asks from another one. */
struct rig {
	uv_loop_t loop;
	char dir[32];
	char *socket;
	struct api *api;
	struct api_token *later;
	struct api_stream *stream;
	unsigned requests, gone;
	char method[16], path[64], query[64], body[64], user[32], if_match[32];
	size_t body_len;
	uid_t uid;
};

static void on_request(void *ctx, struct api_token *token, const struct api_request *r)
{
	struct rig *rig = ctx;

	rig->requests++;
	snprintf(rig->method, sizeof(rig->method), "%s", r->method);
	snprintf(rig->path, sizeof(rig->path), "%s", r->path);
	snprintf(rig->query, sizeof(rig->query), "%s",
		json_string_value(json_object_get(r->query, "q")) ?: "none");
	snprintf(rig->body, sizeof(rig->body), "%s", r->body);
	snprintf(rig->user, sizeof(rig->user), "%s", r->user);
	snprintf(rig->if_match, sizeof(rig->if_match), "%s", r->if_match);
	rig->body_len = r->body_len;
	rig->uid = r->uid;
	if (!strcmp(r->path, "/later"))
		rig->later = token;
	else if (!strcmp(r->path, "/problem"))
		api_problem(token, 409, "Conflict", "somebody was quicker",
			json_pack("{s:i}", "revision", 7));
	else if (!strcmp(r->path, "/stream"))
		rig->stream = api_reply_stream(token);
	else if (!strcmp(r->path, "/text"))
		api_reply_text(token, 200, "text/plain", "hello");
	else
		api_reply(token, 200, "r7", json_pack("{s:b}", "ok", 1));
}

static void on_stream_gone(void *ctx, struct api_stream *stream)
{
	struct rig *rig = ctx;

	cr_assert_eq(rig->stream, stream);
	rig->gone++;
	rig->stream = NULL;
}

static const struct api_handler handler = { on_request, on_stream_gone };

static void rig_init(struct rig *rig, size_t body_max)
{
	struct api_config config = { .body_max = body_max };
	char *why = NULL;

	memset(rig, 0, sizeof(*rig));
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/picket-api-XXXXXX");
	cr_assert(mkdtemp(rig->dir));
	rig->socket = own_printf("%s/api.sock", rig->dir);
	uv_loop_init(&rig->loop);
	config.socket = rig->socket;
	cr_assert_eq(api_new(&rig->loop, &config, &handler, rig, &rig->api, &why), 0, "%s", why);
}

static void rig_done(struct rig *rig)
{
	owned(free) char *command = own_printf("rm -rf %s", rig->dir);

	api_free(rig->api);
	loop_done(&rig->loop);
	cr_assert_neq(access(rig->socket, F_OK), 0);
	free(rig->socket);
	cr_assert_eq(system(command), 0);
}

struct client {
	struct door_request request;
	struct door_answer answer;
	char *why;
	int r;
	bool done, follow;
	char events[256];
	unsigned want;
	pthread_t thread;
};

static int on_event(void *ctx, const char *event, const char *id, const char *data)
{
	struct client *c = ctx;
	size_t at = strlen(c->events);

	snprintf(c->events + at, sizeof(c->events) - at, "%s/%s/%s;", event, id, data);
	return --c->want ? 0 : 1;
}

static void *client_run(void *ctx)
{
	struct client *c = ctx;

	c->r = c->follow ? door_follow(&c->request, on_event, c, &c->answer, &c->why)
			 : door_ask(&c->request, &c->answer, &c->why);
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void client_start(
	struct client *c, struct rig *rig, const char *method, const char *path, const char *body)
{
	bool follow = c->follow;
	unsigned want = c->want;

	*c = (struct client){ .request = { .socket = rig->socket,
				      .method = method,
				      .path = path,
				      .body = body,
				      .timeout_s = 8 },
		.follow = follow,
		.want = want };
	cr_assert_eq(pthread_create(&c->thread, NULL, client_run, c), 0);
}

static void client_wait(struct client *c, struct rig *rig)
{
	run_until(&rig->loop, __atomic_load_n(&c->done, __ATOMIC_ACQUIRE));
	pthread_join(c->thread, NULL);
}

Test(api, a_request_and_its_answer)
{
	struct client c = { 0 };
	struct rig rig;
	struct stat st;

	rig_init(&rig, 0);
	cr_assert_eq(stat(rig.socket, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0660);
	client_start(&c, &rig, "PUT", "/v1/a%20b?q=x%26y&flag", "{\"a\":1}");
	client_wait(&c, &rig);
	cr_assert_eq(c.r, 0, "%s", c.why);
	cr_assert_eq(c.answer.status, 200);
	cr_assert(json_is_true(json_object_get(c.answer.json, "ok")));
	cr_assert_str_eq(c.answer.etag, "r7");
	cr_assert_str_eq(rig.method, "PUT");
	cr_assert_str_eq(rig.path, "/v1/a b");
	cr_assert_str_eq(rig.query, "x&y");
	cr_assert_str_eq(rig.body, "{\"a\":1}");
	cr_assert_eq(rig.uid, getuid());
	if (!getuid())
		cr_assert_str_eq(rig.user, "root");
	door_answer_done(&c.answer);

	client_start(&c, &rig, "GET", "/text", NULL);
	client_wait(&c, &rig);
	cr_assert_str_eq(c.answer.text, "hello");
	cr_assert_null(c.answer.json);
	cr_assert_str_eq(rig.query, "none");
	cr_assert_eq(rig.body_len, 0);
	door_answer_done(&c.answer);

	client_start(&c, &rig, "POST", "/problem", "");
	client_wait(&c, &rig);
	cr_assert_eq(c.answer.status, 409);
	cr_assert_str_eq(json_string_value(json_object_get(c.answer.json, "detail")),
		"somebody was quicker");
	cr_assert_eq(json_integer_value(json_object_get(c.answer.json, "revision")), 7);
	cr_assert_eq(json_integer_value(json_object_get(c.answer.json, "status")), 409);
	door_answer_done(&c.answer);
	rig_done(&rig);
}

Test(api, an_answer_may_come_later)
{
	struct client first = { 0 }, second = { 0 };
	struct rig rig;

	rig_init(&rig, 0);
	client_start(&first, &rig, "GET", "/later", NULL);
	run_until(&rig.loop, rig.later);
	client_start(&second, &rig, "GET", "/now", NULL);
	client_wait(&second, &rig);
	cr_assert_not(first.done);
	api_reply(rig.later, 202, NULL, json_pack("{s:s}", "job", "1"));
	client_wait(&first, &rig);
	cr_assert_eq(first.answer.status, 202);
	door_answer_done(&first.answer);
	door_answer_done(&second.answer);
	rig_done(&rig);
}

Test(api, what_is_pending_is_answered_at_the_end)
{
	struct client c = { 0 };
	struct rig rig;

	rig_init(&rig, 0);
	client_start(&c, &rig, "GET", "/later", NULL);
	run_until(&rig.loop, rig.later);
	rig_done(&rig);
	pthread_join(c.thread, NULL);
	cr_assert_eq(c.r, 0, "%s", c.why);
	cr_assert_eq(c.answer.status, 503);
	door_answer_done(&c.answer);
}

Test(api, bodies_are_bounded)
{
	owned(free) char *body = own_alloc(70000);
	struct client c = { 0 };
	struct rig rig;

	rig_init(&rig, 65536);
	memset(body, 'x', 65536);
	client_start(&c, &rig, "PUT", "/", body);
	client_wait(&c, &rig);
	cr_assert_eq(c.answer.status, 200);
	cr_assert_eq(rig.body_len, 65536);
	door_answer_done(&c.answer);
	body[65536] = 'x';
	client_start(&c, &rig, "PUT", "/", body);
	client_wait(&c, &rig);
	cr_assert_eq(c.answer.status, 413);
	cr_assert_eq(rig.requests, 1, "the owner is not asked");
	door_answer_done(&c.answer);
	rig_done(&rig);
}

Test(api, events_flow_until_one_end_goes)
{
	json_t *data = json_pack("{s:s}", "node", "n1");
	struct client c = { .follow = true, .want = 3 };
	struct rig rig;

	rig_init(&rig, 0);
	client_start(&c, &rig, "GET", "/stream", NULL);
	run_until(&rig.loop, rig.stream);
	cr_assert_eq(api_stream_send(rig.stream, "lost", 7, data), 0);
	cr_assert_eq(api_stream_send(rig.stream, "fenced", 8, data), 0);
	run_until(&rig.loop, strstr(c.events, "fenced/8"));
	cr_assert_eq(api_stream_send(rig.stream, "back", 9, data), 0);
	client_wait(&c, &rig);
	cr_assert_eq(c.r, 1);
	cr_assert_str_eq(c.events, "lost/7/{\"node\":\"n1\"};fenced/8/{\"node\":\"n1\"};"
				   "back/9/{\"node\":\"n1\"};");
	while (rig.stream && !rig.gone) { /* gone shows when something is sent */
		api_stream_send(rig.stream, "more", 10, data);
		uv_run(&rig.loop, UV_RUN_NOWAIT);
	}
	cr_assert_eq(rig.gone, 1);

	client_start(&c, &rig, "GET", "/stream", NULL);
	run_until(&rig.loop, rig.stream);
	api_stream_close(rig.stream);
	client_wait(&c, &rig);
	cr_assert_eq(c.r, -EPIPE);
	cr_assert_eq(rig.gone, 1, "who closes is not told");
	json_decref(data);
	rig_done(&rig);
}

static int plain_client(struct rig *rig, const char *text)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, rig->socket);
	cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

Test(api, a_stream_that_nobody_reads_is_dropped)
{
	json_t *data = json_stringn("", 0);
	owned(free) char *text = own_alloc(65536);
	struct rig rig;
	int fd, r = 0;

	memset(text, 'x', 65535);
	json_string_set(data, text);
	rig_init(&rig, 0);
	fd = plain_client(&rig, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(&rig.loop, rig.stream);
	for (unsigned i = 0; !r && i < 1000; i++) {
		r = api_stream_send(rig.stream, "big", i, data);
		uv_run(&rig.loop, UV_RUN_NOWAIT);
	}
	cr_assert_eq(r, -ENOBUFS);
	close(fd);
	run_until(&rig.loop, rig.gone);
	json_decref(data);
	rig_done(&rig);
}

Test(api, nonsense_is_refused_and_the_door_stays_open)
{
	static const char *const nonsense[] = { "\0\0\0", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"GET /?q=%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n" };
	struct client c = { 0 };
	struct rig rig;

	rig_init(&rig, 0);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		int fd = plain_client(&rig, nonsense[i]);

		for (unsigned k = 0; k < 20; k++)
			uv_run(&rig.loop, UV_RUN_NOWAIT);
		close(fd);
	}
	cr_assert_eq(rig.requests, 0, "%s %s", rig.method, rig.path);
	client_start(&c, &rig, "GET", "/", NULL);
	client_wait(&c, &rig);
	cr_assert_eq(c.answer.status, 200);
	door_answer_done(&c.answer);
	rig_done(&rig);
}

Test(api, a_stale_socket_is_replaced_a_living_one_is_not)
{
	struct api_config config = { 0 };
	owned(free) char *why = NULL, *file = NULL;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct api *second = NULL;
	struct rig rig;
	int fd;

	rig_init(&rig, 0);
	config.socket = rig.socket;
	cr_assert_eq(api_new(&rig.loop, &config, &handler, &rig, &second, &why), -EADDRINUSE);
	free(give(why));
	config.socket = file = own_printf("%s/file", rig.dir);
	cr_assert_eq(file_write(file, 0600, "precious", 8), 0);
	cr_assert_eq(api_new(&rig.loop, &config, &handler, &rig, &second, &why), -EEXIST);
	cr_assert_null(second);
	free(give(why));
	cr_assert_eq(unlink(file), 0);
	strcpy(at.sun_path, file);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	cr_assert_eq(api_new(&rig.loop, &config, &handler, &rig, &second, &why), 0, "%s", why);
	api_free(second);
	rig_done(&rig);
}

Test(door, says_why_nobody_answers)
{
	struct door_request request = {
		.socket = "/nonexistent/api.sock", .method = "GET", .path = "/", .timeout_s = 1
	};
	struct door_answer answer = { .status = 77 };
	owned(free) char *why = NULL, *encoded = door_encode("a b/ü?");

	cr_assert_eq(door_ask(&request, &answer, &why), -ECONNREFUSED);
	cr_assert_not_null(strstr(why, "is picketd running?"), "%s", why);
	cr_assert_eq(answer.status, 77);
	cr_assert_str_eq(encoded, "a%20b%2F%C3%BC%3F");
}
