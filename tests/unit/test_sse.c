/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/own.h"
#include "base/sse.h"

static int on_event(void *ctx, const char *event, const char *id, const char *data)
{
	char *text = ctx;
	size_t at = strlen(text);

	snprintf(text + at, 256 - at, "%s/%s/%s;", event, id, data);
	return strcmp(data, "stop") ? 0 : 77;
}

Test(sse, any_cut_gives_the_same_events)
{
	static const char stream[] =
		":hi\n\nid: 7\nevent: lost\ndata: {\"a\":1}\n\n"
		"data:one\r\ndata: two\r\n\r\nevent: empty\n\nretry: 5\nid:9\ndata\n\n";
	size_t len = sizeof(stream) - 1;

	for (size_t cut = 1; cut <= len; cut++) {
		char text[256] = "";
		struct sse s;

		sse_init(&s);
		for (size_t at = 0; at < len; at += cut)
			cr_assert_eq(sse_feed(&s, stream + at, at + cut > len ? len - at : cut,
					     on_event, text),
				0);
		cr_assert_str_eq(
			text, "lost/7/{\"a\":1};message/7/one\ntwo;message/9/;", "%zu", cut);
		sse_done(&s);
	}
}

Test(sse, the_reader_can_stop_and_bounds_hold)
{
	owned(free) char *big = own_alloc(SSE_EVENT_MAX + 2);
	char text[256] = "";
	struct sse s;

	sse_init(&s);
	cr_assert_eq(sse_feed(&s, "data: stop\n\ndata: no\n\n", 22, on_event, text), 77);
	cr_assert_str_eq(text, "message//stop;");
	sse_done(&s);
	sse_init(&s);
	memset(big, 'x', SSE_EVENT_MAX + 1);
	cr_assert_eq(sse_feed(&s, big, SSE_EVENT_MAX + 1, on_event, text), -EMSGSIZE);
	sse_done(&s);
}
