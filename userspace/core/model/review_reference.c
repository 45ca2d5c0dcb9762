/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is spoken of, and is not there. */
#include <string.h>

#include "core/model/review_inside.h"

static bool is_tag(const struct review *r, const char *id)
{
	return element_is(index_get(r->ids, REVIEW_ANY, id), "tag");
}

static void resource(struct review *r, const struct element *e, const char *attribute)
{
	const char *id = element_get(e, attribute);

	if (!id || review_resource(r, id) || is_tag(r, id) ||
		index_get(r->ids, REVIEW_TEMPLATE, id))
		return;
	review_wrong(r, e, "%s: there is no resource '%s'", attribute, id);
}

static void node(struct review *r, const struct element *e, const char *attribute)
{
	const char *name = element_get(e, attribute);

	if (name && !index_get(r->ids, REVIEW_NODE, name))
		review_wrong(r, e, "%s: there is no node '%s'", attribute, name);
}

static void constraint(struct review *r, const struct element *e)
{
	static const char *const attributes[] = { "rsc", "with-rsc", "first", "then" };

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		resource(r, e, attributes[i]);
	node(r, e, "node");
	for (const struct element *set = element_child(e, "resource_set"); set;
		set = element_sibling(set, "resource_set"))
		for (const struct element *ref = element_child(set, "resource_ref"); ref;
			ref = element_sibling(ref, "resource_ref"))
			resource(r, ref, "id");
}

/* id-ref: the same once more, of something that must be of the same kind. */
static void references(struct review *r, const struct element *e)
{
	const char *ref = element_get(e, "id-ref");
	const struct element *to = ref ? index_get(r->ids, REVIEW_ANY, ref) : NULL;

	if (ref && !to)
		review_wrong(r, e, "id-ref: there is nothing with the id '%s'", ref);
	else if (ref && strcmp(to->name, e->name))
		review_wrong(
			r, e, "id-ref: '%s' is a <%s>, a <%s> is wanted", ref, to->name, e->name);
	for (const struct element *c = e->first; c; c = c->next)
		references(r, c);
}

static void level(struct review *r, const struct element *e)
{
	const char *list = element_get(e, "devices");
	owned(free) char *copy = own_string(list ? list : "");
	char *rest = copy;

	node(r, e, "target");
	for (char *name = strsep(&rest, ","); name; name = strsep(&rest, ",")) {
		name += strspn(name, " ");
		if (*name && !review_resource(r, name) && strcmp(name, "watchdog"))
			review_wrong(r, e, "devices: there is no device '%s'", name);
	}
}

void review_references(struct review *r)
{
	const struct element *tags = element_child(r->configuration, "tags"), *e;
	const struct element *levels = element_child(r->configuration, "fencing-topology");

	for (e = r->constraints ? r->constraints->first : NULL; e; e = e->next)
		constraint(r, e);
	for (unsigned i = 0; i < r->n_all; i++) {
		const char *template = element_get(r->all[i], "template");

		if (template && !index_get(r->ids, REVIEW_TEMPLATE, template))
			review_wrong(r, r->all[i], "template: there is no template '%s'", template);
	}
	for (e = element_child(tags, "tag"); e; e = element_sibling(e, "tag"))
		for (const struct element *o = element_child(e, "obj_ref"); o;
			o = element_sibling(o, "obj_ref"))
			if (element_get(o, "id") &&
				!index_get(r->ids, REVIEW_ANY, element_get(o, "id")))
				review_wrong(r, o, "tag: there is nothing with the id '%s'",
					element_get(o, "id"));
	for (e = element_child(levels, "fencing-level"); e; e = element_sibling(e, "fencing-level"))
		level(r, e);
	references(r, r->configuration);
}
