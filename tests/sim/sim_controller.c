/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A controller: the real director, and what its kernel does on its own: hear, grant, notice. */
#include <stdio.h>

#include "sim.h"

bool controller_awake(const struct sim *s, int c)
{
	return s->now >= s->host[c].c.paused_until;
}

static void act(struct sim *s, int c, struct actions *actions);

/* ---- the kernel's part --------------------------------------------------------------------- */

static void beat_later(struct sim *s, struct timer *t);

static void beat(struct sim *s, int c, int node, int link, enum picket_event_kind kind)
{
	struct controller *ctl = &s->host[c].c;
	struct timer *t = sim_after(s, sim_between(s, 1000, 200000), beat_later);

	t->a = c;
	t->b = node;
	t->c = link;
	t->x = kind;
	t->y = sim_clock(s, c);
	t->z = ctl->ear[node].link[link].last;
	t->gen = ctl->gen;
}

static void beat_later(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;
	struct event e = { .kind = EVENT_HEARTBEAT };

	if (!ctl->director || ctl->gen != t->gen)
		return;
	if (!controller_awake(s, t->a)) {
		struct timer *later = sim_after(s, ctl->paused_until - s->now, beat_later);
		uint64_t at = later->at, seq = later->seq;

		*later = *t;
		later->at = at;
		later->seq = seq;
		return;
	}
	e.beat.kind = (uint32_t)t->x;
	e.beat.node = (uint32_t)t->b + 1;
	e.beat.link = (uint8_t)t->c;
	e.beat.incarnation = ctl->ear[t->b].link[t->c].incarnation;
	e.beat.t_event_ns = t->y;
	e.beat.t_last_ns = t->z;
	controller_event(s, t->a, &e);
}

static void silence(struct sim *s, struct timer *t)
{
	struct ear_link *l = &s->host[t->a].c.ear[t->b].link[t->c];
	uint64_t now = sim_clock(s, t->a);
	struct timer *later;

	if (!s->host[t->a].on || s->host[t->a].gen != t->gen)
		return;
	l->armed = false;
	if (!l->heard)
		return;
	if (now >= l->deadline) {
		l->heard = false;
		beat(s, t->a, t->b, t->c, PICKET_EVENT_SILENT);
		return;
	}
	l->armed = true;
	later = sim_after(s, sim_true(s, t->a, l->deadline - now) + 1000, silence);
	later->a = t->a;
	later->b = t->b;
	later->c = t->c;
	later->gen = t->gen;
}

static void answer(struct sim *s, struct timer *t)
{
	struct host *h = &s->host[t->b];

	if (h->on)
		node_grant(s, t->b, t->a, t->gen, t->x, t->y);
}

void controller_probe(struct sim *s, int c, int node, int link, uint64_t incarnation, uint64_t seq,
	uint64_t t_send, uint64_t true_send)
{
	struct controller *ctl = &s->host[c].c;
	struct ear *ear = &ctl->ear[node];
	struct ear_link *l = &ear->link[link];
	uint64_t now = sim_clock(s, c);
	struct timer *t;
	bool again;

	if (!ear->known || incarnation < l->incarnation ||
		(incarnation == l->incarnation && seq <= l->seq))
		return;
	again = !l->heard || incarnation != l->incarnation;
	l->incarnation = incarnation;
	l->seq = seq;
	l->last = now;
	l->deadline = now + ear->interval_ns * ear->misses;
	if (again) {
		l->heard = true;
		beat(s, c, node, link, PICKET_EVENT_HEARD);
	}
	if (!l->armed) {
		l->armed = true;
		t = sim_after(s, sim_true(s, c, l->deadline - now) + 1000, silence);
		t->a = c;
		t->b = node;
		t->c = link;
		t->gen = s->host[c].gen;
	}
	if (!ear->admitted || ear->incarnation != incarnation || now >= ctl->grant_until)
		return;
	check_grant(s, c, node, incarnation);
	t = sim_after(s, sim_between(s, 50000, 2 * MS), answer);
	t->a = c;
	t->b = node;
	t->gen = incarnation;
	t->x = t_send;
	t->y = true_send;
	wire_packet(s, c, node, link, t);
}

/* ---- the daemon ---------------------------------------------------------------------------- */

static void push(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;
	struct timer *later;

	if (!ctl->director || ctl->gen != t->gen)
		return;
	if (controller_awake(s, t->a))
		ctl->grant_until = director_grant_until(ctl->director, sim_clock(s, t->a));
	later = sim_after(s, s->lease_ns / 4, push);
	later->a = t->a;
	later->gen = t->gen;
}

