/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the review: what its files share. */
#ifndef CORE_MODEL_REVIEW_INSIDE_H
#define CORE_MODEL_REVIEW_INSIDE_H

#include "core/model/index.h"
#include "core/model/review.h"

enum review_kind { REVIEW_RESOURCE, REVIEW_NODE, REVIEW_ANY, REVIEW_NUMBER, REVIEW_TEMPLATE };

/* "then waits for first", or "dependent goes with primary". */
struct review_pair {
	const struct element *xml;
	const char *first, *then;
	int score;
};

struct review {
	const struct review_options *options;
	struct problems *problems;
	const struct element *configuration, *constraints, *resources, *nodes;
	struct index *ids;
	const struct element **all; /* every resource, members behind what they are in */
	unsigned n_all, cap_all;
	unsigned n_nodes;
	const struct element **locations; /* by their resource */
	unsigned n_locations, cap_locations;
	bool any_pattern;           /* there are locations of more than one resource */
	struct review_pair *orders; /* mandatory ones alone; by first */
	unsigned n_orders, cap_orders;
	struct review_pair *colocations; /* by first */
	unsigned n_colocations, cap_colocations;
};

void review_wrong(struct review *r, const struct element *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void review_warn(struct review *r, const struct element *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const struct element *review_resource(const struct review *r, const char *id); /* or NULL */
/* A meta attribute as it comes down to a resource, where no rule holds it back. */
const char *review_meta(const struct review *r, const struct element *resource, const char *name);
const char *review_property(const struct review *r, const char *name); /* or NULL */
bool review_is_resource(const struct element *e);

/* review_reference.c */
void review_references(struct review *r);
/* review_constraint.c */
void review_pairs(struct review *r); /* before the rest */
void review_constraints(struct review *r);
/* The locations that name this resource alone, side by side. */
const struct element *const *review_locations(
	const struct review *r, const char *resource, unsigned *ret_n);
/* How much waits for a resource, directly or not: names, the caller's. */
char *review_behind(struct review *r, const char *resource, unsigned *ret_n);
/* review_resource.c */
void review_resources(struct review *r);

#endif
