/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fencer's orders as the director gives them, and its results as the director hears of them. */
#include <string.h>

#include "base/own.h"
#include "edge/fencer.h"

int fencer_act(struct fencer *fencer, const struct action *a)
{
	size_t n = 0;
	owned(free) const char **params =
		own_alloc((2 * json_object_size(a->json) + 1) * sizeof(*params));
	struct fencer_order order = { .id = a->id,
		.agent = a->agent,
		.params = params,
		.target = a->node,
		.device = a->device,
		.action = a->op,
		.deadline_ms = a->timeout_ms,
		.reads = a->reads,
		.verify = !strcmp(a->op, "off") };
	const char *name;
	json_t *value;

	json_object_foreach (a->json, name, value) {
		params[n++] = name;
		params[n++] = json_string_value(value);
	}
	return fencer_run(fencer, &order);
}

void fencer_event(const struct fencer_result *r, struct event *ret)
{
	*ret = (struct event){ .kind = EVENT_FENCED };
	ret->fence.id = r->id;
	ret->fence.proof = r->outcome == FENCER_OFF  ? EVENT_OFF
			   : r->outcome == FENCER_ON ? EVENT_ON
			   : r->outcome == FENCER_OK ? EVENT_DONE
						     : EVENT_FAILED;
	ret->fence.text = r->reason;
	ret->fence.output = r->output;
	ret->fence.reads = r->reads;
	ret->fence.cancelled = r->cancelled;
	ret->fence.evidence = json_string(r->evidence);
	ret->fence.t_end_ns = r->end_ns;
}
