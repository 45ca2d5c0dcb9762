/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engine: configuration + status + time → what to do, where everything is then, and why. */
#ifndef CORE_POLICY_ENGINE_H
#define CORE_POLICY_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/element.h"
#include "base/own.h"
#include "core/model/rule.h"
#include "core/plan.h"

struct engine;

struct engine_options {
	bool graph_only_real; /* the plan leaves pseudo actions out, their order contracted */
	bool explain;         /* keep what contributed to each score */
	bool masked;          /* secrets may be masked: that they differ is no change */
	rule_zone_fn *zone;   /* for rules that name a time zone; NULL: they do not hold */
	void *zone_ctx;
};

/* The tree is of the shape <cib> (configuration and status); it must outlive the engine, and
 * nothing in it changes. now: seconds since 1970 UTC. */
struct engine *engine_new(
	const struct element *cib, int64_t now, const struct engine_options *options);
void engine_free(struct engine *e);
own_define(engine, struct engine, engine_free)

/* Decides. 0, or -EINVAL: the tree is no <cib>, or a part of it cannot be told; *ret_why is a
 * sentence that the caller frees. */
int engine_run(struct engine *e, char **ret_why);

/* Only reads what is, and decides nothing. */
int engine_look(struct engine *e, char **ret_why);

/* What was decided; the caller frees it. Only after engine_run(). */
struct plan *engine_plan(const struct engine *e);

/* Where the resources are now, as the status tells: one call for each active (resource, node). */
typedef void engine_running_fn(void *ctx, const char *resource, const char *node, const char *role);
void engine_running(const struct engine *e, engine_running_fn *fn, void *ctx);

/* Each score that decided, and what contributed it (only with options.explain). */
struct engine_reason {
	const char *resource, *node;
	int score;
	const char *what; /* "location", "stickiness", "colocation", … */
	const char *by;   /* the constraint's or the other resource's id */
};
typedef void engine_reason_fn(void *ctx, const struct engine_reason *reason);
void engine_explain(const struct engine *e, const char *resource, engine_reason_fn *fn, void *ctx);

/* Seconds since 1970 when time alone may change the decision; 0: never. */
int64_t engine_recheck(const struct engine *e);

#endif
