/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/scene.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/model/value.h"
#include "core/policy/engine_equip.h"
#include "core/policy/engine_inside.h"
#include "core/policy/execution.h"

#define NOT_RUNNING 7
#define PROMOTED 8
#define FAILED 1

struct scene {
	struct element_tree *tree;
	const struct document *story;
	struct problems *problems;
	struct element *resources;
	struct plan *past; /* what has been done before */
};

/* ---- the tree
 * --------------------------------------------------------------------------------------- */

static struct element *made(
	struct element_tree *tree, struct element *parent, const char *name, const char *id)
{
	struct element *e = element_child(parent, name);

	if (!e) {
		e = element_add(tree, parent, name);
		element_set(tree, e, "id", id);
	}
	return e;
}

static struct element *section(const struct element_tree *tree, const char *name)
{
	return element_child(element_child(tree->root, "configuration"), name);
}

static struct element *node_find(const struct element_tree *tree, const char *name)
{
	struct element *n = element_child(section(tree, "nodes"), "node");

	while (n && (!element_get(n, "uname") || strcmp(element_get(n, "uname"), name)))
		n = element_sibling(n, "node");
	return n;
}

/* Every set that has it, or the first one: the last to be read must not win. */
static void put(struct element_tree *tree, struct element *holder, const char *id, const char *name,
	const char *value)
{
	struct element *set = made(tree, holder, "instance_attributes", id), *nv;
	bool found = false;

	for (struct element *s = set; s; s = element_sibling(s, "instance_attributes"))
		for (nv = element_child(s, "nvpair"); nv; nv = element_sibling(nv, "nvpair"))
			if (element_get(nv, "name") && !strcmp(element_get(nv, "name"), name)) {
				element_set(tree, nv, "value", value);
				found = true;
			}
	if (found)
		return;
	nv = element_add(tree, set, "nvpair");
	element_set(tree, nv, "id", element_printf(tree, "%s-%s", id, name));
	element_set(tree, nv, "name", name);
	element_set(tree, nv, "value", value);
}

static void put_transient(
	struct element_tree *tree, const char *node, const char *name, const char *value)
{
	struct element *state = execution_state(tree, node), *holder;
	const char *id = element_get(state, "id");

	holder = made(tree, state, "transient_attributes", id);
	put(tree, holder, element_printf(tree, "status-%s", id), name, value);
}

static const char *transient(struct element_tree *tree, const char *node, const char *name)
{
	struct element *set =
		element_child(element_child(execution_state(tree, node), "transient_attributes"),
			"instance_attributes");

	for (; set; set = element_sibling(set, "instance_attributes"))
		for (struct element *nv = element_child(set, "nvpair"); nv;
			nv = element_sibling(nv, "nvpair"))
			if (element_get(nv, "name") && !strcmp(element_get(nv, "name"), name))
				return element_get(nv, "value");
	return NULL;
}

/* ---- nodes and tickets
 * ------------------------------------------------------------------------------ */

static bool said(const struct element *holder, const char *name)
{
	const struct element *s = element_child(holder, "instance_attributes"), *nv;

	for (; s; s = element_sibling(s, "instance_attributes"))
		for (nv = element_child(s, "nvpair"); nv; nv = element_sibling(nv, "nvpair"))
			if (element_get(nv, "name") && !strcmp(element_get(nv, "name"), name))
				return true;
	return false;
}

/* Whoever is to be told "off" must have been told something at all. */
static void flag(struct element_tree *tree, struct element *node, const char *name, bool on)
{
	const char *uname = element_get(node, "uname");

	if (!on && !said(node, name) && !transient(tree, uname, name))
		return;
	put(tree, node, element_printf(tree, "nodes-%s", element_get(node, "id")), name,
		on ? "on" : "off");
	if (transient(tree, uname, name))
		put_transient(tree, uname, name, on ? "on" : "off");
}

int scene_node(struct element_tree *tree, const char *name, const char *word)
{
	static const char *const words[] = { "online", "standby", "maintenance", "down", "lost",
		NULL };
	struct element *node = node_find(tree, name);
	int i = 0;

	while (words[i] && strcmp(words[i], word))
		i++;
	if (!words[i])
		return -EINVAL;
	if (!node)
		return -ENOENT;
	if (i >= 3) {
		execution_node(tree, name, false, i == 4);
		return 0;
	}
	execution_node(tree, name, true, true);
	if (transient(tree, name, "shutdown"))
		put_transient(tree, name, "shutdown", "0");
	flag(tree, node, "standby", i == 1);
	flag(tree, node, "maintenance", i == 2);
	return 0;
}

