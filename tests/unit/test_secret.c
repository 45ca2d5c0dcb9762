/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "base/own.h"
#include "secret.h"

static char *text, *problem;

static void set_up(void)
{
	text = problem = NULL;
}

static void tear_down(void)
{
	secret_free(text);
	free(problem);
}

TestSuite(secret, .init = set_up, .fini = tear_down);

static int script(const char *command, uint64_t timeout_ms)
{
	return secret_from_script(command, timeout_ms, &text, &problem);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

Test(secret, what_a_script_writes_without_its_line_end)
{
	cr_assert_eq(script("echo noise >&2; printf 'two words\\r\\n'", 60000), 0);
	cr_assert_str_eq(text, "two words");
	cr_assert_null(problem);
}

Test(secret, a_script_that_fails_gives_none)
{
	cr_assert_eq(script("echo secret; exit 3", 60000), -EINVAL);
	cr_assert_null(text);
	cr_assert(strstr(problem, "failed"), "%s", problem);
	free(give(problem));
	cr_assert_eq(script("kill -9 $$", 60000), -EINVAL);
	cr_assert_null(text);
}

Test(secret, a_script_that_does_not_end_is_killed_with_what_it_started)
{
	double start = now_s();

	cr_assert_eq(script("sleep 600 & echo secret; sleep 600", 300), -ETIMEDOUT);
	cr_assert_lt(now_s() - start, 300);
	cr_assert_null(text);
	cr_assert(strstr(problem, "timed out"), "%s", problem);
}

Test(secret, what_a_script_leaves_behind_is_not_waited_for)
{
	double start = now_s();

	cr_assert_eq(script("sleep 500 & echo secret", 400000), 0);
	cr_assert_lt(now_s() - start, 300);
	cr_assert_str_eq(text, "secret");
}

Test(secret, a_script_that_says_too_much_is_cut)
{
	cr_assert_eq(script("head -c 100000 /dev/zero | tr '\\0' x", 60000), 0);
	cr_assert_eq(strlen(text), 4095);
}

Test(secret, a_file_gives_its_first_line)
{
	cr_assert_lt(secret_from_file("/nowhere/at/all", &text, &problem), 0);
	cr_assert(strstr(problem, "/nowhere/at/all"), "%s", problem);
	cr_assert_null(text);
}
