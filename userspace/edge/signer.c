/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/authority.h"
#include "edge/signer.h"

#define SIGNER_PATIENCE_MS 3000

/* What others were asked, and has no answer yet. */
struct question {
	uint64_t id;
	struct signer_wish wish; /* but for its texts */
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
static int sign_here(
	struct signer *s, const struct signer_wish *w, unsigned *ret_status, json_t **ret)
{
	struct authority_subject subject = { .name = w->name, .roles = w->roles };
	owned(free) char *why = NULL, *certificate = NULL, *ca = NULL;
	int r = w->renews ? authority_renew(s->pki, w->renews, w->request, &certificate, &ca, &why)
			  : authority_sign(s->pki, &subject, w->request, &certificate, &ca, &why);

	if (r == -ENOENT)
		return r;
	*ret_status = !r ? 200 : r == -EACCES ? 403 : r == -EBADMSG || r == -EINVAL ? 400 : 500;
	*ret = r ? problem("That cannot be signed", why ? why : strerror(-r))
		 : json_pack("{s:s, s:s}", "certificate", certificate, "ca", ca);
	return 0;
}

static void on_late(uv_timer_t *timer)
{
	struct question *q = timer->data;
	struct signer_wish w = q->wish;

	question_end(q);
	w.on_signed(w.ctx, w.cookie, 503,
		problem("No controller that has the CA's key answers",
			"ca.key is where 'picket init' was run: start picketd there, or connect it "
			"again."));
}

static void ask_others(struct signer *s, const struct signer_wish *w)
{
	json_t *message = json_pack("{s:s, s:I, s:s*, s:i, s:s, s:s*}", "type", "sign", "id",
		(json_int_t)++s->last, "name", w->name, "roles", (int)w->roles, "request",
		w->request, "renews", w->renews);
	bool asked = message && s->handler.on_ask(s->ctx, message);
	struct question *q;

	json_decref(message);
	if (!asked) {
		w->on_signed(w->ctx, w->cookie, 409,
			problem("No CA key here",
				"This controller cannot sign, and no other is connected: ask the "
				"one on which 'picket init' was run."));
		return;
	}
	q = own_new(struct question);
	q->id = s->last;
	q->wish = *w;
	q->signer = s;
	q->next = s->first;
	s->first = q;
	uv_timer_init(s->loop, &q->timer);
	q->timer.data = q;
	uv_timer_start(&q->timer, on_late, SIGNER_PATIENCE_MS, 0);
}

void signer_sign(struct signer *s, const struct signer_wish *w)
{
	unsigned status;
	json_t *json;

	if (sign_here(s, w, &status, &json))
		ask_others(s, w);
	else
		w->on_signed(w->ctx, w->cookie, status, json);
}

/* ---- among controllers ------------------------------------------------------------------------
 */

/* Who has no key is silent: another one may have it. */
static void take_question(struct signer *s, unsigned controller, json_t *message)
{
	struct signer_wish w = { .request = member_text(message, "request"),
		.name = member_text(message, "name"),
		.roles = (unsigned)json_integer_value(json_object_get(message, "roles")),
		.renews = json_string_value(json_object_get(message, "renews")) };
	unsigned status;
	json_t *json, *answer;

	if (sign_here(s, &w, &status, &json))
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
			struct signer_wish w = q->wish;

			question_end(q);
			w.on_signed(w.ctx, w.cookie,
				(unsigned)json_integer_value(json_object_get(message, "status")),
				json_incref(answer));
			return;
		}
}

bool signer_take(struct signer *s, unsigned controller, json_t *message)
{
	bool question = !strcmp(member_text(message, "type"), "sign");

	if (question)
		take_question(s, controller, message);
	else if (!strcmp(member_text(message, "type"), "signed"))
		take_answer(s, message);
	else
		return false;
	return true;
}
