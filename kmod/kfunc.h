/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kfunc: renewal as a call from BPF, in builds with PICKET_KFUNC=1; the page needs none. */
#ifndef KMOD_KFUNC_H
#define KMOD_KFUNC_H

#include <linux/types.h>

int picket_renew(u64 incarnation, u64 seq, u64 deadline_ns);

#ifdef PICKET_KFUNC
int kfunc_init(void); /* unloading takes it back */
#else
static inline int kfunc_init(void)
{
	return 0;
}
#endif

#endif
