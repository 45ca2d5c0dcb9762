/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_cost: runs a command, and says what it cost. A small program, because the memory that the
 * kernel charges to a child begins with that of whoever starts it.
 *   run_cost N COMMAND...    N at once; without input, their output goes nowhere
 * Prints "WALL-MS CPU-MS RSS-KIB FAILED": until the last has ended; of all they started; the
 * largest's; how many ended otherwise than with 0 or 2 (a plug that is off).
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0, failed = 0, status;
	posix_spawn_file_actions_t files;
	struct rusage usage;
	double start;
	pid_t pid;

	if (n < 1) {
		fputs("usage: run_cost N COMMAND...\n", stderr);
		return 64;
	}
	posix_spawn_file_actions_init(&files);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	start = now_ms();
	for (int i = 0; i < n; i++) {
		if (posix_spawnp(&pid, argv[2], &files, NULL, argv + 2, environ) != 0) {
			perror(argv[2]);
			return 127;
		}
	}
	while (wait(&status) > 0)
		failed += !WIFEXITED(status) || (WEXITSTATUS(status) & ~2) != 0;
	start = now_ms() - start;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%.3f %.3f %ld %d\n", start, ms_of(usage.ru_utime) + ms_of(usage.ru_stime),
		usage.ru_maxrss, failed);
	posix_spawn_file_actions_destroy(&files);
	return 0;
}
