/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says picket's document in a CIB's words, fence devices among the resources, as Pacemaker has
 * them.
 *
 *   stack_cib FILE.yaml >cib.xml
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/xml.h"
#include "core/model/translate.h"

int main(int argc, char **argv)
{
	static char text[1 << 18];
	struct problems problems = { 0 };
	owned(document) struct document *document = NULL;
	struct element_tree *tree = NULL;
	FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;
	size_t len;

	if (!f) {
		fprintf(stderr, "usage: stack_cib FILE.yaml\n");
		return 2;
	}
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (!document_parse(text, len, argv[1], &problems, &document) &&
		!translate_site(document->root, document, true, &problems, &tree))
		xml_print(tree->root, stdout);
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "%s: %s\n", problems.items[i].where, problems.items[i].text);
	return problems.errors ? 1 : 0;
}
