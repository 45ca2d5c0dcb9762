/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wires: packets that get lost, late, twice and out of order; connections that break. */
#include <stdio.h>

#include "sim.h"

#define TRY_NS (150 * MS)

bool wire_open(const struct sim *s, int from, int to, int link)
{
	return s->host[from].on && s->host[to].on && (from == to || !s->cut[from][to][link]);
}

bool wire_path(const struct sim *s, int a, int b)
{
	if (a != b && (s->host[a].walled || s->host[b].walled))
		return false;
	for (int l = 0; l < SIM_LINKS; l++)
		if (wire_open(s, a, b, l) && wire_open(s, b, a, l))
			return true;
	return false;
}

static uint64_t delay(struct sim *s, int from, int to)
{
	if (from == to)
		return sim_between(s, 5000, 50000);
	if (sim_chance(s, 5))
		return sim_between(s, MS, s->delay_max);
	return sim_between(s, 50000, 2 * MS);
}

static void again(struct sim *s, struct timer *t, uint64_t after)
{
	struct timer *copy = sim_after(s, after, t->fire);
	uint64_t at = copy->at, seq = copy->seq;

	*copy = *t;
	copy->at = at;
	copy->seq = seq;
	json_incref(copy->json);
}

/* Takes the timer's contents; a packet that is lost is a timer that does nothing. */
static void nothing(struct sim *s, struct timer *t)
{
	(void)s;
	(void)t;
}

void wire_packet(struct sim *s, int from, int to, int link, struct timer *t)
{
	s->packets++;
	if (!wire_open(s, from, to, link) || (from != to && sim_chance(s, s->loss_permille))) {
		t->fire = nothing;
		return;
	}
	if (sim_chance(s, s->dup_permille))
		again(s, t, delay(s, from, to) + sim_between(s, 0, 5 * s->delay_max));
}

/* ---- connections --------------------------------------------------------------------------- */

static void arrive_controller(struct sim *s, struct timer *t)
{
	struct controller *c = &s->host[t->b].c;
	struct conn *conn = &s->host[t->a].n.link[t->b];
	char name[8];
	struct event e = {
		.kind = (enum event_kind)t->x, .node = name, .json = t->json, .closed = t->y != 0
	};

	snprintf(name, sizeof(name), "n%d", t->a + 1);
	if (!c->director || c->gen != t->z || (e.kind != EVENT_LINK_DOWN && conn->gen != t->gen))
		return;
	if (!controller_awake(s, t->b)) {
		again(s, t, c->paused_until - s->now);
		return;
	}
	if (e.kind == EVENT_LINK_DOWN || (e.kind == EVENT_LINK_UP && conn->owes)) {
		struct event down = { .kind = EVENT_LINK_DOWN, .node = name, .closed = e.closed };

		if (!conn->owes)
			return; /* a newer connection has taken its place already */
		conn->owes = false;
		controller_event(s, t->b, &down);
	}
	if (e.kind != EVENT_LINK_DOWN)
		controller_event(s, t->b, &e);
}

static void arrive_agent(struct sim *s, struct timer *t)
{
	struct node *n = &s->host[t->a].n;

	if (!n->worker || n->link[t->b].gen != t->gen || !n->link[t->b].up)
		return;
	if (!node_awake(s, t->a)) {
		again(s, t, n->paused_until - s->now);
		return;
	}
	node_hears(s, t->a, t->b, t->json);
}

static void arrive_peer(struct sim *s, struct timer *t)
{
	struct controller *to = &s->host[t->b].c;
	struct event e = {
		.kind = (enum event_kind)t->x, .controller = (unsigned)t->a, .json = t->json
	};

	if (!to->director || to->gen != t->z ||
		(e.kind != EVENT_PEER_DOWN && s->host[t->a].c.peer[t->b].gen != t->gen))
		return;
	if (!controller_awake(s, t->b)) {
		again(s, t, to->paused_until - s->now);
		return;
	}
	controller_event(s, t->b, &e);
}

/* In order: no message overtakes the one before. What a broken path holds comes with its mending.
 */
static struct timer *queue(struct sim *s, struct conn *conn, int direction, int from, int to,
	void (*fire)(struct sim *, struct timer *))
{
	uint64_t at = s->now + delay(s, from, to);
	struct timer *t;

	if (at <= conn->last[direction])
		at = conn->last[direction] + 1000;
	conn->last[direction] = at;
	t = sim_after(s, at - s->now, fire);
	t->gen = conn->gen;
	return t;
}

