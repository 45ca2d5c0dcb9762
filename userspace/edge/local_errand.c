/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/own.h"
#include "core/replica.h"
#include "edge/local.h"
#include "edge/local_errand.h"

/* A local program that waits for the leader. */
struct asker {
	struct asker *next;
	struct local_call *call;
	char *id;
	uint64_t until_ms; /* uv_now() */
	bool request;      /* wants to know what came of it */
};

struct local_errand {
	uv_loop_t *loop;
	struct replica *replica;
	struct asker *askers;
	uv_timer_t timer;
	void (*on_message)(void *ctx, json_t *message);
	void *ctx;
	bool connected;
};

static void on_timer(uv_timer_t *timer);

struct local_errand *local_errand_new(uv_loop_t *loop, const char *node, const char *life,
	void (*on_message)(void *ctx, json_t *message), void *ctx)
{
	owned(free) char *prefix = own_printf("%s-%s", node, life);
	struct local_errand *e = own_new(struct local_errand);

	e->loop = loop;
	e->replica = replica_new(node, prefix);
	e->on_message = on_message;
	e->ctx = ctx;
	uv_timer_init(loop, &e->timer);
	e->timer.data = e;
	return e;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void local_errand_free(struct local_errand *e)
{
	if (!e)
		return;
	while (e->askers) {
		struct asker *asker = e->askers;

		e->askers = asker->next;
		free(asker->id);
		free(asker);
	}
	replica_free(e->replica);
	uv_close((uv_handle_t *)&e->timer, on_closed);
}

static void asker_answer(struct local_errand *e, struct asker **at, const char *error)
{
	struct asker *asker = *at;

	*at = asker->next;
	local_reply(asker->call,
		error ? json_pack("{s:s}", "error", error) : json_pack("{s:b}", "ok", 1));
	replica_forget(e->replica, asker->id);
	free(asker->id);
	free(asker);
}

/* Who has waited for what is done by now, or has waited long enough. */
static void look(struct local_errand *e)
{
	uint64_t next = UINT64_MAX, ms = uv_now(e->loop);
	struct asker **at = &e->askers;

	while (*at) {
		const char *denied = NULL;

		if (replica_done(e->replica, (*at)->id, &denied)) {
			owned(free) char *error = own_string(denied);

			asker_answer(e, at, error);
		} else if ((*at)->until_ms <= ms) {
			asker_answer(
				e, at, (*at)->request ? "nobody who leads has answered" : NULL);
		} else {
			next = (*at)->until_ms < next ? (*at)->until_ms : next;
			at = &(*at)->next;
		}
	}
	if (next == UINT64_MAX)
		uv_timer_stop(&e->timer);
	else
		uv_timer_start(&e->timer, on_timer, next - ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	look(timer->data);
}

void local_errand_request(void *ctx, struct local_call *call, json_t *request)
{
	struct local_errand *e = ctx;
	json_t *answer = replica_answer(e->replica, request), *message;
	owned(free) char *why = NULL;
	struct asker *asker;
	bool damped;

	if (answer) {
		local_reply(call, answer);
		return;
	}
	if (replica_write(e->replica, request, &message, &why)) {
		local_reply(call, json_pack("{s:s}", "error", why));
		return;
	}
	e->on_message(e->ctx, message);
	uv_update_time(e->loop);
	/* A dampened one is taken only when its time has come: nobody waits for that. */
	damped = json_integer_value(json_object_get(message, "dampen_ms")) > 0;
	asker = own_new(struct asker);
	asker->call = call;
	asker->id = own_string(json_string_value(json_object_get(message, "id")));
	asker->request = !strcmp(json_string_value(json_object_get(message, "type")), "request");
	asker->until_ms =
		uv_now(e->loop) + (asker->request                   ? LOCAL_ERRAND_REQUEST_MS
					  : e->connected && !damped ? LOCAL_ERRAND_WRITE_MS
								    : 0);
	asker->next = e->askers;
	e->askers = asker;
	look(e);
}

void local_errand_take(struct local_errand *e, json_t *message)
{
	replica_take(e->replica, message);
	/* Who tells us everything may know of no errand of ours: it has just begun to lead. */
	if (json_is_true(json_object_get(message, "full")))
		replica_repeat(e->replica, e->on_message, e->ctx);
	uv_update_time(e->loop);
	look(e);
}

void local_errand_connected(struct local_errand *e, bool connected)
{
	e->connected = connected;
	if (connected)
		replica_repeat(e->replica, e->on_message, e->ctx);
}
