/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* Types: fixed-size integers for kernel, BPF and userspace. BPF code includes vmlinux.h first. */
#ifndef PICKET_TYPES_H
#define PICKET_TYPES_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define PICKET_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define PICKET_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

#endif
