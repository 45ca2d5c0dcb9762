/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "core/attributes.h"
#include "core/cluster.h"
#include "core/roll.h"
#include "core/trust.h"

struct cluster *cluster_new(void)
{
	struct cluster *cluster = own_new(struct cluster);

	cluster->state =
		json_pack("{s:i, s:{}, s:{}, s:{}}", "revision", 0, "nodes", "fails", "attributes");
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	json_decref(cluster->state);
	free(cluster);
}

static const char *text(json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

static json_t *child_of(json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (!v && key)
		json_object_set_new(object, key, v = json_object());
	return v;
}

static json_t *record(struct cluster *c, json_t *entry)
{
	return child_of(json_object_get(c->state, "nodes"), text(entry, "node"));
}

/* An entry about an incarnation that is no longer the node's last changes nothing. */
static bool concerns(json_t *node, json_t *entry)
{
	return json_integer_value(json_object_get(node, "incarnation")) ==
	       json_integer_value(json_object_get(entry, "incarnation"));
}

static bool life_is(json_t *node, const char *life)
{
	const char *is = json_string_value(json_object_get(node, "life"));

	return is && !strcmp(is, life);
}

static void apply_started(struct cluster *c, json_t *entry)
{
	char key[16];

	snprintf(key, sizeof(key), "%u",
		(unsigned)json_integer_value(json_object_get(entry, "controller")));
	if (json_is_integer(json_object_get(entry, "life")))
		json_object_set(child_of(c->state, "started"), key, json_object_get(entry, "life"));
}

static void apply_configure(struct cluster *c, json_t *entry)
{
	json_t *revision = json_object_get(c->state, "revision");

	if (!text(entry, "text"))
		return;
	json_object_set(c->state, "configuration", json_object_get(entry, "text"));
	json_object_set_new(c->state, "revision", json_integer(json_integer_value(revision) + 1));
}

/* What was said for as long as the incarnation lives is over with it. */
static void leave(struct cluster *c, json_t *entry)
{
	json_t *all = json_object_get(c->state, "attributes");

	c->attributes += attributes_leave(all, text(entry, "node"));
}

static void apply_admit(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	/* Only the proof of its death frees a blocked incarnation's place (S2), and neither it nor
	 * its boot ever returns (S11). */
	if (!node || !text(entry, "boot_id") || life_is(node, "blocked"))
		return;
	if (life_is(node, "dead") && text(node, "boot_id") &&
		!strcmp(text(node, "boot_id"), text(entry, "boot_id")))
		return;
	json_object_set_new(node, "incarnation", json_integer(c->index));
	json_object_set(node, "boot_id", json_object_get(entry, "boot_id"));
	if (json_is_object(json_object_get(entry, "self")))
		json_object_set(node, "self", json_object_get(entry, "self"));
	else
		json_object_del(node, "self");
	if (json_is_integer(json_object_get(entry, "lease_ms")))
		json_object_set(node, "lease_ms", json_object_get(entry, "lease_ms"));
	else
		json_object_del(node, "lease_ms");
	json_object_set_new(node, "life", json_string("admitted"));
	json_object_del(node, "why");
	json_object_del(node, "proof");
	json_object_del(node, "fencing");
	json_object_del(node, "stop");
	json_object_del(node, "powered");
	json_object_del(json_object_get(c->state, "fails"), text(entry, "node"));
	leave(c, entry);
}

static void apply_block(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	if (!node || !concerns(node, entry) || life_is(node, "blocked") || life_is(node, "dead"))
		return;
	json_object_set_new(node, "life", json_string("blocked"));
	json_object_set_new(node, "why", json_string(text(entry, "why") ? text(entry, "why") : ""));
	json_object_set(node, "blocked_ns", json_object_get(entry, "t_ns"));
	leave(c, entry);
}

static void apply_fencing(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	if (!node || !concerns(node, entry) || !life_is(node, "blocked"))
		return;
	json_object_set(node, "fencing", entry);
}

/* An operator's word is kept for the audit, beyond the node's next life. */
static void vouch(struct cluster *c, json_t *entry)
{
	json_t *proof = json_object_get(entry, "proof"), *list;
	const char *kind = text(proof, "kind");

	if (!kind || strcmp(kind, "operator"))
		return;
	list = json_object_get(c->state, "vouched");
	if (!list)
		json_object_set_new(c->state, "vouched", list = json_array());
	json_array_append_new(list,
		json_pack("{s:O, s:O, s:O?, s:O?}", "node", json_object_get(entry, "node"),
			"incarnation", json_object_get(entry, "incarnation"), "user",
			json_object_get(proof, "user"), "at_ms", json_object_get(entry, "at_ms")));
	if (json_array_size(list) > CLUSTER_VOUCHED_MAX)
		json_array_remove(list, 0);
}

static void apply_dead(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	if (!node || !concerns(node, entry) || !life_is(node, "blocked") ||
		!json_is_object(json_object_get(entry, "proof")))
		return;
	json_object_set_new(node, "life", json_string("dead"));
	json_object_set(node, "proof", json_object_get(entry, "proof"));
	vouch(c, entry);
}

static void apply_powered(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	if (node && concerns(node, entry) && life_is(node, "dead"))
		json_object_set_new(node, "powered", json_true());
}

static void apply_attribute(struct cluster *c, json_t *entry)
{
	c->attributes += attributes_put(child_of(c->state, "attributes"), entry);
}

static void apply_stopped(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry);

	if (!node || !concerns(node, entry) || !life_is(node, "admitted"))
		return;
	json_object_set_new(node, "life", json_string("stopped"));
	leave(c, entry);
}

