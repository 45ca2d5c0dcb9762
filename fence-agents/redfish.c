/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http.h"
#include "base/own.h"
#include "redfish.h"
#include "secret.h"

enum { BUSY_MS = 500 }; /* a service that says "later" without a time */

struct redfish {
	struct call *call;
	struct http *http;
	char *base;            /* https://host:port */
	char *root;            /* /redfish/v1 */
	char *token, *session; /* of an open session, and its path */
	bool use_session;
};

own_define(json, json_t, json_decref);
own_define(secret, char, secret_free);

static char *base_of(const struct call *call)
{
	const char *ip = call_address(call);
	const char *port = settings_given(call->settings, "ipport")
				   ? settings_get(call->settings, "ipport")
				   : "443";
	const char *colon = ip ? strrchr(ip, ':') : NULL;

	if (!ip)
		return NULL;
	if (*ip == '[') /* [v6] or [v6]:port */
		return colon > strchr(ip, ']') ? own_printf("https://%s", ip)
					       : own_printf("https://%s:%s", ip, port);
	if (colon && strchr(ip, ':') != colon)
		return own_printf("https://[%s]:%s", ip, port);
	if (colon)
		return own_printf("https://%s", ip);
	return own_printf("https://%s:%s", ip, port);
}

static char *root_of(const char *uri)
{
	size_t n = strlen(uri);

	while (n && uri[n - 1] == '/')
		n--;
	return own_printf("%s%.*s", *uri == '/' ? "" : "/", (int)n, uri);
}

int redfish_new(struct call *call, struct redfish **ret_redfish)
{
	const struct settings *s = call->settings;
	struct http_config config = { .ca = settings_get(s, "ssl_ca"),
		.pin = settings_get(s, "ssl_pin"),
		.insecure = settings_flag(s, "ssl_insecure"),
		.username = settings_get(s, "username"),
		.password = settings_get(s, "password"),
		.connect_ms = settings_ms(s, "login_timeout"),
		.family = settings_flag(s, "inet6_only")   ? AF_INET6
			  : settings_flag(s, "inet4_only") ? AF_INET
							   : 0 };
	struct redfish *rf = own_new(struct redfish);
	int r;

	rf->call = call;
	rf->base = base_of(call);
	rf->root = root_of(settings_get(s, "redfish_uri"));
	r = http_new(&config, &rf->http);
	if (r < 0) {
		redfish_free(rf);
		return call_fail(call, r, "no HTTP client: %s", strerror(-r));
	}
	*ret_redfish = rf;
	return 0;
}

const char *redfish_root(const struct redfish *rf)
{
	return rf->root;
}

/* A slow service gets half of the time that is left, so that a deaf connection is tried again. */
static uint64_t request_ms(const struct redfish *rf)
{
	uint64_t left = deadline_left_ms(rf->call->deadline);
	uint64_t least = settings_ms(rf->call->settings, "shell_timeout");
	uint64_t ms = left / 2 > least ? left / 2 : least;

	return ms < left ? ms : left;
}

const char *redfish_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *redfish_link(const json_t *object, const char *key)
{
	return redfish_string(json_object_get(object, key), "@odata.id");
}

/* What the service said about its refusal, in its words. */
static char *explanation(const struct http_answer *answer)
{
	owned(json) json_t *body = json_loadb(answer->body, answer->size, 0, NULL);
	const json_t *error = json_object_get(body, "error");
	const json_t *info = json_array_get(json_object_get(error, "@Message.ExtendedInfo"), 0);
	const char *text = redfish_string(info, "Message"), *id = redfish_string(info, "MessageId");

	if (!text)
		text = redfish_string(error, "message");
	if (text && id)
		return own_printf(": %.200s (%.80s)", text, id);
	return text || id ? own_printf(": %.200s", text ? text : id) : own_string("");
}

static int status_error(
	struct redfish *rf, const struct http_request *request, const struct http_answer *answer)
{
	struct call *call = rf->call;
	const char *method = request->method ? request->method : "GET";
	const char *path = request->url + strlen(rf->base);
	owned(free) char *why = explanation(answer);
	int error = strcmp(method, "GET") == 0 ? -EPROTO : -EPERM;

