/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scene: a status as people write it down: which node is up, what runs where. */
#ifndef CORE_POLICY_SCENE_H
#define CORE_POLICY_SCENE_H

#include "base/element.h"
#include "core/document.h"

/*
 * Sets the <status> of the tree, which has its <configuration>:
 *   nodes:      {n1: online | standby | maintenance | down | lost}       not named: online
 *   resources:  {web: {n1: Started}, "db:0": {n2: Promoted}}             not named: it runs nowhere
 *   attributes: {n1: {master-db: 10}}                                    transient ones
 *   tickets:    {geo: granted | revoked | standby}
 *   quorum:     true | false
 * Every resource counts as probed on each node that is up: that is what a cluster at rest looks
 * like. story NULL: all nodes are up, nothing is known of any resource. "placement", as picket
 * simulate answers it, is taken for resources.
 *
 * -EINVAL: problems say what and where.
 */
int scene_set(struct element_tree *tree, const struct document *story, struct problems *problems);

/* What a node is to be, in a tree with its status: one of the words above. -EINVAL: no such word;
 * -ENOENT: no such node. */
int scene_node(struct element_tree *tree, const char *node, const char *word);
/* granted, revoked, standby or active. -EINVAL: no such word. */
int scene_ticket(struct element_tree *tree, const char *ticket, const char *word, int64_t now_s);
/* The monitor of a resource has just failed on a node. -ENOENT: no such resource or node. */
int scene_fail(struct element_tree *tree, const char *resource, const char *node, int64_t now_s);

#endif
