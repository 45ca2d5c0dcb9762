/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allegiance: whom a node obeys: the highest term it has seen, and as which incarnation it lives.
 */
#ifndef CORE_ALLEGIANCE_H
#define CORE_ALLEGIANCE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/operation.h"

#define ALLEGIANCE_BOOT_ID 37 /* bytes of a boot id, with NUL */

struct allegiance {
	char boot_id[ALLEGIANCE_BOOT_ID];
	uint64_t incarnation; /* 0: none yet */
	uint64_t term, index; /* highest seen */
	/* What the controllers told us of the cluster, to take the lease up again after a restart.
	 */
	uint64_t cluster, lease_ns;
	uint32_t node, interval_us;
	bool goes_on; /* nobody counts on this incarnation's end when its lease runs out */
};

/* Takes up what was kept. Another boot began with nothing running and without a lease: it keeps no
 * more than the numbers of the cluster. -EINVAL: not ours; *why is a sentence, the caller frees it.
 */
int allegiance_load(struct allegiance *allegiance, json_t *kept, const char *boot_id, char **why);
json_t *allegiance_json(const struct allegiance *allegiance);

/* From then on orders of older terms are refused. True when it is news. */
bool allegiance_term(struct allegiance *allegiance, uint64_t term);
/* Only a later incarnation is taken: a controller that lags behind must not turn us back. */
bool allegiance_admit(struct allegiance *allegiance, uint64_t incarnation);

/* What a welcome says of the cluster: node, cluster, interval_us, lease_ns, goes_on, where
 * given. */
void allegiance_learn(struct allegiance *allegiance, json_t *welcome);

/* Whether to obey, and remembers the order's place. -ESTALE: an older order than one seen;
 * -EPERM: meant for another incarnation. *why is a sentence; the caller frees it. */
int allegiance_obey(struct allegiance *allegiance, const struct operation *operation, char **why);

#endif
