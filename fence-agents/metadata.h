/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata: what an agent says about itself, for fencers (XML) and for people (help). */
#ifndef FENCE_METADATA_H
#define FENCE_METADATA_H

#include <stdio.h>

#include "agent.h"

/* By the schema of the fence agents, as `name`. */
void metadata_write(
	FILE *to, const struct agent *agent, const char *name, const struct params *params);
void metadata_help(
	FILE *to, const struct agent *agent, const char *name, const struct params *params);

#endif
