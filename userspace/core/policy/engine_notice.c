// SPDX-License-Identifier: GPL-2.0-or-later
/* Notifications: instances of a clone are told before and after others start, stop, are promoted or
 * demoted. */
#include "base/lines.h"
#include "core/policy/engine_stage.h"

/* Who is what, and what happens to whom: what those who are told may ask. */
struct roll {
	struct lines resources[8], nodes[8];
	unsigned n[8];
};

enum { START, STOP, PROMOTE, DEMOTE, ACTIVE, UNPROMOTED, PROMOTED, INACTIVE };

/* ---- points
 * ----------------------------------------------------------------------------------------- */

static struct act *point(struct engine *e, struct resource *r, const struct act *around,
	enum notify_when when, enum task about)
{
	struct act *a = act_notify(e, r, NULL, when, about);

	a->pseudo = true;
	a->optional = around->optional;
	return a;
}

void notice_bounds(struct engine *e, struct resource *r, enum task about, struct act *begin,
	struct act *end, struct notice *ret)
{
	struct notice n = { .about = (int)about };

	if (!r->notify)
		return;
	if (begin) {
		n.pre = point(e, r, begin, NOTIFY_PRE, about);
		n.pre_done = point(e, r, begin, NOTIFY_CONFIRMED_PRE, about);
		n.pre->runnable = n.pre_done->runnable = true;
		act_order(e, n.pre, n.pre_done, ORD_OPTIONAL);
		act_order(e, n.pre_done, begin, ORD_OPTIONAL);
	}
	if (end) {
		n.post = point(e, r, end, NOTIFY_POST, about);
		n.post_done = point(e, r, end, NOTIFY_CONFIRMED_POST, about);
		n.post->runnable = n.post_done->runnable = end->runnable;
		act_order(e, end, n.post, ORD_IMPLIES_THEN);
		act_order(e, n.post, n.post_done, ORD_IMPLIES_THEN);
	}
	if (begin && end)
		act_order(e, n.pre_done, n.post, ORD_OPTIONAL);
	*ret = n;
}

/* ---- who is what
 * -------------------------------------------------------------------------------------- */

static void enlist(
	struct roll *roll, unsigned list, const struct resource *r, const struct node *node)
{
	lines_add(&roll->resources[list], "%s%s", roll->n[list] ? " " : "", r->id);
	lines_add(&roll->nodes[list], "%s%s", roll->n[list] ? " " : "", node ? node->name : "");
	roll->n[list]++;
}

static void enlist_acts(struct roll *roll, const struct resource *r)
{
	for (const struct act *a = r->acts; a; a = a->next_of_resource) {
		if (a->optional || !a->node || a->when)
			continue;
		/* A stop on a lost node is told of even if it cannot be made sure of. */
		if (!a->runnable && !(a->task == TASK_STOP && a->node->unclean))
			continue;
		if (a->task == TASK_START)
			enlist(roll, START, r, a->node);
		else if (a->task == TASK_STOP)
			enlist(roll, STOP, r, a->node);
		else if (a->task == TASK_PROMOTE)
			enlist(roll, PROMOTE, r, a->node);
		else if (a->task == TASK_DEMOTE)
			enlist(roll, DEMOTE, r, a->node);
	}
}

static void call_roll(struct roll *roll, const struct resource *r, bool acts)
{
	const struct node *node = r->running.n ? r->running.items[0] : NULL;

	for (unsigned i = 0; i < r->children.n; i++)
		call_roll(roll, r->children.items[i], acts);
	if (r->children.n)
		return;
	if (r->role == ROLE_STOPPED)
		enlist(roll, INACTIVE, r, node);
	if (r->role >= ROLE_STARTED)
		enlist(roll, ACTIVE, r, node);
	if (r->role == ROLE_UNPROMOTED)
		enlist(roll, UNPROMOTED, r, node);
	if (r->role == ROLE_PROMOTED)
		enlist(roll, PROMOTED, r, node);
	if (acts)
		enlist_acts(roll, r);
}

static void roll_done(struct roll *roll)
{
	for (unsigned i = 0; i < 8; i++) {
		lines_done(&roll->resources[i]);
		lines_done(&roll->nodes[i]);
	}
}

static const char *kept(struct engine *e, const struct lines *lines)
{
	return lines->data ? element_string(e->arena, lines->data, lines->len) : " ";
}

/* The roll as agents read it in their environment. */
static struct table roll_table(struct engine *e, const struct roll *roll)
{
	static const struct {
		unsigned list;
		const char *resource, *uname;
	} names[] = {
		{ START, "notify_start_resource", "notify_start_uname" },
		{ STOP, "notify_stop_resource", "notify_stop_uname" },
		{ PROMOTE, "notify_promote_resource", "notify_promote_uname" },
		{ DEMOTE, "notify_demote_resource", "notify_demote_uname" },
		{ ACTIVE, "notify_active_resource", "notify_active_uname" },
		{ UNPROMOTED, "notify_slave_resource", "notify_slave_uname" },
		{ UNPROMOTED, "notify_unpromoted_resource", "notify_unpromoted_uname" },
		{ PROMOTED, "notify_master_resource", "notify_master_uname" },
		{ PROMOTED, "notify_promoted_resource", "notify_promoted_uname" },
		{ INACTIVE, "notify_inactive_resource", NULL },
	};
	struct table t = { 0 };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		table_set(
			e->arena, &t, names[i].resource, kept(e, &roll->resources[names[i].list]));
		if (names[i].uname)
			table_set(
				e->arena, &t, names[i].uname, kept(e, &roll->nodes[names[i].list]));
	}
	return t;
}