static void apply_node(struct cluster *c, json_t *entry)
{
	json_t *node = record(c, entry), *v;
	const char *flag;

	if (!node)
		return;
	json_object_foreach (json_object_get(entry, "set"), flag, v) {
		if (json_is_true(v))
			json_object_set(node, flag, v);
		else
			json_object_del(node, flag);
	}
}

/* A count of an older version was of a resource alone. */
static json_t *counts_of(json_t *of, const char *resource)
{
	json_t *counts = json_object_get(of, resource);

	if (json_is_integer(counts)) {
		counts = json_pack("{s:{s:O, s:i}}", "start_0", "n", counts, "at_s", 0);
		json_object_set_new(of, resource, counts);
	}
	return child_of(of, resource);
}

static char *fail_key(json_t *entry)
{
	return own_printf("%s_%lld", text(entry, "op") ? text(entry, "op") : "start",
		(long long)json_integer_value(json_object_get(entry, "interval_ms")));
}

static void apply_fail(struct cluster *c, json_t *entry)
{
	json_t *of = child_of(json_object_get(c->state, "fails"), text(entry, "node"));
	owned(free) char *key = fail_key(entry);
	json_t *counts;
	json_int_t n;

	if (!of || !text(entry, "resource"))
		return;
	counts = counts_of(of, text(entry, "resource"));
	n = json_integer_value(json_object_get(json_object_get(counts, key), "n")) + 1;
	if (json_is_true(json_object_get(entry, "fatal")) || n > CLUSTER_FAILS_MAX)
		n = CLUSTER_FAILS_MAX;
	json_object_set_new(counts, key,
		json_pack("{s:I, s:I}", "n", n, "at_s",
			json_integer_value(json_object_get(entry, "at_ms")) / 1000));
}

static void forgive(json_t *of, const char *resource, json_t *entry)
{
	owned(free) char *key = fail_key(entry);

	if (!text(entry, "op")) {
		json_object_del(of, resource);
		return;
	}
	json_object_del(counts_of(of, resource), key);
	if (!json_object_size(json_object_get(of, resource)))
		json_object_del(of, resource);
}

static void apply_cleanup(struct cluster *c, json_t *entry)
{
	const char *only = text(entry, "node"), *resource = text(entry, "resource"), *node;
	json_t *of;

	json_object_foreach (json_object_get(c->state, "fails"), node, of) {
		if (only && strcmp(only, node))
			continue;
		if (resource && json_object_get(of, resource))
			forgive(of, resource, entry);
		else if (!resource)
			json_object_clear(of);
	}
}

static void apply_ticket(struct cluster *c, json_t *entry)
{
	json_t *t = child_of(child_of(c->state, "tickets"), text(entry, "ticket")), *v;
	const char *flag;

	if (!t)
		return;
	json_object_foreach (json_object_get(entry, "set"), flag, v)
		json_object_set(t, flag, v);
	if (json_is_true(json_object_get(json_object_get(entry, "set"), "granted")))
		json_object_set_new(t, "at_s",
			json_integer(json_integer_value(json_object_get(entry, "at_ms")) / 1000));
}

static void apply_roll(struct cluster *c, json_t *entry)
{
	json_t *roll = json_incref(json_object_get(c->state, "roll"));

	if (roll_apply(&roll, c->index, entry))
		json_object_set(c->state, "roll", roll);
	json_decref(roll);
}

static void apply_ca(struct cluster *c, json_t *entry)
{
	json_t *ca = json_incref(json_object_get(c->state, "ca"));

	if (trust_apply(&ca, entry))
		json_object_set(c->state, "ca", ca);
	json_decref(ca);
}

