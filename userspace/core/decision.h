/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decision: one run of the policy on a picture: the plan, where everything is then, and why. */
#ifndef CORE_DECISION_H
#define CORE_DECISION_H

#include "core/picture.h"
#include "core/plan.h"

struct decision {
	const struct picture *picture;
	struct element_tree *cib;
	struct engine *engine;
	struct plan *plan;
	int64_t now_s;
	int64_t recheck_s; /* since 1970, when time alone may change it; 0: never */
};

/* explain: scores keep what contributed to them. The picture must outlive the decision.
 * -EINVAL: *ret_why is a sentence, the caller frees it. */
int decision_new(const struct picture *picture, int64_t now_s, bool explain, struct decision **ret,
	char **ret_why);
void decision_free(struct decision *decision);
own_define(decision, struct decision, decision_free)

/* resource → [{node, role}], of primitives, once the plan has run. */
json_t *decision_placement(const struct decision *decision);
/* resource → why it is nowhere, of primitives that are not; with explain only. */
json_t *decision_why(const struct decision *decision);
/* The plan for people: {changes: [...], actions: [...]}. */
json_t *decision_json(const struct decision *decision);

#endif
