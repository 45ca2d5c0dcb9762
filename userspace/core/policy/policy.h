/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy: what we want + what we see → what to do next. A pure function. */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include "core/model/view.h"
#include "core/plan.h"

/*
 * Primitives, groups, location, colocation, order, stickiness, migration-threshold, standby,
 * maintenance, target-role, is-managed; fencing of nodes whose stop failed. Nothing that an unclean
 * node may run is started elsewhere (S2): the plan waits for the proof of its death.
 *
 * *ret_why: an object, resource → why it is not running, or not moved; for people.
 */
void policy_plan(const struct view *view, struct plan **ret, json_t **ret_why);

#endif
