/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong: at random, several at once, each for a while. */
#include "sim.h"

static void cut_pair(struct sim *s, int a, int b, int way, bool cut)
{
	for (int l = 0; l < SIM_LINKS; l++) {
		if (way != 1)
			s->cut[a][b][l] = cut;
		if (way != 2)
			s->cut[b][a][l] = cut;
	}
}

static void isolate(struct sim *s, int h, int way)
{
	for (int o = 0; o < (int)s->n_hosts; o++)
		if (o != h)
			cut_pair(s, h, o, way, true);
}

static void split(struct sim *s)
{
	uint64_t side = sim_random(s, 1ULL << s->n_hosts);
	int way = (int)sim_random(s, 4);

	for (int a = 0; a < (int)s->n_hosts; a++)
		for (int b = a + 1; b < (int)s->n_hosts; b++)
			if ((side >> a & 1) != (side >> b & 1))
				cut_pair(s, a, b, way == 3 ? 0 : way, true);
}

static void one_link(struct sim *s)
{
	int h = (int)sim_random(s, s->n_hosts), l = (int)sim_random(s, SIM_LINKS);

	for (int o = 0; o < (int)s->n_hosts; o++)
		s->cut[h][o][l] = s->cut[o][h][l] = o != h;
}

static void mend_wires(struct sim *s)
{
	memset(s->cut, 0, sizeof(s->cut));
	for (int h = 0; h < (int)s->n_hosts; h++)
		s->host[h].walled = false;
}

static void host_back(struct sim *s, struct timer *t)
{
	if (!s->host[t->a].on)
		node_boot(s, t->a);
}

static void crash(struct sim *s, int h)
{
	struct timer *t;

	sim_say(s, "n%d crashes", h + 1);
	node_power_off(s, h);
	t = sim_after(s, sim_between(s, SECOND, 15 * SECOND), host_back);
	t->a = h;
}

static void daemon_back(struct sim *s, struct timer *t)
{
	if (s->host[t->a].on)
		controller_start(s, t->a);
}

static void agent_back(struct sim *s, struct timer *t)
{
	if (s->host[t->a].on)
		node_agent_start(s, t->a);
}

static void kill_daemon(struct sim *s, int h)
{
	struct timer *t;

	if (h >= (int)s->n_controllers)
		return;
	controller_stop(s, h, true);
	t = sim_after(s, sim_between(s, 50 * MS, 5 * SECOND), daemon_back);
	t->a = h;
}

static void kill_agent(struct sim *s, int h)
{
	struct timer *t;

	if (h >= (int)s->n_nodes)
		return;
	sim_say(s, "agent of n%d killed", h + 1);
	node_agent_stop(s, h, true);
	t = sim_after(s, sim_between(s, 50 * MS, 5 * SECOND), agent_back);
	t->a = h;
}

static void pause_one(struct sim *s, int h)
{
	uint64_t until = s->now + sim_between(s, 100 * MS, 6 * SECOND);

	if (h < (int)s->n_controllers && s->host[h].c.director && sim_chance(s, 600)) {
		sim_say(s, "c%d pauses", h + 1);
		s->host[h].c.paused_until = until;
	} else if (h < (int)s->n_nodes && s->host[h].n.worker) {
		sim_say(s, "agent of n%d pauses", h + 1);
		s->host[h].n.paused_until = until;
	}
}

static void bmc(struct sim *s, int h)
{
	struct host *host = &s->host[h];

	host->bmc_deaf = host->bmc_stuck = false;
	host->bmc_slow_ns = 0;
	switch (sim_random(s, 4)) {
	case 0:
		host->bmc_deaf = true;
		break;
	case 1:
		host->bmc_stuck = true;
		break;
	case 2:
		host->bmc_slow_ns = sim_between(s, SECOND, 10 * SECOND);
		break;
	default:
		break;
	}
}

/* An order of long ago comes again, from whoever is connected. */
static void old_order(struct sim *s, int h)
{
	json_t *m;

	if (h >= (int)s->n_nodes || !s->host[h].n.worker ||
		!json_array_size(s->host[h].n.old_orders))
		return;
	m = json_array_get(
		s->host[h].n.old_orders, sim_random(s, json_array_size(s->host[h].n.old_orders)));
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (s->host[h].n.link[c].up) {
			wire_to_agent(s, c, h, json_deep_copy(m));
			return;
		}
}

