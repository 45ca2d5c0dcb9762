/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery: a written order to make one controller the only one, after a majority is lost. */
#ifndef EDGE_RECOVERY_H
#define EDGE_RECOVERY_H

#include <stddef.h>

#include <jansson.h>

/*
 * The order lies as a file in the controller's state folder. picketd carries it out at its next
 * start, and the first thing that it then writes to its log is who ordered it.
 */
/* -EBUSY: picketd runs; -ENOENT: there is no log. *why is a sentence; the caller frees it. */
int recovery_order(const char *state_dir, const char *user, char **why);
/* The order: {user, at_ms}; NULL with 0: there is none. -EUCLEAN: it cannot be read; -EINVAL: the
 * configuration still knows several controllers. */
int recovery_read(const char *state_dir, size_t n_controllers, json_t **ret, char **why);
/* The entry that tells of it. */
json_t *recovery_entry(json_t *order, const char *controller);
int recovery_done(const char *state_dir);
/* We lead: if there is an order (then it is let go of), its entry is proposed, and it is done. */
void recovery_tell(const char *state_dir, const char *controller, json_t **order,
	int (*propose)(void *ctx, json_t *entry), void *ctx);

#endif
