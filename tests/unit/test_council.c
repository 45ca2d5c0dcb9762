/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "edge/council.h"
#include "edge/courier.h"
#include "edge/daemoncfg.h"
#include "edge/link.h"
#include "pki.h"

#define N 3

/* Three controllers in one process, each with its door, its council and its courier. */
struct seat {
	struct rig *rig;
	struct identity *identity;
	struct link *link;
	struct council *council;
	struct courier *courier;
	unsigned ups, downs, silents, says, asked, replies, status, proposed;
	char last[64], user[64];
};

struct rig {
	struct pki pki;
	uv_loop_t loop;
	struct daemoncfg_controller members[N];
	struct seat seats[N];
};

static void on_up(void *ctx, unsigned controller)
{
	((struct seat *)ctx)->ups++;
}

static void on_says(void *ctx, unsigned controller, json_t *message)
{
	struct seat *s = ctx;

	if (courier_take(s->courier, controller, message))
		return;
	s->says++;
	snprintf(s->last, sizeof(s->last), "%u: %s", controller,
		json_string_value(json_object_get(message, "type")));
}

static void on_down(void *ctx, unsigned controller)
{
	((struct seat *)ctx)->downs++;
}

static void on_silent(void *ctx, unsigned controller)
{
	((struct seat *)ctx)->silents++;
}

static void link_up(void *ctx, const char *node, json_t *hello)
{
	council_link_up(((struct seat *)ctx)->council, node, hello);
}

static void link_says(void *ctx, const char *node, json_t *message)
{
	council_link_says(((struct seat *)ctx)->council, node, message);
}

static void link_down(void *ctx, const char *node, const char *why)
{
	council_link_down(((struct seat *)ctx)->council, node, why);
}

/* The leader answers at once: who asked, and with what stamp its entry would go into the log. */
static void on_event(void *ctx, const struct event *event)
{
	json_t *entry = json_pack("{s:s, s:s}", "do", "node", "user", event->ask.user);
	struct seat *s = ctx;

	s->asked++;
	courier_stamp(s->courier, entry);
	snprintf(s->user, sizeof(s->user), "%s",
		json_string_value(json_object_get(json_object_get(entry, "audit"), "user")));
	json_decref(entry);
	cr_assert(courier_reply(s->courier, event->ask.token, 200,
		json_pack("{s:s}", "path", event->ask.path), NULL));
	cr_assert(!courier_reply(s->courier, event->ask.token, 200, NULL, "twice"));
}

static int on_propose(void *ctx, json_t *entry)
{
	((struct seat *)ctx)->proposed += json_is_object(entry);
	return 0;
}

static void on_reply(void *ctx, void *token, unsigned status, json_t *json, const char *text)
{
	struct seat *s = ctx;

	cr_assert_eq(token, ctx);
	s->replies++;
	s->status = status;
	snprintf(s->last, sizeof(s->last), "%s", json_string_value(json_object_get(json, "path")));
	json_decref(json);
}

static void seat_open(struct rig *rig, unsigned i)
{
	static const struct link_handler door = { link_up, link_says, link_down };
	static const struct council_handler handler = { on_up, on_says, on_down, on_silent };
	static const struct courier_handler courier = { on_event, on_propose, on_reply };
	struct seat *s = &rig->seats[i];
	struct council_config config = { .members = rig->members,
		.n = N,
		.index = i,
		.cluster = 1,
		.identity = s->identity };

	cr_assert_eq(link_listen(&rig->loop, s->identity, rig->members[i].link, &door, s, &s->link),
		0);
	config.link = s->link;
	cr_assert_eq(council_new(&rig->loop, &config, &handler, s, &s->council), 0);
	s->courier = courier_new(s->council, &courier, s);
}

static void seat_close(struct seat *s)
{
	courier_free(s->courier);
	council_free(s->council);
	link_free(s->link);
	s->courier = NULL;
	s->council = NULL;
	s->link = NULL;
}

