// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *	int picket_renew(u64 incarnation, u64 seq, u64 deadline_ns) __ksym;
 *
 * For XDP and clsact programs whose author prefers a call to a page: as
 * PICKET_DOOR_RENEW, and returns what that returns. The module has to carry BTF, so it is built
 * where the kernel's own is at hand (vmlinux beside the headers); 6.1 and later.
 */
#include "kfunc.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include <picket/door.h>

#include "compat.h"
#include "deadline.h"

__bpf_kfunc int picket_renew(u64 incarnation, u64 seq, u64 deadline_ns)
{
	const struct picket_door_renewal renewal = {
		.incarnation = incarnation,
		.seq = seq,
		.deadline_ns = deadline_ns,
	};

	return deadline_renew(&renewal);
}

COMPAT_KFUNCS_START(kfunc_ids)
BTF_ID_FLAGS(func, picket_renew)
COMPAT_KFUNCS_END(kfunc_ids)

static const struct btf_kfunc_id_set kfunc_set = { .owner = THIS_MODULE, .set = &kfunc_ids };

int kfunc_init(void)
{
	int rc = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &kfunc_set);

	if (!rc)
		rc = register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &kfunc_set);
	return rc;
}
