/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "edge/authority.h"
#include "edge/signer.h"

#define SIGNER_PATIENCE_MS 3000

/* What others were asked, and has no answer yet. */
struct question {
	uint64_t id;
	void *cookie;
	struct signer *signer;
	uv_timer_t timer;
	struct question *next;
};

struct signer {
	uv_loop_t *loop;
	char *pki;
	struct signer_handler handler;
	void *ctx;
	uint64_t last;
	struct question *first;
};

struct signer *signer_new(
	uv_loop_t *loop, const char *pki, const struct signer_handler *handler, void *ctx)
{
	struct signer *s = own_new(struct signer);

	s->loop = loop;
	s->pki = own_string(pki);
	s->handler = *handler;
	s->ctx = ctx;
	return s;
}

static void question_on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void question_end(struct question *q)
{
	struct question **at = &q->signer->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	uv_close((uv_handle_t *)&q->timer, question_on_closed);
}

void signer_free(struct signer *s)
{
	if (!s)
		return;
	while (s->first)
		question_end(s->first);
	free(s->pki);
	free(s);
}

static json_t *problem(const char *title, const char *detail)
{
	return json_pack("{s:s, s:s}", "title", title, "detail", detail);
}

/* -ENOENT: the key is not here. */
static int sign_here(struct signer *s, const char *name, unsigned roles, const char *request,
	unsigned *ret_status, json_t **ret)
{
	struct authority_subject subject = { .name = name, .roles = roles };
	owned(free) char *why = NULL, *certificate = NULL, *ca = NULL;
	int r = authority_sign(s->pki, &subject, request, &certificate, &ca, &why);

	if (r == -ENOENT)
		return r;
	*ret_status = !r ? 200 : r == -EBADMSG || r == -EINVAL ? 400 : 500;
	*ret = r ? problem("That cannot be signed", why ? why : strerror(-r))
		 : json_pack("{s:s, s:s}", "certificate", certificate, "ca", ca);
	return 0;
}

static void on_late(uv_timer_t *timer)
{
	struct question *q = timer->data;
	struct signer *s = q->signer;
	void *cookie = q->cookie;

	question_end(q);
	s->handler.on_signed(s->ctx, cookie, 503,
		problem("No controller that has the CA's key answers",
			"ca.key is where 'picket init' was run: start picketd there, or connect it "
			"again."));
}

static void ask_others(struct signer *s, const char *name, unsigned roles, const char *request,
	void *cookie)
{
	json_t *message = json_pack("{s:s, s:I, s:s, s:i, s:s}", "type", "sign", "id",
		(json_int_t)++s->last, "name", name, "roles", (int)roles, "request", request);
	bool asked = message && s->handler.on_ask(s->ctx, message);
	struct question *q;

	json_decref(message);
	if (!asked) {
		s->handler.on_signed(s->ctx, cookie, 409,
			problem("No CA key here",
				"This controller cannot sign, and no other is connected: join "
				"through the one on which 'picket init' was run."));
		return;
	}
	q = own_new(struct question);
	q->id = s->last;
	q->cookie = cookie;
	q->signer = s;
	q->next = s->first;
	s->first = q;
	uv_timer_init(s->loop, &q->timer);
	q->timer.data = q;
	uv_timer_start(&q->timer, on_late, SIGNER_PATIENCE_MS, 0);
}

void signer_sign(
	struct signer *s, const char *name, unsigned roles, const char *request, void *cookie)
{
	unsigned status;
	json_t *json;

	if (sign_here(s, name, roles, request, &status, &json))
		ask_others(s, name, roles, request, cookie);
	else
		s->handler.on_signed(s->ctx, cookie, status, json);
}

/* ---- among controllers ------------------------------------------------------------------------ */

static const char *text(json_t *message, const char *key)
{
	const char *s = json_string_value(json_object_get(message, key));

	return s ? s : "";
}

/* Who has no key is silent: another one may have it. */
static void take_question(struct signer *s, unsigned controller, json_t *message)
{
	unsigned status;
	json_t *json, *answer;

	if (sign_here(s, text(message, "name"),
		    (unsigned)json_integer_value(json_object_get(message, "roles")),
		    text(message, "request"), &status, &json))
		return;
	answer = json_pack("{s:s, s:O, s:i, s:o}", "type", "signed", "id",
		json_object_get(message, "id"), "status", (int)status, "answer", json);
	if (answer)
		s->handler.on_answer(s->ctx, controller, answer);
	json_decref(answer);
}

static void take_answer(struct signer *s, json_t *message)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "id"));
	json_t *answer = json_object_get(message, "answer");

	for (struct question *q = s->first; q; q = q->next)
		if (q->id == id && json_is_object(answer)) {
			void *cookie = q->cookie;

			question_end(q);
			s->handler.on_signed(s->ctx, cookie,
				(unsigned)json_integer_value(json_object_get(message, "status")),
				json_incref(answer));
			return;
		}
}

bool signer_take(struct signer *s, unsigned controller, json_t *message)
{
	bool question = !strcmp(text(message, "type"), "sign");

	if (question)
		take_question(s, controller, message);
	else if (!strcmp(text(message, "type"), "signed"))
		take_answer(s, message);
	else
		return false;
	return true;
}
