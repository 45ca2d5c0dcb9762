/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <picket/limits.h>

#include "base/child.h"
#include "base/moment.h"
#include "base/own.h"

enum { STUCK_MS = 2000, CHUNK = 8192 };

/* Told through a close-on-exec pipe by a child that could not become the program. */
struct failure {
	int error;
	char step[28];
};

/* One captured pipe. */
struct stream {
	uv_poll_t poll; /* first; its data is the child */
	int fd;
	char *text;
	size_t size, max, dropped;
};

struct child {
	uv_poll_t exit; /* on the pidfd: no SIGCHLD, no race for wait() with anybody */
	uv_timer_t timer;
	struct stream out, err;
	unsigned handles; /* still open in the loop; the last one frees */
	int pidfd, failure_fd;
	pid_t pid;
	char *cgroup;
	uint64_t timeout_ms, stuck_ms, start_ns;
	bool timed_out, killed, final, merge; /* final: SIGKILL was sent */
	void (*on_done)(void *ctx, const struct child_result *result);
	void *ctx;
};

/* ---- the new process, before exec: async-signal-safe calls only ---------------------------- */

struct launch {
	const char *const *argv, *const *envp;
	const char *cwd;
	int cgroup_fd, in, out, err, failure;
	bool session;
};

__attribute__((noreturn)) static void launch_fail(const struct launch *l, const char *step)
{
	struct failure f = { .error = errno };

	strncpy(f.step, step, sizeof(f.step) - 1);
	(void)!write(l->failure, &f, sizeof(f));
	_exit(127);
}

/* By the system call itself: the library keeps 32 and 33 for itself and will not touch them, but
 * whoever started us may have left them ignored. */
static void launch_signals(void)
{
	/* struct sigaction as the kernel has it: handler, flags, restorer, mask; all zero is
	 * SIG_DFL. */
	static const unsigned long dfl[4];
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		syscall(SYS_rt_sigaction, s, dfl, NULL, NSIG / 8); /* KILL and STOP refuse; fine */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A daemon that may not be killed for memory starts programs that may. */
static void launch_oom(void)
{
	char c = 0;
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, &c, 1) == 1 && c == '-')
		(void)!pwrite(fd, "0", 1, 0);
	close(fd);
}

__attribute__((noreturn)) static void launch(const struct launch *l)
{
	const struct sched_param other = { 0 };

	if (l->session ? setsid() < 0 : setpgid(0, 0) < 0)
		launch_fail(l, "setpgid");
	if (l->cgroup_fd >= 0 && write(l->cgroup_fd, "0", 1) != 1)
		launch_fail(l, "cgroup");
	if (sched_setscheduler(0, SCHED_OTHER, &other) < 0)
		launch_fail(l, "sched_setscheduler");
	setpriority(PRIO_PROCESS, 0, 0); /* a nice daemon without rights keeps its niceness */
	launch_oom();
	umask(022);
	if (chdir(l->cwd) < 0)
		launch_fail(l, "chdir");
	if (dup2(l->in, 0) < 0 || dup2(l->out, 1) < 0 || dup2(l->err, 2) < 0)
		launch_fail(l, "dup2");
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		launch_fail(l, "close_range");
	launch_signals();
	execve(l->argv[0], (char *const *)l->argv, (char *const *)l->envp);
	launch_fail(l, "execve");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->handles)
		return;
	free(child->out.text);
	free(child->err.text);
	free(child->cgroup);
	free(child);
}

static void close_handle(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* uv_poll_t leaves the file to us; it may be closed once polling has stopped. */
static void child_close(struct child *child)
{
	uv_poll_stop(&child->exit);
	close_handle(&child->exit);
	close_handle(&child->timer);
	uv_poll_stop(&child->out.poll);
	close_handle(&child->out.poll);
	if (!child->merge) {
		uv_poll_stop(&child->err.poll);
		close_handle(&child->err.poll);
	}
	close_fd(&child->pidfd);
	close_fd(&child->failure_fd);
	close_fd(&child->out.fd);
	close_fd(&child->err.fd);
}

/* Reads at most `limit` bytes of what is there. Returns false at the end of the pipe. */
static bool stream_read(struct stream *s, size_t limit)
{
	char chunk[CHUNK];

	while (limit) {
		ssize_t n = read(s->fd, chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));
		size_t keep;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		limit -= (size_t)n;
		keep = s->max - s->size;
		if (keep > (size_t)n)
			keep = (size_t)n;
		if (keep) {
			s->text = own_array(s->text, s->size + keep + 1, 1);
			memcpy(s->text + s->size, chunk, keep);
			s->size += keep;
			s->text[s->size] = 0;
		}
		s->dropped += (size_t)n - keep;
	}
	return true;
}

