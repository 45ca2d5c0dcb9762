/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nmi: who looks at the deadline where interrupts are off: NMIs of any source, and a counter's. */
#ifndef KMOD_NMI_H
#define KMOD_NMI_H

#include <linux/types.h>

/* Listens to what NMIs there are. Without it, the rest works as well. */
void nmi_init(bool counters);
void nmi_done(void);

/* While armed, each CPU that does not rest gets an NMI now and then, where hardware has a counter
 * to spare for that. Both are called under the door's mutex. */
void nmi_start(void);
void nmi_stop(void);

/* CPUs that have such a counter; 0: none. */
unsigned int nmi_cpus(void);

#endif
