/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration or a status in YAML or JSON, of any shape: problems with places, or a plan; what
 * was taken can be translated, reviewed and planned, and the same twice. */
#include <stdlib.h>

#include "core/graph.h"
#include "core/model/site.h"
#include "core/model/translate.h"
#include "core/policy/engine.h"
#include "core/policy/scene.h"

#define NOW 1700000000

static void plan(struct element_tree *tree)
{
	owned(engine) struct engine *e = engine_new(tree->root, NOW, NULL);
	owned(free) char *why = NULL;

	/* What was found right can be decided on. */
	if (engine_run(e, &why))
		abort();
	plan_free(engine_plan(e));
}

/* As a status of a small cluster. */
static void story(const struct document *document)
{
	static const char site[] = "nodes: {n1: {id: 1}, n2: {id: 2}}\n"
				   "resources: {a: {type: 'ocf:x:y'}, "
				   "c: {clone: {name: b, type: 'ocf:x:y'}}}\n";
	owned(document) struct document *d = NULL;
	owned(element_tree) struct element_tree *tree = NULL;
	struct problems problems = { 0 };

	if (document_parse(site, sizeof(site) - 1, "s", &problems, &d) ||
		translate_site(d->root, d, true, &problems, &tree))
		abort();
	if (!scene_set(tree, document, &problems))
		plan(tree);
	problems_done(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;
	owned(element_tree) struct element_tree *tree = NULL;
	struct problems problems = { 0 };
	int r;

	if (size > 20000)
		return 0;
	r = document_parse((const char *)data, size, "f.yaml", &problems, &document);
	if (r && !problems.errors)
		abort(); /* refused, and nobody said why */
	if (!r) {
		story(document);
		r = site_new(document->root, document, &problems, &site);
		if (r && !problems.errors)
			abort();
	}
	if (site && !translate_site(site->root, document, true, &problems, &tree) &&
		!scene_set(tree, NULL, &problems))
		plan(tree);
	problems_done(&problems);
	return 0;
}