/* Who has given a promise to block somebody who lives, and forgets it. */
static void kill_promiser(struct sim *s)
{
	for (int c = 0; c < (int)s->n_controllers; c++)
		for (int n = 0; n < (int)s->n_nodes; n++)
			if (c != s->leader && s->host[n].on && s->host[n].n.holds &&
				s->host[c].c.promised[n] == s->host[n].n.incarnation) {
				kill_daemon(s, c);
				return;
			}
}

static void forget(struct sim *s, struct timer *t)
{
	struct timer *back;

	if (!s->host[t->a].on || s->host[t->a].c.gen != t->gen)
		return;
	controller_stop(s, t->a, true);
	back = sim_after(s, sim_between(s, 5 * MS, 50 * MS), daemon_back);
	back->a = t->a;
}

/* At the worst moment: a controller has just promised, and starts anew. */
void fault_promised(struct sim *s, int c)
{
	struct timer *t;

	/* When that is the rule that is broken, it is looked for harder. */
	if (!s->faults || !sim_chance(s, s->museum.director.grants_uncaught ? 500 : 50))
		return;
	t = sim_after(s, sim_between(s, MS, 300 * MS), forget);
	t->a = c;
	t->gen = s->host[c].c.gen;
}

/* The holder of something is the interesting one. */
static int whom(struct sim *s)
{
	if (sim_chance(s, 500))
		for (int h = 0; h < (int)s->n_nodes; h++)
			for (int r = 0; r < SIM_RESOURCES; r++)
				if (s->host[h].n.active[r])
					return h;
	if (s->leader >= 0 && sim_chance(s, 300))
		return s->leader;
	return (int)sim_random(s, s->n_hosts);
}

static void fault(struct sim *s, struct timer *t)
{
	int h = whom(s);
	uint64_t kind = sim_random(s, 19);

	/* Who was granted something a moment before he is blocked needs the margin. */
	if (s->museum.director.no_margin && sim_chance(s, 300))
		kind = 16;
	(void)t;
	if (!s->faults)
		return;
	sim_say(s, "fault %d at %d", (int)kind, h + 1);
	switch (kind) {
	case 0:
	case 1:
	case 2:
		isolate(s, h, (int)sim_random(s, 3));
		break;
	case 3:
	case 4:
		split(s);
		break;
	case 5:
		one_link(s);
		break;
	case 6:
	case 7:
		crash(s, h);
		break;
	case 8:
		kill_daemon(s, h);
		break;
	case 9:
		kill_agent(s, h);
		break;
	case 10:
	case 11:
		pause_one(s, h);
		break;
	case 12:
		bmc(s, (int)sim_random(s, s->n_nodes));
		break;
	case 13:
		s->loss_permille = sim_chance(s, 500) ? 0 : (unsigned)sim_random(s, 300);
		s->delay_max = sim_chance(s, 500) ? 5 * MS : sim_between(s, 5 * MS, SECOND);
		break;
	case 14:
		log_depose(s);
		break;
	case 15:
		s->host[h].walled = true;
		break;
	case 17:
		kill_promiser(s);
		break;
	case 16:
		controller_ask(s, h < (int)s->n_nodes ? h : 0);
		break;
	default:
		old_order(s, h);
		break;
	}
	if (sim_chance(s, 400))
		mend_wires(s);
	sim_after(s, sim_between(s, 50 * MS, 6 * SECOND), fault);
}

void fault_start(struct sim *s)
{
	s->faults = true;
	sim_after(s, sim_between(s, 8 * SECOND, 15 * SECOND), fault);
}

void fault_heal(struct sim *s)
{
	s->faults = false;
	mend_wires(s);
	s->loss_permille = 0;
	s->dup_permille = 0;
	s->delay_max = 5 * MS;
	for (int h = 0; h < (int)s->n_hosts; h++) {
		s->host[h].bmc_deaf = s->host[h].bmc_stuck = false;
		s->host[h].bmc_slow_ns = 0;
		if (s->host[h].c.paused_until > s->now + 50 * MS)
			s->host[h].c.paused_until = s->now + 50 * MS;
		if (s->host[h].n.paused_until > s->now + 50 * MS)
			s->host[h].n.paused_until = s->now + 50 * MS;
	}
}
