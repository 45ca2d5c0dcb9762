/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adopt: a CIB's configuration as picket's document, and what of it was not taken over. */
#ifndef CORE_MODEL_ADOPT_H
#define CORE_MODEL_ADOPT_H

#include "base/element.h"
#include "core/document.h"

/*
 * What decides something in a CIB decides the same in the document. Identifiers of rules, of sets
 * of attributes and of single attributes decide nothing and are not kept; references to them are
 * resolved. name is the file's, for places. Addresses are not there: the report says so.
 *
 * devices: what fences becomes fencing devices and levels, which the controllers use; otherwise it
 * stays a resource, as only a simulation has any use for. -EINVAL: it is no <cib>.
 */
int adopt_cib(const struct element *cib, const char *name, bool devices, struct problems *report,
	json_t **ret);

#endif