int scene_ticket(struct element_tree *tree, const char *ticket, const char *word, int64_t now_s)
{
	struct element *status = element_child(tree->root, "status"), *list, *t;
	bool grants = !strcmp(word, "granted");

	if (!grants && strcmp(word, "revoked") && strcmp(word, "standby") && strcmp(word, "active"))
		return -EINVAL;
	if (!status)
		status = element_add(tree, tree->root, "status");
	list = element_child(status, "tickets");
	if (!list)
		list = element_add(tree, status, "tickets");
	t = element_child_id(list, "ticket_state", ticket);
	if (!t) {
		t = element_add(tree, list, "ticket_state");
		element_set(tree, t, "id", ticket);
		element_set(tree, t, "granted", "false");
	}
	if (grants || !strcmp(word, "revoked"))
		element_set(tree, t, "granted", grants ? "true" : "false");
	else
		element_set(tree, t, "standby", *word == 's' ? "true" : "false");
	if (grants)
		element_set(
			tree, t, "last-granted", element_printf(tree, "%lld", (long long)now_s));
	return 0;
}

/* ---- what ran
 * --------------------------------------------------------------------------------------- */

static const struct element *resource_find(const struct element *in, const char *id)
{
	const struct element *e = NULL;

	for (const struct element *c = in ? in->first : NULL; c && !e; c = c->next) {
		const char *is = element_get(c, "id");

		if (element_is(c, "primitive"))
			e = is && !strcmp(is, id) ? c : NULL;
		else if (element_is(c, "group") || element_is(c, "clone") ||
			 element_is(c, "master") || element_is(c, "bundle"))
			e = resource_find(c, id);
	}
	return e;
}

static const char *agent(const struct scene *s, const struct element *e, const char *name)
{
	const char *template = element_get(e, "template");

	return element_get(
		template ? element_child_id(s->resources, "template", template) : e, name);
}

static void done(struct scene *s, const struct element *e, const char *instance, const char *node,
	const char *op, uint64_t interval_ms, int exit)
{
	struct plan_action *a = plan_add(s->past, PLAN_RESOURCE);

	a->op = plan_text(s->past, op);
	a->resource = plan_text(s->past, instance);
	a->instance = plan_text(s->past, instance);
	a->node = plan_text(s->past, node);
	a->standard = plan_text(s->past, agent(s, e, "class"));
	a->provider = plan_text(s->past, agent(s, e, "provider"));
	a->type = plan_text(s->past, agent(s, e, "type"));
	a->interval_ms = interval_ms;
	a->target_rc = exit;
	if (s->past->n > 1)
		plan_order(s->past, a->id - 1, a->id);
}

static void monitors(struct scene *s, const struct element *e, const char *instance,
	const char *node, bool promoted)
{
	const struct element *ops = element_child(e, "operations");

	for (const struct element *op = element_child(ops, "op"); op;
		op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name"), *role = element_get(op, "role");
		uint64_t ms = value_interval(element_get(op, "interval"));
		bool for_promoted = role && (!strcmp(role, "Promoted") || !strcmp(role, "Master"));

		if (!name || strcmp(name, "monitor") || !ms ||
			!value_true(element_get(op, "enabled"), true) ||
			(role && !strcmp(role, "Stopped")) || for_promoted != promoted)
			continue;
		done(s, e, instance, node, "monitor", ms, promoted ? PROMOTED : 0);
	}
}

static void ran(struct scene *s, const struct element *e, const char *instance, const char *node,
	const char *role)
{
	bool promoted = !strcmp(role, "Promoted") || !strcmp(role, "Master");

	done(s, e, instance, node, "start", 0, 0);
	if (promoted)
		done(s, e, instance, node, "promote", 0, 0);
	monitors(s, e, instance, node, promoted);
}

/* The configured primitive that an instance's name stands for; in *ret what its history is called:
 * instances of an anonymous clone share one. */
