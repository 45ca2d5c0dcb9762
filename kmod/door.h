/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Door: /dev/picket: checks who knocks and what is asked, and hands it to the noun concerned. */
#ifndef KMOD_DOOR_H
#define KMOD_DOOR_H

#include <linux/kobject.h>

#include <picket/door.h>

struct kobject *door_kobject(void); /* of the device, for events */
void door_state(struct picket_door_state *ret);

int door_init(void);
void door_done(void);

#endif
