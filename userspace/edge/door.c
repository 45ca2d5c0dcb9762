/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include <picket/limits.h>

#include "base/own.h"
#include "base/sse.h"
#include "edge/door.h"

#define DOOR_CONNECT_S 5

own_define(slist, struct curl_slist, curl_slist_free_all)

/* One exchange: the body gathers, or goes on as events when it is a stream. */
struct exchange {
	CURL *curl;
	char *text, *etag, *location;
	size_t len, cap;
	bool stream, json;
	struct sse sse;
	int (*on_event)(void *ctx, const char *event, const char *id, const char *data);
	void *ctx;
	int stopped;
};

static size_t exchange_on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	owned(free) char *line = strndup(data, size * n);

	line[strcspn(line, "\r\n")] = '\0';
	if (!strncasecmp(line, "HTTP/", 5)) {
		x->stream = x->json = false;
	} else if (!strncasecmp(line, "Content-Type:", 13)) {
		x->stream = x->on_event && strstr(line, "text/event-stream");
		x->json = strstr(line, "json");
	} else if (!strncasecmp(line, "ETag: \"", 7)) {
		free(x->etag);
		x->etag = strndup(line + 7, strcspn(line + 7, "\""));
	} else if (!strncasecmp(line, "Location: ", 10)) {
		free(x->location);
		x->location = own_string(line + 10);
	}
	return size * n;
}

static size_t exchange_on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;

	n *= size;
	if (x->stream) {
		x->stopped = sse_feed(&x->sse, data, n, x->on_event, x->ctx);
		return x->stopped ? 0 : n;
	}
	if (x->len + n > PICKET_DOCUMENT_MAX)
		return 0;
	if (x->len + n + 1 > x->cap) {
		x->cap = 2 * (x->len + n + 1);
		x->text = own_array(x->text, x->cap, 1);
	}
	memcpy(x->text + x->len, data, n);
	x->len += n;
	x->text[x->len] = '\0';
	return n;
}

static int exchange_fail(const struct door_request *request, CURLcode code, long error, char **why)
{
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
		*why = own_printf("%s: %s: is picketd running?", request->socket,
			strerror(error ? (int)error : ECONNREFUSED));
		return error == EACCES ? -EACCES : -ECONNREFUSED;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		*why = own_printf("%s: no answer within %u s", request->socket, request->timeout_s);
		return -ETIMEDOUT;
	}
	*why = own_printf("%s: %s", request->socket, curl_easy_strerror(code));
	return -EPROTO;
}

static struct curl_slist *exchange_headers(const struct door_request *request)
{
	owned(free) char *type = own_printf("Content-Type: %s",
		request->content_type ? request->content_type : "application/json");
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

	if (request->body)
		headers = curl_slist_append(headers, type);
	if (request->async)
		headers = curl_slist_append(headers, "Prefer: respond-async");
	if (request->if_match) {
		owned(free) char *match = own_printf("If-Match: \"%s\"", request->if_match);

		headers = curl_slist_append(headers, match);
	}
	return headers;
}

static CURLcode exchange_run(
	struct exchange *x, const struct door_request *request, long *status, long *error)
{
	owned(slist) struct curl_slist *headers = exchange_headers(request);
	owned(free) char *url = own_printf("http://picket%s", request->path);
	CURL *c = x->curl;
	CURLcode code;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)DOOR_CONNECT_S);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, exchange_on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, exchange_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	if (request->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request->method);
	if (!x->on_event)
		curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)request->timeout_s);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	curl_easy_getinfo(c, CURLINFO_OS_ERRNO, error);
	return code;
}

static int door_exchange(
	struct exchange *x, const struct door_request *request, struct door_answer *ret, char **why)
{
	long status = 0, error = 0;
	CURLcode code;
	int r = 0;

	sse_init(&x->sse);
	x->curl = curl_easy_init();
	code = exchange_run(x, request, &status, &error);
	curl_easy_cleanup(x->curl);
	sse_done(&x->sse);
	if (x->stream)
		r = x->stopped ? x->stopped : -EPIPE;
	else if (code)
		r = exchange_fail(request, code, error, why);
	if (r) {
		free(x->text);
		free(x->etag);
		free(x->location);
		return r;
	}
	ret->status = (unsigned)status;
	ret->text = x->text ? x->text : own_string("");
	ret->etag = x->etag;
	ret->location = x->location;
	ret->json = x->json ? json_loads(ret->text, JSON_DECODE_ANY, NULL) : NULL;
	return 0;
}

int door_ask(const struct door_request *request, struct door_answer *ret, char **why)
{
	struct exchange x = { 0 };

	return door_exchange(&x, request, ret, why);
}

int door_follow(const struct door_request *request,
	int (*on_event)(void *ctx, const char *event, const char *id, const char *data), void *ctx,
	struct door_answer *ret, char **why)
{
	struct exchange x = { .on_event = on_event, .ctx = ctx };

	return door_exchange(&x, request, ret, why);
}

void door_answer_done(struct door_answer *answer)
{
	free(answer->text);
	free(answer->etag);
	free(answer->location);
	json_decref(answer->json);
	*answer = (struct door_answer){ 0 };
}

char *door_encode(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *encoded = own_alloc(3 * strlen(text) + 1), *at = encoded;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-._~", c)) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '%';
		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	return encoded;
}
