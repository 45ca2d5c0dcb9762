/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who votes, and how that changes while everything runs. */
#include <errno.h>

#include "core/director_inside.h"

/* What could not be done yet is tried again after this. */
#define AGAIN_NS (200 * MS)

/*
 * A change goes in steps, and whoever leads takes the next one from what the log and its
 * configuration say; nothing of it is in a leader's memory.
 *  1. {do: controllers}: the wish. Who is new gets the log (as standby), connects to the others,
 * and every node gets to know it: it is heard and may grant before it counts.
 *  2. {do: voters, now, next}: leases and promises need a majority of both sets from here on.
 *  3. When every node that may hold a lease has said so: the log's own voters change, one by one.
 *  4. {do: voters, next: 0}: the old set counts no more. No node is left whose lease the old set
 *     alone could renew.
 */

json_t *director_roll(struct director *d)
{
	json_t *roll = cluster_roll(d->cluster);

	return roll ? roll : d->log.files;
}

uint32_t director_members(struct director *d)
{
	uint32_t all = roll_members(director_roll(d));

	return all ? all : d->config.voters.now;
}

void director_voters_done(struct director *d)
{
	json_decref(d->log.files);
	free(d->log.waits);
}

/* ---- what the log says ----------------------------------------------------------------------- */

/* It may not hear of that from the log any more. */
static void retire(struct director *d, unsigned c)
{
	struct action *a;

	if (!d->leader || !(d->members.present & 1u << c))
		return;
	a = action_add(d->out, ACTION_PEER);
	a->controller = (int)c;
	a->json = json_pack("{s:s}", "type", "retired");
}

/* Names, numbers, and who is connected: as the roll has it. */
static void follow(struct director *d)
{
	json_t *roll = cluster_roll(d->cluster);
	struct action *a;

	if (!roll_quorum(roll, &d->members.quorum))
		return;
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++) {
		const char *name = json_string_value(json_object_get(roll_member(roll, c), "name"));

		if (name && strcmp(name, d->controllers[c])) {
			free(d->controllers[c]);
			d->controllers[c] = own_string(name);
		}
		if (!name && c != d->config.index) {
			retire(d, c);
			membership_gone(&d->members, c);
			d->peer_life[c] = 0;
		}
	}
	a = action_add(d->out, ACTION_ROLL);
	a->json = json_deep_copy(roll);
	for (size_t i = 0; i < d->n_nodes; i++)
		director_weigh(d, &d->nodes[i], false);
}

static json_t *message_of(struct director *d)
{
	json_t *roll = cluster_roll(d->cluster);

	return json_pack("{s:s, s:I, s:i, s:i, s:O}", "type", "controllers", "serial",
		(json_int_t)roll_serial(roll), "voters", (int)d->members.quorum.now, "voters_next",
		(int)d->members.quorum.next, "list", json_object_get(roll, "list"));
}

static void tell_node(struct director *d, struct director_node *n)
{
	if (!n->connected || n->roll_told == roll_serial(cluster_roll(d->cluster)))
		return;
	n->roll_told = roll_serial(cluster_roll(d->cluster));
	director_send(d, n, message_of(d));
}

/* A newer roll than this one's does not let itself be put off by it. */
void director_voters_welcome(struct director *d, struct director_node *n, json_t *welcome)
{
	json_t *roll = cluster_roll(d->cluster);

	if (!roll)
		return;
	n->roll_told = roll_serial(roll);
	json_object_set_new(welcome, "serial", json_integer((json_int_t)roll_serial(roll)));
	json_object_set(welcome, "list", json_object_get(roll, "list"));
}

