// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/index.h"
#include "core/model/value.h"

#define NOT_RUNNING 7
/* Of no planner: what stands here is newer than what any left pending. */
#define UUID "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

/* ---- nodes
 * ---------------------------------------------------------------------------------------- */

static struct element *child_made(
	struct element_tree *tree, struct element *parent, const char *name, const char *id)
{
	struct element *e = element_child(parent, name);

	if (e)
		return e;
	e = element_add(tree, parent, name);
	element_set(tree, e, "id", id);
	return e;
}

static struct element *by_attribute(
	const struct element *parent, const char *name, const char *attribute, const char *value)
{
	struct element *e = element_child(parent, name);

	while (e && (!element_get(e, attribute) || strcmp(element_get(e, attribute), value)))
		e = element_sibling(e, name);
	return e;
}

struct element *execution_state(struct element_tree *tree, const char *node)
{
	struct element *status = element_child(tree->root, "status"), *state;
	const struct element *nodes =
		element_child(element_child(tree->root, "configuration"), "nodes");
	const struct element *known = by_attribute(nodes, "node", "uname", node);

	if (!status)
		status = element_add(tree, tree->root, "status");
	state = by_attribute(status, "node_state", "uname", node);
	if (!state && known && element_get(known, "id"))
		state = by_attribute(status, "node_state", "id", element_get(known, "id"));
	if (state)
		return state;
	/* Remote and guest nodes go by their names. */
	state = element_add(tree, status, "node_state");
	element_set(tree, state, "id", known ? element_get(known, "id") : node);
	element_set(tree, state, "uname", node);
	return state;
}

void execution_node(struct element_tree *tree, const char *node, bool up, bool expected)
{
	struct element *state = execution_state(tree, node);

	element_set(tree, state, "in_ccm", up ? "true" : "false");
	element_set(tree, state, "crmd", up ? "online" : "offline");
	element_set(tree, state, "join", up ? "member" : "down");
	element_set(tree, state, "expected", up || expected ? "member" : "down");
}

void execution_fence(struct element_tree *tree, const char *node)
{
	struct element *state = execution_state(tree, node), *part;

	execution_node(tree, node, false, false);
	part = element_child(state, "lrm");
	if (part)
		element_remove(part);
	part = element_child(state, "transient_attributes");
	if (part)
		element_remove(part);
}

/* ---- operations
 * ----------------------------------------------------------------------------------- */

struct run {
	struct element_tree *tree;
	struct index *states;  /* of nodes, as they are first needed */
	struct index *records; /* by node, as many kinds as there are nodes, and name */
	unsigned n_states;
	const struct execution_failure *failures;
	unsigned n_failures;
	int64_t now_s; /* when it was planned */
};

/* What is known of one node, found by name from then on. */
struct known {
	struct element *list; /* <lrm_resources> */
	unsigned kind;
};

static struct known *known_on(struct run *run, const char *node)
{
	struct known *known = index_get(run->states, INDEX_NODE_NAME, node);
	struct element_tree *tree = run->tree;
	struct element *state, *lrm;

	if (known)
		return known;
	state = execution_state(tree, node);
	lrm = child_made(tree, state, "lrm", element_get(state, "id"));
	known = element_alloc(tree, sizeof(*known));
	known->kind = run->n_states++;
	known->list = element_child(lrm, "lrm_resources");
	if (!known->list)
		known->list = element_add(tree, lrm, "lrm_resources");
	for (struct element *r = element_child(known->list, "lrm_resource"); r;
		r = element_sibling(r, "lrm_resource")) {
		const char *id = element_get(r, "id");

		/* The first of a name is the one that counts. */
		if (id && !index_get(run->records, known->kind, id))
			index_set(run->records, known->kind, id, r);
	}
	index_set(run->states, INDEX_NODE_NAME, node, known);
	return known;
}

static struct element *record_of(struct run *run, const struct plan_action *a)
{
	struct element_tree *tree = run->tree;
	struct known *known = known_on(run, a->node);
	struct element *record = index_get(run->records, known->kind, a->resource);

	if (!record && a->record)
		record = index_get(run->records, known->kind, a->record);
	if (record)
		return record;
	record = element_add(tree, known->list, "lrm_resource");
	index_set(run->records, known->kind, a->resource, record);
	element_set(tree, record, "id", a->resource);
	element_set(tree, record, "class", a->standard);
	element_set(tree, record, "provider", a->provider);
	element_set(tree, record, "type", a->type);
	return record;
}

/* Recurring operations, migrations and failures are kept; of the others only the last. */
static const char *entry_id(
	struct element_tree *tree, const struct plan_action *a, const char *op, bool failed)
{
	if (!strcmp(op, "migrate_to") || !strcmp(op, "migrate_from"))
		return element_printf(tree, "%s_%s_0", a->resource, op);
	if (failed)
		return element_printf(tree, "%s_last_failure_0", a->resource);
	if (a->interval_ms)
		return element_printf(
			tree, "%s_%s_%llu", a->resource, op, (unsigned long long)a->interval_ms);
	return element_printf(tree, "%s_last_0", a->resource);
}

static long long next_call(const struct element *record)
{
	long long call = 0;

	for (const struct element *op = element_child(record, "lrm_rsc_op"); op;
		op = element_sibling(op, "lrm_rsc_op")) {
		long long n = value_number(element_get(op, "call-id"), 0);

		call = n > call ? n : call;
	}
	return call + 1;
}

