/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child: a program run on a libuv loop, in a process group of its own, with a deadline. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

struct child;

struct child_config {
	const char *const *argv; /* argv[0] is the path; NULL-terminated */
	const char *const *envp; /* NULL-terminated; NULL: ours */
	const char *cwd;         /* NULL: "/" */
	const void *input;       /* its standard input; never in argv or the environment */
	size_t input_len;
	const char *cgroup;  /* folder of a cgroup v2 to be born into; NULL: ours */
	uint64_t timeout_ms; /* 0: none */
	size_t output_max;   /* kept of each stream, its end; 0: PICKET_OUTPUT_MAX */
};

struct child_result {
	int exit_status; /* 0 .. 255; -1 when a signal ended it */
	int signal;      /* 0 or what ended it */
	bool timed_out;  /* we ended it, with its whole group */
	const char *out; /* NUL-terminated; borrowed for the call */
	const char *err;
	uint64_t t_start_ns, t_end_ns; /* CLOCK_BOOTTIME */
};

/*
 * on_exit is called once, when the program itself has ended (not at the end of its pipes: what it
 * left running may keep those open for ever); the child is freed after it. Errors: -ENOENT,
 * -EACCES and others of execve() are told here, before anything has run.
 */
int child_start(uv_loop_t *loop, const struct child_config *config,
	void (*on_exit)(void *ctx, const struct child_result *result), void *ctx,
	struct child **ret);

pid_t child_pid(const struct child *child);
void child_kill(struct child *child); /* SIGKILL to the group (and cgroup); on_exit follows */
/* Kills it and forgets it: no callback. NULL is fine. */
void child_free(struct child *child);

#endif
