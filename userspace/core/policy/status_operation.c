// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, operation settings: what the configuration says about an operation of a resource. */
#include <strings.h>

#include "core/model/nvset.h"
#include "core/model/value.h"
#include "core/policy/status_inside.h"

#define DEFAULT_TIMEOUT_MS 20000

static const struct element *find_op(
	const struct resource *r, const char *task, uint64_t interval_ms)
{
	for (const struct element *op = element_child(r->ops, "op"); op;
		op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name");

		if (name && !strcmp(name, task) &&
			value_interval(element_get(op, "interval")) == interval_ms)
			return op;
	}
	return NULL;
}

/* migrate_to and migrate_from may be configured together, as "migrate". */
static const struct element *configured(
	const struct resource *r, const char *task, uint64_t interval_ms)
{
	const struct element *op = find_op(r, task, interval_ms);

	if (!op && (!strcmp(task, "migrate_to") || !strcmp(task, "migrate_from")))
		op = find_op(r, "migrate", 0);
	return op;
}

/* An operation that the configuration lists as what defines it. */
static const struct element *promoted_monitor(const struct resource *r)
{
	for (const struct element *op = element_child(r->ops, "op"); op;
		op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name"), *on_fail = element_get(op, "on-fail");

		if (!on_fail || !strcasecmp(on_fail, "demote") || !name ||
			strcmp(name, "monitor") || !value_true(element_get(op, "enabled"), true))
			continue;
		if (role_read(element_get(op, "role")) == ROLE_PROMOTED &&
			value_interval(element_get(op, "interval")))
			return op;
	}
	return NULL;
}

/* What is configured and allowed for this task; NULL: what is usual. */
static const char *on_fail_text(const struct resource *r, const char *task, uint64_t interval_ms,
	const struct operation_settings *set)
{
	const char *text = table_get(&set->meta, "on-fail");

	if (!strcmp(task, "stop") && text && !strcasecmp(text, "standby"))
		return NULL;
	if (!strcmp(task, "demote") && !text) {
		const struct element *monitor = promoted_monitor(r);

		return monitor ? element_get(monitor, "on-fail") : NULL;
	}
	if (!strcmp(task, "lrm_delete"))
		return "ignore";
	if (text && !strcasecmp(text, "demote") && strcmp(task, "promote") &&
		!(!strcmp(task, "monitor") && interval_ms &&
			role_read(table_get(&set->meta, "role")) == ROLE_PROMOTED))
		return NULL;
	return text;
}

/* false: the text says nothing that is known. */
static bool on_fail_read(const struct engine *e, const struct resource *r, const char *text,
	struct operation_settings *set)
{
	static const struct {
		const char *name;
		enum on_fail on_fail;
	} known[] = {
		{ "block", FAIL_BLOCK },
		{ "fence", FAIL_FENCE },
		{ "standby", FAIL_STANDBY },
		{ "ignore", FAIL_IGNORE },
		{ "nothing", FAIL_IGNORE },
		{ "migrate", FAIL_MIGRATE },
		{ "stop", FAIL_STOP },
		{ "restart", FAIL_RECOVER },
		{ "restart-container", FAIL_RESTART_CONTAINER },
		{ "demote", FAIL_DEMOTE },
	};

	for (unsigned i = 0; text && i < sizeof(known) / sizeof(*known); i++) {
		if (strcasecmp(text, known[i].name))
			continue;
		if (known[i].on_fail == FAIL_RESTART_CONTAINER && !r->container)
			return false;
		set->on_fail = known[i].on_fail;
		if (set->on_fail == FAIL_FENCE && !e->set.stonith_enabled)
			set->on_fail = FAIL_STOP;
		if (set->on_fail == FAIL_STOP)
			set->fail_role = ROLE_STOPPED;
		return true;
	}
	return false;
}

/* A connection that was lost takes what runs behind it along, but for a probe or a start. */
static bool loses_connection(const struct resource *r, const char *task, uint64_t interval_ms)
{
	return r->is_connection && (strcmp(task, "monitor") || interval_ms) &&
	       strcmp(task, "start");
}

static void on_fail_of(struct engine *e, struct resource *r, const char *task, uint64_t interval_ms,
	struct operation_settings *set)
{
	bool said = on_fail_read(e, r, on_fail_text(r, task, interval_ms, set), set);

