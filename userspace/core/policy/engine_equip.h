/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Equip: a planned action gets all that the agent is to know: parameters, meta attributes, digest.
 */
#ifndef CORE_POLICY_ENGINE_EQUIP_H
#define CORE_POLICY_ENGINE_EQUIP_H

#include "core/plan.h"
#include "core/policy/engine_action.h"

void act_equip(struct engine *e, const struct act *a, struct plan *plan, struct plan_action *p);

/* What a record of this operation is compared with later, 32 digits (status_digest.c). */
const char *digest_operation(struct engine *e, struct resource *r, const struct node *node,
	const char *task, uint64_t interval_ms);

#endif
