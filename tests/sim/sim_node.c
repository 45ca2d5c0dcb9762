/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node: the real agent core, its kernel's lease, its resources, its power. */
#include <stdio.h>

#include "sim.h"

const char *const sim_resources[SIM_RESOURCES] = { "a", "b", "c", "d" };

int sim_host_of(const char *node)
{
	return node[1] - '1';
}

int sim_resource_of(const char *resource)
{
	for (int i = 0; i < SIM_RESOURCES; i++)
		if (!strcmp(sim_resources[i], resource))
			return i;
	return -1;
}

bool node_awake(const struct sim *s, int h)
{
	return s->now >= s->host[h].n.paused_until;
}

static struct worker_time local(const struct sim *s, int h)
{
	return (struct worker_time){ .now_ms = sim_clock(s, h) / MS,
		.epoch_s = (int64_t)(s->now / SECOND) };
}

/* ---- the kernel's part: probes, grants, the lease's end ------------------------------------- */

static uint64_t lease_end(const struct sim *s, int h)
{
	const struct node *n = &s->host[h].n;
	uint64_t sorted[SIM_HOSTS];
	unsigned m = log_majority(s), k = s->n_controllers;

	memcpy(sorted, n->expiry, sizeof(sorted));
	for (unsigned i = 0; i < k; i++)
		for (unsigned j = i + 1; j < k; j++)
			if (sorted[j] > sorted[i]) {
				uint64_t t = sorted[i];

				sorted[i] = sorted[j];
				sorted[j] = t;
			}
	return sorted[s->museum.lease_from_any ? 0 : m - 1];
}

static void boot_later(struct sim *s, struct timer *t)
{
	if (!s->host[t->a].on && s->host[t->a].gen == t->gen)
		node_boot(s, t->a);
}

static void reset(struct sim *s, struct timer *t)
{
	struct host *h = &s->host[t->a];
	struct timer *later;

	if (!h->on || h->gen != t->gen)
		return;
	sim_say(s, "n%d resets itself", t->a + 1);
	s->deaths++;
	node_power_off(s, t->a);
	later = sim_after(s, sim_between(s, 2 * SECOND, 6 * SECOND), boot_later);
	later->a = t->a;
	later->gen = h->gen;
}

static void expiry(struct sim *s, struct timer *t)
{
	struct host *h = &s->host[t->a];
	struct node *n = &h->n;
	uint64_t end, now;
	struct timer *later;

	if (!h->on || h->gen != t->gen)
		return;
	n->expiry_armed = false;
	if (!n->holds || n->dying)
		return;
	end = lease_end(s, t->a);
	now = sim_clock(s, t->a);
	if (end <= now) {
		n->dying = true;
		later = sim_after(s, sim_between(s, 0, s->kill_ns), reset);
	} else {
		n->expiry_armed = true;
		later = sim_after(
			s, sim_true(s, t->a, end - now) + sim_between(s, 0, s->late_ns), expiry);
	}
	later->a = t->a;
	later->gen = t->gen;
}

void node_grant(struct sim *s, int h, int controller, uint64_t incarnation, uint64_t t_send,
	uint64_t true_send)
{
	struct node *n = &s->host[h].n;
	uint64_t until = t_send + n->lease_ns;
	struct timer *t;

	if (!incarnation || incarnation != n->incarnation || n->dying)
		return;
	if (true_send > n->granted[controller])
		n->granted[controller] = true_send;
	if (s->museum.lease_from_receipt)
		until = sim_clock(s, h) + n->lease_ns;
	if (s->museum.echo_unnamed)
		until = n->last_send + n->lease_ns;
	if (until > n->expiry[controller])
		n->expiry[controller] = until;
	if (lease_end(s, h) <= sim_clock(s, h))
		return;
	n->holds = true;
	if (n->expiry_armed)
		return;
	n->expiry_armed = true;
	t = sim_after(s, 1000, expiry);
	t->a = h;
	t->gen = s->host[h].gen;
}

static void probe_arrives(struct sim *s, struct timer *t)
{
	if (s->host[t->b].on)
		controller_probe(s, t->b, t->a, t->c, t->gen, t->z, t->x, t->y);
}

