/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule, dates: <date_expression> and what is in it; only rule.c includes this. */
#ifndef CORE_MODEL_RULE_DATE_H
#define CORE_MODEL_RULE_DATE_H

#include "core/model/rule.h"

bool rule_date_passes(
	const struct element *expression, const struct rule_input *in, int64_t *next_change);

#endif