/* On a broken path a message waits, and all that follow wait behind it. */
static void held(struct sim *s, struct conn *conn, int direction, struct timer *t)
{
	if (conn->last[direction] < s->now + 20 * MS)
		conn->last[direction] = s->now + 20 * MS;
	again(s, t, 20 * MS);
}

static void deliver_controller(struct sim *s, struct timer *t)
{
	if (s->host[t->a].on && !wire_path(s, t->a, t->b) &&
		s->host[t->a].n.link[t->b].gen == t->gen)
		held(s, &s->host[t->a].n.link[t->b], 0, t);
	else
		arrive_controller(s, t);
}

static void deliver_agent(struct sim *s, struct timer *t)
{
	if (s->host[t->b].on && !wire_path(s, t->b, t->a) &&
		s->host[t->a].n.link[t->b].gen == t->gen)
		held(s, &s->host[t->a].n.link[t->b], 1, t);
	else
		arrive_agent(s, t);
}

static void deliver_peer(struct sim *s, struct timer *t)
{
	if (!wire_path(s, t->a, t->b) && s->host[t->a].c.peer[t->b].gen == t->gen)
		held(s, &s->host[t->a].c.peer[t->b], 0, t);
	else
		arrive_peer(s, t);
}

void wire_to_controller(struct sim *s, int node, int c, json_t *message)
{
	struct conn *conn = &s->host[node].n.link[c];
	struct timer *t;

	if (!conn->up) {
		json_decref(message);
		return;
	}
	t = queue(s, conn, 0, node, c, deliver_controller);
	t->a = node;
	t->b = c;
	t->x = EVENT_LINK_SAYS;
	t->z = s->host[c].c.gen;
	t->json = message;
}

void wire_to_agent(struct sim *s, int c, int node, json_t *message)
{
	struct conn *conn = &s->host[node].n.link[c];
	struct timer *t;

	if (!conn->up) {
		json_decref(message);
		return;
	}
	t = queue(s, conn, 1, c, node, deliver_agent);
	t->a = node;
	t->b = c;
	t->json = message;
}

void wire_to_peer(struct sim *s, int from, int to, json_t *message)
{
	struct conn *conn = &s->host[from].c.peer[to];
	struct timer *t;

	if (!conn->up) {
		json_decref(message);
		return;
	}
	t = queue(s, conn, 0, from, to, deliver_peer);
	t->a = from;
	t->b = to;
	t->x = EVENT_PEER_SAYS;
	t->z = s->host[to].c.gen;
	t->json = message;
}

static void link_down(struct sim *s, int node, int c, bool closed)
{
	struct timer *t = sim_after(s, delay(s, node, c), arrive_controller);

	s->host[node].n.link[c].owes = true;
	t->a = node;
	t->b = c;
	t->x = EVENT_LINK_DOWN;
	t->y = closed;
	t->z = s->host[c].c.gen;
}

void wire_close(struct sim *s, int node, int c, bool seen)
{
	struct conn *conn = &s->host[node].n.link[c];

	if (!conn->up)
		return;
	conn->up = false;
	conn->gen++;
	conn->broken_since = 0;
	if (s->host[c].c.director)
		link_down(s, node, c, seen);
}

static void close_now(struct sim *s, struct timer *t)
{
	if (s->host[t->a].n.link[t->b].gen == t->gen)
		wire_close(s, t->a, t->b, true);
}

void wire_close_after(struct sim *s, int node, int c)
{
	struct conn *conn = &s->host[node].n.link[c];
	uint64_t wait = conn->last[1] > s->now ? conn->last[1] - s->now : 0;
	struct timer *t = sim_after(s, wait + 1000, close_now);

	t->a = node;
	t->b = c;
	t->gen = conn->gen;
}