/* Sent by a thread of the agent: who stops the agent stops the probes. */
static void probes(struct sim *s, struct timer *t)
{
	struct host *h = &s->host[t->a];
	struct node *n = &h->n;
	struct timer *later;

	if (!h->on || !n->worker || n->gen != t->gen)
		return;
	later = sim_after(s, n->interval_ns ? n->interval_ns : 50 * MS, probes);
	later->a = t->a;
	later->gen = t->gen;
	if (!node_awake(s, t->a) || !n->interval_ns)
		return;
	n->last_send = sim_clock(s, t->a);
	for (int c = 0; c < (int)s->n_controllers; c++)
		for (int l = 0; l < SIM_LINKS; l++) {
			struct timer *p;

			p = sim_after(s,
				t->a == c ? sim_between(s, 2000, 20000)
					  : sim_between(s, 30000, 2 * MS) +
						    (sim_chance(s, 5) ? sim_random(s, s->delay_max)
								      : 0),
				probe_arrives);
			p->a = t->a;
			p->b = c;
			p->c = l;
			p->gen = n->incarnation;
			p->x = n->last_send;
			p->y = s->now;
			p->z = ++n->seq[c][l];
			wire_packet(s, t->a, c, l, p);
		}
}

/* ---- what the agent does -------------------------------------------------------------------- */

static void drain(struct sim *s, int h);

static void ready(struct sim *s, int h)
{
	struct node *n = &s->host[h].n;

	worker_lease(n->worker, n->holds && !n->dying ? lease_end(s, h) / MS : 0);
}

static void tick(struct sim *s, struct timer *t)
{
	struct node *n = &s->host[t->a].n;

	if (!n->worker || n->gen != t->gen || n->due_at != t->at)
		return;
	n->due_at = 0;
	if (node_awake(s, t->a)) {
		ready(s, t->a);
		worker_tick(n->worker, local(s, t->a));
	}
	drain(s, t->a);
}

static void ended(struct sim *s, struct timer *t)
{
	struct host *h = &s->host[t->a];
	struct node *n = &h->n;
	struct outcome outcome = { .status = OUTCOME_DONE };
	int op = t->c, r = (int)t->y;

	/* The process did what it did, whether or not somebody waits for it. */
	if (!h->on || h->gen != t->z)
		return;
	if (r >= 0 && op == OPERATION_STOP && !(t->x & 1))
		n->active[r] = n->may[r] = false;
	if (!n->worker || n->gen != t->gen)
		return;
	if (!node_awake(s, t->a)) {
		struct timer *later = sim_after(s, n->paused_until - s->now, ended);
		uint64_t at = later->at, seq = later->seq;

		*later = *t;
		later->at = at;
		later->seq = seq;
		return;
	}
	outcome.rc = t->x & 1 ? OUTCOME_ERROR : OUTCOME_OK;
	if (op == OPERATION_MONITOR && outcome.rc == OUTCOME_OK)
		outcome.rc = r >= 0 && n->active[r] ? OUTCOME_OK : OUTCOME_NOT_RUNNING;
	ready(s, t->a);
	worker_ran(n->worker, (unsigned)t->b, &outcome, local(s, t->a));
	drain(s, t->a);
}

static void run(struct sim *s, int h, const struct worker_action *a)
{
	struct node *n = &s->host[h].n;
	int r = sim_resource_of(a->operation->resource);
	bool fails = s->faults && sim_chance(s, a->as == OPERATION_STOP ? 5 : 10);
	struct timer *t;

	if (a->as == OPERATION_START && r >= 0) {
		s->starts++;
		/* What a restarted agent takes up again was ordered, and begun, before. */
		if (!a->after_pid)
			check_start(s, h, a->operation->order);
		sim_say(s, "n%d starts %s", h + 1, a->operation->resource);
		n->active[r] = n->may[r] = true;
		check_active(s, h);
	}
	if (a->as != OPERATION_START)
		sim_say(s, "n%d: %s of %s", h + 1, operation_name(a->as), a->operation->resource);
	t = sim_after(s, sim_between(s, 5 * MS, 200 * MS), ended);
	worker_started(n->worker, a->run, 1000 + a->run, (int64_t)s->now);
	t->a = h;
	t->b = (int)a->run;
	t->c = (int)a->as;
	t->x = fails && a->as != OPERATION_MONITOR;
	t->y = (uint64_t)r;
	t->z = s->host[h].gen;
	t->gen = n->gen;
}

static void killed(struct sim *s, int h, const struct worker_action *a)
{
	for (size_t i = 0; i < s->n_heap; i++) {
		struct timer *t = s->heap[i];

		if (t->fire == ended && t->a == h && t->b == (int)a->run)
			t->x |= 1;
	}
}

static void store(struct sim *s, int h, const struct worker_action *a)
{
	struct node *n = &s->host[h].n;

	if (a->message)
		json_object_set_new(n->records, a->resource, json_deep_copy(a->message));
	else
		json_object_del(n->records, a->resource);
}

static void say_result(struct sim *s, int h, json_t *m)
{
	owned(free) char *text = NULL;

	if (!s->trace)
		return;
	text = json_dumps(m, JSON_COMPACT);
	sim_say(s, "n%d says %.400s", h + 1, text);
}

