/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/frame.h"
#include "base/own.h"

struct seen {
	char text[256];
	size_t n;
	int answer;
};

static int on_message(void *ctx, uint8_t *message, size_t len)
{
	struct seen *s = ctx;
	size_t at = strlen(s->text);

	snprintf(s->text + at, sizeof(s->text) - at, "<%.*s>", (int)len, (char *)message);
	s->n++;
	return s->answer;
}

Test(frame, any_cut_gives_the_same_messages)
{
	static const uint8_t stream[] = "\0\0\0\1a\0\0\0\3bcd\0\0\0\2ef";
	size_t len = sizeof(stream) - 1;

	for (size_t cut = 1; cut <= len; cut++) {
		struct seen s = { 0 };
		struct frame f;

		frame_init(&f, 16);
		for (size_t at = 0; at < len; at += cut)
			cr_assert_eq(frame_feed(&f, stream + at, at + cut > len ? len - at : cut,
					     on_message, &s),
				0);
		cr_assert_str_eq(s.text, "<a><bcd><ef>", "cut %zu", cut);
		cr_assert_eq(f.len, 0);
		frame_done(&f);
	}
}

Test(frame, refuses_too_long_and_empty_at_once)
{
	struct seen s = { 0 };
	struct frame f;

	frame_init(&f, 3);
	cr_assert_eq(frame_feed(&f, (const uint8_t *)"\0\0\0\4", 4, on_message, &s), -EMSGSIZE);
	frame_done(&f);
	frame_init(&f, 3);
	cr_assert_eq(
		frame_feed(&f, (const uint8_t *)"\xff\xff\xff\xff", 4, on_message, &s), -EMSGSIZE);
	frame_done(&f);
	frame_init(&f, 3);
	cr_assert_eq(frame_feed(&f, (const uint8_t *)"\0\0\0\0", 4, on_message, &s), -EBADMSG);
	frame_done(&f);
	cr_assert_eq(s.n, 0);
}

Test(frame, the_reader_can_stop)
{
	struct seen s = { .answer = -ECANCELED };
	struct frame f;

	frame_init(&f, 8);
	cr_assert_eq(frame_feed(&f, (const uint8_t *)"\0\0\0\1a\0\0\0\1b", 10, on_message, &s),
		-ECANCELED);
	cr_assert_str_eq(s.text, "<a>");
	s.answer = 0;
	cr_assert_eq(frame_feed(&f, NULL, 0, on_message, &s), 0);
	cr_assert_str_eq(s.text, "<a><b>");
	frame_done(&f);
}

Test(frame, header)
{
	uint8_t h[FRAME_HEADER];

	frame_header(h, 0x01020304);
	cr_assert_arr_eq(h, "\1\2\3\4", 4);
}
