/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Review: what a configuration refers to and has not, and what is legal but hardly meant. */
#ifndef CORE_MODEL_REVIEW_H
#define CORE_MODEL_REVIEW_H

#include "base/element.h"
#include "core/model/problem.h"
#include "core/model/rule.h"

struct review_options {
	const char *name;   /* of the file, for places: "NAME:LINE" */
	bool references;    /* dangling ones are errors; where the reader has refused them: false */
	int64_t now_s;      /* rules that can hold no more are warned of; 0: not */
	rule_zone_fn *zone; /* zones that there are not are errors; NULL: not looked at */
};

/* cib: of the shape <cib><configuration>. -EINVAL: there are errors among the problems. */
int review_configuration(
	const struct element *cib, const struct review_options *options, struct problems *problems);

#endif
