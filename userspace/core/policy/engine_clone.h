/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clone: what a resource is that is there more than once. */
#ifndef CORE_POLICY_ENGINE_CLONE_H
#define CORE_POLICY_ENGINE_CLONE_H

#include <stdbool.h>

struct act;
struct element;

/* The points that notifications about one kind of act lie between. */
struct notice {
	int about; /* enum task */
	struct act *pre, *pre_done, *post, *post_done;
};

struct clone {
	struct notice starts, stops, promotes, demotes;
	int max, node_max, promoted_max, promoted_node_max;
	bool interleave, ordered;
	int n_total, n_promoted, n_active;
	const struct element *child_xml;
	unsigned n_created; /* instance numbers in use */
	bool sorted, promotion_added, promotion_sorted;
};

#endif