/* One more operation of a resource on a node, as if it had just ended. */
static void record_add(struct run *run, const struct plan_action *a, int exit)
{
	struct element_tree *tree = run->tree;
	bool failed = exit != a->target_rc;
	/* A reload that worked leaves the resource as a start does. */
	const char *op = strncmp(a->op, "reload", 6) ? a->op : failed ? "monitor" : "start";
	const char *source = plan_pairs_get(&a->meta, "migrate_source");
	const char *target = plan_pairs_get(&a->meta, "migrate_target");
	struct element *history, *entry;
	const char *id;
	long long call;

	if (!a->node || !a->resource)
		return;
	history = record_of(run, a);
	id = entry_id(tree, a, op, failed);
	call = next_call(history);
	entry = element_child_id(history, "lrm_rsc_op", id);
	if (!entry) {
		entry = element_add(tree, history, "lrm_rsc_op");
		element_set(tree, entry, "id", id);
	}
	element_set(tree, entry, "operation", op);
	element_set_printf(tree, entry, "operation_key", "%s_%s_%llu", a->resource, op,
		(unsigned long long)a->interval_ms);
	element_set_printf(tree, entry, "transition-key", "%lld:-1:%d:" UUID, call, a->target_rc);
	element_set_printf(
		tree, entry, "transition-magic", "0:%d;%lld:-1:%d:" UUID, exit, call, a->target_rc);
	element_set_printf(tree, entry, "call-id", "%lld", call);
	element_set_printf(tree, entry, "rc-code", "%d", exit);
	element_set(tree, entry, "op-status", "0");
	element_set_printf(tree, entry, "interval", "%lld", (long long)a->interval_ms);
	/* After all that is known. */
	element_set_printf(tree, entry, "last-rc-change", "%lld", (long long)run->now_s + 1);
	element_set(tree, entry, "op-digest", a->digest);
	element_set(tree, entry, "migrate_source", source);
	element_set(tree, entry, "migrate_target", target);
}

/* ---- the run
 * -------------------------------------------------------------------------------------- */

static const struct execution_failure *failure_of(
	const struct plan_action *a, const struct execution_failure *failures, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct execution_failure *f = &failures[i];

		if (!strcmp(f->op, a->op) && f->interval_ms == a->interval_ms && a->resource &&
			(!strcmp(f->resource, a->resource) || !strcmp(f->resource, a->instance)) &&
			a->node && !strcmp(f->node, a->node))
			return f;
	}
	return NULL;
}

static bool leaves_record(const char *op)
{
	return strcmp(op, "delete") && strcmp(op, "notify") && strcmp(op, "meta-data") &&
	       strcmp(op, "probe_again");
}

/* Whether it succeeded. */
static bool execute(struct run *run, const struct plan_action *a)
{
	const struct execution_failure *failure;

	if (a->kind == PLAN_FENCE) {
		if (strcmp(a->op, "on"))
			execution_fence(run->tree, a->node);
		/* Its record is gone with it: what comes after begins a new one. */
		index_set(run->states, INDEX_NODE_NAME, a->node, NULL);
		return true;
	}
	if (a->kind != PLAN_RESOURCE || !leaves_record(a->op))
		return true;
	failure = failure_of(a, run->failures, run->n_failures);
	record_add(run, a, failure ? failure->exit : a->target_rc);
	return !failure || failure->exit == a->target_rc;
}

unsigned execution_run(struct element_tree *tree, const struct plan *plan,
	const struct execution_failure *failures, unsigned n_failures, int64_t now_s)
{
	unsigned *waits = own_alloc((plan->n + 1) * sizeof(*waits)), n = 0, head = 0, done = 0;
	unsigned *first = own_alloc((plan->n + 2) * sizeof(*first)), *next;
	unsigned *queue = own_alloc((plan->n + 1) * sizeof(*queue)), total = 0;
	struct run run = { .tree = tree,
		.states = index_new(),
		.records = index_new(),
		.failures = failures,
		.n_failures = n_failures,
		.now_s = now_s };

	/* Who waits for each: the edges turned round. */
	for (size_t i = 0; i < plan->n; i++) {
		waits[i] = (unsigned)plan->actions[i]->n_after;
		for (size_t k = 0; k < plan->actions[i]->n_after; k++)
			first[plan->actions[i]->after[k] + 2]++;
		total += waits[i];
	}
	for (size_t i = 2; i < plan->n + 2; i++)
		first[i] += first[i - 1];
	next = own_alloc((total + 1) * sizeof(*next));
	for (size_t i = 0; i < plan->n; i++)
		for (size_t k = 0; k < plan->actions[i]->n_after; k++)
			next[first[plan->actions[i]->after[k] + 1]++] = (unsigned)i;
	for (unsigned i = 0; i < plan->n; i++)
		if (!waits[i])
			queue[n++] = i;
	while (head < n) {
		unsigned id = queue[head++];

		if (!execute(&run, plan->actions[id]))
			continue;
		done++;
		for (unsigned k = first[id]; k < first[id + 1]; k++)
			if (!--waits[next[k]])
				queue[n++] = next[k];
	}
	index_free(run.states);
	index_free(run.records);
	free(waits);
	free(first);
	free(next);
	free(queue);
	return done;
}
