/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stats: what the module is doing, as text in debugfs: picket/state. */
#ifndef KMOD_STATS_H
#define KMOD_STATS_H

void stats_init(void);
void stats_done(void);

#endif
