/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frame: messages in a byte stream, each behind its length (u32, big-endian). */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 4

/* What has arrived and is not a whole message yet. Memory grows with what came, not with what a
 * header claims. */
struct frame {
	uint8_t *data;
	size_t len, cap, max;
};

void frame_init(struct frame *frame, size_t max); /* max: bytes of one message */
void frame_done(struct frame *frame);
/* Takes bytes in and calls on_message for each whole message, which it may change; a value other
 * than 0 stops and is returned. The frame must outlive the call. -EMSGSIZE: a message over max;
 * -EBADMSG: an empty one. */
int frame_feed(struct frame *frame, const uint8_t *data, size_t len,
	int (*on_message)(void *ctx, uint8_t *message, size_t len), void *ctx);
void frame_header(uint8_t ret[FRAME_HEADER], size_t len);

#endif
