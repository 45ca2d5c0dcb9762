/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http.h"
#include "base/own.h"
#include "pdu_web.h"
#include "pdu_web_kind.h"

enum { OUTLETS_MAX = 256, BUSY_MS = 500, VALUE_MAX = 64 };

struct web_outlet *web_outlet_add(struct pdu_web *web, const char *id, const char *path)
{
	struct web_outlet *o;

	if (web->n == OUTLETS_MAX)
		return NULL;
	own_grow(web->outlets, web->n, web->cap);
	o = &web->outlets[web->n++];
	*o = (struct web_outlet){ .path = own_string(path) };
	snprintf(o->id, sizeof(o->id), "%s", id);
	return o;
}

void web_outlet_label(struct web_outlet *o, const char *label)
{
	snprintf(o->label, sizeof(o->label), "%s", label ? label : "");
	o->labelled = true;
	for (char *c = o->label; *c; c++) /* lists are read by commas and lines */
		if (*c == ',' || *c == ';' || (unsigned char)*c < ' ')
			*c = '_';
}

/* ---- one question, one answer -----------------------------------------------------------------
 */

static uint64_t question_ms(const struct call *call)
{
	uint64_t left = deadline_left_ms(call->deadline);
	uint64_t least = settings_ms(call->settings, "shell_timeout");
	uint64_t ms = left / 2 > least ? left / 2 : least;

	return ms < left ? ms : left;
}

static int status_error(struct call *call, const char *asked, const struct http_answer *a, bool set)
{
	int error = set ? -EPERM : -EPROTO;

	switch (a->status) {
	case 401:
	case 403:
		error = -EACCES;
		break;
	case 404:
		error = -ENODEV;
		break;
	case 429:
	case 503:
		call->retry_ms = a->retry_after_ms >= 0 ? (uint64_t)a->retry_after_ms : BUSY_MS;
		error = -EAGAIN;
		break;
	case 500:
	case 502:
	case 504:
		error = -EPROTO;
		break;
	}
	return call_fail(call, error, "%s: HTTP %d%s", asked, a->status,
		a->status == 401 ? ": login refused" : "");
}

int web_question(struct pdu_web *web, const char *method, const char *path, const char *body,
	bool set, char **ret_text)
{
	struct call *call = web->call;
	owned(free) char *url = own_printf("%s%s", web->base, path);
	owned(free) char *asked = own_printf("%s %s", method, path);
	struct http_request request = { .method = method,
		.url = url,
		.body = body,
		.basic = settings_get(call->settings, "username") != NULL,
		.timeout_ms = question_ms(call) };
	struct http_answer answer = { 0 };
	int r;

	if (!request.timeout_ms)
		return call_fail(call, -ETIMEDOUT, "timed out");
	r = http_send(web->http, &request, &answer);
	if (r < 0)
		return call_fail(call, r, "%s: %s", asked, http_reason(web->http));
	call_log(call, CALL_DEBUG, "%s: HTTP %d", asked, answer.status);
	if (answer.status < 200 || answer.status > 299)
		r = status_error(call, asked, &answer, set);
	else
		*ret_text = give(answer.body);
	http_answer_done(&answer);
	return r;
}

int web_question_json(struct pdu_web *web, const char *method, const char *path, const char *body,
	bool set, json_t **ret)
{
	owned(free) char *text = NULL;
	json_error_t error;
	int r = web_question(web, method, path, body, set, &text);

	if (r < 0)
		return r;
	*ret = json_loads(text, 0, &error);
	return *ret ? 0 : call_fail(web->call, -EPROTO, "%s %s: %s", method, path, error.text);
}

/* ---- all kinds ----------------------------------------------------------------------------------
 */

bool pdu_web_knows(const char *family)
{
	return web_kind_find(family) != NULL;
}

int pdu_web_check(struct call *call)
{
	static const char *const needed[] = { "http_status", "http_status_on", "http_status_off",
		"http_on", "http_off" };
	const struct settings *s = call->settings;

	if (strcmp(settings_get(s, "family"), "http_template") != 0)
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!settings_get(s, needed[i]))
			return call_fail(call, -EINVAL, "family http_template needs %s", needed[i]);
	if (strcmp(settings_get(s, "http_status_on"), settings_get(s, "http_status_off")) == 0)
		return call_fail(call, -EINVAL, "on and off cannot be the same state");
	return 0;
}

static int client_new(struct call *call, struct pdu_web *web)
{
	const struct settings *s = call->settings;
	bool tls = settings_flag(s, "ssl") || settings_flag(s, "ssl_secure") ||
		   settings_flag(s, "ssl_insecure");
	const char *ip = settings_get(s, "ip");
	const char *port = settings_given(s, "ipport") ? settings_get(s, "ipport")
			   : tls                       ? "443"
						       : "80";
	bool v6 = strchr(ip, ':') && *ip != '[';
	struct http_config config = { .ca = settings_get(s, "ssl_ca"),
		.pin = settings_get(s, "ssl_pin"),
		.insecure = settings_flag(s, "ssl_insecure"),
		.username = settings_get(s, "username"),
		.password = settings_get(s, "password"),
		.connect_ms = settings_ms(s, "login_timeout"),
		.family = settings_flag(s, "inet6_only")   ? AF_INET6
			  : settings_flag(s, "inet4_only") ? AF_INET
							   : 0 };
	int r = http_new(&config, &web->http);

	web->base =
		own_printf(v6 ? "%s://[%s]:%s" : "%s://%s:%s", tls ? "https" : "http", ip, port);
	return r < 0 ? call_fail(call, r, "no HTTP client: %s", strerror(-r)) : 0;
}