	switch (answer->status) {
	case 401:
		return call_fail(call, -EACCES, "login refused (HTTP 401)%s", why);
	case 403:
		return call_fail(
			call, -EACCES, "%s %s: no right to (HTTP 403)%s", method, path, why);
	case 404:
		error = -ENODEV;
		break;
	case 412:
	case 428:
		error = -EKEYREVOKED;
		break;
	case 429:
	case 503:
		call->retry_ms =
			answer->retry_after_ms >= 0 ? (uint64_t)answer->retry_after_ms : BUSY_MS;
		error = -EAGAIN;
		break;
	case 500:
	case 502:
	case 504:
		error = -EPROTO;
		break;
	}
	return call_fail(call, error, "%s %s: HTTP %d%s", method, path, answer->status, why);
}

/* One request; *ret is filled (to be done with) whenever the service answered at all. */
static int exchange(struct redfish *rf, struct http_request *request, struct http_answer *ret)
{
	struct call *call = rf->call;
	uint64_t start = deadline_now_ns();
	char answered[64];
	owned(free) char *asked = own_printf("%s %s", request->method ? request->method : "GET",
		request->url + strlen(rf->base));
	int r;

	request->timeout_ms = request_ms(rf);
	if (!request->timeout_ms)
		return call_fail(call, -ETIMEDOUT, "timed out");
	r = http_send(rf->http, request, ret);
	snprintf(answered, sizeof(answered), r < 0 ? "%s" : "HTTP %.0s%d",
		r < 0 ? strerror(-r) : "", r < 0 ? 0 : ret->status);
	call_log(call, CALL_DEBUG, "%s: %s", asked, answered);
	call_evidence(call,
		&(struct evidence_step){
			.step = "http", .asked = asked, .answered = answered, .start_ns = start });
	if (r < 0)
		return call_fail(call, r, "%s: %s", asked, http_reason(rf->http));
	return 0;
}

static bool succeeded(int status)
{
	return status >= 200 && status < 300;
}

/* A path from a URL of this service; what leads elsewhere is none of ours. */
static char *path_of(const struct redfish *rf, const char *url)
{
	size_t n = strlen(rf->base);

	if (!url)
		return NULL;
	if (*url == '/')
		return own_string(url);
	return strncmp(url, rf->base, n) == 0 && url[n] == '/' ? own_string(url + n) : NULL;
}

static int session_open(struct redfish *rf)
{
	struct call *call = rf->call;
	const char *user = settings_get(call->settings, "username");
	const char *password = settings_get(call->settings, "password");
	owned(json) json_t *login = json_pack(
		"{s:s, s:s}", "UserName", user ? user : "", "Password", password ? password : "");
	owned(secret) char *body = login ? json_dumps(login, JSON_COMPACT) : NULL;
	owned(free) char *url = own_printf("%s%s/SessionService/Sessions", rf->base, rf->root);
	struct http_request request = { .method = "POST", .url = url, .body = body };
	struct http_answer answer = { 0 };
	int r;

	if (!body)
		return call_fail(call, -EINVAL, "username or password is not UTF-8");
	call_doing(call, "opening a session");
	r = exchange(rf, &request, &answer);
	if (r < 0)
		return r;
	if (!succeeded(answer.status)) {
		r = status_error(rf, &request, &answer);
		if (r == -EPERM || r == -ENODEV)
			r = call_fail(call, -EACCES, "login refused (HTTP %d)", answer.status);
	} else if (!answer.token) {
		r = call_fail(call, -EPROTO, "a session without a token");
	} else {
		owned(json) json_t *object = json_loadb(answer.body, answer.size, 0, NULL);
		const char *id = redfish_string(object, "@odata.id");

		rf->token = give(answer.token);
		rf->session = path_of(rf, answer.location ? answer.location : id);
		rf->use_session = true;
	}
	http_answer_done(&answer);
	return r;
}

static void session_forget(struct redfish *rf)
{
	secret_free(give(rf->token));
	free(give(rf->session));
}

