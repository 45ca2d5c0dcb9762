// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, fail counts: node attributes "fail-count-R#OP_MS" and "last-failure-R#OP_MS", by resource
 * and node, so that asking costs the same however many there are. */
#include <ctype.h>
#include <stdio.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

#define COUNT_PREFIX "fail-count-"
#define LAST_PREFIX "last-failure-"

/* One attribute; a list for each resource name, with and without the number of an instance. */
struct failure_entry {
	const struct node *node;
	const char *value;
	const char *op; /* "#OP_MS", "": of before there were any */
	bool is_last;   /* the time of the last one, not a count */
	struct failure_entry *next;
};

static void add(struct engine *e, const char *name, size_t len, const struct failure_entry *from)
{
	const char *key = element_string(e->arena, name, len);
	struct failure_entry *entry = engine_alloc(e, sizeof(*entry));

	*entry = *from;
	entry->next = index_get(e->failcounts, INDEX_FAILCOUNT, key);
	index_set(e->failcounts, INDEX_FAILCOUNT, key, entry);
}

/* Where "#OP_MS" begins; NULL: there is none. */
static const char *operation_of(const char *name)
{
	const char *hash = strchr(name, '#'), *under = strrchr(name, '_');

	if (!hash || !under || under < hash + 2 || !under[1])
		return NULL;
	return strspn(under + 1, "0123456789") == strlen(under + 1) ? hash : NULL;
}

static void attribute_read(
	struct engine *e, const struct node *node, const struct table_pair *pair, bool legacy)
{
	struct failure_entry entry = { .node = node, .value = pair->value };
	const char *name, *end;
	size_t len, base;

	if (!strncmp(pair->name, COUNT_PREFIX, strlen(COUNT_PREFIX))) {
		name = pair->name + strlen(COUNT_PREFIX);
	} else if (!strncmp(pair->name, LAST_PREFIX, strlen(LAST_PREFIX))) {
		name = pair->name + strlen(LAST_PREFIX);
		entry.is_last = true;
	} else {
		return;
	}
	/* Before feature set 3.0.13 they were kept for each resource, not for each operation. */
	end = legacy ? name + strlen(name) : operation_of(name);
	if (!end)
		return;
	entry.op = end;
	len = base = (size_t)(end - name);
	while (base > 1 && isdigit((unsigned char)name[base - 1]))
		base--;
	add(e, name, len, &entry);
	if (base > 1 && base < len && name[base - 1] == ':')
		add(e, name, base - 1, &entry);
}

void failcount_read(struct engine *e, const struct node *node)
{
	const char *feature_set = element_get(e->cib, "crm_feature_set");
	bool legacy = value_version_compare(feature_set, "3.0.13") < 0;

	for (unsigned k = 0; k < node->attributes.n; k++)
		attribute_read(e, node, &node->attributes.items[k], legacy);
}

/* ---- on-fail=block keeps failures from being forgotten ---- */

/* Whether the entry records a failure of that configured operation. */
static bool is_failure_of(const char *base, const struct element *conf, const struct element *op)
{
	const char *name = element_get(conf, "name"), *task = element_get(op, "operation");
	const char *id = element_get(op, "id");
	uint64_t ms = value_interval(element_get(conf, "interval"));
	char expected[512];

	if (!name || !task || !id || strcmp(name, task) ||
		ms != (uint64_t)value_number(element_get(op, "interval"), 0))
		return false;
	snprintf(expected, sizeof(expected), "%s_last_failure_0", base);
	if (!strcmp(id, expected))
		return true;
	snprintf(expected, sizeof(expected), "%s_%s_%llu", base, name, (unsigned long long)ms);
	return !strcmp(id, expected) &&
	       value_number(element_get(op, "rc-code"), 0) != status_expected(op);
}

static bool history_has_failure(
	const struct node *node, const char *base, const struct element *conf)
{
	const struct element *resources =
		element_child(element_child(node->state, "lrm"), "lrm_resources");
	const struct element *record = element_child_id(resources, "lrm_resource", base);

	for (const struct element *op = element_child(record, "lrm_rsc_op"); op;
		op = element_sibling(op, "lrm_rsc_op"))
		if (is_failure_of(base, conf, op))
			return true;
	return false;
}

