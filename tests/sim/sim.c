/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator: a cluster on the real core, under faults, from one seed.
 *
 *   sim [--seed N] [--seeds N] [--seconds N] [--break RULE] [--trace]
 *
 * Every seed is a cluster of its own making, runs so many simulated seconds of faults, is healed,
 * and must come back. Exit status: 0 nothing found, 1 a rule was violated (the seed is named; it
 * replays exactly).
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

static const struct rule {
	const char *name;
	size_t offset;
} rules[] = {
	{ "lease-from-receipt", offsetof(struct sim_museum, lease_from_receipt) },
	{ "lease-from-any", offsetof(struct sim_museum, lease_from_any) },
	{ "echo-unnamed", offsetof(struct sim_museum, echo_unnamed) },
	{ "start-unbound", offsetof(struct sim_museum, start_unbound) },
	{ "stale-order", offsetof(struct sim_museum, stale_order) },
	{ "wait-without-block", offsetof(struct sim_museum, director.wait_without_block) },
	{ "wait-inherited", offsetof(struct sim_museum, director.wait_inherited) },
	{ "blocked-returns", offsetof(struct sim_museum, director.blocked_returns) },
	{ "grants-uncaught", offsetof(struct sim_museum, director.grants_uncaught) },
	{ "no-margin", offsetof(struct sim_museum, director.no_margin) },
	{ "intent-after", offsetof(struct sim_museum, director.intent_after) },
	{ "unread-off", offsetof(struct sim_museum, director.unread_off) },
};
#define N_RULES (sizeof(rules) / sizeof(*rules))

struct options {
	uint64_t seed, seeds, seconds;
	struct sim_museum museum;
	bool trace, broken;
};

static void set_up(struct sim *s, const struct options *o, uint64_t seed)
{
	*s = (struct sim){ .seed = seed,
		.rng = seed * 0x2545f4914f6cdd1dULL + 1,
		.trace = o->trace,
		.museum = o->museum,
		.delay_max = 5 * MS };
	s->fast = sim_chance(s, 500);
	s->lease_ns = (s->fast ? 600 : 3000) * MS;
	s->kill_ns = (s->fast ? 50 : 200) * MS;
	s->late_ns = (s->fast ? 10 : 20) * MS;
	/* A broken margin shows where nothing but the wait proves a death. */
	s->fencing = o->museum.director.no_margin ? 1 : (unsigned)sim_random(s, 4);
	s->n_controllers = sim_chance(s, 150) ? 1 : sim_chance(s, 850) ? 3 : 5;
	s->n_nodes = 2 + (unsigned)sim_random(s, 3);
	s->n_hosts = s->n_nodes > s->n_controllers ? s->n_nodes : s->n_controllers;
	s->loss_permille = (unsigned)sim_random(s, 20);
	s->dup_permille = (unsigned)sim_random(s, 20);
	s->truth = cluster_new();
	for (int h = 0; h < (int)s->n_hosts; h++) {
		s->host[h].n.records = json_object();
		s->host[h].n.old_orders = json_array();
		node_boot(s, h);
	}
	wire_start(s);
	log_start(s);
	controller_configure(s);
	fault_start(s);
}

static void tear_down(struct sim *s)
{
	for (int h = 0; h < (int)s->n_hosts; h++) {
		node_power_off(s, h);
		json_decref(s->host[h].n.records);
		json_decref(s->host[h].n.old_orders);
		json_decref(s->host[h].n.state);
	}
	for (size_t i = 0; i < s->n_heap; i++) {
		json_decref(s->heap[i]->json);
		free(s->heap[i]);
	}
	for (size_t i = 0; i < s->n_entries; i++)
		json_decref(s->entries[i].json);
	for (size_t i = 0; i < s->n_proposals; i++)
		json_decref(s->proposals[i].json);
	free(s->heap);
	free(s->entries);
	free(s->proposals);
	cluster_free(s->truth);
}

