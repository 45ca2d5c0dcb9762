/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replicated: all that the log decides, the cluster and the office, as one state. */
#ifndef CORE_REPLICATED_H
#define CORE_REPLICATED_H

#include "core/cluster.h"
#include "core/office.h"

struct replicated {
	struct cluster *cluster;
	struct office *office;
};

struct replicated *replicated_new(void);
void replicated_free(struct replicated *replicated);
own_define(replicated, struct replicated, replicated_free)

/* An entry's bytes. What is not understood is ignored, everywhere in the same way. */
void replicated_apply(
	struct replicated *replicated, uint64_t index, uint64_t term, const void *data, size_t len);
/* *ret_data: malloc()ed. -ENOMEM. */
int replicated_snapshot(const struct replicated *replicated, void **ret_data, size_t *ret_len);
/* -EINVAL: not a snapshot. */
int replicated_restore(struct replicated *replicated, const void *data, size_t len);

#endif
