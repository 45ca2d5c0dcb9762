/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/http.h"
#include "base/own.h"

/* A small server; what it saw last is for the tests. */
struct server {
	struct MHD_Daemon *daemon;
	char base[64];
	char method[16], auth[64], token[64], match[64], body[256];
	int hits;
};

static void keep(struct MHD_Connection *c, const char *name, char *to, size_t size)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	snprintf(to, size, "%s", value ? value : "");
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *text,
	const char *name, const char *value)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (name)
		MHD_add_response_header(r, name, value);
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static ssize_t endless(void *ctx, uint64_t at, char *to, size_t max)
{
	memset(to, 'x', max);
	return (ssize_t)max;
}

static enum MHD_Result answer_endless(struct MHD_Connection *c)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, endless, NULL, NULL);
	enum MHD_Result result = MHD_queue_response(c, 200, r);

	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct server *s = ctx;

	if (!*state) {
		*state = s;
		s->body[0] = 0;
		return MHD_YES;
	}
	if (*size) {
		strncat(s->body, data, *size < 200 ? *size : 200);
		*size = 0;
		return MHD_YES;
	}
	s->hits++;
	snprintf(s->method, sizeof(s->method), "%s", method);
	keep(c, "Authorization", s->auth, sizeof(s->auth));
	keep(c, "X-Auth-Token", s->token, sizeof(s->token));
	keep(c, "If-Match", s->match, sizeof(s->match));
	if (strcmp(url, "/moved") == 0)
		return answer(c, 307, "", "Location", "/here");
	if (strcmp(url, "/loop") == 0)
		return answer(c, 302, "", "Location", "/loop");
	if (strcmp(url, "/away") == 0)
		return answer(c, 307, "", "Location", "http://127.0.0.2:9/here");
	if (strcmp(url, "/busy") == 0)
		return answer(c, 503, "", "Retry-After", "7");
	if (strcmp(url, "/etag") == 0)
		return answer(c, 200, "{}", "ETag", "\"abc\"");
	if (strcmp(url, "/endless") == 0)
		return answer_endless(c);
	while (strcmp(url, "/mute") == 0)
		usleep(10000);
	return answer(c, 200, "hello", NULL, NULL);
}

static void server_start(struct server *s)
{
	const union MHD_DaemonInfo *info;

	memset(s, 0, sizeof(*s));
	s->daemon =
		MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0,
			NULL, NULL, on_request, s, MHD_OPTION_END);
	cr_assert_not_null(s->daemon);
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
	snprintf(s->base, sizeof(s->base), "http://127.0.0.1:%d", info->port);
}

static struct server server;
static struct http *client;

static void setup(void)
{
	server_start(&server);
	cr_assert_eq(http_new(
			     &(struct http_config){
				     .username = "me", .password = "word", .body_max = 100000 },
			     &client),
		0);
}

TestSuite(http, .init = setup);

static int fetch(struct http_request request, const char *path, struct http_answer *ret)
{
	char url[128];

	snprintf(url, sizeof(url), "%s%s", server.base, path);
	request.url = url;
	if (!request.timeout_ms)
		request.timeout_ms = 5000;
	return http_send(client, &request, ret);
}

Test(http, get)
{
	struct http_answer a = { 0 };

	cr_assert_eq(fetch((struct http_request){ 0 }, "/", &a), 0);
	cr_assert_eq(a.status, 200);
	cr_assert_str_eq(a.body, "hello");
	cr_assert_eq(a.size, 5);
	cr_assert_str_eq(server.auth, "", "no credentials unless asked for");
	cr_assert_eq(a.retry_after_ms, -1);
	http_answer_done(&a);
	http_free(client);
}

Test(http, headers_and_body)
{
	struct http_answer a = { 0 };

	cr_assert_eq(fetch((struct http_request){ .method = "POST",
				   .body = "{\"a\":1}",
				   .basic = true,
				   .token = "t0",
				   .if_match = "\"e\"" },
			     "/", &a),
		0);
	cr_assert_str_eq(server.method, "POST");
	cr_assert_str_eq(server.body, "{\"a\":1}");
	cr_assert_str_eq(server.auth, "Basic bWU6d29yZA==");
	cr_assert_str_eq(server.token, "t0");
	cr_assert_str_eq(server.match, "\"e\"");
	http_answer_done(&a);
	/* and nothing of it sticks to the next one */
	cr_assert_eq(fetch((struct http_request){ 0 }, "/etag", &a), 0);
	cr_assert_str_eq(server.method, "GET");
	cr_assert_str_eq(server.auth, "");
	cr_assert_str_eq(server.token, "");
	cr_assert_str_eq(a.etag, "\"abc\"");
	http_answer_done(&a);
}

Test(http, redirect_inside_the_host_keeps_the_method)
{
	struct http_answer a = { 0 };

	cr_assert_eq(
		fetch((struct http_request){ .method = "POST", .body = "x" }, "/moved", &a), 0);
	cr_assert_eq(a.status, 200);
	cr_assert_str_eq(server.method, "POST");
	cr_assert_str_eq(server.body, "x");
	http_answer_done(&a);
}

Test(http, redirect_elsewhere_is_refused)
{
	struct http_answer a = { .status = 12345 };

	cr_assert_eq(fetch((struct http_request){ .basic = true }, "/away", &a), -EXDEV);
	cr_assert_eq(a.status, 12345, "a failed call leaves its ret alone");
	cr_assert(strstr(http_reason(client), "another host"));
}

Test(http, redirect_loop_ends)
{
	struct http_answer a;

	cr_assert_eq(fetch((struct http_request){ 0 }, "/loop", &a), -ELOOP);
	cr_assert_lt(server.hits, 10);
}

Test(http, status_and_retry_after)
{
	struct http_answer a = { 0 };

	cr_assert_eq(fetch((struct http_request){ 0 }, "/busy", &a), 0);
	cr_assert_eq(a.status, 503);
	cr_assert_eq(a.retry_after_ms, 7000);
	http_answer_done(&a);
}

Test(http, endless_body_is_refused)
{
	struct http_answer a;

	cr_assert_eq(fetch((struct http_request){ 0 }, "/endless", &a), -EMSGSIZE);
}

Test(http, mute_server_times_out)
{
	struct http_answer a;

	cr_assert_eq(fetch((struct http_request){ .timeout_ms = 200 }, "/mute", &a), -ETIMEDOUT);
}

Test(http, nobody_there)
{
	struct http_answer a;
	struct http_request q = { .url = "http://127.0.0.1:1/", .timeout_ms = 2000 };

	cr_assert_eq(http_send(client, &q, &a), -ECONNREFUSED);
}

Test(http, other_schemes_are_refused)
{
	struct http_answer a;
	struct http_request q = { .url = "file:///etc/hostname", .timeout_ms = 2000 };

	cr_assert_eq(http_send(client, &q, &a), -EINVAL);
}

Test(http, environment_proxy_is_ignored)
{
	struct http_answer a = { 0 };

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	cr_assert_eq(fetch((struct http_request){ 0 }, "/", &a), 0);
	http_answer_done(&a);
}
