/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page: the lease page that BPF writes, pinned; only read, and never trusted to reach too far. */
#ifndef KMOD_PAGE_H
#define KMOD_PAGE_H

#include <linux/types.h>

#include <picket/lease.h>

/* Pins the page at this address of the caller in place of the former one. May sleep. */
int page_set(u64 address);
void page_drop(void);
bool page_there(void);

/* A copy of what was written last. -ENODATA: no page; -EAGAIN: torn. Any context. */
int page_read(struct picket_lease_page *ret);

#endif
