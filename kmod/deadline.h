/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deadline: the moment at which this machine ends; watched by every CPU, moved only by renewals. */
#ifndef KMOD_DEADLINE_H
#define KMOD_DEADLINE_H

#include <linux/types.h>

#include <picket/door.h>

/* Of these functions, those that change something are called under the door's mutex, but for
 * deadline_alive(), deadline_look() and deadline_renew(), which may come from anywhere. */
int deadline_configure(const struct picket_door_config *config);
int deadline_arm(void);
int deadline_renew(const struct picket_door_renewal *renewal);
int deadline_release(u64 incarnation);

/* Whether what is armed agrees with this; -EBUSY if not. */
int deadline_allows(const struct picket_door_config *config);

void deadline_alive(void);
u64 deadline_alive_ns(void); /* 0: no sign of life yet */

/* Reads the page, and moves the deadline if it may be moved. */
void deadline_look(u64 now);

/* The verdict has fallen, and it is not isolation: nothing more may leave this machine. */
bool deadline_silent(void);

/* From an NMI: the last to look, where no timer runs any more. */
void deadline_nmi(void);

void deadline_state(struct picket_door_state *state);

int deadline_init(bool nowayout);
void deadline_wait(void); /* for as long as it is armed */
void deadline_done(void);

#endif