	if (!said && r->container) {
		set->on_fail = FAIL_RESTART_CONTAINER;
	} else if ((!said || !r->managed) && loses_connection(r, task, interval_ms)) {
		if (!r->managed) {
			set->on_fail = FAIL_STOP;
			set->fail_role = ROLE_STOPPED;
		} else {
			set->on_fail = FAIL_RESET_REMOTE;
			if (r->remote_reconnect_ms)
				set->fail_role = ROLE_STOPPED;
		}
	} else if (!said && !strcmp(task, "stop")) {
		set->on_fail = e->set.stonith_enabled ? FAIL_FENCE : FAIL_BLOCK;
	} else if (!said) {
		set->on_fail = FAIL_RECOVER;
	}
	if (set->fail_role == ROLE_UNKNOWN)
		set->fail_role = role_read(table_get(&set->meta, "role_after_failure"));
	if (set->fail_role == ROLE_UNKNOWN)
		set->fail_role = strcmp(task, "promote") ? ROLE_STARTED : ROLE_UNPROMOTED;
}

static void meta_read(struct engine *e, struct resource *r, const char *task, uint64_t interval_ms,
	struct operation_settings *set)
{
	const struct element *defaults = element_child(e->configuration, "op_defaults");
	struct rule_input in = {
		.now = { .seconds = e->now },
		.zone = e->options.zone,
		.zone_ctx = e->options.zone_ctx,
		.rsc_standard = r->standard,
		.rsc_provider = r->provider,
		.rsc_type = r->type,
		.op_name = task,
		.op_interval_ms = interval_ms,
	};
	int64_t change = 0;

	if (defaults)
		nvset_read(e->arena, e->ids, defaults, "meta_attributes", &in, NULL, false,
			&set->meta, &change);
	if (set->xml) {
		if (set->xml->first)
			nvset_read(e->arena, e->ids, set->xml, "meta_attributes", &in, NULL, true,
				&set->meta, &change);
		for (unsigned i = 0; i < set->xml->names->n; i++)
			if (strcmp(set->xml->names->all[i].text, "id"))
				table_set(e->arena, &set->meta, set->xml->names->all[i].text,
					set->xml->values[i]);
	}
	if (change)
		engine_recheck_at(e, change);
}

/* A probe has as much time as the monitor that runs most often. */
static const char *probe_timeout(const struct resource *r)
{
	const struct element *best = NULL;
	uint64_t best_ms = 0;

	for (const struct element *op = element_child(r->ops, "op"); op;
		op = element_sibling(op, "op")) {
		const char *name = element_get(op, "name");
		uint64_t ms = value_interval(element_get(op, "interval"));

		if (!name || strcmp(name, "monitor") || !ms ||
			!value_true(element_get(op, "enabled"), true))
			continue;
		if (!best || ms < best_ms) {
			best = op;
			best_ms = ms;
		}
	}
	return element_get(best, "timeout");
}

static void timeout_of(struct engine *e, struct resource *r, const char *task, uint64_t interval_ms,
	struct operation_settings *set)
{
	const char *text = table_get(&set->meta, "timeout"), *probe = NULL;

	if (!strcmp(task, "monitor") && !interval_ms && !set->xml)
		probe = probe_timeout(r);
	if (probe)
		text = probe;
	if (r->is_fence_device && (!strcmp(task, "monitor") || !strcmp(task, "start"))) {
		const char *own =
			table_get(resource_parameters(e, r, NULL), "pcmk_monitor_timeout");

		text = own ? own : text;
	}
	set->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (text)
		(void)value_ms(text, &set->timeout_ms);
}

void operation_settings(struct engine *e, struct resource *r, const char *task,
	uint64_t interval_ms, struct operation_settings *ret)
{
	*ret = (struct operation_settings){
		.xml = configured(r, task, interval_ms),
		.name = task,
		.interval_ms = interval_ms,
		.fail_role = ROLE_UNKNOWN,
	};
	meta_read(e, r, task, interval_ms, ret);
	ret->enabled = table_true(&ret->meta, "enabled", true);
	ret->start_delay_ms = value_interval(table_get(&ret->meta, "start-delay"));
	if (strcmp(task, "start") && strcmp(task, "promote"))
	ret->requires = REQUIRES_NOTHING;
	else ret->requires = r->needs_fencing  ? REQUIRES_FENCING
			     : r->needs_quorum ? REQUIRES_QUORUM
					       : REQUIRES_NOTHING;
	on_fail_of(e, r, task, interval_ms, ret);
	timeout_of(e, r, task, interval_ms, ret);
}
