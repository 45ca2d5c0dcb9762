/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of any shape at any time: an answer, the same one twice, and changes that go forward. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xml.h"
#include "core/model/rule.h"

#define PREVIEW 4

static int zone(void *ctx, const char *name, int64_t utc_s, int32_t *ret)
{
	if (strncmp(name, "E", 1))
		return -ENOENT;
	*ret = utc_s / 10000000 % 2 ? 3600 : 7200;
	return 0;
}

static void index_all(struct index *ids, const struct element *e)
{
	if (element_get(e, "id"))
		index_set(ids, INDEX_ELEMENT, element_get(e, "id"), (void *)e);
	for (const struct element *c = e->first; c; c = c->next)
		index_all(ids, c);
}

static void look(const struct index *ids, const struct element *e, const struct rule_input *in)
{
	int64_t next = 0, at[PREVIEW];
	bool holds[PREVIEW], first;
	unsigned n;

	for (const struct element *c = e->first; c; c = c->next)
		look(ids, c, in);
	if (!element_is(e, "rule"))
		return;
	first = rule_passes(ids, e, in, &next);
	if (first != rule_passes(ids, e, in, NULL) || (next && next <= in->now.seconds))
		abort();
	n = rule_preview(ids, e, in, PREVIEW, at, holds);
	for (unsigned i = 0; i < n; i++)
		if (holds[i] == (i ? holds[i - 1] : first) ||
			at[i] <= (i ? at[i - 1] : in->now.seconds))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned(element_tree) struct element_tree *tree = NULL;
	owned(index) struct index *ids = NULL;
	owned(free) char *why = NULL;
	struct rule_input in = { .zone = zone };
	uint32_t at;
	unsigned line;

	if (size < sizeof(at) || size > 4000)
		return 0;
	memcpy(&at, data, sizeof(at));
	in.now.seconds = at;
	if (xml_parse((const char *)data + sizeof(at), size - sizeof(at), &tree, &line, &why))
		return 0;
	ids = index_new();
	index_all(ids, tree->root);
	look(ids, tree->root, &in);
	return 0;
}