static void on_output(uv_poll_t *poll, int status, int events)
{
	struct stream *s = (struct stream *)poll; /* its first member */

	/* One program that never stops writing must not keep the loop from its other work. */
	if (status < 0 || !stream_read(s, 16 * CHUNK))
		uv_poll_stop(poll);
}

/* What is in the pipe now, and no more: somebody else may still be writing. */
static void stream_drain(struct stream *s)
{
	int there = 0;

	if (s->fd >= 0 && ioctl(s->fd, FIONREAD, &there) == 0 && there > 0)
		stream_read(s, (size_t)there);
}

static void child_done(struct child *child, struct child_result *r)
{
	stream_drain(&child->out);
	stream_drain(&child->err);
	r->pid = child->pid;
	r->timed_out = child->timed_out;
	r->killed = child->killed;
	r->start_ns = child->start_ns;
	r->end_ns = moment_boot_ns();
	r->out = child->out.text ? child->out.text : "";
	r->err = child->err.text ? child->err.text : "";
	r->out_size = child->out.size;
	r->err_size = child->err.size;
	r->out_dropped = child->out.dropped;
	r->err_dropped = child->err.dropped;
	child_close(child);
	child->on_done(child->ctx, r);
}

static uint64_t usec(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000U + (uint64_t)tv->tv_usec;
}

static void on_exit_event(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;
	struct child_result r = { .code = -1 };
	struct rusage usage = { 0 };
	struct failure failure;
	siginfo_t info = { 0 };

	/* The raw call: glibc's waitid() has no rusage. */
	if (syscall(SYS_waitid, P_PIDFD, child->pidfd, &info, WEXITED | WNOHANG, &usage) < 0) {
		if (errno == EINTR)
			return;
		r.error = -errno; /* somebody ignores SIGCHLD: the status is lost */
		r.step = "waitid";
	} else if (info.si_pid == 0) {
		return;
	} else if (info.si_code == CLD_EXITED) {
		r.code = info.si_status;
	} else {
		r.signal = info.si_status;
	}
	if (read(child->failure_fd, &failure, sizeof(failure)) == sizeof(failure)) {
		failure.step[sizeof(failure.step) - 1] = 0;
		r.error = -failure.error;
		r.step = failure.step;
		r.code = -1;
	}
	r.user_us = usec(&usage.ru_utime);
	r.system_us = usec(&usage.ru_stime);
	r.rss_kib = (uint64_t)usage.ru_maxrss;
	child_done(child, &r);
}

static void on_timer(uv_timer_t *timer)
{
	struct child *child = timer->data;

	if (!child->final) {
		child->timed_out = true;
		child_kill(child, SIGKILL);
		return;
	}
	/* Killed, and still there: asleep in the kernel where no signal reaches it. */
	child_done(child, &(struct child_result){ .code = -1, .stuck = true });
}

