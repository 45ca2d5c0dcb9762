/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "edge/daemoncfg.h"

#define BASE "name: c1\ninterfaces: [lo]\nlink: '127.0.0.1:7407'\n"
#define MEMBER(n) "  - {name: " n ", link: 'a:1', raft: 'a:2', addresses: [10.0.0.1, 10.0.1.1]}\n"

static int reads(const char *text, struct daemoncfg **ret, char **why)
{
	char path[] = "/tmp/picketd-XXXXXX";
	int fd = mkstemp(path), r;

	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(file_write(path, 0600, text, strlen(text)), 0);
	r = daemoncfg_read(path, ret, why);
	unlink(path);
	return r;
}

static void refuses(const char *text, const char *words)
{
	owned(daemoncfg) struct daemoncfg *c = NULL;
	owned(free) char *why = NULL;

	cr_assert_neq(reads(text, &c, &why), 0);
	cr_assert_not_null(strstr(why, words), "%s", why);
}

Test(daemoncfg, its_own_place_is_found)
{
	owned(daemoncfg) struct daemoncfg *c = NULL;
	owned(free) char *why = NULL;

	cr_assert_eq(reads("name: c2\ninterfaces: [lo]\nlink: 'a:1'\ncontrollers:\n" MEMBER(
				   "c1") MEMBER("c2") MEMBER("c3"),
			     &c, &why),
		0, "%s", why);
	cr_assert_eq(c->n_controllers, 3);
	cr_assert_eq(c->index, 1);
	cr_assert_eq(c->controllers[2].n_addresses, 2);
	cr_assert_str_eq(c->controllers[2].name, "c3");
}

Test(daemoncfg, alone_it_needs_an_index)
{
	owned(daemoncfg) struct daemoncfg *c = NULL;
	owned(free) char *why = NULL;

	cr_assert_eq(reads(BASE "index: 0\n", &c, &why), 0, "%s", why);
	refuses(BASE, "index is missing");
}

Test(daemoncfg, two_controllers_are_refused_with_both_ways_out)
{
	refuses(BASE "controllers:\n" MEMBER("c1") MEMBER("c2"), "a third as a witness");
	refuses(BASE "controllers:\n" MEMBER("c1") MEMBER("c2"), "keep one controller only");
	refuses(BASE "controllers:\n" MEMBER("c1") MEMBER("c2") MEMBER("c3") MEMBER("c4"),
		"take 1, 3, 5 or 7");
}

Test(daemoncfg, what_is_wrong_is_named)
{
	refuses(BASE "controllers:\n" MEMBER("c2") MEMBER("c3") MEMBER("c4"),
		"none of them is 'c1'");
	refuses(BASE "index: 2\ncontrollers:\n" MEMBER("c1") MEMBER("c2") MEMBER("c3"),
		"'c1' is number 0");
	refuses(BASE "controllers:\n  - {name: c1, link: 'a:1'}\n", "lacks name, link or raft");
	refuses(BASE "controllers:\n  - {name: c1, colour: red}\n", "there is no 'colour'");
	refuses(BASE "controllers: 3\n", "a list of 1, 3, 5 or 7");
}