static void rig_init(struct rig *rig)
{
	static const char *const names[N] = { "c1", "c2", "c3" };
	int port = 20000 + getpid() % 30000;

	memset(rig, 0, sizeof(*rig));
	pki_init(&rig->pki);
	uv_loop_init(&rig->loop);
	for (unsigned i = 0; i < N; i++) {
		rig->members[i].name = (char *)names[i];
		rig->members[i].link = own_printf("127.0.0.1:%d", port + (int)i);
		rig->seats[i].rig = rig;
		rig->seats[i].identity = pki_identity(&rig->pki, names[i], IDENTITY_CONTROLLER);
	}
	for (unsigned i = 0; i < N; i++)
		seat_open(rig, i);
	for (unsigned i = 0; i < N; i++)
		run_until(&rig->loop, rig->seats[i].ups == N - 1);
}

static void rig_done(struct rig *rig)
{
	for (unsigned i = 0; i < N; i++)
		seat_close(&rig->seats[i]);
	loop_done(&rig->loop);
	for (unsigned i = 0; i < N; i++) {
		identity_free(rig->seats[i].identity);
		free(rig->members[i].link);
	}
	pki_done(&rig->pki);
}

Test(council, any_two_talk)
{
	json_t *bar = json_pack("{s:s}", "type", "bar"), *one = json_pack("{s:s}", "type", "one");
	struct rig rig;

	rig_init(&rig);
	council_tell(rig.seats[1].council, -1, bar);
	run_until(&rig.loop, rig.seats[0].says == 1 && rig.seats[2].says == 1);
	cr_assert_str_eq(rig.seats[0].last, "1: bar");
	cr_assert_str_eq(rig.seats[2].last, "1: bar");
	council_tell(rig.seats[0].council, 2, one);
	run_until(&rig.loop, rig.seats[2].says == 2);
	cr_assert_str_eq(rig.seats[2].last, "0: one");
	cr_assert_eq(rig.seats[1].says, 0);
	json_decref(bar);
	json_decref(one);
	rig_done(&rig);
}

/* A process that ends is missed at once, and found again when it is back. */
Test(council, an_end_is_news)
{
	struct rig rig;

	rig_init(&rig);
	seat_close(&rig.seats[1]);
	run_until(&rig.loop, rig.seats[0].downs == 1 && rig.seats[2].downs == 1);
	cr_assert_eq(rig.seats[0].silents, 1);
	cr_assert_eq(rig.seats[2].silents, 1);
	seat_open(&rig, 1);
	run_until(&rig.loop, rig.seats[0].ups == 3 && rig.seats[2].ups == 3);
	rig_done(&rig);
}

Test(courier, the_leader_answers_whoever_is_asked)
{
	json_t *mark = json_pack("{s:{s:s, s:s}}", "audit", "user", "ada", "path", "/v1/x");
	json_t *entry = json_pack("{s:s}", "do", "token");
	struct event event = { .kind = EVENT_ASKED };
	struct rig rig;

	rig_init(&rig);
	event.ask.token = &rig.seats[2];
	event.ask.method = "POST";
	event.ask.path = "/v1/nodes/n1/standby";
	event.ask.user = "ada";
	event.ask.text = "{}";
	courier_ask(rig.seats[2].courier, 0, &event, mark);
	run_until(&rig.loop, rig.seats[2].replies);
	cr_assert_eq(rig.seats[2].status, 200);
	cr_assert_str_eq(rig.seats[2].last, "/v1/nodes/n1/standby");
	cr_assert_str_eq(rig.seats[0].user, "ada", "the audit says who it was");
	courier_propose(rig.seats[2].courier, 0, entry);
	run_until(&rig.loop, rig.seats[0].proposed == 1);
	json_decref(mark);
	json_decref(entry);
	rig_done(&rig);
}

/* Nobody waits for a leader that is gone. */
Test(courier, a_lost_leader_is_an_answer)
{
	struct event event = { .kind = EVENT_ASKED };
	struct rig rig;

	rig_init(&rig);
	event.ask.token = &rig.seats[1];
	event.ask.method = "GET";
	event.ask.path = "/v1/status";
	courier_ask(rig.seats[1].courier, 2, &event, NULL);
	courier_lost(rig.seats[1].courier);
	cr_assert_eq(rig.seats[1].replies, 1);
	cr_assert_eq(rig.seats[1].status, 503);
	rig_done(&rig);
}
