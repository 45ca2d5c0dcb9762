/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: what Raft promises, and every freedom that it leaves. One leader a term, elected by a
 * majority that has all committed entries; an entry is committed when a majority has it on disk;
 * who is deposed learns so late; what was under way is lost, or committed by the next leader.
 */
#include "sim.h"

unsigned log_majority(const struct sim *s)
{
	return s->n_controllers / 2 + 1;
}

static bool running(const struct sim *s, int c)
{
	return s->host[c].on && s->host[c].c.director && controller_awake(s, c);
}

static uint32_t reached(const struct sim *s, int from)
{
	uint32_t who = 0;

	if (!running(s, from))
		return 0;
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (running(s, c) && (c == from || wire_path(s, from, c)))
			who |= 1u << c;
	return who;
}

static bool enough(const struct sim *s, uint32_t who)
{
	return quorum_count(who) >= log_majority(s);
}

static void tell_role(struct sim *s, struct timer *t)
{
	struct controller *c = &s->host[t->a].c;
	struct event e = { .kind = EVENT_ROLE, .leader = t->b, .term = t->x };

	if (!c->director || c->gen != t->gen || t->x < c->term)
		return;
	if (!controller_awake(s, t->a)) {
		struct timer *later = sim_after(s, c->paused_until - s->now + MS, tell_role);

		later->a = t->a;
		later->b = t->b;
		later->x = t->x;
		later->gen = t->gen;
		return;
	}
	if (t->x == c->term && t->b == c->leads)
		return;
	c->term = t->x;
	c->leads = t->b;
	controller_event(s, t->a, &e);
}

static void role(struct sim *s, int c, bool leader, uint64_t term, uint64_t after)
{
	struct timer *t = sim_after(s, after, tell_role);

	t->a = c;
	t->b = leader;
	t->x = term;
	t->gen = s->host[c].c.gen;
}

static uint32_t blocked_now(const struct sim *s)
{
	uint32_t mask = 0;
	char name[8] = "n1";

	for (unsigned n = 0; n < s->n_nodes; n++) {
		name[1] = (char)('1' + n);
		if (cluster_life(s->truth, name) == CLUSTER_BLOCKED)
			mask |= 1u << n;
	}
	return mask;
}

static void commit(struct sim *s, const struct proposal *p, uint32_t who)
{
	struct entry *e;

	own_grow(s->entries, s->n_entries, s->cap_entries);
	e = &s->entries[s->n_entries++];
	e->term = p->term;
	e->json = json_incref(p->json);
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (who & 1u << c)
			s->host[c].c.have = s->n_entries;
	cluster_apply(s->truth, s->n_entries, p->term, p->json);
	e->blocked = blocked_now(s);
	if (s->trace) {
		char *text = json_dumps(p->json, JSON_COMPACT);

		sim_say(s, "commit %zu term %llu %.150s", s->n_entries, (unsigned long long)p->term,
			text);
		free(text);
	}
	check_commit(s, p->json);
}

static void drop(struct sim *s, size_t i)
{
	json_decref(s->proposals[i].json);
	for (; i + 1 < s->n_proposals; i++)
		s->proposals[i] = s->proposals[i + 1];
	s->n_proposals--;
}

static void lost(struct sim *s, struct timer *t)
{
	struct controller *c = &s->host[t->a].c;
	struct event e = { .kind = EVENT_NOT_COMMITTED };

	if (c->director && c->gen == t->gen && controller_awake(s, t->a))
		controller_event(s, t->a, &e);
}

static void tell_lost(struct sim *s, int c)
{
	struct timer *t = sim_after(s, sim_between(s, 0, 20 * MS), lost);

	t->a = c;
	t->gen = s->host[c].c.gen;
}

void log_propose(struct sim *s, int c, uint64_t term, json_t *entry)
{
	struct controller *ctl = &s->host[c].c;
	struct proposal *p;

	if (!ctl->leads || ctl->term != term) {
		json_decref(entry);
		tell_lost(s, c);
		return;
	}
	own_grow(s->proposals, s->n_proposals, s->cap_proposals);
	p = &s->proposals[s->n_proposals++];
	*p = (struct proposal){ .leader = c, .term = term, .json = entry };
}

void log_stopped(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;

	ctl->leads = false;
	if (s->leader == c)
		s->leader = -1;
	/* What no other disk has is gone with the leader, or comes back with its disk. */
	for (size_t i = 0; i < s->n_proposals;)
		if (s->proposals[i].leader == c && (!s->proposals[i].reached || sim_chance(s, 500)))
			drop(s, i);
		else
			i++;
}