static void send(struct sim *s, int h, const struct worker_action *a)
{
	say_result(s, h, a->message);
	for (int c = 0; c < (int)s->n_controllers; c++)
		if (a->controller < 0 || a->controller == c)
			wire_to_controller(s, h, c, json_deep_copy(a->message));
}

static void cleared(struct sim *s, struct timer *t)
{
	struct node *n = &s->host[t->a].n;

	if (!n->worker || n->gen != t->gen)
		return;
	ready(s, t->a);
	worker_cleared(n->worker, (unsigned)t->b, true, NULL, local(s, t->a));
	drain(s, t->a);
}

static void clear(struct sim *s, int h, const struct worker_action *a)
{
	int r = sim_resource_of(a->resource ? a->resource : a->operation->resource);
	struct timer *t = sim_after(s, sim_between(s, MS, 10 * MS), cleared);

	if (r >= 0)
		s->host[h].n.active[r] = s->host[h].n.may[r] = false;
	t->a = h;
	t->b = (int)a->run;
	t->gen = s->host[h].n.gen;
}

static void set_due(struct sim *s, int h)
{
	struct node *n = &s->host[h].n;
	uint64_t due = worker_due(n->worker) * MS, now = sim_clock(s, h), at;
	struct timer *t;

	if (!due)
		return;
	at = s->now + (due > now ? sim_true(s, h, due - now) : MS);
	if (!node_awake(s, h) && at < n->paused_until)
		at = n->paused_until;
	if (n->due_at && n->due_at <= at)
		return;
	t = sim_after(s, at - s->now, tick);
	t->a = h;
	t->gen = n->gen;
	n->due_at = t->at;
}

static void drain(struct sim *s, int h)
{
	struct node *n = &s->host[h].n;
	struct worker_action a;

	while (worker_next(n->worker, &a))
		switch (a.kind) {
		case WORKER_RUN:
			run(s, h, &a);
			break;
		case WORKER_KILL:
			killed(s, h, &a);
			break;
		case WORKER_CLEAR:
			clear(s, h, &a);
			break;
		case WORKER_SEND:
			send(s, h, &a);
			break;
		case WORKER_STORE:
			store(s, h, &a);
			break;
		case WORKER_STATE:
			json_decref(n->state);
			n->state = json_deep_copy(a.message);
			break;
		case WORKER_LEAVE:
			break;
		}
	set_due(s, h);
}

/* ---- what controllers say ------------------------------------------------------------------- */

static void verdict(struct sim *s, int h)
{
	struct node *n = &s->host[h].n;
	struct timer *t;

	if (n->dying)
		return;
	n->dying = true;
	t = sim_after(s, sim_between(s, 0, s->kill_ns), reset);
	t->a = h;
	t->gen = s->host[h].gen;
}

static void welcome(struct sim *s, int h, int c, json_t *m)
{
	struct node *n = &s->host[h].n;
	const struct allegiance *a;

	worker_welcome(n->worker, c, m, local(s, h));
	/* Somebody plays an old order back to a node that has just come. */
	if (s->faults && json_array_size(n->old_orders) && sim_chance(s, 200))
		wire_to_agent(s, c, h,
			json_deep_copy(json_array_get(
				n->old_orders, sim_random(s, json_array_size(n->old_orders)))));
	a = worker_allegiance(n->worker);
	n->interval_ns = a->interval_us * 1000ULL;
	n->lease_ns = a->lease_ns;
	if (n->incarnation == a->incarnation)
		return;
	n->incarnation = a->incarnation;
	memset(n->expiry, 0, sizeof(n->expiry));
	memset(n->granted, 0, sizeof(n->granted));
}

static void order(struct sim *s, int h, int c, json_t *m)
{
	struct node *n = &s->host[h].n;
	const struct allegiance *a = worker_allegiance(n->worker);
	owned(free) char *why = NULL;
	json_t *tampered = json_deep_copy(m);

	json_object_set(tampered, "true-term", json_object_get(m, "term"));
	json_object_set(tampered, "true-incarnation", json_object_get(m, "incarnation"));
	json_object_set_new(tampered, "node", json_integer(h));
	if (s->museum.start_unbound)
		json_object_set_new(
			tampered, "incarnation", json_integer((json_int_t)a->incarnation));
	if (s->museum.stale_order &&
		(uint64_t)json_integer_value(json_object_get(m, "term")) <= a->term) {
		json_object_set_new(tampered, "term", json_integer((json_int_t)a->term));
		json_object_set_new(tampered, "index", json_integer((json_int_t)a->index));
	}
	if (json_array_size(n->old_orders) < 8)
		json_array_append(n->old_orders, m);
	else
		json_array_set(n->old_orders, sim_random(s, 8), m);
	worker_order(n->worker, c, tampered, local(s, h), &why);
	json_decref(tampered);
}

