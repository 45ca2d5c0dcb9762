/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpack: the configuration's text becomes nodes, resources and settings. */
#ifndef CORE_POLICY_ENGINE_UNPACK_H
#define CORE_POLICY_ENGINE_UNPACK_H

#include "core/model/rule.h"
#include "core/policy/engine_inside.h"

void unpack_all(struct engine *e);
void unpack_settings(struct engine *e);
void unpack_nodes(struct engine *e);
void unpack_resources(struct engine *e);
void unpack_bundle(struct engine *e, struct resource *bundle);

/* What a rule may ask when it is about a resource and perhaps a node; both may be NULL. */
struct rule_input engine_rule_input(
	const struct engine *e, const struct resource *r, const struct node *node);

/* One resource and what is in it. instance: the number in a clone, -1: none. */
struct resource *resource_unpack(
	struct engine *e, const struct element *xml, struct resource *parent, int instance);
/* A <primitive> that connects to a remote node of this name. */
struct element *remote_element(struct engine *e, const char *id, const char *container,
	const char *allow_migrate, const char *managed, const char *start_timeout,
	const char *address, const char *port);
void remote_link(struct engine *e, struct resource *connection);
struct element *new_child(struct engine *e, struct element *parent, const char *name);
void new_nvpair(struct engine *e, struct element *set, const char *name, const char *value);

#endif