/* ---- telling
 * ------------------------------------------------------------------------------------------- */

struct telling { /* one notice, as it is told */
	const struct notice *notice;
	const struct roll *roll;
	const struct table *keys;
};

static void tell(struct engine *e, struct resource *r, struct node *node, struct act *op,
	struct act *op_done, const struct telling *t)
{
	struct act *a;

	if (!op || !node || !node->online || !op->runnable)
		return;
	a = act_notify(e, r, node, op->when, (enum task)t->notice->about);
	a->optional = op->optional;
	a->runnable = true;
	a->extra = *t->keys;
	act_order(e, op, a, ORD_OPTIONAL);
	act_order(e, a, op_done, ORD_OPTIONAL);
}

static void tell_after(
	struct engine *e, struct resource *r, struct node *node, const struct telling *t)
{
	const struct notice *n = t->notice;

	if (!n->post)
		return;
	tell(e, r, node, n->post, n->post_done, t);
	/* What watches it begins once all have been told. */
	for (struct act *a = r->acts; a; a = a->next_of_resource)
		if (a->interval_ms && a->task != TASK_CANCEL)
			act_order(e, n->post_done, a, ORD_OPTIONAL);
}

static bool will_not_hear(const struct act *stop, const struct node *node)
{
	return stop && stop->pseudo && (node->unclean || node->remote_requires_reset);
}

static void tell_current(struct engine *e, struct resource *r, const struct telling *t)
{
	const struct notice *n = t->notice;
	struct act *stop = act_find_any(r, TASK_STOP);

	for (unsigned i = 0; i < r->running.n; i++) {
		struct node *node = r->running.items[i];

		if (will_not_hear(stop, node))
			continue;
		tell(e, r, node, n->pre, n->pre_done, t);
		if (n->about == TASK_DEMOTE || !stop || stop->optional)
			tell_after(e, r, node, t);
	}
}

static void tell_next(struct engine *e, struct resource *r, const struct telling *t)
{
	const struct notice *n = t->notice;
	struct act *start = act_find_any(r, TASK_START);

	if (!r->node)
		return;
	/* Whoever cannot come up will not be there to hear it. */
	if (start && !start->optional && !start->runnable)
		return;
	if (n->about != TASK_START || !start || start->optional)
		tell(e, r, r->node, n->pre, n->pre_done, t);
	tell_after(e, r, r->node, t);
}

static void tell_all(struct engine *e, struct resource *r, const struct telling *t)
{
	enum task about = (enum task)t->notice->about;

	for (unsigned i = 0; i < r->children.n; i++)
		tell_all(e, r->children.items[i], t);
	if (r->children.n)
		return;
	/* Of stops some may be implied by fencing: those are told of anyway. */
	if ((about == TASK_START && !t->roll->n[START]) ||
		(about == TASK_PROMOTE && !t->roll->n[PROMOTE]) ||
		(about == TASK_DEMOTE && !t->roll->n[DEMOTE]))
		return;
	if (r->role != ROLE_STOPPED && (about == TASK_STOP || about == TASK_DEMOTE))
		tell_current(e, r, t);
	if (r->next_role != ROLE_STOPPED && (about == TASK_START || about == TASK_PROMOTE))
		tell_next(e, r, t);
}

/* The operations themselves may ask the same. */
static void inform_acts(struct engine *e, struct resource *r, const struct table *keys)
{
	for (unsigned i = 0; i < r->children.n; i++)
		inform_acts(e, r->children.items[i], keys);
	for (struct act *a = r->acts; a; a = a->next_of_resource)
		if (!a->optional && a->node && !a->when && !a->extra.n &&
			(a->task == TASK_START || a->task == TASK_STOP || a->task == TASK_PROMOTE ||
				a->task == TASK_DEMOTE))
			a->extra = *keys;
}

void notice_send(struct engine *e, struct resource *clone, const struct notice *n)
{
	struct roll roll = { 0 };
	struct table keys;
	struct telling t = { .notice = n, .roll = &roll, .keys = &keys };

	if (!n->pre && !n->post)
		return;
	call_roll(&roll, clone, true);
	keys = roll_table(e, &roll);
	tell_all(e, clone, &t);
	inform_acts(e, clone, &keys);
	roll_done(&roll);
}

void notice_fenced(struct engine *e, struct resource *r, struct act *fence)
{
	struct roll roll = { 0 };
	struct notice n = { 0 };
	struct table keys;
	struct telling t = { .notice = &n, .roll = &roll, .keys = &keys };

	notice_bounds(e, r, TASK_STOP, NULL, fence, &n);
	if (!n.post)
		return;
	/* All instances hear of it, as if it had been stopped. */
	call_roll(&roll, resource_top(r), false);
	keys = roll_table(e, &roll);
	tell_all(e, resource_top(r), &t);
	roll_done(&roll);
}