static const struct element *instance_of(
	const struct scene *s, const char *name, char **ret_history)
{
	const struct element *e = resource_find(s->resources, name), *clone;
	const char *colon = strrchr(name, ':');

	if (e || !colon) {
		*ret_history = own_string(name);
		return e;
	}
	*ret_history = own_printf("%.*s", (int)(colon - name), name);
	e = resource_find(s->resources, *ret_history);
	for (clone = e ? e->parent : NULL; clone && !element_is(clone, "clone");)
		clone = clone->parent;
	for (const struct element *set = element_child(clone, "meta_attributes"); set;
		set = element_sibling(set, "meta_attributes"))
		for (const struct element *nv = element_child(set, "nvpair"); nv;
			nv = element_sibling(nv, "nvpair"))
			if (element_get(nv, "name") &&
				!strcmp(element_get(nv, "name"), "globally-unique") &&
				value_true(element_get(nv, "value"), false)) {
				free(*ret_history);
				*ret_history = own_string(name);
			}
	return e;
}

static bool is_up(const struct scene *s, const char *node)
{
	return value_true(element_get(execution_state(s->tree, node), "in_ccm"), false);
}

/* Once it has been looked for everywhere, no probe is left to do. */
static void probe_all(struct scene *s, const struct element *in)
{
	for (const struct element *c = in->first; c; c = c->next) {
		if (element_is(c, "group") || element_is(c, "clone"))
			probe_all(s, c);
		if (!element_is(c, "primitive") || !element_get(c, "id"))
			continue;
		for (struct element *n = element_child(section(s->tree, "nodes"), "node"); n;
			n = element_sibling(n, "node"))
			if (element_get(n, "uname") && is_up(s, element_get(n, "uname")))
				done(s, c, element_get(c, "id"), element_get(n, "uname"), "monitor",
					0, NOT_RUNNING);
	}
}

/* What runs was started with the parameters that are configured: without their digest it would
 * count as changed. */
static void digest_all(struct scene *s)
{
	struct engine *e = engine_new(s->tree->root, 0, NULL);
	owned(index) struct index *by_base = index_new();
	owned(free) char *why = NULL;

	if (engine_look(e, &why)) {
		engine_free(e);
		return;
	}
	for (unsigned i = 0; i < e->n_all; i++) {
		const char *id = e->all[i]->id;

		index_set(by_base, 0, id, e->all[i]);
		index_set(by_base, 0, element_string(s->tree, id, strcspn(id, ":")), e->all[i]);
	}
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct element *list = element_child(
			element_child(execution_state(s->tree, e->nodes[i]->name), "lrm"),
			"lrm_resources");

		for (struct element *r = element_child(list, "lrm_resource"); r;
			r = element_sibling(r, "lrm_resource")) {
			struct resource *of = index_get(by_base, 0, element_get(r, "id"));

			for (struct element *op = element_child(r, "lrm_rsc_op"); of && op;
				op = element_sibling(op, "lrm_rsc_op")) {
				const char *task = element_get(op, "operation");
				uint64_t ms = value_interval(element_get(op, "interval"));

				element_set(s->tree, op, "op-digest",
					digest_operation(e, of, e->nodes[i], task, ms));
			}
		}
	}
	engine_free(e);
}

/* ---- the story
 * -------------------------------------------------------------------------------------- */

static void wrong(struct scene *s, const char *part, const char *name, const char *text)
{
	owned(free) char *pointer = own_printf("/%s/%s", part, name);

	problems_add(s->problems, false, document_where(s->story, pointer), "%s: %s", name, text);
}

static void nodes(struct scene *s, json_t *all)
{
	const char *name;
	json_t *v;

	for (struct element *n = element_child(section(s->tree, "nodes"), "node"); n;
		n = element_sibling(n, "node"))
		if (element_get(n, "uname"))
			execution_node(s->tree, element_get(n, "uname"), true, true);
	json_object_foreach (all, name, v) {
		const char *word = json_string_value(v);
		int r = word ? scene_node(s->tree, name, word) : -EINVAL;

		if (r == -ENOENT)
			wrong(s, "nodes", name, "there is no such node");
		else if (r)
			wrong(s, "nodes", name,
				"online, standby, maintenance, down or lost is wanted");
	}
}

static void resources(struct scene *s, json_t *all, const char *part)
{
	const char *name, *node;
	json_t *on, *role;

	json_object_foreach (all, name, on) {
		owned(free) char *history = NULL;
		const struct element *e = instance_of(s, name, &history);

		if (!e)
			wrong(s, part, name, "there is no such resource");
		else if (!json_is_object(on))
			wrong(s, part, name,
				"{NODE: Started} is wanted, or Promoted, or Unpromoted");
		if (!e)
			continue;
		json_object_foreach (on, node, role) {
			if (!json_is_string(role) || !node_find(s->tree, node))
				wrong(s, part, name, "it runs where there is no node of that name");
			else if (strcmp(json_string_value(role), "Stopped"))
				ran(s, e, history, node, json_string_value(role));
		}
	}
}