/* The other end of a machine that died without a word notices by its own patience. */
void wire_agent_gone(struct sim *s, int node, bool seen)
{
	for (int c = 0; c < (int)s->n_controllers; c++) {
		struct conn *conn = &s->host[node].n.link[c];
		struct timer *t;

		if (!conn->up)
			continue;
		if (seen && wire_path(s, node, c)) {
			wire_close(s, node, c, true);
			continue;
		}
		conn->up = false;
		conn->gen++;
		conn->broken_since = 0;
		conn->owes = true;
		t = sim_after(s, sim_between(s, SECOND, 3 * SECOND), arrive_controller);
		t->a = node;
		t->b = c;
		t->x = EVENT_LINK_DOWN;
		t->z = s->host[c].c.gen;
	}
}

static void peer_close(struct sim *s, int a, int b)
{
	int ends[2][2] = { { a, b }, { b, a } };

	for (int i = 0; i < 2; i++) {
		struct conn *conn = &s->host[ends[i][0]].c.peer[ends[i][1]];
		struct timer *t;

		conn->up = false;
		conn->gen++;
		conn->broken_since = 0;
		t = sim_after(s, delay(s, a, b), arrive_peer);
		t->a = ends[i][0];
		t->b = ends[i][1];
		t->x = EVENT_PEER_DOWN;
		t->z = s->host[t->b].c.gen;
	}
}

void wire_controller_gone(struct sim *s, int c, bool seen)
{
	(void)seen;
	for (int n = 0; n < (int)s->n_nodes; n++) {
		struct conn *conn = &s->host[n].n.link[c];

		conn->owes = false;
		if (conn->up) {
			conn->up = false;
			conn->gen++;
		}
	}
	for (int p = 0; p < (int)s->n_controllers; p++)
		if (p != c && s->host[c].c.peer[p].up)
			peer_close(s, c, p);
}

/* ---- connecting, and giving up ------------------------------------------------------------- */

static bool broken(struct sim *s, struct conn *conn, bool path)
{
	if (path) {
		conn->broken_since = 0;
		return false;
	}
	if (!conn->broken_since) {
		conn->broken_since = s->now;
		conn->patience = sim_between(s, SECOND, 3 * SECOND);
	}
	return s->now - conn->broken_since > conn->patience;
}

static void connect_agent(struct sim *s, int node, int c)
{
	struct conn *conn = &s->host[node].n.link[c];
	struct timer *t;

	if (!s->host[c].c.director || !controller_awake(s, c) || !wire_path(s, node, c))
		return;
	conn->up = true;
	conn->gen++;
	conn->last[0] = conn->last[1] = s->now;
	t = queue(s, conn, 0, node, c, deliver_controller);
	t->a = node;
	t->b = c;
	t->x = EVENT_LINK_UP;
	t->z = s->host[c].c.gen;
	t->json = node_hello(s, node);
}

static void connect_peer(struct sim *s, int a, int b)
{
	int ends[2][2] = { { a, b }, { b, a } };

	if (!s->host[a].c.director || !s->host[b].c.director || !controller_awake(s, a) ||
		!controller_awake(s, b) || !wire_path(s, a, b))
		return;
	for (int i = 0; i < 2; i++) {
		struct conn *conn = &s->host[ends[i][0]].c.peer[ends[i][1]];
		struct timer *t;

		conn->up = true;
		conn->gen++;
		conn->last[0] = s->now;
		t = queue(s, conn, 0, ends[i][0], ends[i][1], deliver_peer);
		t->a = ends[i][0];
		t->b = ends[i][1];
		t->x = EVENT_PEER_UP;
		t->z = s->host[t->b].c.gen;
	}
}

static void look(struct sim *s, struct timer *t)
{
	for (int n = 0; n < (int)s->n_nodes; n++)
		for (int c = 0; c < (int)s->n_controllers; c++) {
			struct conn *conn = &s->host[n].n.link[c];

			if (!s->host[n].n.worker || !node_awake(s, n))
				continue;
			if (!conn->up)
				connect_agent(s, n, c);
			else if (broken(s, conn, wire_path(s, n, c)))
				wire_close(s, n, c, false);
		}
	for (int a = 0; a < (int)s->n_controllers; a++)
		for (int b = a + 1; b < (int)s->n_controllers; b++) {
			struct conn *conn = &s->host[a].c.peer[b];

			if (!conn->up)
				connect_peer(s, a, b);
			else if (broken(s, conn, wire_path(s, a, b)))
				peer_close(s, a, b);
		}
	sim_after(s, TRY_NS, look);
	(void)t;
}

void wire_start(struct sim *s)
{
	sim_after(s, MS, look);
}