static bool blocks(struct resource *r, const struct node *node, const struct element *op)
{
	for (const struct element *conf = element_child(r->ops, "op"); conf;
		conf = element_sibling(conf, "op")) {
		const char *on_fail = element_get(conf, "on-fail");

		if (!on_fail || strcmp(on_fail, "block"))
			continue;
		if (op ? is_failure_of(r->base_id, conf, op)
		       : history_has_failure(node, r->base_id, conf))
			return true;
	}
	return false;
}

/* What its failures are filed under. */
static const struct failure_entry *entries_of(const struct engine *e, const struct resource *r)
{
	const char *name = r->history_id ? r->history_id : r->id;
	const char *colon = strrchr(name, ':');
	char base[512];

	if (r->unique || !colon || !colon[1] ||
		strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return index_get(e->failcounts, INDEX_FAILCOUNT, name);
	snprintf(base, sizeof(base), "%.*s", (int)(colon - name), name);
	return index_get(e->failcounts, INDEX_FAILCOUNT, base);
}

/* ---- each operation's by themselves ---- */

/* How long a failure of "#OP_MS" counts: the operation's own word, or the resource's. */
static int64_t timeout_of(const struct resource *r, const char *op)
{
	const char *under = strrchr(op, '_');

	for (const struct element *c = element_child(r->ops, "op"); under && c;
		c = element_sibling(c, "op")) {
		const struct element *set = element_child(c, "meta_attributes"), *nv;
		const char *name = element_get(c, "name");
		size_t len = (size_t)(under - op - 1);

		if (!name || strlen(name) != len || strncmp(name, op + 1, len) ||
			value_interval(element_get(c, "interval")) !=
				(uint64_t)value_number(under + 1, 0))
			continue;
		for (; set; set = element_sibling(set, "meta_attributes"))
			for (nv = element_child(set, "nvpair"); nv;
				nv = element_sibling(nv, "nvpair"))
				if (element_get(nv, "name") &&
					!strcmp(element_get(nv, "name"), "failure-timeout"))
					return (int64_t)value_interval(element_get(nv, "value")) /
					       1000;
	}
	return r->failure_timeout_s;
}

static bool has_aged(struct engine *e, const struct resource *r, const struct failure_entry *all,
	const struct failure_entry *count)
{
	int64_t timeout = timeout_of(r, count->op);

	for (const struct failure_entry *f = all; f && timeout > 0; f = f->next) {
		int64_t until = value_number(f->value, 0) + timeout;

		if (!f->is_last || f->node != count->node || strcmp(f->op, count->op) ||
			until == timeout)
			continue;
		engine_recheck_at(e, until + 1);
		return e->now > until;
	}
	return false;
}

int failcount_of(struct engine *e, struct resource *r, const struct node *node, bool expiring,
	bool fillers, const struct element *op, int64_t *ret_last_failure)
{
	const struct failure_entry *all = entries_of(e, r);
	int64_t last = 0;
	int count = 0;
	bool each = expiring && e->set.failures_age_each && all && !blocks(r, node, op);

	for (const struct failure_entry *f = all; f; f = f->next) {
		int64_t when;

		if (f->node != node)
			continue;
		if (!f->is_last) {
			if (each && has_aged(e, r, all, f))
				continue;
			count = score_add(count, value_score(f->value, NULL));
			continue;
		}
		when = value_number(f->value, 0);
		last = when > last ? when : last;
	}
	if (count > 0 && r->failure_timeout_s > 0 && blocks(r, node, op))
		r->failure_timeout_s = 0;
	if (expiring && count > 0 && last > 0 && r->failure_timeout_s > 0) {
		if (e->now > last + r->failure_timeout_s)
			count = 0;
	}
	/* What fails inside a container counts against it, but not for bundles. */
	for (unsigned i = 0; fillers && i < r->fillers.n && !resource_top(r)->parent; i++) {
		int64_t filler_last = 0;

		count = score_add(count, failcount_of(e, r->fillers.items[i], node, expiring,
						 fillers, op, &filler_last));
		last = filler_last > last ? filler_last : last;
	}
	if (ret_last_failure)
		*ret_last_failure = last;
	return count;
}

int failcount_get(struct engine *e, struct resource *r, const struct node *node, bool effective,
	int64_t *ret_last_failure)
{
	return failcount_of(e, r, node, true, effective, NULL, ret_last_failure);
}
