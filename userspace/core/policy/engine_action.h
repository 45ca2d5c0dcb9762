/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Act: one operation that may have to be done, or a point in time; and the order among them. */
#ifndef CORE_POLICY_ENGINE_ACTION_H
#define CORE_POLICY_ENGINE_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy/engine_flags.h"
#include "core/policy/engine_resource.h"

enum task {
	TASK_NONE,
	TASK_MONITOR,
	TASK_START,
	TASK_STARTED,
	TASK_STOP,
	TASK_STOPPED,
	TASK_PROMOTE,
	TASK_PROMOTED,
	TASK_DEMOTE,
	TASK_DEMOTED,
	TASK_NOTIFY,
	TASK_NOTIFIED,
	TASK_MIGRATE_TO,
	TASK_MIGRATE_FROM,
	TASK_DELETE,
	TASK_CANCEL,
	TASK_CLEAR_FAILCOUNT,
	TASK_RELOAD,
	TASK_FENCE,
	TASK_SHUTDOWN,
	TASK_LRM_DELETE,
	TASK_POINT,
	TASK_MAX,
};

/* Which of the three (pre: ask, post: tell), and of which task, a notification is. */
enum notify_when {
	NOTIFY_NONE,
	NOTIFY_PRE,
	NOTIFY_CONFIRMED_PRE,
	NOTIFY_POST,
	NOTIFY_CONFIRMED_POST
};

struct act_link { /* one edge; both ends hold one */
	struct act *act;
	unsigned type; /* 0: taken out again */
	unsigned made; /* what it was made with */
};

struct act_links {
	struct act_link *items;
	unsigned n, cap;
};

struct act { /* first what a search looks at */
	struct act *next_of_resource;
	struct node *node;
	enum task task : 8;
	enum notify_when when : 8; /* TASK_NOTIFY, and points of notification */
	enum task about : 8;       /* the task that a notification, or a cancellation, is about */
	enum requires requires : 8;
	bool optional, runnable, pseudo, print_always, migrate_runnable, reschedule, requires_any;
	bool dangling; /* stops what a migration left behind */
	bool put_off;
	unsigned id; /* index in engine.acts */
	uint64_t interval_ms;
	struct resource *resource;
	struct act_links before, after; /* what must be done before it; what waits for it */
	int required_runnable_before, runnable_before;
	int expected_rc; /* of a monitor; -1: any */
	unsigned visited;
	const char *name; /* of a TASK_POINT; "reboot", "off", "on" of TASK_FENCE */
	const char *reason;
	struct table meta;  /* becomes CRM_meta_… */
	struct table extra; /* becomes parameters */
};

/* Finds the act of this resource, task, interval and node, or makes it. optional as found stays
 * required once it was. NULL node: not bound to one. */
struct act *act_get(struct engine *e, struct resource *r, enum task task, uint64_t interval_ms,
	struct node *node, bool optional);
/* The first such act, NULL: none. any_node: node does not matter. */
struct act *act_find(const struct engine *e, const struct resource *r, enum task task,
	uint64_t interval_ms, const struct node *node);
struct act *act_find_any(const struct resource *r, enum task task);
struct act *act_point(struct engine *e, const char *name); /* by name: one each */
struct act *act_fence(struct engine *e, struct node *node, const char *op, bool optional,
	const char *reason, bool priority_delay);
struct act *act_clear_failcount(
	struct engine *e, struct resource *r, struct node *node, const char *reason);

/* A point in the life of a resource: started, stopped, promoted, demoted, and a group's own acts.
 */
struct act *act_resource_point(
	struct engine *e, struct resource *r, enum task task, bool optional, bool runnable);
/* Whether its node can do it now. */
void act_judge(struct engine *e, struct act *a);
struct act *act_shutdown(struct engine *e, struct node *node);
struct act *act_notify(struct engine *e, struct resource *r, struct node *node,
	enum notify_when when, enum task about);

void act_order(struct engine *e, struct act *first, struct act *then, unsigned type);
/* The same; whether there was none of that type before. */
bool act_order_new(struct engine *e, struct act *first, struct act *then, unsigned type);
enum task task_read(const char *s);
const char *task_name(enum task task);

/* A rule of order that becomes edges between acts once all acts are known. */
struct ordering {
	unsigned type;
	enum task first_task : 8, then_task : 8; /* when the act is not given */
	struct resource *first_resource, *then_resource;
	struct act *first, *then;
};

/* first or then may be an act, or a resource and a task. */
void ordering_new(struct engine *e, struct resource *first_resource, enum task first_task,
	struct act *first, struct resource *then_resource, enum task then_task, struct act *then,
	unsigned type);

#endif
