// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, digests: whether a resource still runs with the parameters that are configured. */
#include <ctype.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "base/lines.h"
#include "core/model/nvset.h"
#include "core/model/value.h"
#include "core/policy/engine_equip.h"
#include "core/policy/status_inside.h"

#define PAIRS_MAX 512 /* of one resource; more are not looked at */

/* ---- parameters
 * ---------------------------------------------------------------------------------- */

static bool has_rule(const struct index *ids, const struct element *holder)
{
	for (const struct element *set = element_child(holder, "instance_attributes"); set;
		set = element_sibling(set, "instance_attributes")) {
		const char *ref = element_get(set, "id-ref");

		if (element_child(ref ? index_get(ids, INDEX_ELEMENT, ref) : set, "rule"))
			return true;
	}
	return false;
}

static const struct element *defaults_of(const struct engine *e)
{
	return element_child(e->configuration, "rsc_defaults");
}

static bool depends_on_node(const struct engine *e, const struct resource *r)
{
	for (; r; r = r->parent)
		if (has_rule(e->ids, r->xml))
			return true;
	return has_rule(e->ids, defaults_of(e));
}

static void parameters_read(
	struct engine *e, const struct resource *r, const struct node *node, struct table *into)
{
	struct rule_input in = {
		.now = { .seconds = e->now },
		.zone = e->options.zone,
		.zone_ctx = e->options.zone_ctx,
		.node_attributes = node ? &node->attributes : NULL,
		.rsc_standard = r->standard,
		.rsc_provider = r->provider,
		.rsc_type = r->type,
	};
	int64_t change = 0;

	for (; r; r = r->parent)
		nvset_read(e->arena, e->ids, r->xml, "instance_attributes", &in, NULL, false, into,
			&change);
	if (defaults_of(e))
		nvset_read(e->arena, e->ids, defaults_of(e), "instance_attributes", &in, NULL,
			false, into, &change);
	if (change)
		engine_recheck_at(e, change);
}

const struct table *resource_parameters(
	struct engine *e, struct resource *r, const struct node *node)
{
	unsigned at = node && depends_on_node(e, r) ? node->index + 1 : 0;
	struct table *t = index_get_pair(e->ids, INDEX_PARAMETERS, r->index, at);

	if (t)
		return t;
	t = engine_alloc(e, sizeof(*t));
	parameters_read(e, r, at ? node : NULL, t);
	index_set_pair(e->ids, INDEX_PARAMETERS, r->index, at, t);
	return t;
}

/* ---- the text that is digested
 * ------------------------------------------------------------------- */

struct pairs {
	struct table_pair items[PAIRS_MAX];
	unsigned n;
};

/* What is of the cluster, not of the resource, is no reason to restart. */
static bool is_filtered(const char *name)
{
	static const char *const names[] = { "id", "crm_feature_set", "op-digest", "on_node",
		"on_node_uuid", "pcmk_external_ip" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return !strncmp(name, "CRM_meta_", strlen("CRM_meta_"));
}

static void pairs_add(struct pairs *p, const char *name, const char *value)
{
	unsigned at;

	for (at = 0; at < p->n && strcmp(p->items[at].name, name) < 0; at++)
		;
	if (p->n == PAIRS_MAX || (at < p->n && !strcmp(p->items[at].name, name)))
		return;
	memmove(&p->items[at + 1], &p->items[at], (p->n - at) * sizeof(*p->items));
	p->items[at] = (struct table_pair){ .name = name, .value = value };
	p->n++;
}

static void pairs_add_table(struct pairs *p, const struct table *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!is_filtered(t->items[i].name))
			pairs_add(p, t->items[i].name, t->items[i].value);
}

static void add(struct lines *out, const char *s)
{
	lines_put(out, s, strlen(s));
}

static void add_escaped(struct lines *out, const char *s)
{
	static const struct {
		char c;
		const char *text;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
		{ '\n', "\\n" }, { '\t', "\\t" }, { '\r', "\\r" } };

	for (;;) {
		size_t plain = strcspn(s, "&<>\"\n\t\r");

		lines_put(out, s, plain);
		s += plain;
		if (!*s)
			return;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
			if (escapes[i].c == *s)
				add(out, escapes[i].text);
		s++;
	}
}

