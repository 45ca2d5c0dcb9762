/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "deadline.h"
#include "secret.h"

enum { SECRET_MAX = 4096 };

void secret_lock_process(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

int secret_from_file(const char *path, char **ret_text, char **ret_problem)
{
	char text[SECRET_MAX] = "";
	owned(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		int r = -errno;

		*ret_problem = own_printf("cannot read %s: %s", path, strerror(-r));
		return r;
	}
	*ret_text = strndup(text, strcspn(text, "\r\n"));
	explicit_bzero(text, sizeof(text));
	return 0;
}

/* Until the command has ended, or until its time has come. What it left behind may hold the pipe
 * open; that is not waited for. */
static int script_read(int out, int ended, struct deadline until, char *text, size_t size)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN },
		{ .fd = ended, .events = POLLIN } };
	char rest[512]; /* of somebody who talks too much */
	size_t used = 0;

	while (!deadline_reached(until)) {
		bool full = used + 1 >= size;
		ssize_t n;

		if (poll(fds, 2, (int)deadline_left_ms(until) + 1) < 0 && errno != EINTR)
			return -errno;
		/* It may have written its last between the looks at the two. */
		if (!fds[0].revents && fds[1].revents && poll(fds, 1, 0) <= 0)
			return 0;
		if (!fds[0].revents)
			continue;
		n = read(out, full ? rest : text + used, full ? sizeof(rest) : size - used - 1);
		used += n > 0 && !full ? (size_t)n : 0;
		if (n <= 0)
			fds[0].fd = -1;
	}
	explicit_bzero(rest, sizeof(rest));
	return -ETIMEDOUT;
}

/* /bin/sh with the command, in a process group of its own, its standard output into the pipe. */
static int script_start(const char *command, int out, pid_t *ret_pid)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t set;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(
		&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(&how, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&how, &set);
	r = posix_spawn(ret_pid, argv[0], &files, &how, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	return -r;
}

/* An agent that needs no event loop otherwise is not linked with one for this. */
static int script_run(const char *command, uint64_t timeout_ms, char *text, size_t size)
{
	struct deadline until = deadline_in(timeout_ms);
	owned(fd) int ended = -1, out = -1;
	int ends[2], status = 0, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	out = ends[0];
	r = script_start(command, ends[1], &pid);
	close(ends[1]);
	if (r < 0)
		return r;
	ended = pidfd_open(pid, 0);
	r = ended < 0 ? -errno : script_read(out, ended, until, text, size);
	if (r < 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r == 0 && status ? -EINVAL : r;
}

int secret_from_script(
	const char *command, uint64_t timeout_ms, char **ret_text, char **ret_problem)
{
	char text[SECRET_MAX] = "";
	int r = script_run(command, timeout_ms, text, sizeof(text));

	if (r < 0) {
		*ret_problem = own_printf("password script '%.64s' %s", command,
			r == -ETIMEDOUT ? "timed out" : "failed");
	} else {
		for (size_t n = strlen(text); n && (text[n - 1] == '\n' || text[n - 1] == '\r');
			n--)
			text[n - 1] = 0;
		*ret_text = own_string(text);
	}
	explicit_bzero(text, sizeof(text));
	return r;
}
