// SPDX-License-Identifier: GPL-2.0-or-later
/* What takes a primitive from the role that it has to the one that it is to have. */
#include "core/policy/engine_stage.h"

typedef void step_fn(struct engine *e, struct resource *r, struct node *node, bool optional);

/* Where a multiply active resource is to stay, it need not stop. */
static bool is_expected(const struct resource *r, const struct node *node)
{
	return r->unexpected_active && r->restarting && r->next_role > ROLE_STOPPED &&
	       r->node == node;
}

static void step_start(struct engine *e, struct resource *r, struct node *node, bool optional)
{
	struct act *a;

	if (!node)
		return;
	a = act_get(e, r, TASK_START, 0, node, true);
	order_unfence(e, r, node, a, ORD_IMPLIES_THEN);
	if (a->runnable && !optional)
		a->optional = false;
	if (is_expected(r, node))
		a->pseudo = true;
}

static void step_stop(struct engine *e, struct resource *r, struct node *unused, bool optional)
{
	for (unsigned i = 0; i < r->running.n; i++) {
		struct node *node = r->running.items[i];
		struct act *a;

		if (is_expected(r, node))
			continue;
		if (r->migration_target) {
			if (node == r->migration_target && node == r->node)
				continue;
			optional = false;
		}
		a = act_get(e, r, TASK_STOP, 0, node, optional);
		if (!r->node)
			a->reason = "node availability";
		else if (r->unexpected_active && r->restarting)
			a->reason = "being multiply active";
		if (!r->managed)
			a->runnable = false;
		if (e->set.remove_after_stop)
			schedule_delete(e, r, node, optional);
		if (r->needs_unfencing)
			act_order(e, a, act_fence(e, node, "on", true, NULL, false),
				ORD_IMPLIES_FIRST);
	}
}

static void step_promote(struct engine *e, struct resource *r, struct node *node, bool optional)
{
	bool runnable = true;
	struct act *a;

	if (!node)
		return;
	for (a = r->acts; a; a = a->next_of_resource)
		if (a->task == TASK_START && a->node == node && !a->runnable)
			runnable = false;
	if (runnable) {
		a = act_get(e, r, TASK_PROMOTE, 0, node, optional);
		if (is_expected(r, node))
			a->pseudo = true;
		return;
	}
	for (a = r->acts; a; a = a->next_of_resource)
		if (a->task == TASK_PROMOTE && a->node == node)
			a->runnable = false;
}

static void step_demote(struct engine *e, struct resource *r, struct node *unused, bool optional)
{
	for (unsigned i = 0; i < r->running.n; i++)
		if (!is_expected(r, r->running.items[i]))
			act_get(e, r, TASK_DEMOTE, 0, r->running.items[i], optional);
}

static void step_none(struct engine *e, struct resource *r, struct node *node, bool optional)
{
}

/* The next role on the way from one to another, and how to get there. */
static const struct {
	enum role next;
	step_fn *step;
} steps[5][5] = {
	[ROLE_UNKNOWN] = { { ROLE_UNKNOWN, NULL }, { ROLE_STOPPED, step_stop },
		{ ROLE_STOPPED, step_stop }, { ROLE_STOPPED, step_stop },
		{ ROLE_STOPPED, step_stop } },
	[ROLE_STOPPED] = { { ROLE_STOPPED, NULL }, { ROLE_STOPPED, step_none },
		{ ROLE_STARTED, step_start }, { ROLE_UNPROMOTED, step_start },
		{ ROLE_UNPROMOTED, step_start } },
	[ROLE_STARTED] = { { ROLE_STOPPED, step_stop }, { ROLE_STOPPED, step_stop },
		{ ROLE_STARTED, step_none }, { ROLE_UNPROMOTED, step_none },
		{ ROLE_PROMOTED, step_promote } },
	[ROLE_UNPROMOTED] = { { ROLE_STOPPED, step_stop }, { ROLE_STOPPED, step_stop },
		{ ROLE_STOPPED, step_stop }, { ROLE_UNPROMOTED, step_none },
		{ ROLE_PROMOTED, step_promote } },
	[ROLE_PROMOTED] = { { ROLE_STOPPED, step_demote }, { ROLE_UNPROMOTED, step_demote },
		{ ROLE_UNPROMOTED, step_demote }, { ROLE_UNPROMOTED, step_demote },
		{ ROLE_PROMOTED, step_none } },
};

/* Down, and up to the role it has: done only if something needs it, but known to the order. */
static void restart(struct engine *e, struct resource *r, struct node *current, bool need_stop,
	bool need_promote)
{
	enum role role = r->role;

	r->restarting = true;
	while (role != ROLE_STOPPED) {
		enum role next = steps[role][ROLE_STOPPED].next;

		if (!steps[role][ROLE_STOPPED].step)
			break;
		steps[role][ROLE_STOPPED].step(e, r, current, !need_stop);
		role = next;
	}
	while (r->role <= r->next_role && role != r->role && !r->blocked) {
		enum role next = steps[role][r->role].next;
		bool required = need_stop || (next == ROLE_PROMOTED && need_promote);

		if (!steps[role][r->role].step)
			break;
		steps[role][r->role].step(e, r, r->node, !required);
		role = next;
	}
	r->restarting = false;
}