static void due(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;
	struct event e = { .kind = EVENT_TIME };

	if (!ctl->director || ctl->gen != t->gen || ctl->due_at != t->at)
		return;
	ctl->due_at = 0;
	if (!controller_awake(s, t->a)) {
		struct timer *later = sim_after(s, ctl->paused_until - s->now, due);

		later->a = t->a;
		later->gen = t->gen;
		ctl->due_at = later->at;
		return;
	}
	controller_event(s, t->a, &e);
}

static void set_due(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;
	uint64_t local = director_due(ctl->director), now = sim_clock(s, c), at;
	struct timer *t;

	if (!local)
		return;
	at = s->now + (local > now ? sim_true(s, c, local - now) : 1000);
	if (ctl->due_at && ctl->due_at <= at)
		return;
	t = sim_after(s, at - s->now, due);
	t->a = c;
	t->gen = ctl->gen;
	ctl->due_at = t->at;
}

void controller_event(struct sim *s, int c, struct event *event)
{
	struct controller *ctl = &s->host[c].c;
	struct actions actions = { 0 };
	uint64_t gen = ctl->gen;

	director_step(ctl->director, event, sim_clock(s, c), s->now / MS, &actions);
	act(s, c, &actions);
	actions_done(&actions);
	if (ctl->director && ctl->gen == gen)
		set_due(s, c);
}

static void barred(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;
	char name[8];
	struct event e = { .kind = EVENT_BARRED, .node = name, .incarnation = t->x };

	snprintf(name, sizeof(name), "n%d", t->b + 1);
	if (!ctl->director || ctl->gen != t->gen || !controller_awake(s, t->a))
		return;
	controller_event(s, t->a, &e);
}

static void admit(struct sim *s, int c, const struct action *a)
{
	int n = sim_host_of(a->node);
	struct ear *ear = &s->host[c].c.ear[n];
	struct timer *t;

	ear->known = true;
	ear->admitted = a->admitted;
	ear->incarnation = a->incarnation;
	ear->interval_ns =
		(uint64_t)json_integer_value(json_object_get(a->json, "interval_us")) * 1000;
	ear->misses = (uint64_t)json_integer_value(json_object_get(a->json, "misses"));
	if (a->admitted)
		return;
	t = sim_after(s, sim_between(s, 1000, 100000), barred);
	t->a = c;
	t->b = n;
	t->x = a->incarnation;
	t->gen = s->host[c].c.gen;
}

/* ---- the fence agent and the BMC ----------------------------------------------------------- */

static bool child_lives(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;

	return ctl->director && ctl->gen == t->z;
}

static void power_result(struct sim *s, struct timer *t)
{
	struct controller *ctl = &s->host[t->a].c;
	struct event e = { .kind = EVENT_FENCED };

	if (!child_lives(s, t))
		return;
	if (!controller_awake(s, t->a)) {
		struct timer *later = sim_after(s, ctl->paused_until - s->now, power_result);
		uint64_t at = later->at, seq = later->seq;

		*later = *t;
		later->at = at;
		later->seq = seq;
		return;
	}
	e.fence.id = t->x;
	e.fence.proof = (enum event_proof)t->y;
	e.fence.text = t->y == EVENT_FAILED ? "no answer" : "";
	e.fence.t_end_ns = sim_clock(s, t->a);
	e.fence.evidence = json_array();
	controller_event(s, t->a, &e);
	json_decref(e.fence.evidence);
}

/* The command reaches the BMC; what it did is read back, or not. */
static void power_bites(struct sim *s, struct timer *t)
{
	bool off = t->c == 0;
	struct host *h = &s->host[t->b];
	enum event_proof proof;
	struct timer *answer;

	if (!child_lives(s, t))
		return;
	if (h->bmc_deaf) {
		proof = EVENT_FAILED;
	} else if (h->bmc_stuck) {
		/* Yes, says the BMC, and does nothing: only who reads back knows. */
		proof = s->museum.director.unread_off ? (off ? EVENT_OFF : EVENT_ON) : EVENT_FAILED;
	} else if (off) {
		s->fences++;
		sim_say(s, "BMC of n%d: off", t->b + 1);
		node_power_off(s, t->b);
		proof = EVENT_OFF;
	} else {
		sim_say(s, "BMC of n%d: on", t->b + 1);
		node_boot(s, t->b);
		proof = EVENT_ON;
	}
	answer = sim_after(s, sim_between(s, MS, 50 * MS), power_result);
	answer->a = t->a;
	answer->x = t->x;
	answer->y = proof;
	answer->z = t->z;
}

static void fence(struct sim *s, int c, const struct action *a)
{
	int n = sim_host_of(a->node);
	bool off = !strcmp(a->op, "off");
	struct timer *t;

	if (off)
		check_fence(s, c, a->node);
	t = sim_after(s, sim_between(s, 20 * MS, 150 * MS) + s->host[n].bmc_slow_ns, power_bites);
	t->a = c;
	t->b = n;
	t->c = !off;
	t->x = a->id;
	t->z = s->host[c].c.gen;
}

