/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child: one program run to its end on a libuv loop, with bounded output and a deadline. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct child;

/* What to run. Everything is copied before child_start() returns. */
struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is a path, PATH is not searched */
	const char *const *envp; /* NULL-terminated; NULL = an empty environment */
	const char *cwd;         /* NULL = "/" */
	const void *input;       /* the program's whole stdin; NULL = /dev/null */
	size_t input_size;       /* bytes */
	const char *cgroup;      /* cgroup v2 directory to enter before exec; NULL = stay */
	bool session;            /* a session of its own; otherwise a process group of its own */
	bool merge;              /* stderr into the same pipe as stdout, in the order written */
	uint64_t timeout_ms;     /* then SIGKILL to all of it; 0 = never */
	uint64_t stuck_ms;       /* wait this long after a SIGKILL (0 = 2000), then call it stuck */
	size_t output_max;       /* kept of each stream, bytes; 0 = PICKET_OUTPUT_MAX */
};

/* How it ended. Pointers are valid during on_done only. */
struct child_result {
	pid_t pid;
	int error;        /* 0, or -errno: the program could not be executed (see `step`) */
	const char *step; /* what failed then: "execve", "cgroup", "chdir" … */
	int code;         /* exit code, or -1: ended by a signal, or never ran */
	int signal;       /* that signal, or 0 */
	bool timed_out;
	bool killed;                 /* child_kill() was called before the end */
	bool stuck;                  /* it did not die of SIGKILL in time: it still exists */
	uint64_t start_ns, end_ns;   /* CLOCK_BOOTTIME */
	uint64_t user_us, system_us; /* processor time of the program and what it waited for */
	uint64_t rss_kib;            /* largest resident set */
	const char *out, *err;       /* NUL-terminated; NULs inside are kept as they came */
	size_t out_size, err_size;
	size_t out_dropped, err_dropped; /* bytes beyond output_max */
};

/*
 * Starts the program: signals at their defaults, none blocked, SCHED_OTHER, nice 0, umask 022, no
 * inherited files but the three. The end is the exit of the program itself, not the end of its
 * pipes: a daemon that it leaves behind may hold them. What it wrote before is in the result.
 *
 * on_done is called once, from the loop, after child_start() returned; after it, the child is gone:
 * do not child_free() it from there or later.
 *
 * Errors are those of making pipes, of fork, and of opening the cgroup (-ENOENT). A program that
 * cannot be executed is no error here: result.error tells it, because the loop must not wait for
 * a slow disk.
 */
int child_start(uv_loop_t *loop, const struct child_spec *spec,
	void (*on_done)(void *ctx, const struct child_result *result), void *ctx,
	struct child **ret_child);

/* Sends the signal to the program's process group, and for SIGKILL to its whole cgroup. on_done
 * still comes. Safe to call again. */
void child_kill(struct child *child, int signal);

pid_t child_pid(const struct child *child);

/* Forgets a running child: no on_done any more, and the program runs on (child_kill() it first if
 * it must not). It stays a zombie until this process ends, so this is for shutting down. */
void child_free(struct child *child);

#endif
