/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nvset: sets of names and values with scores and rules, read into one table. */
#ifndef CORE_MODEL_NVSET_H
#define CORE_MODEL_NVSET_H

#include "core/model/rule.h"
#include "core/model/table.h"

/*
 * Reads every set_name (instance_attributes, meta_attributes, utilization, cluster_property_set)
 * directly in holder that has no rule or whose rule passes: the one with the id first (NULL: none
 * is special), then by score. A name that the table has already keeps its value, or with overwrite
 * takes the new one; the value "#default" takes it out.
 */
void nvset_read(struct element_tree *arena, const struct index *ids, const struct element *holder,
	const char *set_name, const struct rule_input *in, const char *first, bool overwrite,
	struct table *into, int64_t *next_change);
/* A name's value in one set, rules unseen: for what is asked before rules can be. */
const char *nvset_get(const struct index *ids, const struct element *set, const char *name);

#endif
