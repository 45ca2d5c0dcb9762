/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <picket/limits.h>

#include "base/child.h"
#include "base/own.h"

struct stream {
	int fd;
	uv_poll_t poll;
	char *text;
	size_t n, max;
};

struct child {
	pid_t pid;
	int pidfd;
	uv_poll_t watch;
	uv_timer_t timer;
	struct stream out, err;
	char *cgroup;
	bool timed_out;
	unsigned closing; /* handles that libuv has yet to let go */
	uint64_t t_start_ns;
	void (*on_exit)(void *ctx, const struct child_result *result);
	void *ctx;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Keeps the end of what is said: the last words tell why. */
static void stream_keep(struct stream *s, const char *data, size_t n)
{
	if (n > s->max) {
		data += n - s->max;
		n = s->max;
	}
	if (s->n + n > s->max) {
		size_t drop = s->n + n - s->max;

		memmove(s->text, s->text + drop, s->n - drop);
		s->n -= drop;
	}
	s->text = own_array(s->text, s->n + n + 1, 1);
	memcpy(s->text + s->n, data, n);
	s->n += n;
	s->text[s->n] = 0;
}

/* A bounded number of reads: a child that floods must not keep the loop from turning. */
static void stream_read(struct stream *s, int rounds)
{
	char buffer[16384];
	ssize_t n;

	while (rounds-- > 0) {
		n = read(s->fd, buffer, sizeof(buffer));
		if (n > 0) {
			stream_keep(s, buffer, n);
			continue;
		}
		if (n == 0)
			uv_poll_stop(&s->poll);
		return;
	}
}

static void on_stream(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;

	if (status < 0)
		uv_poll_stop(poll);
	else
		stream_read(s, 4);
}

static void gone(struct child *child)
{
	if (child->pidfd >= 0)
		close(child->pidfd);
	close(child->out.fd);
	close(child->err.fd);
	free(child->out.text);
	free(child->err.text);
	free(child->cgroup);
	free(child);
}

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->closing == 0)
		gone(child);
}

static void close_all(struct child *child)
{
	uv_handle_t *handles[] = { (void *)&child->watch, (void *)&child->timer,
		(void *)&child->out.poll, (void *)&child->err.poll };

	child->closing = 4;
	for (int i = 0; i < 4; i++) {
		handles[i]->data = child;
		uv_close(handles[i], on_closed);
	}
}

void child_kill(struct child *child)
{
	/* The group first, then whatever left it but not its cgroup. */
	kill(-child->pid, SIGKILL);
	if (child->cgroup) {
		owned(free) char *path = own_printf("%s/cgroup.kill", child->cgroup);
		owned(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, "1", 1) < 0)
			return; /* a kernel without cgroup.kill: the group has been killed */
	}
}

static void on_timeout(uv_timer_t *timer)
{
	struct child *child = timer->data;

	child->timed_out = true;
	child_kill(child);
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;
	struct child_result result = { .exit_status = -1, .t_start_ns = child->t_start_ns };
	siginfo_t info = { 0 };

	if (waitid(P_PID, child->pid, &info, WEXITED | WNOHANG) || !info.si_pid)
		return;
	result.t_end_ns = now_ns();
	stream_read(&child->out, 64);
	stream_read(&child->err, 64);
	if (info.si_code == CLD_EXITED)
		result.exit_status = info.si_status;
	else
		result.signal = info.si_status;
	result.timed_out = child->timed_out;
	result.out = child->out.text ? child->out.text : "";
	result.err = child->err.text ? child->err.text : "";
	uv_poll_stop(&child->watch);
	child->on_exit(child->ctx, &result);
	close_all(child);
}

/* In the new process, until execve(): only what is async-signal-safe. */
static _Noreturn void become(
	const struct child_config *config, int in, int out, int err, int failed)
{
	struct sched_param normal = { 0 };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int e;

	sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &dfl, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	umask(022);
	if (config->cgroup) {
		int dir = open(config->cgroup, O_PATH | O_DIRECTORY);
		int procs = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_WRONLY);

		if (procs < 0 || write(procs, "0", 1) != 1)
			goto fail;
	}
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || dup2(failed, 3) < 0)
		goto fail;
	fcntl(3, F_SETFD, FD_CLOEXEC);
	failed = 3;
	close_range(4, ~0U, 0);
	if (chdir(config->cwd ? config->cwd : "/"))
		goto fail;
	execve(config->argv[0], (char *const *)config->argv,
		config->envp ? (char *const *)config->envp : environ);
