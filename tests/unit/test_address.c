/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>

#include <criterion/criterion.h>

#include "base/address.h"

static void split(const char *text, unsigned port, int want, const char *host, unsigned want_port)
{
	char h[ADDRESS_HOST_MAX] = "untouched";
	unsigned p = 7;

	cr_assert_eq(address_split(text, port, h, &p), want, "%s", text);
	cr_assert_str_eq(h, want ? "untouched" : host, "%s", text);
	cr_assert_eq(p, want ? 7 : want_port, "%s", text);
}

Test(address, split)
{
	split("192.0.2.1:80", 0, 0, "192.0.2.1", 80);
	split("[2001:db8::1]:65535", 0, 0, "2001:db8::1", 65535);
	split("[::1]", 7407, 0, "::1", 7407);
	split("::1", 7407, 0, "::1", 7407);
	split("c1.example", 7407, 0, "c1.example", 7407);
	split(":80", 0, 0, "", 80);
	split("c1.example", 0, -EINVAL, "", 0);
	split("a:65536", 0, -EINVAL, "", 0);
	split("a:-1", 0, -EINVAL, "", 0);
	split("a: 1", 0, -EINVAL, "", 0);
	split("a:", 1, -EINVAL, "", 0);
	split("[::1", 1, -EINVAL, "", 0);
	split("[::1]x", 1, -EINVAL, "", 0);
	split("a:b:c", 1, -EINVAL, "", 0);
}

Test(address, there_and_back)
{
	static const char *const texts[] = { "192.0.2.1:80", "[2001:db8::1]:7407", "[::]:0" };
	struct sockaddr_storage a;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(address_parse(texts[i], 0, &a), 0);
		address_format((struct sockaddr *)&a, text);
		cr_assert_str_eq(text, texts[i]);
	}
	cr_assert_eq(address_parse(":99", 0, &a), 0);
	cr_assert_eq(address_port((struct sockaddr *)&a), 99);
	cr_assert_eq(a.ss_family, AF_INET6);
	cr_assert_eq(address_parse("c1.example:99", 0, &a), -EINVAL);
	a.ss_family = AF_UNIX;
	address_format((struct sockaddr *)&a, text);
	cr_assert_str_eq(text, "?");
	cr_assert_eq(address_port((struct sockaddr *)&a), 0);
}