void child_kill(struct child *child, int signal)
{
	if (!child->timed_out)
		child->killed = true;
	/* The leader is not waited for yet, so its number, and the group's, cannot be reused.
	 * Before the child has made its group, only the process itself can be reached. */
	if (kill(-child->pid, signal) < 0)
		syscall(SYS_pidfd_send_signal, child->pidfd, signal, NULL, 0);
	if (signal != SIGKILL)
		return;
	child->final = true;
	if (child->cgroup) {
		owned(free) char *path = own_printf("%s/cgroup.kill", child->cgroup);
		owned(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0)
			(void)!write(fd, "1", 1);
	}
	uv_timer_start(&child->timer, on_timer, child->stuck_ms, 0);
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_free(struct child *child)
{
	if (child)
		child_close(child);
}

/* ---- the start ------------------------------------------------------------------------------- */

/* The whole input lies in memory of its own: nothing to pump, no SIGPIPE, no half-written secret.
 */
static int input_open(const struct child_spec *spec)
{
	const char *p = spec->input;
	size_t left = spec->input_size;
	int fd;

	if (!spec->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && left) {
		ssize_t n = write(fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(fd);
			return -1;
		}
		p += n;
		left -= (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static int cgroup_open(const struct child_spec *spec)
{
	owned(free) char *path = NULL;

	if (!spec->cgroup)
		return -1;
	path = own_printf("%s/cgroup.procs", spec->cgroup);
	return open(path, O_WRONLY | O_CLOEXEC);
}

struct plumbing {
	int in, cgroup, out[2], err[2], failure[2];
};

static void plumbing_close(struct plumbing *p)
{
	close_fd(&p->in);
	close_fd(&p->cgroup);
	for (int i = 0; i < 2; i++) {
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
		close_fd(&p->failure[i]);
	}
}

static int plumbing_open(struct plumbing *p, const struct child_spec *spec)
{
	*p = (struct plumbing){ -1, -1, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	p->in = input_open(spec);
	if (p->in < 0)
		return -errno;
	p->cgroup = cgroup_open(spec);
	if (spec->cgroup && p->cgroup < 0)
		return -errno;
	if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->failure, O_CLOEXEC) < 0)
		return -errno;
	if (!spec->merge && pipe2(p->err, O_CLOEXEC) < 0)
		return -errno;
	fcntl(p->out[0], F_SETFL, O_NONBLOCK);
	fcntl(p->failure[0], F_SETFL, O_NONBLOCK);
	if (!spec->merge)
		fcntl(p->err[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static pid_t child_fork(const struct plumbing *p, const struct child_spec *spec)
{
	static const char *const no_env[] = { NULL };
	struct launch l = { .argv = spec->argv,
		.envp = spec->envp ? spec->envp : no_env,
		.cwd = spec->cwd ? spec->cwd : "/",
		.cgroup_fd = p->cgroup,
		.in = p->in,
		.out = p->out[1],
		.err = spec->merge ? p->out[1] : p->err[1],
		.failure = p->failure[1],
		.session = spec->session };
	sigset_t all, before;
	pid_t pid;

	/* No handler of ours may run in the child, whose memory is a copy. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		launch(&l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -errno : pid;
}

static void stream_init(struct stream *s, struct child *child, int *fd, size_t max, uv_loop_t *loop)
{
	s->fd = *fd;
	s->max = max;
	*fd = -1;
	uv_poll_init(loop, &s->poll, s->fd);
	s->poll.data = child;
	uv_poll_start(&s->poll, UV_READABLE | UV_DISCONNECT, on_output);
	child->handles++;
}

static void child_watch(struct child *child, uv_loop_t *loop, struct plumbing *p, size_t max)
{
	uv_poll_init(loop, &child->exit, child->pidfd);
	uv_timer_init(loop, &child->timer);
	child->exit.data = child->timer.data = child;
	child->handles = 2;
	stream_init(&child->out, child, &p->out[0], max, loop);
	child->err.fd = -1;
	if (!child->merge)
		stream_init(&child->err, child, &p->err[0], max, loop);
	uv_poll_start(&child->exit, UV_READABLE, on_exit_event);
	uv_update_time(loop);
	if (child->timeout_ms)
		uv_timer_start(&child->timer, on_timer, child->timeout_ms, 0);
}

int child_start(uv_loop_t *loop, const struct child_spec *spec,
	void (*on_done)(void *ctx, const struct child_result *result), void *ctx,
	struct child **ret_child)
{
	struct plumbing p;
	struct child *child;
	int r = plumbing_open(&p, spec), pidfd = -1;
	uint64_t start = moment_boot_ns();
	pid_t pid = -1;

	if (r == 0) {
		pid = child_fork(&p, spec);
		r = pid < 0 ? pid : 0;
	}
	if (r == 0) {
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (pidfd < 0) {
			r = -errno;
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	if (r < 0) {
		plumbing_close(&p);
		return r;
	}
	child = own_new(struct child);
	child->pid = pid;
	child->pidfd = pidfd;
	child->failure_fd = p.failure[0];
	p.failure[0] = -1;
	child->cgroup = own_string(spec->cgroup);
	child->timeout_ms = spec->timeout_ms;
	child->stuck_ms = spec->stuck_ms ? spec->stuck_ms : STUCK_MS;
	child->start_ns = start;
	child->merge = spec->merge;
	child->on_done = on_done;
	child->ctx = ctx;
	child_watch(child, loop, &p, spec->output_max ? spec->output_max : PICKET_OUTPUT_MAX);
	plumbing_close(&p);
	*ret_child = child;
	return 0;
}