static void attributes(struct scene *s, json_t *all)
{
	const char *node, *name;
	json_t *of, *v;

	json_object_foreach (all, node, of) {
		if (!node_find(s->tree, node))
			wrong(s, "attributes", node, "there is no such node");
		else
			json_object_foreach (of, name, v) {
				owned(free) char *number =
					json_is_integer(v)
						? own_printf(
							  "%lld", (long long)json_integer_value(v))
						: NULL;

				put_transient(s->tree, node,
					element_string(s->tree, name, strlen(name)),
					number ? number : json_string_value(v));
			}
	}
}

static void tickets(struct scene *s, json_t *all)
{
	const char *name;
	json_t *v;

	json_object_foreach (all, name, v) {
		const char *word = json_string_value(v);

		if (!word ||
			(!strcmp(word, "standby") && scene_ticket(s->tree, name, "granted", 0)) ||
			scene_ticket(s->tree, name, word, 0))
			wrong(s, "tickets", name, "granted, revoked or standby is wanted");
	}
}

static void told(struct scene *s)
{
	static const char *const known[] = { "nodes", "resources", "placement", "attributes",
		"tickets", "quorum" };
	json_t *root = s->story->root, *v;
	const char *key;
	size_t i;

	json_object_foreach (root, key, v) {
		/* The rest of an answer of picket simulate is not of interest. */
		if (json_object_get(root, "placement") && json_object_get(root, "summary"))
			break;
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(key, known[i]))
				break;
		if (i == sizeof(known) / sizeof(*known))
			wrong(s, "", key,
				"known here: nodes, resources, attributes, tickets, quorum");
	}
	probe_all(s, s->resources);
	resources(s, json_object_get(root, "resources"), "resources");
	resources(s, json_object_get(root, "placement"), "placement");
	attributes(s, json_object_get(root, "attributes"));
	tickets(s, json_object_get(root, "tickets"));
	execution_run(s->tree, s->past, NULL, 0, 0);
	digest_all(s);
}

int scene_set(struct element_tree *tree, const struct document *story, struct problems *problems)
{
	struct scene s = { tree, story, problems, section(tree, "resources"), plan_new() };
	struct element *old = element_child(tree->root, "status");
	json_t *quorum = story ? json_object_get(story->root, "quorum") : NULL;
	size_t before = problems->errors;

	if (old)
		element_remove(old);
	element_add(tree, tree->root, "status");
	element_set(tree, tree->root, "have-quorum", json_is_false(quorum) ? "0" : "1");
	if (story && !json_is_object(story->root))
		problems_add(problems, false, document_where(story, ""),
			"a status is a mapping: nodes, resources, attributes, tickets, quorum");
	nodes(&s, story ? json_object_get(story->root, "nodes") : NULL);
	if (story && s.resources && problems->errors == before)
		told(&s);
	plan_free(s.past);
	return problems->errors > before ? -EINVAL : 0;
}

int scene_fail(struct element_tree *tree, const char *resource, const char *node, int64_t now_s)
{
	struct scene s = { tree, NULL, NULL, section(tree, "resources"), plan_new() };
	owned(free) char *history = NULL;
	const struct element *e = instance_of(&s, resource, &history), *op;
	const struct execution_failure failure = { history, "monitor", node, 0, FAILED };
	char *count, *last;
	uint64_t ms = 0;
	int r = e && node_find(tree, node) ? 0 : -ENOENT;

	if (!r) {
		struct execution_failure f = failure;
		int fails;

		for (op = element_child(element_child(e, "operations"), "op"); op && !ms;
			op = element_sibling(op, "op"))
			if (element_get(op, "name") && !strcmp(element_get(op, "name"), "monitor"))
				ms = value_interval(element_get(op, "interval"));
		f.interval_ms = (unsigned)ms;
		done(&s, e, history, node, "monitor", ms, 0);
		execution_run(tree, s.past, &f, 1, now_s - 1);
		count = element_printf(
			tree, "fail-count-%s#monitor_%llu", history, (unsigned long long)ms);
		last = element_printf(
			tree, "last-failure-%s#monitor_%llu", history, (unsigned long long)ms);
		fails = value_score(transient(tree, node, count), NULL);
		put_transient(
			tree, node, count, element_printf(tree, "%d", value_score_add(fails, 1)));
		put_transient(tree, node, last, element_printf(tree, "%lld", (long long)now_s));
	}
	plan_free(s.past);
	return r;
}
