/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translate: picket's document as the configuration of a CIB. */
#ifndef CORE_MODEL_TRANSLATE_H
#define CORE_MODEL_TRANSLATE_H

#include "base/element.h"
#include "core/document.h"

/*
 * The tree is <cib><configuration>…. whole: fence devices are resources there, as Pacemaker has
 * them; otherwise they are left out, and fencing is what the cluster can do: the controllers do it.
 *
 * Checks resources, constraints, defaults, templates, tags and properties; nodes and fencing are
 * taken as they are. document may be NULL (places are pointers then). -EINVAL: problems say what
 * and where.
 */
int translate_site(json_t *root, const struct document *document, bool whole,
	struct problems *problems, struct element_tree **ret);

#endif