void cluster_apply(struct cluster *c, uint64_t index, uint64_t term, json_t *entry)
{
	static const struct {
		const char *name;
		void (*apply)(struct cluster *c, json_t *entry);
	} rows[] = { { "term", apply_started }, { "caught", apply_started },
		{ "powered", apply_powered }, { "attribute", apply_attribute },
		{ "configure", apply_configure }, { "admit", apply_admit },
		{ "block", apply_block }, { "fence-intent", apply_fencing },
		{ "fence-failed", apply_fencing }, { "dead", apply_dead },
		{ "stopped", apply_stopped }, { "node", apply_node }, { "fail", apply_fail },
		{ "cleanup", apply_cleanup }, { "ticket", apply_ticket },
		{ "controllers", apply_roll }, { "voters", apply_roll },
		{ "recovered", apply_roll }, { "ca", apply_ca } };
	const char *what = text(entry, "do");

	c->index = index;
	c->term = term;
	for (size_t i = 0; what && i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, what))
			rows[i].apply(c, entry);
}

char *cluster_snapshot(const struct cluster *c)
{
	json_t *all = json_pack("{s:I, s:I, s:O}", "index", (json_int_t)c->index, "term",
		(json_int_t)c->term, "state", c->state);
	char *dump = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(all);
	return dump;
}

int cluster_restore(struct cluster *c, const char *data, size_t len)
{
	json_t *all = json_loadb(data, len, 0, NULL);
	json_t *state = json_object_get(all, "state");

	if (!json_is_object(json_object_get(state, "nodes")) ||
		!json_is_object(json_object_get(state, "fails"))) {
		json_decref(all);
		return -EINVAL;
	}
	json_decref(c->state);
	c->state = json_incref(state);
	child_of(c->state, "attributes");
	c->index = json_integer_value(json_object_get(all, "index"));
	c->term = json_integer_value(json_object_get(all, "term"));
	json_decref(all);
	return 0;
}

json_t *cluster_node(const struct cluster *c, const char *node, const char *field)
{
	return json_object_get(json_object_get(json_object_get(c->state, "nodes"), node), field);
}

enum cluster_life cluster_life(const struct cluster *c, const char *node)
{
	static const char *const names[] = { "never", "admitted", "blocked", "dead", "stopped" };
	const char *life = json_string_value(cluster_node(c, node, "life"));

	for (int i = 0; life && i < 5; i++)
		if (!strcmp(names[i], life))
			return i;
	return CLUSTER_NEVER;
}

uint64_t cluster_incarnation(const struct cluster *c, const char *node)
{
	return json_integer_value(cluster_node(c, node, "incarnation"));
}

bool cluster_flag(const struct cluster *c, const char *node, const char *flag)
{
	return json_is_true(cluster_node(c, node, flag));
}

unsigned cluster_fails(const struct cluster *c, const char *node, const char *resource)
{
	json_t *of = json_object_get(json_object_get(c->state, "fails"), node);
	json_t *counts = json_object_get(of, resource), *fail;
	json_int_t sum = json_integer_value(counts);
	const char *key;

	json_object_foreach (counts, key, fail)
		sum += json_integer_value(json_object_get(fail, "n"));
	return sum > CLUSTER_FAILS_MAX ? CLUSTER_FAILS_MAX : (unsigned)sum;
}

json_t *cluster_failures(const struct cluster *c)
{
	return json_object_get(c->state, "fails");
}

json_t *cluster_tickets(const struct cluster *c)
{
	return json_object_get(c->state, "tickets");
}

const char *cluster_configuration(const struct cluster *c)
{
	return json_string_value(json_object_get(c->state, "configuration"));
}

uint64_t cluster_revision(const struct cluster *c)
{
	return json_integer_value(json_object_get(c->state, "revision"));
}

uint64_t cluster_started(const struct cluster *c, unsigned controller)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", controller);
	return json_integer_value(json_object_get(json_object_get(c->state, "started"), key));
}

json_t *cluster_roll(const struct cluster *c)
{
	return json_object_get(c->state, "roll");
}

json_t *cluster_ca(const struct cluster *c)
{
	return json_object_get(c->state, "ca");
}

json_t *cluster_vouched(const struct cluster *c)
{
	return json_object_get(c->state, "vouched");
}

json_t *cluster_attributes(const struct cluster *c)
{
	return json_object_get(c->state, "attributes");
}

uint64_t cluster_attributes_changed(const struct cluster *c)
{
	return c->attributes;
}
