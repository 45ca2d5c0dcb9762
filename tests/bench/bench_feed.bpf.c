/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feed: BPF_PROG_TEST_RUN gives every repetition the same frame; here each hears another. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define FEED_FRAMES 30000
#define FEED_WORDS 13 /* a plain probe over IPv4: 106 bytes, two after these */

struct feed_frame {
	__u64 word[FEED_WORDS];
	__u16 rest;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FEED_FRAMES);
	__type(key, __u32);
	__type(value, struct feed_frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} to SEC(".maps");

__u32 next;

static __always_inline int feed_next(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct feed_frame *frame;
	__u64 *word = data;
	__u32 at = next;

	next = at + 1 < FEED_FRAMES ? at + 1 : 0;
	frame = bpf_map_lookup_elem(&frames, &at);
	if (!frame || data + FEED_WORDS * 8 + 2 > end)
		return -1;
	for (int i = 0; i < FEED_WORDS; i++)
		word[i] = frame->word[i];
	*(__u16 *)(word + FEED_WORDS) = frame->rest;
	return 0;
}

SEC("xdp")
int feed(struct xdp_md *ctx)
{
	if (!feed_next(ctx))
		bpf_tail_call(ctx, &to, 0);
	return XDP_ABORTED;
}

/* What the feeding itself costs. */
SEC("xdp")
int feed_only(struct xdp_md *ctx)
{
	return feed_next(ctx) ? XDP_ABORTED : XDP_PASS;
}

char feed_license[] SEC("license") = "GPL";
