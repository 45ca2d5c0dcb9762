/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The far end of a lab cable: lets everything through, and makes the veth's XDP queue come up. */
#include <linux/bpf.h>

__attribute__((section("xdp"), used)) int lab_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char lab_license[] __attribute__((section("license"), used)) = "GPL";