static void note_change(struct director *d, json_t *entry)
{
	const struct quorum *q = &d->members.quorum;
	uint32_t wanted = roll_wanted(cluster_roll(d->cluster));

	if (!strcmp(json_string_value(json_object_get(entry, "do")), "controllers"))
		director_note(d, "voters-change", NULL, NULL,
			"the controllers change: %u vote, %u are to", quorum_count(q->now),
			quorum_count(wanted));
	else if (q->next)
		director_note(d, "voters-both", NULL, NULL,
			"while the voters change, leases need a majority of the %u before and of "
			"the %u to be",
			quorum_count(q->now), quorum_count(q->next));
	else
		director_note(d, "voters-changed", NULL, NULL, "%u controllers vote now",
			quorum_count(q->now));
}

bool director_voters_committed(struct director *d, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));

	if (!what || (strcmp(what, "controllers") && strcmp(what, "voters") &&
			     strcmp(what, "recovered")))
		return false;
	if (roll_serial(cluster_roll(d->cluster)) != d->cluster->index)
		return false; /* upon another roll than there is: it changed nothing */
	follow(d);
	note_change(d, entry);
	for (size_t i = 0; i < d->n_nodes; i++)
		tell_node(d, &d->nodes[i]);
	d->log.again_ns = 0;
	return true;
}

void director_voters_restored(struct director *d)
{
	follow(d);
}

void director_voters_log(struct director *d, const struct event *event)
{
	d->log.voters = event->log.voters;
	d->log.standbys = event->log.standbys;
	d->log.spares = event->log.spares;
	d->log.busy = false;
	if (event->log.status)
		d->log.again_ns = d->now_ns + AGAIN_NS;
	d->dirty = true;
}

void director_voters_said(struct director *d, struct director_node *n, json_t *message)
{
	n->roll = (uint64_t)json_integer_value(json_object_get(message, "serial"));
	d->log.again_ns = 0;
}

/* ---- the next step ----------------------------------------------------------------------------
 */

static bool wait_for(struct director *d, char *what)
{
	free(d->log.waits);
	d->log.waits = what;
	return what != NULL;
}

/* A node whose lease may still be renewed by the rules before this roll. */
static char *node_missing(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];
		enum cluster_life life = cluster_life(d->cluster, n->name);

		if (life == CLUSTER_BLOCKED)
			return own_printf("%s is lost, and not proven dead yet", n->name);
		if (life != CLUSTER_ADMITTED || n->roll >= roll_serial(cluster_roll(d->cluster)))
			continue;
		tell_node(d, n);
		return own_printf("%s has not taken in yet who the controllers are", n->name);
	}
	return NULL;
}

static char *controller_missing(struct director *d, uint32_t who)
{
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++) {
		if (!(who & 1u << c) || c == d->config.index)
			continue;
		if (!(d->members.present & 1u << c))
			return own_printf(
				"%s is not connected: start picketd there", d->controllers[c]);
		if (!d->peer_life[c] || cluster_started(d->cluster, c) != d->peer_life[c])
			return own_printf("%s has not caught up yet", d->controllers[c]);
	}
	return NULL;
}

static void order(struct director *d, const char *op, unsigned c)
{
	json_t *member = roll_member(director_roll(d), c);
	struct action *a = action_add(d->out, ACTION_VOTER);

	a->op = own_string(op);
	a->controller = (int)c;
	a->json = member ? json_incref(member) : json_object();
	d->log.busy = true;
	wait_for(d, own_printf("the log: %s %s", op, d->controllers[c]));
}

static unsigned first_of(uint32_t who)
{
	return (unsigned)__builtin_ctz(who);
}

static void voters_set(struct director *d, uint32_t now, uint32_t next)
{
	director_propose(d, json_pack("{s:s, s:I, s:i, s:i}", "do", "voters", "base",
				    (json_int_t)roll_serial(cluster_roll(d->cluster)), "now",
				    (int)now, "next", (int)next));
	d->log.again_ns = d->now_ns + AGAIN_NS;
}

/* The log's own voters are to be those wanted: the new ones first. True: there is something to do.
 */
