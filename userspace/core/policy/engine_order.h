/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order: edges between acts, and what they carry from one to the other until nothing changes. */
#ifndef CORE_POLICY_ENGINE_ORDER_H
#define CORE_POLICY_ENGINE_ORDER_H

#include "core/policy/engine_stage.h"

/* What may be known of an act, of its own or its parts' making. */
enum { ACT_OPTIONAL = 1, ACT_RUNNABLE = 2, ACT_MIGRATE = 4, ACT_PSEUDO = 8 };

enum { CHANGED_FIRST = 1, CHANGED_THEN = 2 };

unsigned act_flags_own(const struct act *a);
/* What its parts make of it; the act itself is told. node: only there, NULL: anywhere. */
unsigned act_flags(struct engine *e, struct act *a, const struct node *node);

/* Carries what one edge type means; flags are of the act that the change comes from. */
unsigned order_carry(struct engine *e, struct resource *method, struct act *first, struct act *then,
	struct node *node, unsigned flags, unsigned filter, unsigned type);
/* Looks at everything before an act anew. */
void order_update(struct engine *e, struct act *then);
/* What was put off, when it went too deep. */
void order_settle(struct engine *e);
void order_block_dependents(struct engine *e, struct act *a);

#endif