void node_hears(struct sim *s, int h, int c, json_t *m)
{
	struct node *n = &s->host[h].n;
	const char *type = json_string_value(json_object_get(m, "type"));
	json_int_t term = json_integer_value(json_object_get(m, "term"));
	json_int_t incarnation = json_integer_value(json_object_get(m, "incarnation"));

	if (n->dying)
		return;
	ready(s, h);
	if (term > 0 && strcmp(type, "order"))
		worker_term(n->worker, (uint64_t)term);
	if (!strcmp(type, "welcome"))
		welcome(s, h, c, m);
	else if (!strcmp(type, "order"))
		order(s, h, c, m);
	else if (!strcmp(type, "refuse") && json_is_true(json_object_get(m, "must_die")))
		verdict(s, h);
	else if (!strcmp(type, "revoke") &&
		 (!incarnation || (uint64_t)incarnation == n->incarnation))
		verdict(s, h);
	drain(s, h);
}

json_t *node_hello(struct sim *s, int h)
{
	json_t *hello = worker_hello(s->host[h].n.worker);

	json_object_set_new(hello, "verdict", json_string("reboot"));
	json_object_set_new(hello, "virtual", json_false());
	json_object_set_new(hello, "kill_ms", json_integer((json_int_t)(s->kill_ns / MS)));
	return hello;
}

/* ---- lives ---------------------------------------------------------------------------------- */

void node_agent_start(struct sim *s, int h)
{
	struct host *host = &s->host[h];
	struct node *n = &host->n;
	struct worker_config config = { 0 };
	struct allegiance a = { 0 };
	const char *key;
	json_t *record;
	char *why = NULL;
	struct timer *t;

	if (!host->on || n->worker || h >= (int)s->n_nodes)
		return;
	if (!n->state || allegiance_load(&a, n->state, n->boot, &why)) {
		free(why);
		snprintf(a.boot_id, sizeof(a.boot_id), "%s", n->boot);
	}
	n->gen++;
	n->due_at = 0;
	n->paused_until = 0;
	n->worker = worker_new(&config, &a);
	ready(s, h);
	json_object_foreach (n->records, key, record) {
		why = NULL;
		worker_load(n->worker, record, local(s, h), &why);
		free(why);
	}
	t = sim_after(s, sim_between(s, MS, 50 * MS), probes);
	t->a = h;
	t->gen = n->gen;
	drain(s, h);
}

void node_agent_stop(struct sim *s, int h, bool seen)
{
	struct node *n = &s->host[h].n;

	if (!n->worker)
		return;
	worker_free(n->worker);
	n->worker = NULL;
	n->gen++;
	wire_agent_gone(s, h, seen);
}

static void come_up(struct sim *s, struct timer *t)
{
	if (!s->host[t->a].on || s->host[t->a].gen != t->gen)
		return;
	node_agent_start(s, t->a);
	if (t->a < (int)s->n_controllers)
		controller_start(s, t->a);
}

void node_boot(struct sim *s, int h)
{
	struct host *host = &s->host[h];
	struct node *n = &host->n;
	struct timer *t;

	if (host->on)
		return;
	host->on = true;
	host->gen++;
	host->booted_at = s->now;
	host->base = sim_between(s, SECOND, 1000 * SECOND);
	host->rate = 1.0 + ((double)sim_random(s, 1001) - 500.0) / 1e6;
	snprintf(n->boot, sizeof(n->boot), "boot-%d-%llu", h + 1, (unsigned long long)++n->boots);
	n->incarnation = n->interval_ns = 0;
	n->holds = n->dying = n->expiry_armed = false;
	memset(n->expiry, 0, sizeof(n->expiry));
	memset(n->granted, 0, sizeof(n->granted));
	memset(n->seq, 0, sizeof(n->seq));
	t = sim_after(s, sim_between(s, 200 * MS, 2 * SECOND), come_up);
	t->a = h;
	t->gen = host->gen;
	sim_say(s, "n%d boots", h + 1);
}

void node_power_off(struct sim *s, int h)
{
	struct host *host = &s->host[h];

	if (!host->on)
		return;
	if (h < (int)s->n_nodes)
		node_agent_stop(s, h, false);
	if (h < (int)s->n_controllers)
		controller_host_gone(s, h);
	memset(host->n.active, 0, sizeof(host->n.active));
	host->on = false;
	host->gen++;
}
