/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sse: server-sent events taken out of a byte stream (WHATWG HTML, section 9.2.6). */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include <stddef.h>

#define SSE_EVENT_MAX (8 << 20) /* bytes of one event */

struct sse {
	char *line, *data;
	size_t line_len, line_cap, data_len, data_cap;
	char event[64], id[64];
	char last; /* for "\r\n" cut in two */
};

void sse_init(struct sse *sse);
void sse_done(struct sse *sse);
/* Calls on_event for each whole event; other than 0 stops and is returned. -EMSGSIZE. */
int sse_feed(struct sse *sse, const char *bytes, size_t len,
	int (*on_event)(void *ctx, const char *event, const char *id, const char *data), void *ctx);

#endif
