/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "base/own.h"

void frame_init(struct frame *frame, size_t max)
{
	*frame = (struct frame){ .max = max };
}

void frame_done(struct frame *frame)
{
	free(frame->data);
	*frame = (struct frame){ 0 };
}

static void frame_take(struct frame *frame, const uint8_t *data, size_t len)
{
	if (frame->cap - frame->len < len) {
		frame->cap = frame->len + len > 2 * frame->cap ? frame->len + len : 2 * frame->cap;
		frame->data = own_array(frame->data, frame->cap, 1);
	}
	memcpy(frame->data + frame->len, data, len);
	frame->len += len;
}

int frame_feed(struct frame *frame, const uint8_t *data, size_t len,
	int (*on_message)(void *ctx, uint8_t *message, size_t len), void *ctx)
{
	size_t used = 0, size;
	int r = 0;

	if (len)
		frame_take(frame, data, len);
	while (frame->len - used >= FRAME_HEADER) {
		const uint8_t *h = frame->data + used;

		size = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
		if (!size || size > frame->max) {
			r = size ? -EMSGSIZE : -EBADMSG;
			break;
		}
		if (frame->len - used - FRAME_HEADER < size)
			break;
		used += FRAME_HEADER;
		r = on_message(ctx, frame->data + used, size);
		used += size;
		if (r)
			break;
	}
	frame->len -= used;
	if (frame->len && used)
		memmove(frame->data, frame->data + used, frame->len);
	if (!frame->len && frame->cap > 65536) {
		free(frame->data);
		frame->data = NULL;
		frame->cap = 0;
	}
	return r;
}

void frame_header(uint8_t ret[FRAME_HEADER], size_t len)
{
	for (unsigned i = 0; i < FRAME_HEADER; i++)
		ret[i] = (uint8_t)(len >> (24 - 8 * i));
}
