/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule: whether a condition of the configuration holds, here and now, and when that may change. */
#ifndef CORE_MODEL_RULE_H
#define CORE_MODEL_RULE_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/element.h"
#include "core/model/index.h"
#include "core/model/table.h"
#include "core/model/when.h"

/* How far east of UTC a zone is at an instant; -ENOENT: there is no such zone. Who may touch the
 * world brings it; without it a rule that names a zone does not hold. */
typedef int rule_zone_fn(void *ctx, const char *zone, int64_t utc_s, int32_t *ret_offset_s);

/* What a condition may ask about; what is NULL is not known, and nothing holds of it. */
struct rule_input {
	struct when now;
	rule_zone_fn *zone;
	void *zone_ctx;
	const struct table *node_attributes;
	const char *rsc_standard, *rsc_provider, *rsc_type; /* standard NULL: no resource */
	const char *op_name;                                /* NULL: no operation */
	uint64_t op_interval_ms;
	const struct table *rsc_params, *rsc_meta; /* for value-source */
	const char *match_text;                    /* what a pattern of the constraint matched: */
	const regmatch_t *matches;                 /* "%0" … "%9" in names of attributes */
	unsigned n_matches;
};

/* Whether a <rule>, or the rule that its id-ref names, holds. *next_change (it may be NULL) is
 * lowered to the first second, since 1970, when time alone may change the answer; 0 is never. */
bool rule_passes(const struct index *ids, const struct element *rule, const struct rule_input *in,
	int64_t *next_change);
/* Whether a holder of rules counts: it has none, or one of them passes. */
bool rule_set_passes(const struct index *ids, const struct element *holder,
	const struct rule_input *in, int64_t *next_change);
/* The next up to max instants after now when the rule changes by time alone, as far as known. */
unsigned rule_preview(const struct index *ids, const struct element *rule,
	const struct rule_input *in, unsigned max, int64_t ret_when[], bool ret_passes[]);

#endif
