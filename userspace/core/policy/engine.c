// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy/engine.h"

#include <errno.h>
#include <stdarg.h>

#include "core/policy/engine_inside.h"
#include "core/policy/engine_stage.h"

void *engine_alloc(struct engine *e, size_t size)
{
	return element_alloc(e->arena, size);
}

void *engine_more(struct engine *e, void *items, unsigned n, unsigned *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return items;
	*cap = *cap ? 2 * *cap : 4;
	more = engine_alloc(e, *cap * size);
	if (n)
		memcpy(more, items, n * size);
	return more;
}

char *engine_printf(struct engine *e, const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	s = element_vprintf(e->arena, format, args);
	va_end(args);
	return s;
}

void engine_recheck_at(struct engine *e, int64_t when)
{
	if (when > e->now && (!e->recheck || when < e->recheck))
		e->recheck = when;
}

struct engine *engine_new(
	const struct element *cib, int64_t now, const struct engine_options *options)
{
	struct engine *e = own_new(struct engine);

	e->arena = element_tree_new();
	e->ids = index_new();
	e->failcounts = index_new();
	e->act_index = index_new();
	e->cib = cib;
	e->now = now;
	if (options)
		e->options = *options;
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	index_free(e->ids);
	index_free(e->failcounts);
	index_free(e->act_index);
	element_tree_free(e->arena);
	free(e);
}

int engine_look(struct engine *e, char **ret_why)
{
	if (!element_is(e->cib, "cib")) {
		*ret_why = own_printf("the document's root is <%s>, but must be <cib>",
			e->cib ? e->cib->name : "nothing");
		return -EINVAL;
	}
	e->configuration = element_child(e->cib, "configuration");
	e->status = element_child(e->cib, "status");
	if (!e->configuration) {
		*ret_why = own_string("there is no <configuration> in <cib>");
		return -EINVAL;
	}
	unpack_all(e);
	status_read(e);
	return 0;
}

int engine_run(struct engine *e, char **ret_why)
{
	int r = engine_look(e, ret_why);

	if (r)
		return r;
	stage_health(e);
	constraints_read(e);
	stage_criteria(e);
	stage_internal_orders(e);
	stage_config_changes(e);
	stage_assign(e);
	stage_config_deferred(e);
	stage_probes(e);
	stage_actions(e);
	remote_orders(e); /* which may find more nodes to fence */
	stage_fencing(e);
	stage_orders(e);
	stage_notices(e);
	return 0;
}

int64_t engine_recheck(const struct engine *e)
{
	return e->recheck;
}