static void until(struct sim *s, uint64_t end)
{
	uint64_t looked = 0;

	while (!s->violation[0] && sim_turn(s, end))
		if (s->now - looked > 5 * MS) {
			check_leases(s);
			looked = s->now;
		}
}

/* True: nothing was violated, and the healed cluster came back. */
static bool one(const struct options *o, uint64_t seed, struct sim *s)
{
	char why[200] = "";

	set_up(s, o, seed);
	until(s, o->seconds * SECOND);
	/* With a broken rule it is the damage that is looked for, not how it is lived with. */
	if (!s->violation[0] && !o->broken) {
		uint64_t patience = s->now + 150 * SECOND;

		fault_heal(s);
		do {
			/* What nobody else switches on again, an operator does. */
			until(s, s->now + 5 * SECOND);
			controller_online(s);
			for (int h = 0; h < (int)s->n_hosts; h++)
				if (!s->host[h].on && s->now + 100 * SECOND > patience)
					node_boot(s, h);
		} while (!s->violation[0] && !check_converged(s, why, sizeof(why)) &&
			 s->now < patience);
		if (!s->violation[0] && s->now >= patience)
			sim_violate(s, "not whole again after 150 s: %s", why);
	}
	tear_down(s);
	return !s->violation[0];
}

static int campaign(const struct options *o, const char *rule)
{
	struct timespec a, b;
	uint64_t simulated = 0, steps = 0, elections = 0, fences = 0, deaths = 0, starts = 0;
	double took;
	static struct sim s;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (uint64_t seed = o->seed; seed < o->seed + o->seeds; seed++) {
		bool good = one(o, seed, &s);

		simulated += s.now;
		steps += s.steps;
		elections += s.elections;
		fences += s.fences;
		deaths += s.deaths;
		starts += s.starts;
		if (good)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%s%sseed %llu (%u nodes, %u controllers, %s, fencing %u), the %llu. seed, "
		       "%.1f s: %s\n",
			rule ? rule : "", rule ? ": " : "", (unsigned long long)seed, s.n_nodes,
			s.n_controllers, s.fast ? "fast" : "default", s.fencing,
			(unsigned long long)(seed - o->seed + 1),
			(double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9,
			s.violation);
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%llu seeds, %.1f simulated hours, %.1f M events in %.1f s: %.1f seeds/s; %llu "
	       "elections, "
	       "%llu fencings, %llu lease ends, %llu starts: nothing violated\n",
		(unsigned long long)o->seeds, (double)simulated / 3.6e12, (double)steps / 1e6, took,
		(double)o->seeds / took, (unsigned long long)elections, (unsigned long long)fences,
		(unsigned long long)deaths, (unsigned long long)starts);
	return 0;
}

static bool break_rule(struct sim_museum *museum, const char *name)
{
	for (size_t i = 0; i < N_RULES; i++)
		if (!strcmp(rules[i].name, name)) {
			*(bool *)((char *)museum + rules[i].offset) = true;
			return true;
		}
	fprintf(stderr, "sim: no rule '%s'; there are:", name);
	for (size_t i = 0; i < N_RULES; i++)
		fprintf(stderr, " %s", rules[i].name);
	fputc('\n', stderr);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "break", required_argument, NULL, 'b' }, { "rules", no_argument, NULL, 'r' },
		{ "trace", no_argument, NULL, 'v' }, { 0 } };
	struct options o = { .seed = 1, .seeds = 1, .seconds = 90 };
	const char *rule = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
		switch (c) {
		case 's':
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			o.seeds = strtoull(optarg, NULL, 10);
			break;
		case 't':
			o.seconds = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			rule = optarg;
			o.broken = true;
			if (!break_rule(&o.museum, rule))
				return 2;
			break;
		case 'r':
			for (size_t i = 0; i < N_RULES; i++)
				puts(rules[i].name);
			return 0;
		case 'v':
			o.trace = true;
			break;
		default:
			return 2;
		}
	return campaign(&o, rule);
}
