/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/model/review.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/review_inside.h"
#include "core/model/value.h"
#include "core/model/when.h"

static void __attribute__((format(printf, 4, 0)))
say(struct review *r, bool warning, const struct element *at, const char *format, va_list ap)
{
	const char *name = r->options->name ? r->options->name : "configuration";
	const char *id = element_get(at, "id");
	owned(free) char *where = NULL;
	char text[1024];

	while (at && !at->line)
		at = at->parent;
	vsnprintf(text, sizeof(text), format, ap);
	if (at)
		where = own_printf("%s:%u", name, at->line);
	else
		where = own_printf("%s%s%s", name, id ? ": " : "", id ? id : "");
	problems_add(r->problems, warning, where, "%s", text);
}

void review_wrong(struct review *r, const struct element *at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(r, false, at, format, ap);
	va_end(ap);
}

void review_warn(struct review *r, const struct element *at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(r, true, at, format, ap);
	va_end(ap);
}

bool review_is_resource(const struct element *e)
{
	return element_is(e, "primitive") || element_is(e, "group") || element_is(e, "clone") ||
	       element_is(e, "master") || element_is(e, "bundle");
}

const struct element *review_resource(const struct review *r, const char *id)
{
	return id ? index_get(r->ids, REVIEW_RESOURCE, id) : NULL;
}

/* ---- values
 * ----------------------------------------------------------------------------------------- */

static const char *in_sets(const struct element *holder, const char *sets, const char *name)
{
	const struct element *set = element_child(holder, sets), *nv;

	for (; set; set = element_sibling(set, sets)) {
		if (element_child(set, "rule"))
			continue;
		for (nv = element_child(set, "nvpair"); nv; nv = element_sibling(nv, "nvpair"))
			if (element_get(nv, "name") && !strcmp(element_get(nv, "name"), name))
				return element_get(nv, "value");
	}
	return NULL;
}

const char *review_meta(const struct review *r, const struct element *resource, const char *name)
{
	const char *v = NULL, *template;

	for (const struct element *e = resource; !v && review_is_resource(e); e = e->parent) {
		v = in_sets(e, "meta_attributes", name);
		template = element_get(e, "template");
		if (!v && template)
			v = in_sets(index_get(r->ids, REVIEW_TEMPLATE, template), "meta_attributes",
				name);
	}
	return v ? v
		 : in_sets(element_child(r->configuration, "rsc_defaults"), "meta_attributes",
			   name);
}

const char *review_property(const struct review *r, const char *name)
{
	return in_sets(element_child(r->configuration, "crm_config"), "cluster_property_set", name);
}

/* ---- the walk
 * --------------------------------------------------------------------------------------- */

static void resources_add(struct review *r, const struct element *in)
{
	for (const struct element *e = in ? in->first : NULL; e; e = e->next) {
		const char *id = element_get(e, "id");

		if (element_is(e, "template") && id)
			index_set(r->ids, REVIEW_TEMPLATE, id, (void *)e);
		if (!review_is_resource(e) || !id)
			continue;
		index_set(r->ids, REVIEW_RESOURCE, id, (void *)e);
		own_grow(r->all, r->n_all, r->cap_all);
		r->all[r->n_all++] = e;
		resources_add(r, e);
	}
}

static void ids_add(struct review *r, const struct element *e)
{
	const char *id = element_get(e, "id");

	if (id)
		index_set(r->ids, REVIEW_ANY, id, (void *)e);
	for (const struct element *c = e->first; c; c = c->next)
		ids_add(r, c);
}

static void nodes_add(struct review *r)
{
	for (const struct element *n = element_child(r->nodes, "node"); n;
		n = element_sibling(n, "node")) {
		const char *name = element_get(n, "uname");

		if (name)
			index_set(r->ids, REVIEW_NODE, name, (void *)n);
		r->n_nodes++;
	}
	/* Remote and guest nodes are there because a resource makes them. */
	for (unsigned i = 0; i < r->n_all; i++) {
		const char *guest = review_meta(r, r->all[i], "remote-node");
		const char *type = element_get(r->all[i], "type");

		if (guest)
			index_set(r->ids, REVIEW_NODE, guest, (void *)r->all[i]);
		if (type && !strcmp(type, "remote"))
			index_set(r->ids, REVIEW_NODE, element_get(r->all[i], "id"),
				(void *)r->all[i]);
	}
}

/* ---- time
 * ------------------------------------------------------------------------------------------- */

static void date(struct review *r, const struct element *e)
{
	const char *zone = element_get(e, "timezone"), *op = element_get(e, "operation");
	const char *end = element_get(e, "end"), *start = element_get(e, "start");
	struct when now = { .seconds = r->options->now_s }, when;
	int32_t offset;

	if (zone && r->options->zone && r->options->zone(NULL, zone, r->options->now_s, &offset))
		review_wrong(r, e, "there is no time zone '%s'; Europe/Berlin is one", zone);
	if (start && when_parse(start, &now, &when))
		review_wrong(r, e, "start '%s' is no date; 2026-11-30T08:00:00Z is one", start);
	if (!end)
		return;
	if (when_parse(end, &now, &when))
		review_wrong(r, e, "end '%s' is no date; 2026-11-30T08:00:00Z is one", end);
	else if (r->options->now_s && when.seconds < now.seconds && (!op || strcmp(op, "gt")))
		review_warn(r, e, "this ended at %s, and never holds again: take it out", end);
}

static void dates(struct review *r, const struct element *e)
{
	if (element_is(e, "date_expression") || element_is(e, "date_spec"))
		date(r, e);
	for (const struct element *c = e->first; c; c = c->next)
		dates(r, c);
}

/* ---- all of it
 * -------------------------------------------------------------------------------------- */

static void properties(struct review *r)
{
	const struct element *config = element_child(r->configuration, "crm_config");
	const char *fencing = review_property(r, "stonith-enabled");
	const char *quorum = review_property(r, "no-quorum-policy");

	if (fencing && !value_true(fencing, true) && r->n_all)
		review_warn(r, config,
			"stonith-enabled is false: what a lost node ran is started elsewhere while "
			"it may still run there, and shared data is lost that way");
	if (quorum && !strcmp(quorum, "ignore") && r->n_nodes > 1)
		review_warn(r, config,
			"no-quorum-policy is ignore: after a split both sides run everything, %s",
			value_true(fencing, true) ? "and fence each other"
						  : "and nothing stops it");
}

int review_configuration(
	const struct element *cib, const struct review_options *options, struct problems *problems)
{
	size_t before = problems->errors;
	struct review r = { .options = options,
		.problems = problems,
		.configuration = element_child(cib, "configuration"),
		.ids = index_new() };

	r.constraints = element_child(r.configuration, "constraints");
	r.resources = element_child(r.configuration, "resources");
	r.nodes = element_child(r.configuration, "nodes");
	if (r.configuration) {
		resources_add(&r, r.resources);
		ids_add(&r, r.configuration);
		nodes_add(&r);
		if (options->references)
			review_references(&r);
		properties(&r);
		review_pairs(&r);
		review_constraints(&r);
		review_resources(&r);
		dates(&r, r.configuration);
	}
	free(r.all);
	free(r.locations);
	free(r.orders);
	free(r.colocations);
	index_free(r.ids);
	return problems->errors > before ? -EINVAL : 0;
}
