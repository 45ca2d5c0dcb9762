/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources that cannot run, that never come back, that take more down than one thinks. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/review_inside.h"
#include "core/model/value.h"

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool is_clone(const struct element *e)
{
	return element_is(e, "clone") || element_is(e, "master");
}

/* ---- clones
 * ----------------------------------------------------------------------------------------- */

static long long instances(const struct review *r, const struct element *clone)
{
	return value_number(review_meta(r, clone, "clone-max"), r->n_nodes);
}

/* What one instance's restart takes down with it. */
static void blast(struct review *r, const struct element *at, const struct element *first,
	const struct element *then)
{
	unsigned n;
	owned(free) char *behind = review_behind(r, element_get(then, "id"), &n);

	review_warn(r, at,
		"'%s' does not interleave: each of its %lld instances waits for all of '%s', and "
		"when one of these is restarted on any node, all %lld are%s%s%s; meta: "
		"{interleave: true} looks at its own node only",
		element_get(then, "id"), instances(r, then), element_get(first, "id"),
		instances(r, then), n ? ", and what waits for them (" : "", behind, n ? ")" : "");
}

static void interleave(struct review *r)
{
	for (unsigned i = 0; i < r->n_orders; i++) {
		const struct element *first = review_resource(r, r->orders[i].first);
		const struct element *then = review_resource(r, r->orders[i].then);

		if (is_clone(first) && is_clone(then) &&
			!value_true(review_meta(r, then, "interleave"), false))
			blast(r, r->orders[i].xml, first, then);
	}
}

static void clone(struct review *r, const struct element *e)
{
	long long max = instances(r, e);
	long long each = value_number(review_meta(r, e, "clone-node-max"), 1);
	const char *promoted = review_meta(r, e, "promoted-max");

	if (!promoted)
		promoted = review_meta(r, e, "master-max");
	if (review_meta(r, e, "clone-max") && max > each * (long long)r->n_nodes && r->n_nodes)
		review_warn(r, e,
			"'%s' wants %lld instances, and %u nodes at %lld each hold only %lld",
			element_get(e, "id"), max, r->n_nodes, each, each * (long long)r->n_nodes);
	if (promoted && value_number(promoted, 1) > max)
		review_warn(r, e, "'%s' wants %s promoted instances, and has only %lld",
			element_get(e, "id"), promoted, max);
	if (each > 1 && !value_true(review_meta(r, e, "globally-unique"), false))
		review_warn(r, e,
			"'%s' wants %lld instances a node, but they are not globally-unique: there "
			"is only one",
			element_get(e, "id"), each);
}

/* ---- where it may run
 * ------------------------------------------------------------------------------- */

static const struct element *outermost(const struct element *e)
{
	while (review_is_resource(e->parent))
		e = e->parent;
	return e;
}

/* By constraints that name a node: rules may allow more, or less. */
static void nowhere(struct review *r, const struct element *e)
{
	bool opt_in = !value_true(review_property(r, "symmetric-cluster"), true);
	const char *id = element_get(e, "id");
	const struct element *const *all;
	unsigned n, kept = 0, allowed = 0;

	if (r->any_pattern || !r->n_nodes)
		return;
	all = review_locations(r, id, &n);
	for (unsigned i = 0; i < n; i++) {
		int score = value_score(element_get(all[i], "score"), NULL);
		bool again = false;

		if (!element_get(all[i], "node"))
			return;
		for (unsigned k = 0; k < i; k++)
			again |= same(element_get(all[k], "node"), element_get(all[i], "node"));
		kept += !again && score <= -VALUE_INFINITY;
		allowed += score > 0;
	}
	if (opt_in && !allowed)
		review_warn(r, e,
			"'%s' can run nowhere: symmetric-cluster is false, and no location allows "
			"it a node",
			id);
	else if (!opt_in && kept >= r->n_nodes)
		review_warn(r, e, "'%s' can run nowhere: it is kept from every node", id);
}

static void sticks(struct review *r, const struct element *e)
{
	const char *id = element_get(e, "id");
	const struct element *const *all;
	unsigned n;

	if (value_score(review_meta(r, e, "resource-stickiness"), NULL) < VALUE_INFINITY)
		return;
	all = review_locations(r, id, &n);
	for (unsigned i = 0; i < n; i++) {
		int score = value_score(element_get(all[i], "score"), NULL);

		if (element_get(all[i], "node") && score > 0 && score < VALUE_INFINITY)
			review_warn(r, all[i],
				"'%s' sticks to where it runs with INFINITY: once away from %s, "
				"this %d never brings it back",
				id, element_get(all[i], "node"), score);
	}
}

/* ---- failures
 * --------------------------------------------------------------------------------------- */

static void failures(struct review *r, const struct element *e)
{
	const char *threshold = review_meta(r, e, "migration-threshold");
	uint64_t timeout = value_interval(review_meta(r, e, "failure-timeout"));
	int n = value_score(threshold, NULL);
	const struct element *op = element_child(element_child(e, "operations"), "op");

	if (threshold && n > 0 && n < VALUE_INFINITY && !timeout)
		review_warn(r, e,
			"'%s' is banned from a node after %d failures, and they never age: set "
			"failure-timeout, or it is left with nowhere to run (picket resource "
			"cleanup)",
			element_get(e, "id"), n);
	for (; op; op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name"), *fail = element_get(op, "on-fail");
		uint64_t every = value_interval(element_get(op, "interval"));

		if (same(name, "stop") && same(fail, "ignore"))
			review_warn(r, op,
				"when '%s' cannot be stopped it is taken as stopped, and started "
				"elsewhere while it still runs",
				element_get(e, "id"));
		if (same(name, "monitor") && every && timeout && timeout <= every)
			review_warn(r, op,
				"failures of '%s' are forgotten after %llu s, before its next "
				"monitor can see the same again: migration-threshold never counts",
				element_get(e, "id"), (unsigned long long)timeout / 1000);
	}
}

/* ---- capacity
 * --------------------------------------------------------------------------------------- */

static const char *utilization(const struct element *e, const char *name)
{
	const struct element *nv = element_child(element_child(e, "utilization"), "nvpair");

	for (; nv; nv = element_sibling(nv, "nvpair"))
		if (same(element_get(nv, "name"), name))
			return element_get(nv, "value");
	return NULL;
}

static void too_big(struct review *r, const struct element *e)
{
	const struct element *nv = element_child(element_child(e, "utilization"), "nvpair"), *n;
	const char *strategy = review_property(r, "placement-strategy");

	for (; nv && strategy && strcmp(strategy, "default"); nv = element_sibling(nv, "nvpair")) {
		long long wants = value_number(element_get(nv, "value"), 0), most = 0;

		for (n = element_child(r->nodes, "node"); n; n = element_sibling(n, "node")) {
			long long has = value_number(utilization(n, element_get(nv, "name")), 0);

			most = has > most ? has : most;
		}
		if (wants > most)
			review_warn(r, e,
				"'%s' needs %lld of %s, and no node has more than %lld: it can run "
				"nowhere",
				element_get(e, "id"), wants, element_get(nv, "name"), most);
	}
}

void review_resources(struct review *r)
{
	interleave(r);
	for (unsigned i = 0; i < r->n_all; i++) {
		const struct element *e = r->all[i];

		if (is_clone(e))
			clone(r, e);
		if (outermost(e) == e)
			nowhere(r, e);
		sticks(r, e);
		if (element_is(e, "primitive")) {
			failures(r, e);
			too_big(r, e);
		}
	}
}