/* The same text is asked for again: of each instance of a clone, for each operation of a resource,
 * and once more for the plan. */
static const char *digest_text(struct engine *e, const struct lines *text)
{
	static const char hex[] = "0123456789abcdef";
	char *known = index_get(e->ids, INDEX_DIGEST, text->data), *at;
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (known)
		return known;
	/* Without a digest it is of no use, and equal to nothing. */
	if (!EVP_Digest(text->data, text->len, sum, &len, EVP_md5(), NULL))
		len = 0;
	at = known = engine_alloc(e, 2 * len + 1);
	for (unsigned i = 0; i < len; i++) {
		*at++ = hex[sum[i] >> 4];
		*at++ = hex[sum[i] & 15];
	}
	index_set(e->ids, INDEX_DIGEST, element_string(e->arena, text->data, text->len), known);
	return known;
}

/* Between blanks. */
static bool is_listed(const char *list, const char *name)
{
	owned(free) char *blank = own_printf(" %s ", name);

	return list && strstr(list, blank);
}

/* list: only those in it; NULL: all. */
static const char *digest(struct engine *e, const struct pairs *p, const char *list)
{
	struct lines text = { 0 };
	const char *known;

	add(&text, " <parameters");
	for (unsigned i = 0; i < p->n; i++) {
		if (list && !is_listed(list, p->items[i].name))
			continue;
		add(&text, " ");
		add(&text, p->items[i].name);
		add(&text, "=\"");
		add_escaped(&text, p->items[i].value);
		add(&text, "\"");
	}
	add(&text, "/>\n");
	known = digest_text(e, &text);
	lines_done(&text);
	return known;
}

/* ---- the verdict
 * --------------------------------------------------------------------------------- */

static bool is_renewed(const struct engine *e, const struct element *op)
{
	return index_get_address(e->ids, INDEX_RENEWED, op);
}

/* Parameters of one operation alone; whether there are any. */
static bool operation_parameters(struct engine *e, struct resource *r, const struct node *node,
	const struct element *op_xml, struct table *ret)
{
	struct rule_input in = {
		.now = { .seconds = e->now },
		.zone = e->options.zone,
		.zone_ctx = e->options.zone_ctx,
		.node_attributes = node ? &node->attributes : NULL,
		.rsc_standard = r->standard,
		.rsc_provider = r->provider,
		.rsc_type = r->type,
	};

	if (op_xml && op_xml->first)
		nvset_read(e->arena, e->ids, op_xml, "instance_attributes", &in, NULL, false, ret,
			NULL);
	return ret->n;
}

/* What is digested of one operation, as the configuration is now. */
struct digested {
	struct pairs all;
	bool own; /* some parameters are of the operation alone */
	char timeout[32];
};

bool digest_needs_host(struct engine *e, struct resource *r)
{
	const char *address;

	if (!r->is_connection || !r->container)
		return false;
	address = table_get(resource_parameters(e, r, NULL), "addr");
	return address && !strcmp(address, "#uname");
}

/* Where a container's connection leads is known by its host only. */
static void host_read(struct engine *e, struct resource *r, struct digested *d)
{
	const struct node *host;

	if (!digest_needs_host(e, r))
		return;
	host = r->container->node ? r->container->node : resource_current(r->container, NULL, NULL);
	if (host)
		pairs_add(&d->all, "addr", host->name);
}

static void digested_read(struct engine *e, struct resource *r, const struct node *node,
	const char *task, uint64_t interval_ms, struct digested *d)
{
	struct operation_settings set;
	struct table extra = { 0 };

	d->all.n = 0;
	host_read(e, r, d);
	pairs_add_table(&d->all, resource_parameters(e, r, node));
	operation_settings(e, r, task, interval_ms, &set);
	d->own = operation_parameters(e, r, node, set.xml, &extra);
	pairs_add_table(&d->all, &extra);
	if (!interval_ms)
		return;
	/* How long a recurring operation may take is part of it. */
	snprintf(d->timeout, sizeof(d->timeout), "%llu", (unsigned long long)set.timeout_ms);
	pairs_add(&d->all, "CRM_meta_timeout", d->timeout);
}

