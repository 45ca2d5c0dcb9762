/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz web: a server that answers with the fuzzer's bytes, in place of base/http.c. */
#ifndef FUZZ_WEB_H
#define FUZZ_WEB_H

#include <errno.h>

#include "base/http.h"
#include "fuzz_world.h"

/* The last answer to a GET or a POST of JSON-RPC: what a claim of "off" must rest on. */
static char *web_last;
static unsigned web_requests;

struct http {
	int nothing;
};

int http_new(const struct http_config *config, struct http **ret_http)
{
	*ret_http = own_new(struct http);
	return 0;
}

void http_free(struct http *http)
{
	free(http);
}

const char *http_reason(const struct http *http)
{
	return "fuzzed";
}

void http_answer_done(struct http_answer *answer)
{
	free(answer->body);
	free(answer->etag);
	free(answer->location);
	free(answer->token);
	*answer = (struct http_answer){ 0 };
}

int http_pin(struct http *http, const char *url, uint64_t timeout_ms, char **ret_pin)
{
	return -ENOTSUP;
}

/* A byte for the status, one for the headers, then the body. */
int http_send(struct http *http, const struct http_request *request, struct http_answer *ret)
{
	static const int statuses[] = { 200, 200, 200, 200, 200, 202, 204, 400, 401, 403, 404, 412,
		428, 429, 500, 503 };
	unsigned what, headers;
	const uint8_t *body;
	size_t size;

	web_requests++;
	if (!world.size)
		return -ETIMEDOUT;
	what = world_byte();
	if (what >= 0xf0)
		return -ECONNRESET;
	headers = world_byte();
	if (!world_message(&body, &size))
		size = 0, body = (const uint8_t *)"";
	*ret = (struct http_answer){ .status = statuses[what & 15], .retry_after_ms = -1 };
	ret->body = strndup((const char *)body, size);
	ret->size = strlen(ret->body);
	if (headers & 1)
		ret->etag = own_string("W/\"1\"");
	if (headers & 2)
		ret->location = own_printf("%.*s", (int)size, (const char *)body);
	if (headers & 4)
		ret->token = own_string("token");
	if (headers & 8)
		ret->retry_after_ms = headers >> 4;
	free(web_last);
	web_last = own_string(ret->body);
	return 0;
}

#endif
