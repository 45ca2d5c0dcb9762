/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compat: where kernels from 5.15 to 6.18 differ, and nowhere else. */
#ifndef KMOD_COMPAT_H
#define KMOD_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>

/* hrtimer_init() went away in 6.15; its successor came with 6.13. */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
	enum hrtimer_restart (*function)(struct hrtimer *), clockid_t clock,
	enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* What runs on resume after the clocks and before any device; Kbuild looks which kind there is. */
#ifdef COMPAT_SYSCORE_OPS
#define COMPAT_SYSCORE(name, function)                                                             \
	static void name##_resume(void)                                                            \
	{                                                                                          \
		function();                                                                        \
	}                                                                                          \
	static struct syscore_ops name = { .resume = name##_resume }
#define compat_syscore_register register_syscore_ops
#define compat_syscore_unregister unregister_syscore_ops
#else
#define COMPAT_SYSCORE(name, function)                                                             \
	static void name##_resume(void *data)                                                      \
	{                                                                                          \
		function();                                                                        \
	}                                                                                          \
	static const struct syscore_ops name##_ops = { .resume = name##_resume };                  \
	static struct syscore name = { .ops = &name##_ops }
#define compat_syscore_register register_syscore
#define compat_syscore_unregister unregister_syscore
#endif

/* IPv6 may be a module, and is asked through a table, until 7.x; Kbuild looks. */
#ifdef COMPAT_IPV6_STUBS
#include <net/ipv6_stubs.h>
#define compat_ip6_lookup(net, flow) (ipv6_stub->ipv6_dst_lookup_flow(net, NULL, flow, NULL))
#else
#include <net/ipv6.h>
#define compat_ip6_lookup(net, flow) ip6_dst_lookup_flow(net, NULL, flow, NULL)
#endif

/* How a set of functions for BPF is told changed with 6.8; their mark came with 6.3. */
#ifdef PICKET_KFUNC
#include <linux/btf.h>
#include <linux/btf_ids.h>
#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif
#ifdef BTF_KFUNCS_START
#define COMPAT_KFUNCS_START BTF_KFUNCS_START
#define COMPAT_KFUNCS_END BTF_KFUNCS_END
#else
#define COMPAT_KFUNCS_START BTF_SET8_START
#define COMPAT_KFUNCS_END BTF_SET8_END
#endif
#endif

#endif
