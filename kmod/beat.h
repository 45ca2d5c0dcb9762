/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beat: the heartbeat transmitter: a MACed probe to every controller on every link, on time. */
#ifndef KMOD_BEAT_H
#define KMOD_BEAT_H

#include <picket/door.h>

/* All under the door's mutex; each may sleep. -EINVAL, -ENOMEM. */
int beat_configure(const struct picket_door_config *config);
int beat_links(const struct picket_door_links *links);
int beat_key(const struct picket_door_key *key);
void beat_state(struct picket_door_state *state);

int beat_init(void);
void beat_done(void);

#endif