static bool log_step(struct director *d, uint32_t wanted)
{
	uint32_t out = (d->log.voters | d->log.standbys | d->log.spares) & ~wanted;

	if (wanted & ~d->log.voters)
		order(d, "promote", first_of(wanted & ~d->log.voters));
	else if (out & ~(1u << d->config.index))
		order(d, "remove", first_of(out & ~(1u << d->config.index)));
	else if (out) /* we ourselves: somebody who stays does that */
		order(d, "transfer", first_of(wanted & d->members.present));
	else
		return false;
	return true;
}

/* Before the new ones count: they have the log, they are here, and the nodes know them. */
static void prepare(struct director *d, uint32_t now, uint32_t wanted)
{
	uint32_t in = d->log.voters | d->log.standbys, fresh = wanted & ~now;
	uint32_t stray = (in | d->log.spares) & ~(now | wanted);

	if (fresh & ~(in | d->log.spares))
		order(d, "add", first_of(fresh & ~(in | d->log.spares)));
	else if (fresh & ~in)
		order(d, "listen", first_of(fresh & ~in));
	else if (stray)
		order(d, "remove", first_of(stray));
	else if (!wait_for(d, controller_missing(d, fresh)) && !wait_for(d, node_missing(d)))
		voters_set(d, now, wanted == now ? 0 : wanted);
}

void director_voters_watch(struct director *d)
{
	json_t *roll = cluster_roll(d->cluster);
	uint32_t wanted = roll_wanted(roll), now = d->members.quorum.now,
		 next = d->members.quorum.next;
	bool stray = roll_members(roll) & ~(now | next | wanted);

	if (!roll || (now == wanted && !next && !stray)) {
		wait_for(d, NULL);
		return;
	}
	if (d->log.busy || d->now_ns < d->log.again_ns)
		return;
	d->log.again_ns = d->now_ns + AGAIN_NS;
	if (!next)
		prepare(d, now, wanted);
	else if (!wait_for(d, node_missing(d)) && !log_step(d, wanted))
		voters_set(d, wanted, 0);
}

uint64_t director_voters_due(const struct director *d)
{
	return d->log.waits ? d->log.again_ns : 0;
}

/* ---- what people ask, and are told -------------------------------------------------------------
 */

void director_voters_ask(struct director *d, const struct event *e)
{
	owned(free) char *why = NULL;
	json_t *entry;

	if (!json_object_get(roll_member(director_roll(d), d->config.index), "raft")) {
		director_problem(d, e->ask.token, 409, "This controller has no address",
			"its picketd.yaml has neither 'controllers' nor 'raft': give it one of "
			"them, "
			"and start picketd again, so that others can reach it",
			NULL);
		return;
	}
	entry = roll_wish(director_roll(d), e->ask.body, d->members.present, &why);
	if (!entry) {
		director_problem(d, e->ask.token, 409, "These voters cannot be", why, NULL);
		return;
	}
	json_object_set_new(entry, "user", json_string(e->ask.user));
	director_reply_when_applied(d, e->ask.token, entry);
}

static const char *part_of(struct director *d, uint32_t bit)
{
	const struct quorum *q = &d->members.quorum;
	uint32_t wanted = cluster_roll(d->cluster) ? roll_wanted(cluster_roll(d->cluster)) : q->now;

	if (q->now & bit)
		return wanted & bit ? "voter" : "leaving";
	return wanted & bit ? "joining" : "leaving";
}

json_t *director_voters_json(struct director *d)
{
	uint32_t all = director_members(d) | d->members.quorum.now | d->members.quorum.next;
	json_t *list = json_array();

	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		if (all & 1u << c)
			json_array_append_new(list,
				json_pack("{s:i, s:s, s:b, s:b, s:s}", "index", c, "name",
					d->controllers[c], "connected",
					(d->members.present & 1u << c) != 0, "granting",
					(d->members.present & ~d->members.mute & 1u << c) != 0,
					"part", part_of(d, 1u << c)));
	return list;
}