static void session_close(struct redfish *rf)
{
	owned(free) char *url = NULL;
	struct http_request request = { .method = "DELETE" };
	struct http_answer answer = { 0 };
	struct deadline before = rf->call->deadline;
	char reason[sizeof(rf->call->reason)];

	if (!rf->token || !rf->session)
		return;
	request.url = url = own_printf("%s%s", rf->base, rf->session);
	request.token = rf->token;
	/* A management controller has few sessions: one left behind locks out the next call. The
	 * deadline keeps a reserve for this. */
	memcpy(reason, rf->call->reason, sizeof(reason));
	if (deadline_left_ms(before) < 400)
		rf->call->deadline = deadline_in(400);
	if (exchange(rf, &request, &answer) == 0 && !succeeded(answer.status))
		call_log(rf->call, CALL_VERBOSE, "the session was not deleted: HTTP %d",
			answer.status);
	rf->call->deadline = before;
	memcpy(rf->call->reason, reason, sizeof(reason));
	http_answer_done(&answer);
	session_forget(rf);
}

void redfish_free(struct redfish *rf)
{
	if (!rf)
		return;
	session_close(rf);
	session_forget(rf);
	http_free(rf->http);
	free(rf->base);
	free(rf->root);
	free(rf);
}

/* With credentials: Basic first, because it costs one request less; a session where Basic is off,
 * or when one has expired. */
static int authorized(struct redfish *rf, struct http_request *request, struct http_answer *ret)
{
	bool renewed = false;

	for (;;) {
		int r;

		if (rf->use_session && !rf->token) {
			r = session_open(rf);
			if (r < 0)
				return r;
			renewed = true;
		}
		request->token = rf->token;
		request->basic = !rf->token;
		r = exchange(rf, request, ret);
		if (r < 0 || ret->status != 401 || renewed)
			return r;
		http_answer_done(ret);
		session_forget(rf);
		rf->use_session = true;
	}
}

int redfish_get(struct redfish *rf, const char *path, json_t **ret_object, char **ret_etag)
{
	struct call *call = rf->call;
	owned(free) char *url = own_printf("%s%s", rf->base, path);
	struct http_request request = { .url = url };
	struct http_answer answer = { 0 };
	json_error_t error;
	json_t *object;
	int r;

	if (*path != '/')
		return call_fail(call, -EPROTO, "'%.80s' is not a path of this service", path);
	r = authorized(rf, &request, &answer);
	if (r < 0)
		return r;
	if (!succeeded(answer.status)) {
		r = status_error(rf, &request, &answer);
		http_answer_done(&answer);
		return r;
	}
	object = json_loadb(answer.body, answer.size, 0, &error);
	if (!json_is_object(object)) {
		r = call_fail(call, -EPROTO, "GET %s: %s", path,
			object        ? "not an object"
			: answer.size ? error.text
				      : "an empty answer");
		json_decref(object);
		http_answer_done(&answer);
		return r;
	}
	if (ret_etag) {
		const char *inside = redfish_string(object, "@odata.etag");

		*ret_etag = answer.etag ? give(answer.etag) : own_string(inside);
	}
	*ret_object = object;
	http_answer_done(&answer);
	return 0;
}

int redfish_post(struct redfish *rf, const char *path, const char *body, const char *if_match,
	char **ret_task)
{
	owned(free) char *url = own_printf("%s%s", rf->base, path);
	struct http_request request = {
		.method = "POST", .url = url, .body = body, .if_match = if_match
	};
	struct http_answer answer = { 0 };
	int r;

	if (*path != '/')
		return call_fail(rf->call, -EPROTO, "'%.80s' is not a path of this service", path);
	r = authorized(rf, &request, &answer);
	if (r < 0)
		return r;
	if (!succeeded(answer.status)) {
		r = status_error(rf, &request, &answer);
	} else if (answer.status == 202) {
		owned(json) json_t *task = json_loadb(answer.body, answer.size, 0, NULL);
		const char *id = redfish_string(task, "@odata.id");

		*ret_task = path_of(rf, id ? id : answer.location);
	}
	http_answer_done(&answer);
	return r;
}

int redfish_pin(struct redfish *rf, char **ret_pin)
{
	owned(free) char *url = own_printf("%s%s", rf->base, rf->root);
	int r = http_pin(rf->http, url, request_ms(rf), ret_pin);

	return r < 0 ? call_fail(rf->call, r, "%s", http_reason(rf->http)) : 0;
}