fail:
	e = errno;
	if (write(failed, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

static int input_fd(const struct child_config *config)
{
	int fd;

	if (!config->input_len)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write(fd, config->input, config->input_len) != (ssize_t)config->input_len ||
		lseek(fd, 0, SEEK_SET)) {
		close(fd);
		errno = EIO;
		return -1;
	}
	return fd;
}

/* Pipes whose ends are above 3, so that become() can move them down without stepping on one. */
static int pipe_high(int fds[2], int flags)
{
	int low[2];

	if (pipe2(low, O_CLOEXEC))
		return -errno;
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
		close(low[i]);
	}
	if (fds[0] < 0 || fds[1] < 0)
		return -EMFILE;
	fcntl(fds[0], F_SETFL, flags);
	return 0;
}

static int spawn(const struct child_config *config, struct child *child)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, failed[2] = { -1, -1 }, in, e = 0, rc;

	in = input_fd(config);
	if (in >= 0 && in < 10) {
		int high = fcntl(in, F_DUPFD_CLOEXEC, 10);

		close(in);
		in = high;
	}
	rc = in < 0 ? -errno : pipe_high(out, O_NONBLOCK);
	if (!rc)
		rc = pipe_high(err, O_NONBLOCK);
	if (!rc)
		rc = pipe_high(failed, 0);
	if (!rc) {
		child->t_start_ns = now_ns();
		child->pid = fork();
		if (!child->pid)
			become(config, in, out[1], err[1], failed[1]);
		rc = child->pid < 0 ? -errno : 0;
	}
	close(in);
	close(out[1]);
	close(err[1]);
	close(failed[1]);
	if (!rc) {
		setpgid(child->pid, child->pid);
		if (read(failed[0], &e, sizeof(e)) == sizeof(e)) {
			waitpid(child->pid, NULL, 0);
			rc = -e;
		}
	}
	close(failed[0]);
	child->out.fd = out[0];
	child->err.fd = err[0];
	if (rc) {
		close(out[0]);
		close(err[0]);
	}
	return rc;
}

static void stream_watch(uv_loop_t *loop, struct stream *s, size_t max)
{
	s->max = max ? max : PICKET_OUTPUT_MAX;
	uv_poll_init(loop, &s->poll, s->fd);
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_stream);
}

int child_start(uv_loop_t *loop, const struct child_config *config,
	void (*on_exit)(void *ctx, const struct child_result *result), void *ctx,
	struct child **ret)
{
	struct child *child = own_new(struct child);
	int rc;

	rc = spawn(config, child);
	if (rc) {
		free(child);
		return rc;
	}
	child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0) {
		rc = -errno;
		kill(-child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		close(child->out.fd);
		close(child->err.fd);
		free(child);
		return rc;
	}
	child->on_exit = on_exit;
	child->ctx = ctx;
	child->cgroup = own_string(config->cgroup);
	uv_poll_init(loop, &child->watch, child->pidfd);
	child->watch.data = child;
	uv_poll_start(&child->watch, UV_READABLE, on_ended);
	uv_timer_init(loop, &child->timer);
	child->timer.data = child;
	if (config->timeout_ms)
		uv_timer_start(&child->timer, on_timeout, config->timeout_ms, 0);
	stream_watch(loop, &child->out, config->output_max);
	stream_watch(loop, &child->err, config->output_max);
	*ret = child;
	return 0;
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	child_kill(child);
	waitpid(child->pid, NULL, 0);
	uv_poll_stop(&child->watch);
	uv_timer_stop(&child->timer);
	uv_poll_stop(&child->out.poll);
	uv_poll_stop(&child->err.poll);
	close_all(child);
}