static enum digest_verdict verdict(struct engine *e, const struct digested *d,
	const struct element *lrm_op, uint64_t interval_ms)
{
	const char *all = element_get(lrm_op, "op-digest");
	const char *restart = element_get(lrm_op, "op-restart-digest");

	if (is_renewed(e, lrm_op))
		return DIGEST_RESTART;
	if (restart && strcmp(digest(e, &d->all, element_get(lrm_op, "op-force-restart")), restart))
		return DIGEST_RESTART;
	if (!all)
		return DIGEST_UNKNOWN;
	if (!strcmp(digest(e, &d->all, NULL), all))
		return DIGEST_SAME;
	/* A reload would not bring what is only of this operation. */
	return !interval_ms && d->own ? DIGEST_RESTART : DIGEST_ALL;
}

/* Settings of a fence device that its agent does not see. */
static bool is_fence_setting(const char *name)
{
	static const char *const names[] = { "provides", "stonith-timeout", "pcmk_action_limit",
		"pcmk_delay_base", "pcmk_delay_max", "pcmk_host_argument", "pcmk_host_check",
		"pcmk_host_list", "pcmk_host_map" };
	const char *rest;

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	rest = strncmp(name, "pcmk_", 5) ? NULL : strchr(name + 5, '_');
	return rest &&
	       (!strcmp(rest, "_action") || !strcmp(rest, "_timeout") || !strcmp(rest, "_retries"));
}

/* Whether all but what is secret is as it was. Before feature set 3.16.0 less was digested. */
static bool open_part_same(struct engine *e, const struct resource *r, const struct digested *d,
	const struct element *lrm_op)
{
	const char *recorded = element_get(lrm_op, "op-secure-digest");
	const char *secret = element_get(lrm_op, "op-secure-params");
	const char *version = element_get(lrm_op, "crm_feature_set");
	bool old = version && value_version_compare(version, "3.16.0") < 0;
	struct pairs open; /* large, and of little: not cleared */

	if (!recorded)
		return false;
	open.n = 0;
	for (unsigned i = 0; i < d->all.n; i++) {
		const struct table_pair *pair = &d->all.items[i];

		if (is_listed(secret, pair->name) ||
			(old && !strcmp(pair->name, "CRM_meta_timeout")) ||
			(old && r->is_fence_device && is_fence_setting(pair->name)))
			continue;
		open.items[open.n++] = *pair;
	}
	return !strcmp(digest(e, &open, NULL), recorded);
}

static bool has_digest(const struct engine *e, const struct element *lrm_op)
{
	return element_get(lrm_op, "op-digest") || element_get(lrm_op, "op-restart-digest") ||
	       is_renewed(e, lrm_op);
}

enum digest_verdict digest_compare(struct engine *e, struct resource *r, const struct node *node,
	const struct element *lrm_op, const char *task, uint64_t interval_ms)
{
	struct digested d;

	if (!has_digest(e, lrm_op))
		return DIGEST_UNKNOWN;
	digested_read(e, r, node, task, interval_ms, &d);
	return verdict(e, &d, lrm_op, interval_ms);
}

enum digest_verdict digest_check(struct engine *e, struct resource *r, const struct node *node,
	const struct element *lrm_op, const char *task, uint64_t interval_ms)
{
	enum digest_verdict v;
	struct digested d;

	if (!has_digest(e, lrm_op))
		return DIGEST_UNKNOWN;
	digested_read(e, r, node, task, interval_ms, &d);
	v = verdict(e, &d, lrm_op, interval_ms);
	if (v != DIGEST_SAME && e->options.masked && open_part_same(e, r, &d, lrm_op))
		return DIGEST_SAME;
	return v;
}

const char *digest_operation(struct engine *e, struct resource *r, const struct node *node,
	const char *task, uint64_t interval_ms)
{
	struct digested d;

	digested_read(e, r, node, task, interval_ms, &d);
	return digest(e, &d.all, NULL);
}
