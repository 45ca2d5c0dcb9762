/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource: a primitive, group, clone or bundle, and each instance of one, as a tree. */
#ifndef CORE_POLICY_ENGINE_RESOURCE_H
#define CORE_POLICY_ENGINE_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy/engine_node.h"
#include "core/model/table.h"

struct act;
struct clone;
struct bundle;
struct colocation;
struct location;

enum resource_kind { PRIMITIVE, GROUP, CLONE, BUNDLE };

enum role { ROLE_UNKNOWN, ROLE_STOPPED, ROLE_STARTED, ROLE_UNPROMOTED, ROLE_PROMOTED };

enum restart_type { RESTART_IGNORE, RESTART_RESTART };

enum multiple_active { ACTIVE_STOP_START, ACTIVE_STOP_ONLY, ACTIVE_BLOCK, ACTIVE_STOP_UNEXPECTED };

/* What happens when an operation fails; later ones of the same resource win if they are larger. */
enum on_fail {
	FAIL_IGNORE,
	FAIL_DEMOTE,
	FAIL_RECOVER,
	FAIL_RESET_REMOTE,
	FAIL_RESTART_CONTAINER,
	FAIL_MIGRATE,
	FAIL_BLOCK,
	FAIL_STOP,
	FAIL_STANDBY,
	FAIL_FENCE,
};

enum requires { REQUIRES_NOTHING, REQUIRES_QUORUM, REQUIRES_FENCING }; /* and unfencing: a flag */

enum ticket_loss { LOSS_STOP, LOSS_DEMOTE, LOSS_FENCE, LOSS_FREEZE };

struct ticket_need { /* a ticket that the resource runs under */
	struct ticket *ticket;
	enum role role;
	enum ticket_loss loss;
	struct ticket_need *next;
};

struct members { /* lists of constraints that concern the resource */
	struct colocation **items;
	unsigned n, cap;
};

struct resource {
	unsigned index; /* in engine.all */
	enum resource_kind kind;
	const char *id;         /* "web:0" for an instance */
	const char *base_id;    /* id without the number; what history and summary of an
				 * anonymous instance go by */
	const char *history_id; /* lrm_resource id that was matched, NULL: as id */
	const struct element *xml, *own_xml; /* after the template was merged in; before */
	const struct element *ops;           /* merged <operations> */
	const char *standard, *provider, *type;
	struct resource *parent;
	struct resources children;
	bool orphan, removed_filler, managed, blocked, maintenance, failed, failure_ignored;
	bool stop_on_fail, unique, notify, promotable, is_fence_device;
	bool needs_quorum, needs_fencing, needs_unfencing, allow_migrate;
	bool start_pending, critical, unexpected_active, is_connection;
	bool provisional; /* not yet assigned */
	bool assigning;   /* on the stack, to notice loops */
	bool group_ordered, group_colocated, exclusive_discovery;
	bool shares_colocations; /* a group's: its members take them over */
	bool shares_all;         /* a clone's: instances take also wishes of others */
	bool runnable, merging, reload, restarting, starting;
	int instance;     /* number in a clone; -1: none */
	unsigned n_tries; /* how often a place was sought for it as an instance */
	int priority, stickiness, migration_threshold;
	int failure_timeout_s;
	uint64_t remote_reconnect_ms;
	enum restart_type restart_type;
	enum multiple_active multiple_active;
	enum role role, next_role;
	int promotion_score; /* -1: none yet */
	int sort_index;
	struct table meta, utilization;
	struct slots *slots;   /* allowed nodes and their scores */
	uint64_t *known;       /* bit for each node whose history tells about it */
	unsigned n_known;      /* bits there are */
	struct nodes running;  /* where it is active */
	struct nodes dangling; /* where a migration left it to be stopped */
	struct node *node;     /* where it is to be; NULL: nowhere */
	int node_score;        /* what it thought of that node when it was put there */
	struct node *migration_source, *migration_target; /* of a partial migration */
	struct node *lock_node;                           /* shutdown lock */
	int64_t lock_time;
	const char *pending_task; /* "Starting" … */
	struct node *pending_node;
	struct resource *container; /* that a guest connection, or a bundle's part, lives in */
	struct resources fillers;   /* what lives in this container */
	struct members with, by;    /* colocations: it is dependent; it is primary */
	struct ticket_need *tickets;
	struct location **locations;
	unsigned n_locations, cap_locations;
	struct act *acts;        /* all of its actions, newest first, by next_of_resource */
	struct clone *clone;     /* of a CLONE */
	struct bundle *bundle;   /* of a BUNDLE */
	struct node *guest_node; /* of a bundle's replica connection */
};

/* A failure count is kept by (resource, node): see engine_inside.h, failcount. */

struct resource *resource_by_id(const struct engine *e, const char *id);
struct resource *resource_top(struct resource *r); /* its outermost parent, but not a bundle's */
bool resource_active_on(const struct resource *r, const struct node *node);
bool resource_known_on(const struct resource *r, const struct node *node);
bool resource_known_anywhere(const struct resource *r);
void resource_set_known(struct engine *e, struct resource *r, const struct node *node);
/* The instance of an anonymous clone (or resource of that id) that a history entry of that name on
 * that node speaks of; a new orphan if it is of no configured one. */
struct resource *resource_of_history(struct engine *e, const struct node *node, const char *id,
	const struct element *lrm_resource);
/* As role names are written: Stopped, Started, Unpromoted (Slave), Promoted (Master). */
void resources_add(struct engine *e, struct resources *list, struct resource *r);
enum role resource_role(const struct resource *r, bool current);
bool resource_active(const struct resource *r, bool all);
struct node *resource_location(struct engine *e, const struct resource *r, bool current);
struct node *resource_current(const struct resource *r, unsigned *ret_n, unsigned *ret_n_clean);
enum role role_read(const char *s);
const char *role_name(enum role role);
const char *resource_meta(const struct resource *r, const char *name);

/* The slot to write to: its own copy from then on. */
struct slot *resource_slot(struct engine *e, struct resource *r, const struct node *node);
/* What it thinks of that node; allowed is 0 if nothing. */
struct slot resource_sees(const struct resource *r, const struct node *node);

#include "core/policy/engine_clone.h"

#endif