int pdu_web_new(struct call *call, struct pdu_web **ret_web)
{
	struct pdu_web *web = own_new(struct pdu_web);
	int r;

	web->call = call;
	web->kind = web_kind_find(settings_get(call->settings, "family"));
	r = strcmp(web->kind->name, "redfish_outlets") == 0 ? redfish_new(call, &web->redfish)
							    : client_new(call, web);
	call_doing(call, "looking for the outlets");
	if (r == 0)
		r = web->kind->find(web);
	if (r == 0 && !web->n)
		r = call_fail(call, -ENODEV, "this unit has no outlets (%s)", web->kind->title);
	if (r < 0) {
		pdu_web_free(web);
		return r;
	}
	call_evidence(call,
		&(struct evidence_step){
			.step = "identity", .asked = "outlets", .answered = web->kind->title });
	*ret_web = web;
	return 0;
}

void pdu_web_free(struct pdu_web *web)
{
	if (!web)
		return;
	http_free(web->http);
	redfish_free(web->redfish);
	for (size_t i = 0; i < web->n; i++)
		free(web->outlets[i].path);
	free(web->outlets);
	free(web->base);
	free(web);
}

static int labels_get(struct pdu_web *web)
{
	for (size_t i = 0; i < web->n; i++) {
		int r = web->outlets[i].labelled ? 0 : web->kind->label(web, &web->outlets[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int resolve(struct pdu_web *web, const char *plug, struct web_outlet **ret)
{
	struct web_outlet *by_id = NULL, *by_label = NULL;
	size_t ids = 0, labels = 0;
	char seen[256] = "";
	int r;

	for (size_t i = 0; i < web->n; i++)
		if (strcmp(web->outlets[i].id, plug) == 0)
			by_id = &web->outlets[i], ids++;
	if (ids == 1) {
		*ret = by_id;
		return 0;
	}
	r = labels_get(web);
	if (r < 0)
		return r;
	for (size_t i = 0; i < web->n; i++) {
		size_t used = strlen(seen);

		snprintf(seen + used, sizeof(seen) - used, "%s%s %s", used ? ", " : "",
			web->outlets[i].id, web->outlets[i].label);
		if (*plug && strcmp(web->outlets[i].label, plug) == 0)
			by_label = &web->outlets[i], labels++;
	}
	if (ids > 1 || labels > 1)
		return call_fail(web->call, -ENODEV, "%zu outlets are named '%s'",
			ids > 1 ? ids : labels, plug);
	if (!labels)
		return call_fail(web->call, -ENODEV,
			"no outlet '%s' in this unit (%s); there are: %s", plug, web->kind->title,
			seen);
	*ret = by_label;
	return 0;
}

int pdu_web_get(struct pdu_web *web, const char *plug, enum power *ret_power)
{
	uint64_t start = deadline_now_ns();
	struct web_outlet *o;
	char read[VALUE_MAX] = "";
	int r = resolve(web, plug, &o);

	if (r == 0)
		r = web->kind->state(web, o, ret_power, read, sizeof(read));
	if (r < 0)
		return r;
	call_evidence(web->call, &(struct evidence_step){ .step = "get",
					 .plug = plug,
					 .asked = *o->path ? o->path : "http_status",
					 .read = read,
					 .start_ns = start });
	return 0;
}

int pdu_web_set(struct pdu_web *web, const char *plug, enum power wanted)
{
	uint64_t start = deadline_now_ns();
	struct web_outlet *o;
	int r = resolve(web, plug, &o);

	if (r < 0)
		return r;
	r = web->kind->turn(web, o, wanted);
	call_evidence(web->call, &(struct evidence_step){ .step = "set",
					 .plug = plug,
					 .asked = power_name(wanted),
					 .answered = r < 0 ? web->call->reason : "accepted",
					 .start_ns = start });
	return r;
}

int pdu_web_label(struct pdu_web *web, const char *plug, char *to, size_t size)
{
	struct web_outlet *o;
	int r = resolve(web, plug, &o);

	if (r == 0 && !o->labelled)
		r = web->kind->label(web, o);
	if (r == 0)
		snprintf(to, size, "%s", o->label);
	return r;
}

static bool unique(const struct pdu_web *web, size_t i)
{
	for (size_t k = 0; k < web->n; k++)
		if (k != i && strcmp(web->outlets[k].label, web->outlets[i].label) == 0)
			return false;
	return true;
}

int pdu_web_list(struct pdu_web *web, agent_list_entry *entry, void *ctx)
{
	int r = labels_get(web);

	for (size_t i = 0; r == 0 && i < web->n; i++) {
		struct web_outlet *o = &web->outlets[i];
		enum power power = POWER_UNKNOWN;
		char read[VALUE_MAX];

		r = web->kind->state(web, o, &power, read, sizeof(read));
		if (r == 0)
			r = entry(ctx, o->id, unique(web, i) ? o->label : NULL, power);
	}
	return r;
}

int pdu_web_pin(struct call *call, char **ret_pin)
{
	struct pdu_web web = { .call = call };
	owned(free) char *url = NULL;
	int r = client_new(call, &web);

	if (r == 0) {
		url = own_printf("%s/", web.base);
		r = http_pin(web.http, url, question_ms(call), ret_pin);
		if (r < 0)
			call_fail(call, r, "%s", http_reason(web.http));
	}
	http_free(web.http);
	free(web.base);
	return r;
}
