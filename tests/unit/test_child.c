/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/own.h"

/* What a test looks at after the end; the result's strings are gone by then. */
struct seen {
	struct child_result r;
	char out[4096], err[4096];
	int calls;
};

static void on_done(void *ctx, const struct child_result *r)
{
	struct seen *seen = ctx;

	seen->r = *r;
	snprintf(seen->out, sizeof(seen->out), "%s", r->out);
	snprintf(seen->err, sizeof(seen->err), "%s", r->err);
	seen->calls++;
}

static struct seen run(struct child_spec spec)
{
	struct seen seen = { 0 };
	struct child *child = NULL;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &spec, on_done, &seen, &child), 0);
	cr_assert_not_null(child);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(seen.calls, 1);
	cr_assert_eq(uv_loop_close(&loop), 0, "a handle was left behind");
	return seen;
}

static struct seen run_shell(const char *script, struct child_spec spec)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	spec.argv = argv;
	return run(spec);
}

/* Is a process with this number alive (a zombie is not)? */
static bool alive(pid_t pid)
{
	char path[64], line[512] = "";
	FILE *f;
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return p && p[2] != 'Z' && p[2] != 'X';
}

Test(child, exit_code_and_streams)
{
	struct seen s = run_shell("echo one; echo two >&2; exit 7", (struct child_spec){ 0 });

	cr_assert_eq(s.r.code, 7);
	cr_assert_eq(s.r.signal, 0);
	cr_assert_eq(s.r.error, 0);
	cr_assert_str_eq(s.out, "one\n");
	cr_assert_str_eq(s.err, "two\n");
	cr_assert(s.r.end_ns > s.r.start_ns);
	cr_assert(s.r.rss_kib > 0);
}

Test(child, merge_keeps_the_order)
{
	struct seen s =
		run_shell("echo 1; echo 2 >&2; echo 3", (struct child_spec){ .merge = true });

	cr_assert_str_eq(s.out, "1\n2\n3\n");
	cr_assert_str_eq(s.err, "");
}

Test(child, input_is_the_whole_stdin)
{
	struct seen s = run_shell(
		"cat; echo end", (struct child_spec){ .input = "a=b\n", .input_size = 4 });

	cr_assert_str_eq(s.out, "a=b\nend\n");
}

Test(child, without_input_stdin_is_empty)
{
	struct seen s = run_shell("cat; echo end", (struct child_spec){ 0 });

	cr_assert_str_eq(s.out, "end\n");
}

Test(child, unread_input_does_no_harm)
{
	owned(free) char *big = own_alloc(1 << 20);
	struct seen s =
		run_shell("exit 0", (struct child_spec){ .input = big, .input_size = 1 << 20 });

	cr_assert_eq(s.r.code, 0);
}

Test(child, signal_is_told)
{
	struct seen s = run_shell("kill -TERM $$", (struct child_spec){ 0 });

	cr_assert_eq(s.r.code, -1);
	cr_assert_eq(s.r.signal, SIGTERM);
	cr_assert_not(s.r.timed_out);
}

Test(child, missing_program_is_told_in_the_result)
{
	const char *const argv[] = { "/nonexistent/program", NULL };
	struct seen s = run((struct child_spec){ .argv = argv });

	cr_assert_eq(s.r.error, -ENOENT);
	cr_assert_str_eq(s.r.step, "execve");
	cr_assert_eq(s.r.code, -1);
}

Test(child, exit_127_is_not_a_missing_program)
{
	struct seen s = run_shell("exit 127", (struct child_spec){ 0 });

	cr_assert_eq(s.r.error, 0);
	cr_assert_eq(s.r.code, 127);
}

Test(child, timeout_kills_the_group)
{
	struct seen s =
		run_shell("sleep 1000 & echo $!; wait", (struct child_spec){ .timeout_ms = 300 });
	pid_t grandchild = atoi(s.out);

	cr_assert(s.r.timed_out);
	cr_assert_eq(s.r.signal, SIGKILL);
	cr_assert_lt(s.r.end_ns - s.r.start_ns, 5000000000U);
	cr_assert_gt(grandchild, 1);
	for (int i = 0; i < 1000 && alive(grandchild); i++)
		usleep(1000);
	cr_assert_not(alive(grandchild));
}

Test(child, done_at_exit_not_at_end_of_pipe)
{
	/* The daemon keeps our pipe for a long time; the program's end is what counts. */
	struct seen s =
		run_shell("sleep 1000 & echo $!", (struct child_spec){ .timeout_ms = 20000 });
	pid_t daemon = atoi(s.out);

	cr_assert_eq(s.r.code, 0);
	cr_assert_not(s.r.timed_out);
	cr_assert_lt(s.r.end_ns - s.r.start_ns, 10000000000U);
	cr_assert(alive(daemon), "a service left behind lives on");
	kill(daemon, SIGKILL);
}

Test(child, output_is_bounded)
{
	struct seen s = run_shell(
		"head -c 300000 /dev/zero | tr '\\0' x", (struct child_spec){ .output_max = 1000 });

	cr_assert_eq(s.r.out_size, 1000);
	cr_assert_eq(s.r.out_dropped, 299000);
	cr_assert_eq(strlen(s.out), 1000);
}

Test(child, endless_writer_ends_at_its_timeout)
{
	struct seen s = run_shell("exec yes", (struct child_spec){ .timeout_ms = 200 });

	cr_assert(s.r.timed_out);
	cr_assert_eq(s.r.out_size, 65536);
}