void log_started(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;

	ctl->applied = 0;
	ctl->leads = false;
	/* What a snapshot and the disk tell at once; that more is committed may be learnt late. */
	ctl->known = sim_random(s, ctl->have + 1);
	ctl->learns_at = s->now;
	if (sim_chance(s, 500)) {
		ctl->known = ctl->have - sim_random(s, (ctl->have < 16 ? ctl->have : 16) + 1);
		ctl->learns_at += sim_between(s, 0, 3 * SECOND);
	}
}

/* The new leader commits what it finds on its own disk, in the order of the old log. */
static void inherit(struct sim *s, int c, uint32_t who)
{
	bool gap = false;

	while (s->n_proposals) {
		struct proposal p = s->proposals[0];

		gap |= !(p.reached & 1u << c);
		if (!gap)
			commit(s, &p, who);
		else if (s->host[p.leader].c.director && s->host[p.leader].c.leads)
			tell_lost(s, p.leader);
		drop(s, 0);
	}
}

static void elect(struct sim *s)
{
	int old = s->leader, first = (int)sim_random(s, s->n_controllers);

	for (int i = 0; i < (int)s->n_controllers; i++) {
		int c = (first + i) % (int)s->n_controllers;
		uint32_t who = reached(s, c);

		if (!enough(s, who) || s->host[c].c.have != s->n_entries)
			continue;
		s->term++;
		s->elections++;
		s->leader = c;
		s->leader_ok = s->now;
		sim_say(s, "c%d leads in term %llu", c + 1, (unsigned long long)s->term);
		inherit(s, c, who);
		role(s, c, true, s->term, 1000);
		for (int o = 0; o < (int)s->n_controllers; o++)
			if (o != c && s->host[o].c.director)
				role(s, o, false, s->term,
					sim_between(s, MS, o == old ? 300 * MS : 50 * MS));
		return;
	}
	if (old >= 0) {
		role(s, old, false, s->term, sim_between(s, MS, 200 * MS));
		s->leader = -1;
	}
}

void log_depose(struct sim *s)
{
	s->leader_ok = 0;
}

static void follow(struct sim *s)
{
	uint32_t who = s->leader < 0 ? 0 : reached(s, s->leader);

	if (!enough(s, who) || s->host[s->leader].c.term != s->term)
		return;
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (who & 1u << c) {
			s->host[c].c.have = s->n_entries;
			if (s->now >= s->host[c].c.learns_at)
				s->host[c].c.known = s->n_entries;
			if (c != s->leader && s->host[c].c.term < s->term)
				role(s, c, false, s->term, 0);
		}
}

static void propose_on(struct sim *s)
{
	while (s->n_proposals) {
		struct proposal *p = &s->proposals[0];
		uint32_t who = reached(s, p->leader);

		p->reached |= who;
		if (p->term != s->term || p->leader != s->leader || !s->host[p->leader].c.leads) {
			/* An old leader's: nobody takes it any more. */
			tell_lost(s, p->leader);
			drop(s, 0);
			continue;
		}
		if (!enough(s, who))
			return;
		commit(s, p, who);
		drop(s, 0);
	}
}

static void apply(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;
	uint64_t gen = ctl->gen;

	for (int i = 0; i < 8 && running(s, c) && ctl->gen == gen && ctl->applied < ctl->known &&
			ctl->applied < ctl->have;
		i++) {
		struct entry *e = &s->entries[ctl->applied++];
		struct event ev = { .kind = EVENT_COMMITTED,
			.index = ctl->applied,
			.term = e->term,
			.json = e->json };

		controller_event(s, c, &ev);
	}
}

static void turn(struct sim *s, struct timer *t)
{
	bool good = s->leader >= 0 && enough(s, reached(s, s->leader));

	(void)t;
	if (good && s->leader_ok)
		s->leader_ok = s->now;
	else if (!s->leader_ok || s->now - s->leader_ok > sim_between(s, 150 * MS, 500 * MS))
		elect(s);
	propose_on(s);
	follow(s);
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (running(s, c) && (c == s->leader || sim_chance(s, 700)))
			apply(s, c);
	sim_after(s, sim_between(s, MS, 4 * MS), turn);
}

void log_start(struct sim *s)
{
	s->leader = -1;
	sim_after(s, MS, turn);
}