/* Nothing is switched; a deaf BMC does not let anybody in. */
static void rehearse(struct sim *s, int c, const struct action *a)
{
	int n = sim_host_of(a->node);
	struct timer *t = sim_after(
		s, sim_between(s, 20 * MS, 150 * MS) + s->host[n].bmc_slow_ns, power_result);

	t->a = c;
	t->x = a->id;
	t->y = s->host[n].bmc_deaf ? EVENT_FAILED : EVENT_DONE;
	t->z = s->host[c].c.gen;
}

static void unfence(struct sim *s, int c, const struct action *a)
{
	int n = sim_host_of(a->node);

	for (size_t i = 0; i < s->n_heap; i++)
		if (s->heap[i]->fire == power_bites && s->heap[i]->a == c && s->heap[i]->b == n)
			s->heap[i]->z = ~0ULL;
}

/* ---- actions ------------------------------------------------------------------------------- */

static void send(struct sim *s, int c, const struct action *a)
{
	int n = sim_host_of(a->node);
	const char *type = json_string_value(json_object_get(a->json, "type"));

	if (!strcmp(type, "order"))
		check_start(s, -1 - c, a->json);
	wire_to_agent(s, c, n, json_deep_copy(a->json));
}

static void note(struct sim *s, int c, const struct action *a)
{
	sim_say(s, "c%d: %s", c + 1, json_string_value(json_object_get(a->json, "text")));
}

static void promise(struct sim *s, int c, json_t *message)
{
	struct controller *ctl = &s->host[c].c;
	int n;

	if (strcmp(json_string_value(json_object_get(message, "type")), "barred"))
		return;
	n = sim_host_of(json_string_value(json_object_get(message, "node")));
	ctl->promised[n] = (uint64_t)json_integer_value(json_object_get(message, "incarnation"));
	ctl->promised_term[n] = (uint64_t)json_integer_value(json_object_get(message, "term"));
	fault_promised(s, c);
}

static void act(struct sim *s, int c, struct actions *actions)
{
	for (size_t i = 0; i < actions->n; i++) {
		struct action *a = &actions->items[i];

		switch (a->kind) {
		case ACTION_PROPOSE:
			log_propose(s, c, a->id, json_deep_copy(a->json));
			break;
		case ACTION_SEND:
			send(s, c, a);
			break;
		case ACTION_DROP:
			wire_close_after(s, sim_host_of(a->node), c);
			break;
		case ACTION_ADMIT:
			admit(s, c, a);
			break;
		case ACTION_FORGET:
			s->host[c].c.ear[a->node_id - 1] = (struct ear){ 0 };
			break;
		case ACTION_FENCE:
			fence(s, c, a);
			break;
		case ACTION_REHEARSE:
			rehearse(s, c, a);
			break;
		case ACTION_UNFENCE:
			unfence(s, c, a);
			break;
		case ACTION_PEER:
			promise(s, c, a->json);
			for (int p = 0; p < (int)s->n_controllers; p++)
				if (p != c && (a->controller < 0 || a->controller == p))
					wire_to_peer(s, c, p, json_deep_copy(a->json));
			break;
		case ACTION_TRUST: /* and nobody has a certificate */
			break;
		case ACTION_VOTER: /* the controllers of a seed stay as they are */
		case ACTION_ROLL:
		case ACTION_NOTE:
			note(s, c, a);
			break;
		case ACTION_REPLY:
			if (a->status >= 400) {
				owned(free) char *text = json_dumps(a->json, JSON_COMPACT);

				sim_say(s, "c%d answers %u: %s", c + 1, a->status, text);
			}
			break;
		}
	}
}

/* ---- a life of the process ------------------------------------------------------------------ */

void controller_start(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;
	char name[8], node[8];
	struct director_config config = { .name = name,
		.cluster = 7,
		.index = (unsigned)c,
		.voters = { .now = (1u << s->n_controllers) - 1 },
		.life = sim_random(s, 1ULL << 62) + 1,
		.museum = &s->museum.director,
		.node = c < (int)s->n_nodes ? node : NULL,
		.boot_id = s->host[c].n.boot };
	struct timer *t;

	if (ctl->director || !s->host[c].on)
		return;
	sim_say(s, "c%d starts", c + 1);
	snprintf(name, sizeof(name), "c%d", c + 1);
	snprintf(node, sizeof(node), "n%d", c + 1);
	ctl->gen++;
	ctl->director = director_new(&config);
	ctl->term = 0;
	ctl->due_at = 0;
	ctl->grant_until = 0;
	ctl->paused_until = 0;
	log_started(s, c);
	t = sim_after(s, sim_between(s, 0, s->lease_ns / 4), push);
	t->a = c;
	t->gen = ctl->gen;
	/* The kernel has gone on hearing. */
	for (int n = 0; n < (int)s->n_nodes; n++)
		for (int l = 0; l < SIM_LINKS; l++)
			if (ctl->ear[n].link[l].heard)
				beat(s, c, n, l, PICKET_EVENT_HEARD);
}