Test(child, environment_and_directory)
{
	const char *const envp[] = { "A=1", NULL };
	struct seen s = run_shell(
		"echo $A; pwd; umask", (struct child_spec){ .envp = envp, .cwd = "/usr" });

	cr_assert_str_eq(s.out, "1\n/usr\n0022\n");
	s = run_shell("exit 0", (struct child_spec){ .cwd = "/nonexistent" });
	cr_assert_eq(s.r.error, -ENOENT);
	cr_assert_str_eq(s.r.step, "chdir");
}

Test(child, inherits_nothing)
{
	struct seen s;
	sigset_t all;
	int fd = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */

	cr_assert(fd >= 3);
	signal(SIGHUP, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	s = run_shell("ls /proc/self/fd | tr '\\n' ' '; grep -E 'SigBlk|SigIgn' /proc/self/status",
		(struct child_spec){ 0 });
	/* ls has its own descriptor 3 */
	cr_assert_str_eq(s.out, "0 1 2 3 SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	close(fd);
}

Test(child, runs_at_ordinary_priority)
{
	const struct sched_param batch = { 0 };
	struct seen s;

	cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &batch), 0);
	s = run_shell("cut -d ' ' -f 41 /proc/self/stat", (struct child_spec){ 0 });
	cr_assert_str_eq(s.out, "0\n");
}

Test(child, session_or_group_of_its_own)
{
	struct seen s = run_shell("cut -d ' ' -f 5,6 /proc/$$/stat", (struct child_spec){ 0 });
	int group = 0, session = 0;

	cr_assert_eq(sscanf(s.out, "%d %d", &group, &session), 2);
	cr_assert_eq(group, s.r.pid);
	cr_assert_eq(session, getsid(0));
	s = run_shell("cut -d ' ' -f 5,6 /proc/$$/stat", (struct child_spec){ .session = true });
	cr_assert_eq(sscanf(s.out, "%d %d", &group, &session), 2);
	cr_assert_eq(session, s.r.pid);
}

static void kill_it(uv_timer_t *timer)
{
	child_kill(*(struct child **)timer->data, SIGTERM);
	uv_close((uv_handle_t *)timer, NULL);
}

Test(child, kill_on_request)
{
	const char *const argv[] = { "/bin/sleep", "1000", NULL };
	struct seen seen = { 0 };
	struct child *child = NULL;
	uv_timer_t timer;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &(struct child_spec){ .argv = argv, .timeout_ms = 60000 },
			     on_done, &seen, &child),
		0);
	uv_timer_init(&loop, &timer);
	timer.data = &child;
	uv_timer_start(&timer, kill_it, 10, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert(seen.r.killed);
	cr_assert_not(seen.r.timed_out);
	cr_assert_eq(seen.r.signal, SIGTERM);
	uv_loop_close(&loop);
}

Test(child, term_ignored_still_times_out)
{
	const char *const argv[] = { "/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done",
		NULL };
	struct seen seen = { 0 };
	struct child *child = NULL;
	uv_timer_t timer;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(child_start(&loop, &(struct child_spec){ .argv = argv, .timeout_ms = 700 },
			     on_done, &seen, &child),
		0);
	uv_timer_init(&loop, &timer);
	timer.data = &child;
	uv_timer_start(&timer, kill_it, 300, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert(seen.r.timed_out);
	cr_assert_not(seen.r.stuck);
	cr_assert_eq(seen.r.signal, SIGKILL);
	uv_loop_close(&loop);
}

Test(child, free_forgets)
{
	const char *const argv[] = { "/bin/sleep", "1000", NULL };
	struct seen seen = { 0 };
	struct child *child = NULL;
	uv_loop_t loop;
	pid_t pid;

	uv_loop_init(&loop);
	cr_assert_eq(
		child_start(&loop, &(struct child_spec){ .argv = argv }, on_done, &seen, &child),
		0);
	pid = child_pid(child);
	child_free(child);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(seen.calls, 0);
	cr_assert_eq(uv_loop_close(&loop), 0);
	cr_assert(alive(pid));
	kill(pid, SIGKILL);
}

static const char *cgroup_root(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < 2; i++) {
		owned(free) char *path = own_printf("%s/cgroup.procs", roots[i]);

		if (access(path, W_OK) == 0)
			return roots[i];
	}
	return NULL;
}

Test(child, cgroup_is_entered_and_killed)
{
	const char *root = cgroup_root();
	owned(free) char *dir = NULL;
	struct seen s;
	pid_t runaway;

	if (geteuid() != 0 || !root)
		cr_skip_test("needs root and a writable cgroup v2");
	dir = own_printf("%s/picket-unit-%d", root, getpid());
	cr_assert_eq(mkdir(dir, 0755), 0);
	/* In a session of its own the grandchild escapes the process group, but not the cgroup. */
	s = run_shell("grep -c picket-unit /proc/self/cgroup; setsid sleep 1000 & echo $!; wait",
		(struct child_spec){ .cgroup = dir, .timeout_ms = 300 });
	cr_assert(s.r.timed_out);
	runaway = atoi(s.out + 2);
	cr_assert_gt(runaway, 1);
	for (int i = 0; i < 2000 && rmdir(dir) < 0; i++)
		usleep(1000);
	cr_assert_eq(access(dir, F_OK), -1, "the cgroup did not become empty");
	cr_assert_eq(s.out[0], '1');
	cr_assert_not(alive(runaway));
}

Test(child, missing_cgroup_is_an_error)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct child *child = (struct child *)&argv;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_assert_eq(
		child_start(&loop, &(struct child_spec){ .argv = argv, .cgroup = "/nonexistent" },
			on_done, NULL, &child),
		-ENOENT);
	cr_assert_eq((void *)child, (void *)&argv, "a failed call leaves its ret alone");
	uv_loop_close(&loop);
}
