/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the adoption of a CIB: what its files share. */
#ifndef CORE_MODEL_ADOPT_INSIDE_H
#define CORE_MODEL_ADOPT_INSIDE_H

#include "core/model/adopt.h"
#include "core/model/form.h"

struct adopt {
	const struct element *configuration;
	const char *name;
	struct problems *report;
	bool take_devices;
	json_t *root, *resources, *devices;
};

/* adopt.c: e was not, or not wholly, taken over. */
void adopt_tell(struct adopt *a, const struct element *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets what the form knows; the rest is told of. */
void adopt_form(struct adopt *a, const struct form *form, const struct element *e, json_t *object);
/* The element itself, or the one that it refers to. */
const struct element *adopt_find(struct adopt *a, const struct element *e);

/* adopt_block.c: NULL: there are none */
json_t *adopt_block(struct adopt *a, const struct element *parent, const char *kind);
void adopt_block_set(struct adopt *a, json_t *object, const char *key, const struct element *parent,
	const char *kind);
json_t *adopt_rule(struct adopt *a, const struct element *e, bool scored);

/* adopt_resource.c */
void adopt_resources(struct adopt *a);

/* adopt_constraint.c */
json_t *adopt_constraints(struct adopt *a);

#endif
