/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "edge/council.h"
#include "edge/daemoncfg.h"
#include "edge/link.h"
#include "pki.h"

#define N 3

/* Three controllers in one process, each with its door and its council. */
struct seat {
	struct rig *rig;
	struct identity *identity;
	struct link *link;
	struct council *council;
	unsigned ups, downs, silents, says;
	char last[64];
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

static void seat_open(struct rig *rig, unsigned i)
{
	static const struct link_handler door = { link_up, link_says, link_down };
	static const struct council_handler handler = { on_up, on_says, on_down, on_silent };
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
}

static void seat_close(struct seat *s)
{
	council_free(s->council);
	link_free(s->link);
	s->council = NULL;
	s->link = NULL;
}

static void rig_init(struct rig *rig)
{
	static const char *const names[N] = { "c1", "c2", "c3" };
	int port = 10000 + getpid() % 5000 * 4; /* below what the kernel gives to others */

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