void controller_stop(struct sim *s, int c, bool seen)
{
	struct controller *ctl = &s->host[c].c;

	if (!ctl->director)
		return;
	sim_say(s, "c%d stops", c + 1);
	director_free(ctl->director);
	ctl->director = NULL;
	ctl->gen++;
	log_stopped(s, c);
	wire_controller_gone(s, c, seen);
}

void controller_host_gone(struct sim *s, int c)
{
	struct controller *ctl = &s->host[c].c;

	controller_stop(s, c, false);
	memset(ctl->ear, 0, sizeof(ctl->ear));
	ctl->grant_until = 0;
}

static void levels(struct sim *s, FILE *f, int n)
{
	switch (s->fencing) {
	case 0:
		fprintf(f, "    n%d: [[b%d]]\n", n, n);
		break;
	case 1:
		fprintf(f, "    n%d: [[self]]\n", n);
		break;
	case 2:
		fprintf(f, "    n%d: [[b%d], [self]]\n", n, n);
		break;
	default:
		fprintf(f, "    n%d: [{any: [b%d, self]}]\n", n, n);
		break;
	}
}

static char *site(struct sim *s)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	/* Rehearsals switch nothing and would only use up chance: seeds with them are one in four.
	 */
	fprintf(f, "cluster: {name: sim, profile: %s, fence-test-interval: %s}\nnodes:\n",
		s->fast ? "fast" : "default", s->fencing == 2 ? "10s" : "0s");
	for (int n = 1; n <= (int)s->n_nodes; n++)
		fprintf(f, "  n%d: {id: %d, addresses: [a, b]}\n", n, n);
	fprintf(f, "fencing:\n  devices:\n");
	for (int n = 1; n <= (int)s->n_nodes; n++)
		fprintf(f, "    b%d: {agent: fence_x, targets: [n%d]}\n", n, n);
	fprintf(f, "  topology:\n");
	for (int n = 1; n <= (int)s->n_nodes; n++)
		levels(s, f, n);
	fprintf(f, "resources:\n"
		   "  a: {type: 'ocf:x:y', operations: {monitor: {interval: 10s}}}\n"
		   "  b: {type: 'ocf:x:y'}\n"
		   "  c: {type: 'ocf:x:y'}\n"
		   "  d: {type: 'ocf:x:y'}\n"
		   "  g: {group: [c, d]}\n");
	fclose(f);
	return text;
}

static void ask(struct sim *s, const char *method, const char *path, const char *text)
{
	struct event e = { .kind = EVENT_ASKED };

	if (s->leader < 0 || !s->host[s->leader].c.director || !controller_awake(s, s->leader) ||
		!s->host[s->leader].c.leads)
		return;
	e.ask.token = s;
	e.ask.method = method;
	e.ask.path = path;
	e.ask.text = text;
	e.ask.user = "root";
	e.ask.query = json_object();
	e.ask.body = json_loads(text, 0, NULL);
	controller_event(s, s->leader, &e);
	json_decref(e.ask.query);
	json_decref(e.ask.body);
}

void controller_ask(struct sim *s, int node)
{
	static const char *const wishes[] = { "fence", "fence", "standby", "online" };
	const char *wish = wishes[sim_random(s, 4)];
	char path[40];

	snprintf(path, sizeof(path), "/v1/nodes/n%d/%s", node + 1, wish);
	sim_say(s, "operator: %s", path);
	ask(s, "POST", path, "{}");
}

void controller_online(struct sim *s)
{
	char path[40], name[8];

	for (int n = 1; n <= (int)s->n_nodes; n++) {
		snprintf(name, sizeof(name), "n%d", n);
		snprintf(path, sizeof(path), "/v1/nodes/n%d/online", n);
		if (cluster_flag(s->truth, name, "standby"))
			ask(s, "POST", path, "{}");
	}
}

static void configure(struct sim *s, struct timer *t)
{
	owned(free) char *text = site(s);

	(void)t;
	ask(s, "PUT", "/v1/configuration", text);
	if (!cluster_configuration(s->truth))
		sim_after(s, 500 * MS, configure);
}

void controller_configure(struct sim *s)
{
	sim_after(s, 300 * MS, configure);
}
