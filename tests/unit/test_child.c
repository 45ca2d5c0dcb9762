/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/child.h"
#include "base/own.h"

struct seen {
	int calls, status, signal;
	bool timed_out;
	char out[4096], err[4096];
	uint64_t took_ns;
};

static void on_exit_seen(void *ctx, const struct child_result *r)
{
	struct seen *s = ctx;

	s->calls++;
	s->status = r->exit_status;
	s->signal = r->signal;
	s->timed_out = r->timed_out;
	snprintf(s->out, sizeof(s->out), "%s", r->out);
	snprintf(s->err, sizeof(s->err), "%s", r->err);
	s->took_ns = r->t_end_ns - r->t_start_ns;
}

static struct seen run(const char *script, const char *input, uint64_t timeout_ms, size_t max)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct child_config config = { .argv = argv,
		.input = input,
		.input_len = input ? strlen(input) : 0,
		.timeout_ms = timeout_ms,
		.output_max = max };
	struct seen s = { 0 };
	struct child *child;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &config, on_exit_seen, &s, &child), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0);
	cr_assert_eq(s.calls, 1);
	return s;
}

Test(child, output_and_status)
{
	struct seen s = run("echo a; echo b >&2; exit 7", NULL, 0, 0);

	cr_assert_eq(s.status, 7);
	cr_assert_str_eq(s.out, "a\n");
	cr_assert_str_eq(s.err, "b\n");
}

Test(child, input_arrives)
{
	struct seen s = run("cat", "action=off\n", 0, 0);

	cr_assert_str_eq(s.out, "action=off\n");
}

Test(child, done_at_exit_not_at_the_end_of_the_pipe)
{
	struct seen s = run("echo here; sleep 30 & exit 3", NULL, 20000, 0);

	cr_assert_eq(s.status, 3);
	cr_assert_not(s.timed_out);
	cr_assert_str_eq(s.out, "here\n");
	cr_assert_lt(s.took_ns, 10000000000ULL);
}

Test(child, timeout_kills_the_group)
{
	struct seen s = run("trap '' TERM INT HUP; sleep 30; sleep 30", NULL, 100, 0);

	cr_assert(s.timed_out);
	cr_assert_eq(s.signal, SIGKILL);
	cr_assert_eq(s.status, -1);
}

Test(child, flood_is_bounded_and_its_end_is_kept)
{
	struct seen s = run("head -c 3000000 /dev/zero | tr '\\0' x; echo END", NULL, 20000, 1024);

	cr_assert_eq(strlen(s.out), 1024);
	cr_assert_str_eq(s.out + 1020, "END\n");
}

Test(child, what_cannot_run_is_told_at_once)
{
	const char *argv[] = { "/nowhere/at/all", NULL };
	struct child_config config = { .argv = argv };
	struct child *child = (void *)0x1;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &config, on_exit_seen, NULL, &child), -ENOENT);
	cr_assert_eq(child, (void *)0x1);
	cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(child, free_kills_without_a_call)
{
	const char *argv[] = { "/bin/sleep", "60", NULL };
	struct child_config config = { .argv = argv };
	struct seen s = { 0 };
	struct child *child;
	uv_loop_t loop;
	pid_t pid;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &config, on_exit_seen, &s, &child), 0);
	pid = child_pid(child);
	child_free(child);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0);
	cr_assert_eq(s.calls, 0);
	cr_assert_eq(kill(pid, 0), -1);
}
