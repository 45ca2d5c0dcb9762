/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Site: a checked cluster configuration: nodes, fencing, resources, constraints. */
#ifndef CORE_MODEL_SITE_H
#define CORE_MODEL_SITE_H

#include <stdint.h>

#include <picket/limits.h>

#include "base/element.h"
#include "core/document.h"

#define SITE_SELF "self"      /* in place of a fence device: the node's own lease */
#define SITE_INFINITY 1000000 /* scores saturate here; minus infinity wins over it */

struct site_node {
	const char *name;
	uint32_t id;
	const char *address[PICKET_LINKS_MAX];
	unsigned n_addresses;
};

struct site_device {
	const char *name, *agent;
	json_t *params, *targets;
};

enum site_kind { SITE_PRIMITIVE, SITE_GROUP, SITE_CLONE, SITE_BUNDLE };

struct site_resource {
	const char *name;
	enum site_kind kind;
	const char *standard, *provider, *type; /* of a primitive */
	int parent;      /* index of what it is directly inside of, -1: nothing */
	bool promotable; /* a clone whose instances are promoted */
	const struct element *element;
};

struct site {
	json_t *root; /* everything below points into it */
	const char *name;
	struct site_node *nodes;
	size_t n_nodes;
	struct site_device *devices;
	size_t n_devices;
	struct site_resource *resources;
	size_t n_resources;
	struct element_tree *tree; /* <cib> with the <configuration>, for the policy */
};

/* Holds root. -EINVAL: problems say what and where; document may be NULL (places are pointers
 * then). */
int site_new(json_t *root, const struct document *document, struct problems *problems,
	struct site **ret);
void site_free(struct site *site);
own_define(site, struct site, site_free)

const struct site_node *site_node(const struct site *site, const char *name);
const struct site_device *site_device(const struct site *site, const char *name);
const struct site_resource *site_resource(const struct site *site, const char *name);
/* The methods of one fencing level of a node, levels counted from 0: names of devices, or
 * SITE_SELF. NULL: no such level. */
json_t *site_level(const struct site *site, const char *node, size_t level);
bool site_level_any(const struct site *site, const char *node, size_t level); /* one is enough */
/* A meta attribute of the resource itself that no rule holds back; NULL: it does not say. */
const char *site_meta(const struct site_resource *resource, const char *name);
/* What it is inside of, outermost; itself if it is in nothing. */
const struct site_resource *site_top(const struct site *site, const struct site_resource *resource);
/* Whether it is that one, or anywhere inside of it. */
bool site_inside(const struct site *site, const struct site_resource *resource, const char *outer);
/* A cluster property as text; otherwise. */
const char *site_property(const struct site *site, const char *name, const char *otherwise);
/* A value of the section cluster. */
json_t *site_setting(const struct site *site, const char *name);
/* "10s", "100ms", "2min", "1h", a bare number is seconds → ms; -EINVAL. */
int site_duration(const char *text, uint64_t *ret_ms);
/* A score: integer or [+-]INFINITY, saturated; -EINVAL. */
int site_score(const char *text, int *ret);
int site_score_add(int a, int b);

#endif