static void transition(struct engine *e, struct resource *r)
{
	enum role role = r->role;

	while (role != r->next_role) {
		enum role next = steps[role][r->next_role].next;

		if (!steps[role][r->next_role].step)
			break;
		steps[role][r->next_role].step(e, r, r->node, false);
		role = next;
	}
}

static bool can_migrate(const struct resource *r, const struct node *current)
{
	return r->allow_migrate && r->managed && !r->failed && !r->start_pending && current &&
	       !current->unclean && r->node && !r->node->unclean;
}

static void migrate(struct engine *e, struct resource *r, struct node *current)
{
	struct act *start = act_get(e, r, TASK_START, 0, r->node, true);
	struct act *stop = act_get(e, r, TASK_STOP, 0, current, true), *to = NULL, *from;

	if (!r->migration_target)
		to = act_get(e, r, TASK_MIGRATE_TO, 0, current, true);
	from = act_get(e, r, TASK_MIGRATE_FROM, 0, r->node, true);
	start->migrate_runnable = stop->migrate_runnable = start->pseudo = true;
	from->migrate_runnable = true;
	if (to) {
		to->migrate_runnable = true;
		to->requires = start->requires;
		order_resources(e, r, TASK_MONITOR, r, TASK_MIGRATE_TO, ORD_OPTIONAL);
		order_resources(e, r, TASK_MIGRATE_TO, r, TASK_MIGRATE_FROM,
			ORD_OPTIONAL | ORD_IMPLIES_FIRST_MIGRATABLE);
		table_set(e->arena, &to->meta, "migrate_source", current->name);
		table_set(e->arena, &to->meta, "migrate_target", r->node->name);
	} else {
		from->requires = start->requires;
		order_resources(e, r, TASK_MONITOR, r, TASK_MIGRATE_FROM, ORD_OPTIONAL);
	}
	order_resources(
		e, r, TASK_MIGRATE_FROM, r, TASK_STOP, ORD_OPTIONAL | ORD_IMPLIES_FIRST_MIGRATABLE);
	order_resources(e, r, TASK_MIGRATE_FROM, r, TASK_START,
		ORD_OPTIONAL | ORD_IMPLIES_FIRST_MIGRATABLE | ORD_PSEUDO_LEFT);
	table_set(e->arena, &from->meta, "migrate_source", current->name);
	table_set(e->arena, &from->meta, "migrate_target", r->node->name);
}

/* Whether it must stop for where it is active, and *migrating whether it may move alive. */
static bool settle_activity(struct resource *r, const struct node *current, unsigned n,
	unsigned n_clean, bool need_stop, bool *migrating)
{
	bool multiple = false;

	if (r->migration_source && r->migration_target && *migrating && n == 2 &&
		current == r->migration_source && r->node == r->migration_target) {
		/* It goes on where it was going. */
	} else if (r->migration_source || r->migration_target) {
		need_stop = true;
		r->migration_source = r->migration_target = NULL;
		*migrating = false;
	} else {
		/* What needs no fencing does not count where it may be gone. */
		multiple = (r->needs_fencing ? n : n_clean) > 1;
	}
	r->unexpected_active = false;
	if (multiple && r->multiple_active == ACTIVE_STOP_START)
		need_stop = true;
	if (multiple && r->multiple_active == ACTIVE_STOP_UNEXPECTED)
		need_stop = r->unexpected_active = true;
	return need_stop;
}

static void settle_dangling(struct engine *e, struct resource *r)
{
	for (unsigned i = 0; i < r->dangling.n; i++) {
		struct act *a = act_get(e, r, TASK_STOP, 0, r->dangling.items[i], false);

		a->dangling = true;
		if (e->set.remove_after_stop)
			schedule_delete(e, r, r->dangling.items[i], false);
	}
}

void primitive_actions(struct engine *e, struct resource *r)
{
	bool need_stop = false, need_promote = false, moving = false, migrating = false;
	struct node *current;
	unsigned n, n_clean;

	if (r->next_role == ROLE_UNKNOWN)
		r->next_role = r->node ? ROLE_STARTED : ROLE_STOPPED;
	current = resource_current(r, &n, &n_clean);
	settle_dangling(e, r);
	if (current && r->node && current != r->node && r->next_role >= ROLE_STARTED) {
		moving = need_stop = true;
		migrating = can_migrate(r, current);
	}
	need_stop = settle_activity(r, current, n, n_clean, need_stop, &migrating);
	if (r->start_pending && r->node)
		act_get(e, r, TASK_START, 0, r->node, true)->print_always = true;
	if (moving) {
		/* The rest is about what stays where it is. */
	} else if (r->failed) {
		if (r->stop_on_fail)
			need_stop = true;
		else if (r->next_role == ROLE_PROMOTED)
			need_promote = true;
	} else if (r->blocked) {
		need_stop = true;
	} else if (r->role > ROLE_STARTED && current && r->node) {
		if (!act_get(e, r, TASK_START, 0, r->node, true)->optional)
			need_stop = true;
	}
	restart(e, r, current, need_stop, need_promote);
	transition(e, r);
	recurring_actions(e, r);
	if (migrating)
		migrate(e, r, current);
}
